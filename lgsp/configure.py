"""Typed values of dotted keys: a tree of dataclasses read from TOML and the environment. What the keys are is `settings.py`'s."""

from __future__ import annotations

import difflib
import os
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

SECRET = {"secret": True}
SIZE = {"size": True}
_UNITS = {"B": 1, "KB": 1 << 10, "KIB": 1 << 10, "MB": 1 << 20, "MIB": 1 << 20, "GB": 1 << 30, "GIB": 1 << 30}


class SettingsError(Exception):
    """A setting that cannot be used. The message names the key, where it was set and what to do; never a value."""


@dataclass(slots=True)
class Found:
    values: dict[tuple[str, ...], tuple[Any, str]] = field(default_factory=dict)

    def put(self, path: tuple[str, ...], value: Any, origin: str) -> None:
        self.values[path] = (value, origin)


# -- reading ----------------------------------------------------------------------------------------------------------


def from_file(shape: Any, file: Path, found: Found) -> None:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML ({error})") from error
    _take(shape, table, (), file, found)


def _take(shape: Any, table: Mapping[str, Any], path: tuple[str, ...], file: Path, found: Found) -> None:
    """Walk one table along the shape of the settings."""
    for key, value in table.items():
        inner, is_file, name = _member(shape, key, (*path, key), file.name)
        here = (*path, name)
        if _is_table(inner):
            if not isinstance(value, dict):
                raise SettingsError(f"{file.name}: {'.'.join(here)} must be a table")
            _take(inner, value, here, file, found)
        elif is_file:
            found.put(here, read_secret(file.parent / str(value), f"{file.name}: {'.'.join(here)}_file"), file.name)
        else:
            found.put(here, _beside(value, inner, file.parent), file.name)


def _beside(value: Any, shape: Any, folder: Path) -> Any:
    """Relative paths of a settings file are meant from where it stands."""
    if isinstance(value, str) and shape in (Path, Path | None):
        return folder / value
    if isinstance(value, list) and shape == tuple[Path, ...]:
        return [folder / str(item) for item in value]
    return value


def path_of_variable(shape: Any, name: str) -> tuple[tuple[str, ...], bool]:
    path: list[str] = []
    is_file = False
    for written in name.removeprefix("LGSP_").split("__"):
        segment = written if shape == Mapping[str, str] else written.lower()  # a secret's name keeps its case
        inner, is_file, key = _member(shape, segment, (*path, segment), name)
        path.append(key.replace("_", "-") if get_origin(shape) is not None and _is_table(inner) else key)
        shape = inner
    if _is_table(shape):
        raise SettingsError(f"{name}: {'.'.join(path)} is a table; name one of its keys after two underscores")
    return tuple(path), is_file


def _member(shape: Any, key: str, path: tuple[str, ...], where: str) -> tuple[Any, bool, str]:
    """(type, is it given as a file, real name) of one key in a dataclass or an open mapping."""
    if not is_dataclass(shape):  # Mapping[str, X]: any name
        inner = get_args(shape)[1]
        if inner is str and key.lower().endswith("_file"):
            return inner, True, key[: -len("_file")]
        return inner, False, key
    hints = get_type_hints(shape)
    if key in hints:
        return hints[key], False, key
    secrets = {f.name for f in fields(shape) if f.metadata.get("secret") and not _is_table(hints[f.name])}
    if key.removesuffix("_file") in secrets:
        return str, True, key.removesuffix("_file")
    known = [*hints, *(f"{name}_file" for name in secrets)]
    nearest = difflib.get_close_matches(key, known, 1, 0.5)
    prefix = ".".join(path[:-1])
    hint = f"; did you mean {'.'.join([*path[:-1], nearest[0]])}?" if nearest else f"; known: {', '.join(known)}"
    raise SettingsError(f"{where}: unknown key {'.'.join(path)}{hint}" + (f" (in [{prefix}])" if prefix else ""))


def read_secret(file: Path, where: str) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{where}: cannot read {file}: {error.strerror}") from error


# -- building ---------------------------------------------------------------------------------------------------------


def _is_table(shape: Any) -> bool:
    return is_dataclass(shape) or get_origin(shape) is Mapping


def build(shape: Any, path: tuple[str, ...], found: Found) -> Any:
    if not is_dataclass(shape):
        inner = get_args(shape)[1]
        depth = len(path)
        names = dict.fromkeys(where[depth] for where in found.values if where[:depth] == path and len(where) > depth)
        return {name: _value(inner, (*path, name), found, "", {}) for name in names}
    hints = get_type_hints(shape)
    make: Any = shape
    return make(**{
        f.name: _value(hints[f.name], (*path, f.name), found, _default(f), f.metadata) for f in fields(shape)
    })  # fmt: skip


def _value(shape: Any, path: tuple[str, ...], found: Found, default: Any, metadata: Mapping[str, Any]) -> Any:
    if _is_table(shape):
        return build(shape, path, found)
    if path not in found.values:
        return default
    value, origin = found.values[path]
    if metadata.get("size") and isinstance(value, str):
        value = _size(value, path, origin)
    if get_origin(shape) is tuple and isinstance(value, str):
        value = [part for part in value.split(os.pathsep if get_args(shape)[0] is Path else ",") if part]
    try:
        return msgspec.convert(value, shape, strict=False, dec_hook=_path)
    except msgspec.ValidationError:
        expected = _name(shape)
        raise SettingsError(f"{origin}: {'.'.join(path)} must be {expected}") from None  # the value may be a secret


def _path(shape: type, value: Any) -> Any:
    if issubclass(shape, Path) and isinstance(value, (str, Path)):
        return Path(value)
    raise msgspec.ValidationError


def _size(text: str, path: tuple[str, ...], origin: str) -> int:
    number, unit = text.strip().upper().rstrip("BKMGI "), text.strip().upper().lstrip("0123456789. ") or "B"
    if unit not in _UNITS or not number.replace(".", "", 1).isascii() or not number.replace(".", "", 1).isdigit():
        raise SettingsError(f'{origin}: {".".join(path)} must be a size, for example 5000000 or "5 MB"')
    return int(float(number) * _UNITS[unit])


def _name(shape: Any) -> str:
    if get_origin(shape) is Literal:
        return "one of " + ", ".join(map(str, get_args(shape)))
    if get_origin(shape) in (Union, types.UnionType):
        return " or ".join(_name(part) for part in get_args(shape) if part is not type(None))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
    return names.get(shape, "a list")


def _default(entry: Any) -> Any:
    return entry.default_factory() if entry.default is MISSING else entry.default


def leaves(value: Any, path: tuple[str, ...] = (), *, secret: bool = False) -> Iterator[tuple[str, Any, bool]]:
    if is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            yield from leaves(getattr(value, f.name), (*path, f.name), secret=bool(f.metadata.get("secret")))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name), secret=secret)
    else:
        yield ".".join(path), value, secret


def show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def keys_of(shape: Any, prefix: str) -> Iterator[str]:
    if not is_dataclass(shape):
        inner = get_args(shape)[1]
        yield from keys_of(inner, f"{prefix}<name>.") if _is_table(inner) else iter([f"{prefix}<name>"])
        return
    for name, inner in get_type_hints(shape).items():
        yield from keys_of(inner, f"{prefix}{name}.") if _is_table(inner) else iter([f"{prefix}{name}"])
