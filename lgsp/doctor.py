"""A diagnostics bundle for whoever helps: what runs, how it is set, how it fares; without secrets and without people.

What goes in is written here by name, so nothing gets in by accident: settings that are free text are told as "set", addresses
as host and port, log lines by the log's own allow-list and once more without long numbers, databases by size and check and
never by a row. Each part that cannot be read says so by the class of its error and stops no other.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from ctypes import CDLL, create_string_buffer
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lgsp import __version__
from lgsp.log import ALLOWED, NAMES
from lgsp.runtime import Clock
from lgsp.selfcheck import unsafe
from lgsp.settings import Loaded, Settings
from lgsp.store.sqlite.inspecting import inspect, sqlite_version

LINES = 2000
"""Last ones of the log."""
CHECK_SECONDS = 20.0
"""For the quick check of each database."""
_SHOWN_AS_THEY_ARE = re.compile(
    r"(host|port|data|demo|homes|trusted_proxies|accept_unsafe|signatures_required|bulk_subjects_per_hour|log_level"
    r"|province\.(code|agency|era)|limits\..+|store\.(pool|seconds|keep_.+)|tls\..+|security_log|report\.monthly"
    r"|upstreams\.[^.]+\.manner|upstreams\.[^.]+\.ca|security_syslog_ca|systems\.[^.]+\.shadow)"
)
_ADDRESSES = re.compile(r"(sim|sandbox|public_url|security_syslog|upstreams\.[^.]+\.(url|sandbox)|witnesses\..+\.url)")
_NUMBER = re.compile(r"\d{9,}")
_WORDS = frozenset({"event", "level", "at"})
_PACKAGES = (
    "aiohttp",
    "apsw",
    "asyncpg",
    "click",
    "cryptography",
    "lxml",
    "msgspec",
    "uvloop",
    "zeep",
    "jsonschema-rs",
)
_UNSYNCHRONISED = 0x0040
_TIMEX = 208
"""Bytes of the kernel's `struct timex` on 64 bits."""


def collected(
    loaded: Loaded, clock: Clock, env: Mapping[str, str], *, log: Iterable[str] = (), owner: int | None = None
) -> dict[str, bytes]:
    """Files of the bundle by name, of what this machine tells. `owner`: the process of a running bus."""
    settings = loaded.settings
    parts: dict[str, Callable[[], Any]] = {
        "versions.json": versions,
        "settings.json": lambda: shown(loaded),
        "selfcheck.json": lambda: [each.code for each in unsafe(settings, env)],
        "disk.json": lambda: disk(settings),
        "databases.json": lambda: databases(settings, clock),
        "clock.json": lambda: {"now": clock.now().isoformat(), **kernel_clock()},
        "process.json": lambda: process(owner) if owner is not None else {"running": False},
        "log.jsonl": lambda: list(lines(log)),
    }
    return {name: written(name, part) for name, part in parts.items()}


def written(name: str, part: Callable[[], Any]) -> bytes:
    """One part as a file; where it fails, by which class of error."""
    try:
        made = part()
    except Exception as error:  # noqa: BLE001  a bundle is made of a house that is not well
        made = {"unavailable": type(error).__name__}
    if name.endswith("l") and isinstance(made, list):
        return b"".join(msgspec.json.encode(each) + b"\n" for each in made)
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def versions() -> dict[str, Any]:
    found = {name: _version(name) for name in _PACKAGES}
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    return {
        "lgsp": __version__, "python": platform.python_version(), "sqlite": sqlite_version(),
        "packages": {name: each for name, each in found.items() if each},
        "system": release.get("PRETTY_NAME", ""), "kernel": platform.release(), "machine": platform.machine(),
        "processors": os.cpu_count(), "executable": sys.executable,
    }  # fmt: skip


def shown(loaded: Loaded) -> dict[str, dict[str, str]]:
    """Every key that is set or has a value, with its origin."""
    found = {}
    for key, value, origin in loaded.rows():
        if value == "********" or not value or _SHOWN_AS_THEY_ARE.fullmatch(key):
            told = value
        elif _ADDRESSES.fullmatch(key):
            told = _place(value)
        else:
            told = "(set)"
        found[key] = {"value": told, "origin": origin}
    return found


def disk(settings: Settings) -> dict[str, Any]:
    usage = shutil.disk_usage(settings.data)
    files = {each.name: each.stat().st_size for each in sorted(settings.data.glob("*.db*"))}
    folders = {}
    for name in ("spool", "trust", "reports", "sandbox", "keys"):
        inside = [each for each in (settings.data / name).rglob("*") if each.is_file()]
        folders[name] = {"files": len(inside), "bytes": sum(each.stat().st_size for each in inside)}
    return {"total": usage.total, "free": usage.free, "files": files, "folders": folders}


def databases(settings: Settings, clock: Clock) -> dict[str, Any]:
    if settings.store.url:
        return {"postgresql": _place(settings.store.url)}
    return {
        path.name: inspect(path, CHECK_SECONDS, clock.monotonic)
        for folder in (settings.data, settings.data / "sandbox")
        for path in sorted(folder.glob("*.db"))
    }


def kernel_clock() -> dict[str, Any]:
    """What the kernel knows of its clock: whether something keeps it in step, and how far it may be off (milliseconds)."""
    buffer = create_string_buffer(_TIMEX)
    state = CDLL(None).adjtimex(buffer)
    _, offset, _, most, estimated, status = struct.unpack_from("@Ilqqqi" if sys.maxsize > 2**32 else "@Illlli", buffer)
    synchronised = state != 5 and not status & _UNSYNCHRONISED
    nano = 1e6 if status & 0x2000 else 1e3
    return {
        "synchronised": synchronised, "offset_ms": round(offset / nano, 3), "most_ms": round(most / 1e3, 3),
        "estimated_ms": round(estimated / 1e3, 3),
    }  # fmt: skip


def process(pid: int) -> dict[str, Any]:
    """The running bus and its workers: open files by kind, memory, limits. No command line: it may carry anything."""
    return {"running": True, "processes": [_one(each) for each in (pid, *_children(pid))]}


def lines(log: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Lines of the log that are events of this bus, by its own allow-list; further keys and long numbers are dropped."""
    known = {name for name, _ in NAMES.values()}
    kept: list[dict[str, Any]] = []
    for text in log:
        try:
            line = msgspec.json.decode(text[text.index("{") :])
        except (ValueError, msgspec.DecodeError):
            continue
        if isinstance(line, dict) and line.get("event") in known:
            kept.append({key: _plain(value) for key, value in line.items() if key in ALLOWED or key in _WORDS})
    return kept[-LINES:]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub("#", value)
    return value if isinstance(value, int | float | bool) else str(type(value).__name__)


def _place(url: str) -> str:
    """Scheme, host, port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(each) for each in text.split()]


def _one(pid: int) -> dict[str, Any]:
    place = Path(f"/proc/{pid}")
    kinds: dict[str, int] = {}
    for each in (place / "fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:  # closed meanwhile
            continue
        kind = target.partition(":")[0] if not target.startswith("/") else "file"
        kinds[kind] = kinds.get(kind, 0) + 1
    status = dict(
        line.split(":", 1) for line in (place / "status").read_text("ascii", "replace").splitlines() if ":" in line
    )
    most = next((x for x in (place / "limits").read_text("ascii").splitlines() if x.startswith("Max open files")), "")
    return {
        "pid": pid, "open": kinds, "open_limit": most.split()[3] if most else "",
        "threads": status.get("Threads", "").strip(), "memory": status.get("VmRSS", "").strip(),
    }  # fmt: skip
