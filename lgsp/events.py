"""Everything that happens, as documented values. Log, metrics, board and alerts are subscribers; nobody else logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FunctionType, MethodType
from typing import Any, TypeVar

import msgspec

from lgsp.model import Health, Stage, SubmissionState, Text


class ExchangeFinished(msgspec.Struct, frozen=True):
    """One exchange has its outcome ("ok", or an error's code). `seconds` from first byte to answer."""

    id: str
    correlation_id: str
    face: str
    system: str | None
    operation: str | None
    consumer: str | None
    outcome: str
    fault_domain: str | None
    seconds: float
    attempts: int
    backend_seconds: float
    at: datetime
    repeated: bool = False
    """The database refused because it has had this already."""


class AttemptMade(msgspec.Struct, frozen=True):
    """One try at a backend: `outcome` is "ok", "business" or the code of the technical fault."""

    correlation_id: str
    system: str
    operation: str
    number: int
    outcome: str
    seconds: float
    deviation: str = ""
    """Class in which the answer breaks its contract; "" where it keeps it, or never came."""
    rules: tuple[str, ...] = ()
    """The first broken rules, each with its path; never a value."""


class EdgeRefused(msgspec.Struct, frozen=True):
    """Refused before it became an exchange: no such path, over every limit, broken framing."""

    code: str
    path_kind: str


class HealthChanged(msgspec.Struct, frozen=True):
    """A transition, never a sample (RULES 15). `system` is a system's name or "upstream:<name>"."""

    system: str
    was: Health
    now: Health
    cause: Text | None
    at: datetime
    because: str | None = None
    """Name of the upstream whose failure this is: such a change is no alert of its own."""


class BreakerChanged(msgspec.Struct, frozen=True):
    system: str
    operation: str
    was: str
    now: str
    cause: Text | None
    at: datetime


class StageChanged(msgspec.Struct, frozen=True):
    system: str
    was: Stage | None
    now: Stage
    decision: str
    at: datetime


class SubmissionMoved(msgspec.Struct, frozen=True):
    id: str
    system: str
    operation: str
    was: SubmissionState | None
    now: SubmissionState
    attempts: int


class CallbackEnded(msgspec.Struct, frozen=True):
    """A call-back was taken by its receiver ("delivered"), or "parked" because it could not be told in time."""

    id: str
    consumer: str
    kind: str
    outcome: str
    attempts: int


class CallbackOff(msgspec.Struct, frozen=True):
    """A receiver has said that it wants nothing more (410): an operator has to switch it on again."""

    consumer: str
    because: str
    at: datetime


class ProbeMade(msgspec.Struct, frozen=True):
    system: str
    operation: str
    outcome: str
    seconds: float


class UpstreamSignedIn(msgspec.Struct, frozen=True):
    """A token or session of an upstream was obtained, or refused (`outcome`)."""

    upstream: str
    outcome: str


class BackendMistrusted(msgspec.Struct, frozen=True):
    """A backend has said more than it was asked. Whose answer is whose cannot be known of it, so for `seconds` after the last
    time each question goes over a connection of its own."""

    system: str
    seconds: float
    at: datetime


class TaskDied(msgspec.Struct, frozen=True):
    """A supervised background task ended with an error and was restarted."""

    name: str
    error: str
    restarts: int


class BusFaultFound(msgspec.Struct, frozen=True):
    """An exception that is none of the tree: a defect of ours. `kind` is its class, `place` module and line; no text."""

    kind: str
    place: str
    correlation_id: str


class EvidenceWitnessed(msgspec.Struct, frozen=True):
    """An outside witness has co-signed the evidence up to `size`, or what came instead: "ahead" (it has seen more than we
    hold: entries are lost), or the reason why it could not be asked."""

    witness: str
    outcome: str
    size: int


class SecurityAlert(msgspec.Struct, frozen=True):
    """Something for the province's SOC. `what` is a name of `lgsp/alerts.py`, `count` how much of it, never a person."""

    what: str
    consumer: str | None
    count: int
    severity: int
    """0 to 10, as CEF has it."""
    at: datetime


class Started(msgspec.Struct, frozen=True):
    """`url` is where the part listens."""

    what: str
    url: str


class Stopped(msgspec.Struct, frozen=True):
    what: str


Event = (
    ExchangeFinished | AttemptMade | EdgeRefused | HealthChanged | BreakerChanged | StageChanged
    | SubmissionMoved | CallbackEnded | CallbackOff | ProbeMade | UpstreamSignedIn | BackendMistrusted
    | TaskDied | BusFaultFound
    | EvidenceWitnessed | SecurityAlert
    | Started | Stopped
)  # fmt: skip
Subscriber = Callable[[Event], None]
Called = TypeVar("Called", bound=Callable[..., Any])


def direct(called: Called) -> Called:
    """The method behind an object that is called: the interpreter goes into a function of Python by itself, and to such an
    object around two corners, which is half of what a call costs."""
    return called if isinstance(called, FunctionType | MethodType) else called.__call__  # type: ignore[operator]  # what every callable has


@dataclass(slots=True)
class Events:
    """Hands each event to every subscriber, in order, at once. Subscribers are quick and never raise."""

    subscribers: list[tuple[Subscriber, frozenset[type]]] = field(default_factory=list)
    _hearers: dict[type, tuple[Subscriber, ...]] = field(default_factory=dict)
    """Who is told of a kind of event, found out once."""

    def subscribe(self, subscriber: Subscriber, *kinds: type) -> None:
        """Without `kinds` it hears everything."""
        self.subscribers.append((subscriber, frozenset(kinds)))
        self._hearers.clear()

    def publish(self, event: Event) -> None:
        hearers = self._hearers.get(type(event))
        if hearers is None:
            kind = type(event)
            hearers = tuple(direct(each) for each, kinds in self.subscribers if not kinds or kind in kinds)
            self._hearers[kind] = hearers
        for subscriber in hearers:
            subscriber(event)
