"""What an installation may set: `lgsp.toml` < `LGSP_*` in the environment < command line, and where each value came from.

Keys are dotted (`limits.connections`). In the environment a dot is two underscores: `LGSP_LIMITS__CONNECTIONS=2048`,
`LGSP_UPSTREAMS__NGSP__URL=https://…`. A secret may stand in a file: `client_secret_file = "…"` or
`LGSP_UPSTREAMS__NGSP__CLIENT_SECRET_FILE=…`. An unknown key is an error that names the nearest one. Every default is finite.
"""

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

_SECRET = {"secret": True}
_SIZE = {"size": True}
_NOT_SETTINGS = frozenset({"LGSP_CONFIG", "LGSP_TEST", "LGSP_CRASH_AT"})
_UNITS = {"B": 1, "KB": 1 << 10, "KIB": 1 << 10, "MB": 1 << 20, "MIB": 1 << 20, "GB": 1 << 30, "GIB": 1 << 30}


class SettingsError(Exception):
    """A setting that cannot be used. The message names the key, where it was set and what to do; never a value."""


@dataclass(frozen=True, slots=True)
class Province:
    """Whose bus this is: data, not code (RULES 28)."""

    code: str = ""
    """Code of the General Statistics Office, two digits."""
    agency: str = ""
    """Mã định danh of the province's committee, e.g. Hnn (QĐ 20/2020/QĐ-TTg)."""
    name_vi: str = ""
    name_en: str = ""
    era: str = "2025"
    """Which administrative setting holds: `2022-2024` (districts, Decree 47/2020) or `2025`."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where backends live and how one signs in there. `manner` names a dance of `lgsp/upstream.py`."""

    manner: str = "none"
    url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False, metadata=_SECRET)
    username: str = ""
    password: str = field(default="", repr=False, metadata=_SECRET)
    ca: Path | None = None
    """Certificates that this upstream's TLS must chain to; None means the system's."""


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What one system's mapping is handed: secrets by name, and values that override the manifest's."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, metadata=_SECRET)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """An outside witness of the evidence: where it is, and the verifier key that `lgsp witness key` prints there."""

    url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the process (RULES 6, 10, 23). Seconds, bytes, counts."""

    body: int = field(default=60 << 20, metadata=_SIZE)
    """Hard cap of any request body at the edge; an operation's own limit is in its manifest."""
    connections: int = 1024
    """Open connections of callers; more wait in the kernel's queue."""
    body_seconds: float = 60.0
    """Longest read of one request body."""
    keepalive_seconds: float = 15.0
    drain_seconds: float = 10.0
    """After Ctrl-C: how long exchanges under way may take to end."""
    ready_seconds: float = 2.0
    """`/readyz` waits at most this long for the first probes."""
    evidence_seconds: float = 0.9
    """Longest wait for an entry's commit; then the call is refused (RULES 1: within a second)."""
    token_seconds: float = 3600.0
    quota_per_minute: int = 60_000
    """Calls of one consumer where its grant says nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything, resolved. `Settings()` is a valid installation of nothing: loopback, no upstream, no system setting."""

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("data")
    demo: bool = False
    """Demonstration profile: plain HTTP on loopback, invented consumers, said on every page and in a header."""
    sim: str | None = None
    """Address of a simulator: every upstream points there, with demonstration credentials."""
    public_url: str | None = None
    """How callers reach this bus, for WSDL addresses and `Location`; None means as they asked (Host header)."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-For` is believed."""
    homes: tuple[Path, ...] = ()
    """Further folders with connectors/ contracts/ mocks/ beside the built-in ones."""
    province: Province = field(default_factory=Province)
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    systems: Mapping[str, SystemSettings] = field(default_factory=dict)
    witnesses: Mapping[str, WitnessSettings] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    security_log: Path | None = None
    """File that takes security events as CEF lines for the province's SOC; None writes none."""
    bulk_subjects_per_hour: int = 200
    """Distinct people that one consumer may ask about in an hour before an alert."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def system(self, name: str) -> SystemSettings:
        """The settings of a system; empty ones where nothing is set."""
        return self.systems.get(name, SystemSettings())

    def upstream(self, name: str) -> Upstream | None:
        return self.upstreams.get(name)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the origin of every dotted key: "default", a file's name, a variable's name, "command line"."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """(key, value as text with secrets masked, origin), for `lgsp config show`."""
        for key, value, secret in _leaves(self.settings):
            shown = "********" if secret and value else _show(value)
            yield key, shown, self.origins.get(key, "default")


@dataclass(slots=True)
class _Found:
    values: dict[tuple[str, ...], tuple[Any, str]] = field(default_factory=dict)

    def put(self, path: tuple[str, ...], value: Any, origin: str) -> None:
        self.values[path] = (value, origin)


def load(
    file: Path | None = None, env: Mapping[str, str] | None = None, cli: Mapping[str, Any] | None = None
) -> Loaded:
    """Settings from a TOML file, `LGSP_*` variables and dotted keys of the command line (None = not given), later first.

    Raises `SettingsError`.
    """
    found = _Found()
    if file is not None:
        _from_file(file, found)
    for name, text in sorted((env or {}).items()):
        if name.startswith("LGSP_") and name not in _NOT_SETTINGS:
            path, is_file = _path_of_variable(name)
            found.put(path, _read_secret(Path(text), name) if is_file else text, name)
    for key, value in (cli or {}).items():
        if value is not None:
            found.put(tuple(key.split(".")), value, "command line")
    settings = _build(Settings, (), found)
    return Loaded(settings, {".".join(path): origin for path, (_, origin) in found.values.items()})


def settings_file(env: Mapping[str, str], folder: Path) -> Path | None:
    """`LGSP_CONFIG`, else `lgsp.toml` of the folder where it exists."""
    named = env.get("LGSP_CONFIG")
    if named:
        return Path(named)
    return found if (found := folder / "lgsp.toml").is_file() else None


def keys() -> tuple[str, ...]:
    """Every dotted key that may be set, `<name>` standing for a name of one's own: for documentation and its test."""
    return tuple(_keys(Settings, ""))


