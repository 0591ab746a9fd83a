"""How far two messages are from each other: for tests that ask whether a call was made, and are told what came nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything that is no object and no list."""
    if isinstance(data, dict):
        for name, each in data.items():
            yield from leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(data, list):
        for n, each in enumerate(data):
            yield from leaves(each, f"{path}[{n}]")
    else:
        yield path, data


def holds(data: Any, fields: Mapping[str, Any]) -> bool:
    """Whether each field stands somewhere in the message with this value; names without their path."""
    found = list(leaves(data))
    return all(any(_name(path) == name and value == wanted for path, value in found) for name, wanted in fields.items())


def difference(one: Any, other: Any) -> list[str]:
    """What has to change for one message to be the other, a line a field."""
    mine, yours = dict(leaves(one)), dict(leaves(other))
    return [
        f"{path}: {mine.get(path, 'missing')!r} there, {yours.get(path, 'missing')!r} here"
        for path in dict.fromkeys((*mine, *yours))
        if mine.get(path, ...) != yours.get(path, ...)
    ]


def nearest(what: str, fields: Mapping[str, Any], messages: Sequence[Any], fitting: int) -> str:
    """One paragraph for a test's failure."""
    asked = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    if fitting > 1:
        return f"{what} with {asked} was called {fitting} times, not once"
    if not messages:
        return f"{what} was never called"
    found = max(messages, key=lambda message: sum(holds(message, {name: value}) for name, value in fields.items()))
    values = {_name(path): value for path, value in leaves(found)}
    off = [
        f"{name}: wanted {wanted!r}, nearest has {values.get(name, 'no such field')!r}"
        for name, wanted in fields.items()
        if not holds(found, {name: wanted})
    ]
    return f"{what} with {asked} was not among {len(messages)} calls; " + "; ".join(off)


def nearest_xml(what: str, differences: Sequence[Sequence[str]]) -> str:
    """The same for messages as XML: what differs in the nearest one by expanded names; a call without a difference fits."""
    fitting = sum(not lines for lines in differences)
    if fitting > 1:
        return f"{what} was called {fitting} times with this message, not once"
    if not differences:
        return f"{what} was never called"
    lines = min(differences, key=len)
    return f"{what} was not called with this message; the nearest of {len(differences)} calls:\n  " + "\n  ".join(lines)


def _name(path: str) -> str:
    return path.rpartition(".")[2].partition("[")[0]
