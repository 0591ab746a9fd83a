"""What is connected: manifests resolved with their contracts and mappings into Connectors. Immutable, replaced whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, Protocol

from lgsp import contract as contracts
from lgsp.mapping import Context, PlaceTable
from lgsp.model import Data, Kind, Stage, Text

XROAD_FORWARD = "/XrdAdapter/RestService/forward"
"""Where an X-Road adapter takes calls to forward (DOMAIN.md 1.5)."""


@dataclass(frozen=True, slots=True)
class NativeRule:
    """Which calls of a backend operation that several public operations share are this one: those whose field says so."""

    field: str
    """Dotted path in the ministry's own JSON, form or query."""
    equals: str


@dataclass(frozen=True, slots=True)
class SignedField:
    """Where a signed document (edXML) stands in a message: in the request of an update, in the answer of a query."""

    field: str
    """Of the public contract."""
    native: str = ""
    """The same in the ministry's own answer, dotted; the same name where nothing is said."""
    encoding: Literal["text", "base64"] = "text"
    sender: str = ""
    """Answer field beside it that repeats the sending agency."""
    repeats: tuple[str, ...] = ()
    """Answer fields beside it that repeat parts of the document: they must be what was signed."""


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
    demo_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Visibly invented, shared by the demonstration profile and the simulator; nobody else reads them."""
    reads_errors: bool = False
    """The ministry says business errors with HTTP 4xx: such a body is read by the contract too."""
    demo_manner: str = ""
    """How one signs in at this upstream in the demonstration, where it is not the platform's usual way."""
    soap_security: Literal["username-token"] | None = None
    """What proves in each SOAP message who calls: a WS-Security UsernameToken with PasswordDigest, made of the secrets
    `username` and `password`."""

    native_headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case request header -> secret or value that stands in it when a native call goes on: credentials that the
    ministry wants in headers are the province's, never the caller's."""

    @property
    def native_path(self) -> str:
        """Where agencies that speak this dialect find it below `/native`."""
        return (XROAD_FORWARD if self.dstcode is not None else "") + self.path


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
    native: NativeRule | Literal[False] | None = None
    """None: the backend operation is this one's alone. False: cannot be told apart, so not reachable by `/native`."""
    signed: SignedField | None = None
    keep_payload: bool = False
    """Request and answer are kept, sealed under the key of their day, beside the evidence that has their digests."""

    def route(self, era: str) -> BackendRoute:
        """The backend that answers in this era; the first one where none names it."""
        if len(self.routes) == 1:
            return self.routes[0]
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
    acknowledge_request: Data = field(default_factory=dict)
    """Fixed fields of the acknowledgement, beside the item's key."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What callers of an older major version are told: use the newer one, since when, and until when this one is promised."""

    successor: str
    """The newest version, `v2`."""
    deprecated: date
    sunset: date | None
    """Last day that is promised; a person takes the version out, never a date."""
    info: str | None
    """A page about the move, at an address of the operator's."""
    becomes: Mapping[str, str]
    """Operation of the older version -> the newest's that carries it; one with a backend of its own is missing here."""


class Dialect(Protocol):
    """What stands between a public contract and the ministry's: a `mapping.py`, or an older version's way through it."""

    def ask(self, operation: str, data: Data, ctx: Context) -> Data: ...
    def answer(self, operation: str, data: Data, ctx: Context) -> Data: ...


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
    mapping: ModuleType | Dialect | None
    folder: Path
    slots: int
    """Attempts at this system that may be under way at once (RULES 9)."""
    places: PlaceTable = field(default_factory=PlaceTable)
    """The ministry's own place ids, from places.csv beside the manifest; no file, no difference."""
    older: Mapping[str, Connector] = field(default_factory=dict)
    """Older major versions that are served beside this one, newest first: the same database by another public contract."""
    notice: Notice | None = None
    """Only an older version has one."""

    @property
    def version(self) -> str:
        return self.public.version

    def at(self, version: str) -> Connector | None:
        """This database by the public contract of a major version; None where that is not served."""
        return self if version == self.public.version else self.older.get(version)

    def versions(self) -> tuple[Connector, ...]:
        """Every version that is served, the newest first."""
        return (self, *self.older.values())


@dataclass(frozen=True, slots=True)
class NativeEntry:
    """One public operation as the ministry's own dialect asks it."""

    connector: Connector
    operation: Operation
    route: BackendRoute
    constants: Mapping[str, Any]
    """Fields of the message that the backend's contract fixes: they tell operations of one path apart."""


@dataclass(frozen=True, slots=True)
class NativeIndex:
    """(method, path below /native) -> the operations that it may mean; literal paths go before templates."""

    literal: Mapping[tuple[str, str], tuple[NativeEntry, ...]] = field(default_factory=dict)
    templates: tuple[tuple[str, re.Pattern[str], tuple[NativeEntry, ...]], ...] = ()

    @classmethod
    def of(cls, connectors: Iterable[Connector]) -> NativeIndex:
        found: dict[tuple[str, str], list[NativeEntry]] = {}
        for connector in (version for each in connectors for version in each.versions()):
            for operation in connector.operations.values():
                for route in operation.routes if operation.native is not False else ():
                    entry = NativeEntry(connector, operation, route, _constants(route))
                    found.setdefault(native_place(route), []).append(entry)
        literal = {place: tuple(entries) for place, entries in found.items() if "{" not in place[1]}
        templates = tuple(
            (method, _pattern(path), tuple(entries)) for (method, path), entries in found.items() if "{" in path
        )
        return cls(MappingProxyType(literal), templates)

    def at(self, method: str, path: str) -> tuple[NativeEntry, ...]:
        entries = self.literal.get((method, path))
        if entries is not None:
            return entries
        return next((found for m, pattern, found in self.templates if m == method and pattern.fullmatch(path)), ())


def native_place(route: BackendRoute) -> tuple[str, str]:
    """(method, path below /native). A SOAP backend has one address for all; REST paths lose the contract's `#name`."""
    if route.backend.adapter == "soap":
        return "POST", route.backend.native_path
    http = route.operation.http
    return http.method.upper(), route.backend.native_path + http.path.partition("#")[0]


def _constants(route: BackendRoute) -> Mapping[str, Any]:
    if route.backend.adapter == "soap":
        return {}
    properties = route.operation.input.json_schema().get("properties", {})
    return {name: each["const"] for name, each in properties.items() if isinstance(each, dict) and "const" in each}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", path)))


@dataclass(frozen=True, slots=True)
class Registry:
    """All connectors, and the indexes that faces ask. Replaced whole on reload."""

    connectors: Mapping[str, Connector] = field(default_factory=lambda: MappingProxyType({}))
    native: NativeIndex = field(default_factory=NativeIndex)

    @classmethod
    def of(cls, connectors: Iterable[Connector]) -> Registry:
        by_name = {each.name: each for each in connectors}
        return cls(MappingProxyType(by_name), NativeIndex.of(by_name.values()))

    def connector(self, system: str) -> Connector | None:
        return self.connectors.get(system)

    def operation(self, system: str, name: str) -> Operation | None:
        """Of the newest version that has one of this name."""
        connector = self.connectors.get(system)
        versions = connector.versions() if connector else ()
        return next((each.operations[name] for each in versions if name in each.operations), None)