# -- reading ----------------------------------------------------------------------------------------------------------


def _from_file(file: Path, found: _Found) -> None:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML ({error})") from error
    _take(Settings, table, (), file, found)


def _take(shape: Any, table: Mapping[str, Any], path: tuple[str, ...], file: Path, found: _Found) -> None:
    """Walk one table along the shape of the settings."""
    for key, value in table.items():
        inner, is_file, name = _member(shape, key, (*path, key), file.name)
        here = (*path, name)
        if _is_table(inner):
            if not isinstance(value, dict):
                raise SettingsError(f"{file.name}: {'.'.join(here)} must be a table")
            _take(inner, value, here, file, found)
        elif is_file:
            found.put(here, _read_secret(file.parent / str(value), f"{file.name}: {'.'.join(here)}_file"), file.name)
        else:
            found.put(here, _beside(value, inner, file.parent), file.name)


def _beside(value: Any, shape: Any, folder: Path) -> Any:
    """Relative paths of a settings file are meant from where it stands."""
    if isinstance(value, str) and shape in (Path, Path | None):
        return folder / value
    if isinstance(value, list) and shape == tuple[Path, ...]:
        return [folder / str(item) for item in value]
    return value


def _path_of_variable(name: str) -> tuple[tuple[str, ...], bool]:
    shape: Any = Settings
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


def _read_secret(file: Path, where: str) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{where}: cannot read {file}: {error.strerror}") from error


# -- building ---------------------------------------------------------------------------------------------------------


def _is_table(shape: Any) -> bool:
    return is_dataclass(shape) or get_origin(shape) is Mapping


def _build(shape: Any, path: tuple[str, ...], found: _Found) -> Any:
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


def _value(shape: Any, path: tuple[str, ...], found: _Found, default: Any, metadata: Mapping[str, Any]) -> Any:
    if _is_table(shape):
        return _build(shape, path, found)
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


def _leaves(value: Any, path: tuple[str, ...] = (), *, secret: bool = False) -> Iterator[tuple[str, Any, bool]]:
    if is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            yield from _leaves(getattr(value, f.name), (*path, f.name), secret=bool(f.metadata.get("secret")))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name), secret=secret)
    else:
        yield ".".join(path), value, secret


def _show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _keys(shape: Any, prefix: str) -> Iterator[str]:
    if not is_dataclass(shape):
        inner = get_args(shape)[1]
        yield from _keys(inner, f"{prefix}<name>.") if _is_table(inner) else iter([f"{prefix}<name>"])
        return
    for name, inner in get_type_hints(shape).items():
        yield from _keys(inner, f"{prefix}{name}.") if _is_table(inner) else iter([f"{prefix}{name}"])
