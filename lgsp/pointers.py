"""JSON Pointers (RFC 6901) over plain data: what stands there, other data with another value there, what has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_DEEPEST = 64


class BadPointer(Exception):
    """It leads nowhere in this data."""


def steps(pointer: str) -> list[str]:
    """Raises `BadPointer`."""
    if not pointer.startswith("/") or pointer.count("/") > _DEEPEST:
        raise BadPointer(pointer)
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]


def written(*names: str | int) -> str:
    return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in names)


def value_at(data: Any, pointer: str) -> Any:
    """None where nothing stands there."""
    for step in steps(pointer):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and _index(step, data) is not None:
            data = data[int(step)]
        else:
            return None
    return data


def put(data: Any, pointer: str, value: Any) -> Any:
    """The data with that value there; None takes the member out. The data itself stays as it is. Raises `BadPointer`."""
    first, *rest = steps(pointer)
    below = written(*rest)
    if isinstance(data, list):
        index = _index(first, data)
        if index is None or (not rest and value is None):  # an item has its place: none is added and none taken out
            raise BadPointer(pointer)
        return [*data[:index], put(data[index], below, value) if rest else value, *data[index + 1 :]]
    if not isinstance(data, dict):
        raise BadPointer(pointer)
    if rest:
        return {**data, first: put(data.get(first, {}), below, value)}
    if value is None:
        return {name: member for name, member in data.items() if name != first}
    return {**data, first: value}


def leaves(data: Any, names: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every value that holds no others, with where it stands, in the data's own order."""
    if isinstance(data, dict) and data:
        for name, member in data.items():
            yield from leaves(member, (*names, name))
    elif isinstance(data, list) and data:
        for place, member in enumerate(data):
            yield from leaves(member, (*names, place))
    elif names:
        yield written(*names), data


def changed(before: Any, after: Any) -> list[str]:
    """Where the two differ, in order."""
    one, other = dict(leaves(before)), dict(leaves(after))
    missing = object()
    return sorted(each for each in {*one, *other} if _kind(one.get(each, missing)) != _kind(other.get(each, missing)))


def _kind(value: Any) -> tuple[type, Any]:
    """1 and True, 1 and 1.0 are not the same."""
    return type(value), value


def _index(step: str, data: list[Any]) -> int | None:
    plain = step.isascii() and step.isdecimal() and (step == "0" or step[0] != "0")
    return int(step) if plain and int(step) < len(data) else None
