"""The theory of the house: one question from one agency system and the answer it got, edge to edge.

The bus is one function, `Handler`, wrapped in steps of one signature, `Step`. `Exchange` is the only mutable object that
travels; each step fills its own slots, once. Audit entries, log lines and metrics are projections of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from lgsp.errors import LgspError, Timeout
from lgsp.events import direct
from lgsp.model import Consumer, Data, Face, Grant, HttpRequest, HttpResponse, Lang
from lgsp.runtime import Clock

if TYPE_CHECKING:  # the registry stands above the errors and below the pipeline; only its types are named here
    from lgsp.registry import BackendRoute, Connector, Operation

Handler = Callable[["Exchange"], Awaitable[Data]]
Step = Callable[["Exchange", Handler], Awaitable[Data]]


def chain(*steps: Step, then: Handler) -> Handler:
    """The steps around `then`, first outermost: the order in the call is the order of the exchange."""
    handler = direct(then)
    for step in reversed(steps):
        handler = _around(step, handler)
    return handler


def _around(step: Step, inner: Handler) -> Handler:
    """Not `async` itself: it hands on the step's own awaitable, so a step costs one frame and not two."""
    taken = direct(step)

    def handler(exchange: Exchange) -> Awaitable[Data]:
        return taken(exchange, inner)

    return handler


class Deadline(msgspec.Struct, frozen=True):
    """One finite moment on the monotonic clock that every stage inherits (RULES 6)."""

    at: float

    def remaining(self, clock: Clock) -> float:
        """Seconds left; raises `Timeout` where none are."""
        left = self.at - clock.monotonic()
        if left <= 0:
            raise Timeout()
        return left


class Attempt(msgspec.Struct, frozen=True):
    """One try at a backend. `outcome` is "ok", "business" or the code of the technical fault; times in seconds."""

    number: int
    started: datetime
    seconds: float
    outcome: str
    reached: bool = True
    """The backend may have got it; False where surely no byte of it left."""


class Exchange(msgspec.Struct, eq=False):
    """Slots in the order in which they are filled."""

    # by the face
    id: str
    face: Face
    request: HttpRequest
    received: datetime
    started: float
    """Monotonic seconds."""
    correlation_id: str
    traceparent: str | None = None
    lang: Lang = "vi"
    peer: str = ""
    """The caller's address."""
    certificate: bytes | None = None
    """The client certificate (DER) that TLS has verified, here or at a trusted proxy."""
    system: str | None = None
    operation_name: str | None = None
    """As the path names it; SOAP's is read from the Body, native's from path, `service` or Body."""
    version: str = "v1"
    purpose: str | None = None
    case: str | None = None
    officer: str | None = None
    idempotency_key: str | None = None
    respond_async: bool = False
    wanted_timeout: float | None = None
    face_state: dict[str, Any] = {}
    """What a face must remember from request to answer (SOAP version, native backend, caller's session)."""

    # by the steps
    deadline: Deadline | None = None
    connector: Connector | None = None
    operation: Operation | None = None
    route: BackendRoute | None = None
    """The backend that answers this exchange (era, native path)."""
    consumer: Consumer | None = None
    grant: Grant | None = None
    data: Data | None = None
    """The caller's message, decoded and validated."""
    submission: str | None = None
    accepted: bool = False
    """The update is durable and will be delivered later: faces answer 202 with `Location` of the submission."""
    asked: bool = False
    """The asked entry is durable."""
    attempts: list[Attempt] = []
    backend_response: HttpResponse | None = None
    """The ministry's own bytes, for the native face."""
    answer: Data | None = None
    fields_left: tuple[str, ...] | None = None
    """Answer fields that left the bus, None where all did."""
    reply: HttpResponse | None = None
    """The answer as bytes in the caller's format, set by `Decode` on the way out."""
    error: LgspError | None = None
    timings: dict[str, float] = {}
    """Seconds: policy, wait, backend, codec."""
    waits: list[tuple[str, float, float]] = []
    """What it waited for (slot, pause), since when on the monotonic clock, how many seconds."""
    headers_out: dict[str, str] = {}
    """Headers that steps add to the answer (`X-LGSP-Stage`, `RateLimit`, `Location`)."""

    @property
    def outcome(self) -> str:
        return self.error.code if self.error else "ok"

    def header(self, name: str) -> str | None:
        """A request header by its lower-case name."""
        return self.request.headers.get(name)


Ctx = Mapping[str, Any]
