"""Security events as CEF lines (Common Event Format 0), which a province's SOC reads from a file or by syslog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TextIO

from lgsp.events import BreakerChanged, BusFaultFound, Event, ExchangeFinished, SecurityAlert, StageChanged
from lgsp.runtime import Clock

_SEVERITY: Mapping[str, int] = MappingProxyType(
    {
        "unauthenticated": 4,
        "forbidden": 4,
        "purpose-required": 3,
        "security-level-not-approved": 5,
        "suspended": 3,
        "quota-exceeded": 3,
        "invalid-signature": 6,
        "evidence-unavailable": 9,
    }
)
"""Outcomes that are security events, each with its severity."""


def subscriber(out: TextIO, clock: Clock, version: str) -> Callable[[Event], None]:
    """What `Events.subscribe` takes."""

    def write(event: Event) -> None:
        if (said := of_event(event, version, clock)) is not None:
            out.write(said[0])
            out.flush()

    return write


def of_event(event: Event, version: str, clock: Clock) -> tuple[str, int] | None:
    """Its line and severity (0 to 10); None where it is no security event."""
    if (said := _said(event)) is None:
        return None
    name, severity, at, extension = said
    return line(version, name, severity, at or clock.now(), extension), severity


def line(version: str, name: str, severity: int, at: datetime, extension: Mapping[str, str | None]) -> str:
    """One event. The signature id is the event's name; times are milliseconds since 1970."""
    members = {"rt": str(int(at.timestamp() * 1000)), **extension}
    written = " ".join(f"{key}={_value(value)}" for key, value in members.items() if value)
    head = "|".join(_head(each) for each in ("lgsp", "data-bus", version, name, name.replace("-", " "), str(severity)))
    return f"CEF:0|{head}|{written}\n"


def _said(event: Event) -> tuple[str, int, datetime | None, dict[str, str | None]] | None:
    match event:
        case SecurityAlert():
            return event.what, event.severity, event.at, {"suser": event.consumer, "cnt": str(event.count)}
        case ExchangeFinished() if (severity := _SEVERITY.get(event.outcome)) is not None:
            about = {"suser": event.consumer, "destinationServiceName": event.system, "act": event.operation}
            return event.outcome, severity, event.at, {**about, "externalId": event.correlation_id}
        case StageChanged():
            return "stage-changed", 4, event.at, {"destinationServiceName": event.system, "outcome": event.now.value}
        case BreakerChanged() if event.now == "open":
            return "breaker-open", 3, event.at, {"destinationServiceName": event.system, "act": event.operation}
        case BusFaultFound():
            return "bus-fault", 7, None, {"reason": event.kind, "externalId": event.correlation_id}
    return None


def _head(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("=", "\\=")


def _one_line(text: str) -> str:
    """A caller's own word (a correlation id) must not begin a line of its own."""
    return "".join(each if each.isprintable() else " " for each in text)
