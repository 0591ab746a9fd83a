"""The log: one JSON line an event, on transitions. The only place that writes logs, from an allow-list of keys (RULES 25)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType, UnionType
from typing import Any, TextIO, get_args

import msgspec
import structlog

from lgsp import events
from lgsp.events import Event
from lgsp.model import Text
from lgsp.runtime import Clock

ALLOWED = frozenset(
    {
        "at",
        "attempts",
        "backend_seconds",
        "because",
        "cause",
        "code",
        "consumer",
        "correlation_id",
        "count",
        "decision",
        "deviation",
        "error",
        "event",
        "face",
        "fault_domain",
        "id",
        "kind",
        "level",
        "name",
        "now",
        "number",
        "operation",
        "outcome",
        "path_kind",
        "place",
        "repeated",
        "restarts",
        "rules",
        "seconds",
        "severity",
        "size",
        "system",
        "upstream",
        "url",
        "was",
        "what",
        "witness",
    }
)
"""Keys that may stand in a line. A new field of an event is dropped until it is thought about and added here."""

NAMES: Mapping[type, tuple[str, str]] = MappingProxyType(
    {
        events.ExchangeFinished: ("exchange-finished", "info"),
        events.AttemptMade: ("attempt-made", "debug"),
        events.EdgeRefused: ("edge-refused", "info"),
        events.HealthChanged: ("health-changed", "warning"),
        events.BreakerChanged: ("breaker-changed", "warning"),
        events.StageChanged: ("stage-changed", "warning"),
        events.SubmissionMoved: ("submission-moved", "info"),
        events.CallbackEnded: ("callback-ended", "info"),
        events.CallbackOff: ("callback-off", "warning"),
        events.ProbeMade: ("probe-made", "debug"),
        events.UpstreamSignedIn: ("upstream-signed-in", "info"),
        events.TaskDied: ("task-died", "error"),
        events.BusFaultFound: ("bus-fault-found", "error"),
        events.EvidenceWitnessed: ("evidence-witnessed", "info"),
        events.SecurityAlert: ("security-alert", "warning"),
        events.Started: ("started", "info"),
        events.Stopped: ("stopped", "info"),
    }
)
"""Every event's name in the log and its level."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def subscriber(out: TextIO, clock: Clock, level: str = "info") -> Callable[[Event], None]:
    """What `Events.subscribe` takes: writes each event to `out` as one line of JSON.

    Everything that a kind of event decides is decided here, once: its name, whether it is written at all, which fields.
    """

    def line(_: Any, at_level: str, said: structlog.types.EventDict) -> str:
        """The last word of structlog's: everything in one mapping that nobody unpacks on the way."""
        members: dict[str, Any] = said["members"]
        members["event"], members["level"] = said["event"], at_level
        if "at" not in members:
            members["at"] = clock.now().isoformat(timespec="milliseconds")
        return msgspec.json.encode(members).decode()

    log = structlog.wrap_logger(
        Pages(out),
        processors=[line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
    )
    writers = {
        kind: (name, getattr(log, at_level), _shape(kind))
        for kind, (name, at_level) in NAMES.items()
        if _LEVELS[at_level] >= _LEVELS[level]
    }

    def write(event: Event) -> None:
        if (writer := writers.get(type(event))) is not None:
            name, say, shape = writer
            say(name, members=_members(event, shape))

    return write


class Pages:
    """What structlog writes on. Lines of one turn of the event loop leave together: calls that a commit sets free end in one
    turn, and would else each make a system call. Without a loop, or for what may be the last that a process says, at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: list[str] = []

    def info(self, line: str) -> None:
        waiting = bool(self._lines)
        self._lines.append(line + "\n")
        if not waiting:
            try:
                asyncio.get_running_loop().call_soon(self.turn)
            except RuntimeError:
                self.turn()

    def error(self, line: str) -> None:
        self._lines.append(line + "\n")
        self.turn()

    debug = info
    warning = error

    def turn(self) -> None:
        if self._lines:
            text, self._lines = "".join(self._lines), []
            self._out.write(text)
            self._out.flush()


def silent() -> logging.Logger:
    """For the web server, whose own words quote what came in, keys and personal numbers too (RULES 25): events are the log."""
    found = logging.Logger("lgsp.web")  # noqa: LOG001  no child of the root, which would print it all the same
    found.addHandler(logging.NullHandler())
    found.propagate = False
    return found


Shape = tuple[tuple[str, Callable[[Any], Any] | None], ...]
"""Every field of a kind of event in its order: its key, "" where it may not stand in a line, and how it is written."""


def _shape(kind: type[msgspec.Struct]) -> Shape:
    return tuple(
        (each.name if each.name in ALLOWED else "", next(filter(None, map(_WRITTEN.get, _kinds(each.type))), None))
        for each in msgspec.structs.fields(kind)
    )


def _kinds(declared: Any) -> tuple[Any, ...]:
    """`Text | None` is two."""
    return get_args(declared) if isinstance(declared, UnionType) else (declared,)


def _members(event: Event, shape: Shape) -> dict[str, Any]:
    """An event's fields as plain values; None is left out."""
    return {
        key: value if written is None else written(value)
        for (key, written), value in zip(shape, msgspec.structs.astuple(event), strict=True)
        if value is not None and key
    }


_WRITTEN: Mapping[Any, Callable[[Any], Any]] = MappingProxyType(
    {
        Text: lambda text: text.vi,
        datetime: lambda moment: moment.isoformat(timespec="milliseconds"),
        float: lambda number: round(number, 6),
    }
)
"""By declared type; names of states are strings already."""
