"""What is connected: manifests resolved with their contracts and mappings into Connectors. Immutable, replaced whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal

from lgsp import contract as contracts
from lgsp.model import Data, Kind, Stage, Text


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an update may wait. `order_by` is the field of the public request whose value orders deliveries."""

    when_away: bool
    expires: float
    """Seconds."""
    order_by: str | None


@dataclass(frozen=True, slots=True)
class ProvedBy:
    """How an unknown outcome is settled: this query, asked with this key field, proves it (RULES 4)."""

    operation: str
    key: str
    request: Data
    """Further fields of the query: a string that starts with "$" names a field of the original request."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One dialect of one ministry: where it is called and how."""

    name: str
    contract: contracts.Contract
    adapter: Literal["rest", "soap"]
    upstream: str
    path: str
    """Prefix below the upstream's address, e.g. /apiHoTichTuPhap; with an X-Road upstream below its forwarding address."""
    dstcode: str | None = None
    soap_version: Literal["1.1", "1.2"] = "1.1"
    secrets: tuple[str, ...] = ()
    """Names of the secrets that the mapping may ask for."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Non-secret values that the mapping may ask for, with the manifest's default."""
    era: tuple[str, ...] = ()
    """Eras in which this backend answers; empty means always."""


@dataclass(frozen=True, slots=True)
class BackendRoute:
    """One public operation by one backend: the operation of the backend's contract that carries it."""

    backend: Backend
    operation: contracts.Operation


@dataclass(frozen=True, slots=True)
class Operation:
    """One public operation with everything that the manifest says of it."""

    system: str
    name: str
    kind: Kind
    safe: bool
    """Asking twice changes nothing, so a retry is allowed. Marked by a person, never by the scaffold."""
    keyed: bool
    """The backend honours a key: the same update sent twice takes effect once."""
    personal: bool
    public: contracts.Operation
    routes: tuple[BackendRoute, ...]
    timeout: float
    max_body: int
    streamed: bool
    """Large strings pass as `Blob`s, spooled to disk."""
    deliver: Delivery | None
    proved_by: ProvedBy | None
    probe: Data | None
    key: str | None
    """Field of the public request that names the business record: natural key, effect key."""
    subject: tuple[str, ...]
    """Fields of the public request (dotted) that name a person, for who-read-what."""
    cost: str = ""

    def route(self, era: str) -> BackendRoute:
        """The backend that answers in this era; the first one where none names it."""
        return next((r for r in self.routes if not r.backend.era or era in r.backend.era), self.routes[0])


@dataclass(frozen=True, slots=True)
class InboundOperation:
    """A call that the ministry makes to the province: an operation of one of the system's backend contracts."""

    system: str
    name: str
    backend: Backend
    operation: contracts.Operation
    key: str
    """Field that makes a repeated call the same call."""
    authenticate: Literal["message", "credential"]
    """`message`: the mapping proves the message itself (a checksum); `credential`: an API key of that system."""
    max_body: int


@dataclass(frozen=True, slots=True)
class Collector:
    """A standing reader: which query it asks, how the cursor travels, what makes an item the same item."""

    system: str
    name: str
    operation: str
    acknowledge: str | None
    every: float
    item_key: str
    request: Data
    items: str
    """Dotted path of the list in the answer."""
    cursor: str | None = None
    consumer_by: str | None = None


@dataclass(frozen=True, slots=True)
class Connector:
    """One registered database."""

    name: str
    title: Text
    owner: Text
    contact: Text
    personal: bool
    stage_now: Stage
    stage_since: date
    stage_decision: str
    public: contracts.Contract
    backends: Mapping[str, Backend]
    operations: Mapping[str, Operation]
    inbound: Mapping[str, InboundOperation]
    collectors: Mapping[str, Collector]
    mapping: ModuleType | None
    folder: Path
    slots: int
    """Attempts at this system that may be under way at once (RULES 9)."""

    @property
    def version(self) -> str:
        return self.public.version


@dataclass(frozen=True, slots=True)
class Registry:
    """All connectors, and the indexes that faces ask. Replaced whole on reload."""

    connectors: Mapping[str, Connector] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Any, ...] = ()

    def connector(self, system: str) -> Connector | None:
        return self.connectors.get(system)


Loader = Callable[[Path], Registry]
