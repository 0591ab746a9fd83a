"""What an export says: APIs, applications, who subscribes to what. Plain values; secrets have no place here, so none can stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class FoundOperation:
    verb: str
    target: str


@dataclass(frozen=True, slots=True)
class FoundApi:
    """One API in one version. `addresses` are where the old gateway sent its calls, without credentials."""

    name: str
    version: str
    kind: str
    """HTTP, SOAP, SOAPTOREST, GRAPHQL, …, as the export says; PROXY for a proxy service of the bus."""
    context: str = ""
    state: str = ""
    description: str = ""
    addresses: tuple[str, ...] = ()
    operations: tuple[FoundOperation, ...] = ()
    definition: str = ""
    """Path of the definition in the export; empty where none is there."""
    born: str = ""
    """`wsdl` or `openapi`."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The definition and what may belong to it, by path."""
    tiers: tuple[str, ...] = ()
    mediation: tuple[str, ...] = ()
    """Names of policies or sequences that change messages on their way: logic that no definition shows."""
    secured: bool = False
    """The old gateway signs in at the backend: with what is not taken over."""
    where: str = ""
    """Where in the export it stands."""

    @property
    def key(self) -> tuple[str, str]:
        return self.name.casefold(), self.version


@dataclass(frozen=True, slots=True)
class FoundApplication:
    name: str
    description: str = ""
    tier: str = ""
    keys: int = 0
    """How many pairs of keys it had. They stay where they are."""
    where: str = ""


@dataclass(frozen=True, slots=True)
class FoundSubscription:
    application: str
    api: str
    version: str
    tier: str = ""
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    apis: tuple[FoundApi, ...] = ()
    applications: tuple[FoundApplication, ...] = ()
    subscriptions: tuple[FoundSubscription, ...] = ()
    left_out: tuple[str, ...] = ()
    """Files that look like part of an export and could not be taken, with the reason."""


def bare_address(address: str) -> str:
    """Scheme, host, port and path; what may be a credential (user information, query) is dropped at the door."""
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    where = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{where}{f':{port}' if port else ''}{parts.path.rstrip('/')}"[:400]
