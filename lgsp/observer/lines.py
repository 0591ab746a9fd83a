"""One line of an existing gateway's access log, as little of it as counting needs: when, which path, how it ended, how long.

Who called, query strings, referrers and user agents are dropped at the door (RULES 25): identifiers stand there. What is kept
of the path is looked up in the rules and goes nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

LONGEST = 16 * 1024
"""Bytes of a line; a longer one is counted as unreadable."""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    method: str
    path: str
    """Without its query."""
    status: int
    seconds: float | None
    """None where the log does not say."""


_COMMON = re.compile(
    r'\[(?P<at>[^\]]{10,40})\] "(?P<method>[A-Z]{1,12}) (?P<target>\S{1,8000})(?: HTTP/[0-9.]{1,4})?" '
    r"(?P<status>[0-9]{3})(?P<rest>.*)"
)
_HAPROXY = re.compile(
    r"\[(?P<at>[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]{8,15})\] \S+ \S+ (?P<times>[-0-9+/]{3,60}) (?P<status>[0-9]{3}|-1) .*"
    r'"(?P<method>[A-Z]{1,12}) (?P<target>\S{1,8000})(?: HTTP/[0-9.]{1,4})?"?\s*$'
)
_NAMED_TIME = re.compile(r"\b(?:rt|request_time|upstream_response_time|time)=\"?([0-9]{1,5}(?:\.[0-9]{1,6})?)\b")
_LAST_NUMBER = re.compile(r"(?:^|\s)\"?([0-9]{1,9}(?:\.[0-9]{1,6})?)\"?\s*$")
_PLAIN = re.compile(r"/[\x21-\x7e]*")


def combined(text: str, scale: float) -> Line | None:
    """Apache's common or combined form, as nginx and WSO2's valve write it; a number behind the quoted fields, or `rt=`, is
    the time, in seconds divided by `scale`."""
    found = _COMMON.search(text)
    if found is None:
        return None
    at = _clf(found["at"])
    tail = found["rest"].strip()
    named, last = _NAMED_TIME.search(tail), _LAST_NUMBER.search(tail)
    taken: float | None = None
    if named is not None:
        taken = float(named[1])
    elif last is not None and len(tail.split()) > 1:  # the first number is the size
        taken = float(last[1]) / scale
    return _line(at, found["method"], found["target"], int(found["status"]), taken)


def wso2(text: str) -> Line | None:
    """The pass-through transport's and the servlet valve's common form; `%D` behind it is in milliseconds.

    The transport's default pattern writes a call as two lines, the answer without its path: those cannot be counted, and are
    told as unreadable (docs/observer.md says which pattern to set).
    """
    return combined(text, 1000.0)


def nginx(text: str) -> Line | None:
    return combined(text, 1.0)


def haproxy(text: str) -> Line | None:
    """`option httplog`: the last of the timers is the whole time in milliseconds."""
    found = _HAPROXY.search(text)
    if found is None:
        return None
    total = found["times"].rpartition("/")[2].lstrip("+")
    taken = int(total) / 1000.0 if total.isdigit() else None
    status = int(found["status"])
    return _line(_clf(found["at"]), found["method"], found["target"], 503 if status < 0 else status, taken)


_AT = ("time", "timestamp", "time_iso8601", "@timestamp", "ts", "time_local")
_STATUS = ("status", "status_code", "response_code", "sc_status", "http_status")
_METHOD = ("method", "request_method", "http_method")
_TARGET = ("path", "uri", "request_uri", "url", "target")
_SECONDS = ("request_time", "seconds", "duration_s", "upstream_response_time")
_MILLISECONDS = ("duration_ms", "response_time", "latency_ms", "responseTime", "elapsed_ms")


def json_line(text: str) -> Line | None:
    """One JSON object a line, by the names that gateways commonly give."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    at, status = _moment(_first(found, _AT)), _number(_first(found, _STATUS))
    method, target = _first(found, _METHOD), _first(found, _TARGET)
    if target is None and isinstance(request := found.get("request"), str) and len(parts := request.split()) >= 2:
        method, target = parts[0], parts[1]
    taken, milliseconds = _number(_first(found, _SECONDS)), _number(_first(found, _MILLISECONDS))
    if taken is None and milliseconds is not None:
        taken = milliseconds / 1000.0
    if status is None or not isinstance(target, str) or not isinstance(method, str):
        return None
    return _line(at, method.upper(), target, int(status), taken)


FORMATS: Mapping[str, Callable[[str], Line | None]] = MappingProxyType(
    {"wso2": wso2, "nginx": nginx, "haproxy": haproxy, "json": json_line}
)


def read(raw: bytes, how: str) -> Line | None:
    """None where it is no call that can be counted."""
    if len(raw) > LONGEST:
        return None
    return FORMATS[how](raw.decode("utf-8", "replace"))


def _line(at: datetime | None, method: str, target: str, status: int, seconds: float | None) -> Line | None:
    path = target.partition("?")[0].partition("#")[0].partition(";")[0]
    if "://" in path:  # a proxy's absolute form
        path = "/" + path.partition("://")[2].partition("/")[2]
    if at is None or not 100 <= status <= 599 or not _PLAIN.fullmatch(path):
        return None
    return Line(at, method, path, status, None if seconds is None or not 0 <= seconds < 86_400 else seconds)


def _clf(text: str) -> datetime | None:
    """12/Dec/2019:16:53:29 +0700; HAProxy writes no zone: it is taken for the machine's own, UTC unless it says otherwise."""
    for form in ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S.%f%z", "%d/%b/%Y:%H:%M:%S%z"):
        try:
            return datetime.strptime(text if "+" in text or " -" in text else text + "+0000", form).astimezone(UTC)
        except ValueError:
            continue
    return None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float) and 0 < value < 4e12:
        return datetime.fromtimestamp(value / 1000.0 if value > 4e10 else value, UTC)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return _clf(value)
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if name in found), None)
