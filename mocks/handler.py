"""What a simulated ministry is made of: pure functions from an `Ask` to the data of its own contract.

    HANDLERS: Handlers = {"backend": {"operation": function}}     what it answers, in its own dialect
    examples(world) -> list[Example]                              at least one for every public operation
    business_error(ask) -> Data                                   what this ministry says for a business fault
    duplicate(ask) -> Data                                        and for an update that it has had already

A handler returns the backend contract's data, or raises `HttpFault` or `SoapFault`. It is never async and reads no clock:
what lies in the future goes through `Ask.later`, what goes back to the province through `Ask.call_province`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from lgsp.model import Blob, Data
from lgsp_mocks.world import World


class HttpFault(Exception):
    """The ministry answers with this status and this body (a dict is written as JSON) instead of its contract's answer."""

    def __init__(self, status: int, body: Data | str = "", content_type: str = "application/json") -> None:
        super().__init__(status)
        self.status, self.body, self.content_type = status, body, content_type


class SoapFault(Exception):
    """The ministry answers with a SOAP fault. `code` is "Client" or "Server" (1.2: Sender, Receiver)."""

    def __init__(self, code: str, text: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.text, self.detail = code, text, detail


class Services(Protocol):
    """What the engine does for a handler."""

    def effect(self, system: str, key: str) -> None: ...
    def later(self, system: str, seconds: float, function: str, data: Data) -> None: ...
    def call_province(self, system: str, operation: str, data: Data) -> None: ...
    def keep(self, value: str | Blob) -> str: ...
    def kept(self, reference: str) -> str | Blob: ...
    def new_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one simulated ministry."""

    world: World
    system: str
    """Public name, e.g. `civil-status`."""
    backend: str
    operation: str
    """Of the backend's contract."""
    data: Data
    """Decoded by the backend's contract; in a `later` function what was handed to `later`."""
    now: datetime
    """In UTC+7."""
    state: dict[str, Any]
    """This system's own memory: JSON-able, mutable, kept over restarts, emptied by `POST /_sim/reset`."""
    consumer: str = ""
    """Who calls: the client of the token, the user of the session, the header's system id; "" where nobody signed in."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """The manifest's `values` and `demo_secrets`: what the gateway of the demonstration uses too."""
    services: Services | None = None

    def effect(self, key: str) -> None:
        """Count one effect of an update (`/_sim/effects`): once for each time that something really changed."""
        if self.services:
            self.services.effect(self.system, key)

    def later(self, seconds: float, function: str, **data: Any) -> None:
        """Run `function(ask)` of this system's module after so many seconds of the ministry's time, with `data` as `ask.data`.

        The simulator's time factor shortens them (calm: a day takes 10 s). Survives a restart.
        """
        if self.services:
            self.services.later(self.system, seconds, function, dict(data))

    def call_province(self, operation: str, data: Data) -> None:
        """Call the province at `/inbound/{system}/{operation}`, again and again until it acknowledges."""
        if self.services:
            self.services.call_province(self.system, operation, data)

    def keep(self, value: str | Blob) -> str:
        """Put a (perhaps large) value aside and get a short reference that fits into `state`."""
        if self.services is None:
            raise RuntimeError("an Ask without services keeps nothing")
        return self.services.keep(value)

    def kept(self, reference: str) -> str | Blob:
        """The value behind a reference of `keep`."""
        if self.services is None:
            raise RuntimeError("an Ask without services keeps nothing")
        return self.services.kept(reference)

    def new_id(self) -> str:
        """A fresh name, 26 characters, sorted by time."""
        return self.services.new_id() if self.services else "0" * 26


@dataclass(frozen=True, slots=True)
class Example:
    """One request to the PUBLIC operation and what it must give, repeatable in any order (`/_sim/examples`)."""

    operation: str
    request: Data
    expect: str = "ok"
    """"ok" or an error code of the gateway."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Purpose, case and officer where they are needed."""
    note: str = ""
    version: str = ""
    """Major version of the public contract, where it is not the newest."""


Handler = Callable[[Ask], Data]
Handlers = Mapping[str, Mapping[str, Handler]]
"""Backend -> operation of its contract -> function."""
