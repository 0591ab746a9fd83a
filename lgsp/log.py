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

from lgsp import events, moments
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
        events.BackendMistrusted: ("backend-mistrusted", "warning"),
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
    log = structlog.wrap_logger(Pages(out), processors=[_json], wrapper_class=Ready, context_class=dict)
    lines = {
        kind: (at_level, _line(kind, name, at_level, clock))
        for kind, (name, at_level) in NAMES.items()
        if _LEVELS[at_level] >= _LEVELS[level]
    }
    say: Callable[[str, msgspec.Struct], None] = log.bind().say

    def write(event: Event) -> None:
        if (found := lines.get(type(event))) is not None:
            at_level, line = found
            say(at_level, line(event))

    return write


class Ready(structlog.BoundLoggerBase):
    """structlog's logger for what is complete when it comes: nothing is bound to it, so nothing is copied for a line."""

    def say(self, at_level: str, said: Any) -> None:
        for each in self._processors:
            said = each(self._logger, at_level, said)
        getattr(self._logger, at_level)(said)


def _json(_: Any, __: str, said: Any) -> str:
    return _ENCODER.encode(said).decode()


_ENCODER = msgspec.json.Encoder()


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


def _line(kind: type[msgspec.Struct], name: str, at_level: str, clock: Clock) -> Callable[[Event], msgspec.Struct]:
    """Makes an event's line: a member for each field that may stand in one, as a plain value; None is left out."""
    fields = msgspec.structs.fields(kind)
    places = {each.name: place for place, each in enumerate(fields)}
    kept = [each.name for each in fields if each.name in ALLOWED]
    all_kept = len(kept) == len(fields)
    members = [(each, Any, None) for each in dict.fromkeys([*kept, "event", "level", "at"])]
    line = msgspec.defstruct(f"{kind.__name__}Line", members, omit_defaults=True, gc=False)
    changed = [(places[each.name], how) for each in fields if (how := _how(each.type)) is not None]
    dated, fixed = "at" in places, (name, at_level)

    def make(event: Event) -> msgspec.Struct:
        values = list(msgspec.structs.astuple(event))
        for place, how in changed:
            if values[place] is not None:
                values[place] = how(values[place])
        if not all_kept:
            values = [values[places[each]] for each in kept]
        values += fixed
        if not dated:
            values.append(moments.short(clock.now()))
        return line(*values)

    return make


def _how(declared: Any) -> Callable[[Any], Any] | None:
    """How a field of that type is written; `Text | None` is two types."""
    kinds = get_args(declared) if isinstance(declared, UnionType) else (declared,)
    return next(filter(None, map(_WRITTEN.get, kinds)), None)


_WRITTEN: Mapping[Any, Callable[[Any], Any]] = MappingProxyType(
    {
        Text: lambda text: text.vi,
        datetime: moments.short,
        float: lambda number: round(number, 6),
    }
)
"""By declared type; names of states are strings already."""
