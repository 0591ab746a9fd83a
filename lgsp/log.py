"""The log: one JSON line an event, on transitions. The only place that writes logs, from an allow-list of keys (RULES 25)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, TextIO

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
        "decision",
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
        "restarts",
        "seconds",
        "system",
        "upstream",
        "url",
        "was",
        "what",
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
        events.ProbeMade: ("probe-made", "debug"),
        events.UpstreamSignedIn: ("upstream-signed-in", "info"),
        events.TaskDied: ("task-died", "error"),
        events.BusFaultFound: ("bus-fault-found", "error"),
        events.Started: ("started", "info"),
        events.Stopped: ("stopped", "info"),
    }
)
"""Every event's name in the log and its level."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def subscriber(out: TextIO, clock: Clock, level: str = "info") -> Callable[[Event], None]:
    """What `Events.subscribe` takes: writes each event to `out` as one line of JSON."""

    def stamp(_: Any, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        line.setdefault("at", clock.now().isoformat(timespec="milliseconds"))
        return line

    log = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[structlog.processors.add_log_level, stamp, _allowed, _json],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
    )
    writers = {name: getattr(log, name) for name in _LEVELS}

    def write(event: Event) -> None:
        name, at_level = NAMES[type(event)]
        writers[at_level](name, **line_of(event))

    return write


def line_of(event: Event) -> dict[str, Any]:
    """An event's fields as plain values; None is left out."""
    values = ((each.name, getattr(event, each.name)) for each in fields(event))
    return {name: _plain(value) for name, value in values if value is not None}


def _allowed(_: Any, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    return {name: value for name, value in line.items() if name in ALLOWED}


def _plain(value: Any) -> Any:
    match value:
        case Text():
            return value.vi
        case Enum():
            return str(value.value)
        case datetime():
            return value.isoformat(timespec="milliseconds")
        case float():
            return round(value, 6)
    return value


_json = structlog.processors.JSONRenderer(ensure_ascii=False, separators=(",", ":"))
