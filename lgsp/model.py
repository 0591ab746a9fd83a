"""Plain values that every part of the house shares. No behaviour beyond reading them, no import from the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

Data = dict[str, Any]
"""A decoded message: str, bool, int, float, None, list, dict and `Blob`. Decimals are strings, dates ISO strings,
bytes base64 strings, so a `Data` is JSON as it stands (integers beyond 2^53 are written as strings)."""

Lang = Literal["vi", "en"]


SYSTEM_CALLS = "system:"
"""Before a system's name: who calls where a ministry calls the province."""


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence for people, in both languages."""

    vi: str
    en: str

    def __getitem__(self, lang: Lang) -> str:
        return self.en if lang == "en" else self.vi

    def as_dict(self) -> dict[str, str]:
        return {"vi": self.vi, "en": self.en}


class Kind(StrEnum):
    """Circular 13/2017/TT-BTTTT, article 5: services for use (khai thác) and for update (cập nhật)."""

    QUERY = "query"
    UPDATE = "update"


class Stage(StrEnum):
    """How far a system is onboarded: an administrative fact with a decision and a date. Never an observation."""

    PLANNED = "planned"
    TRIAL = "trial"
    OFFICIAL = "official"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Health(StrEnum):
    """How well a system is: an observation. Never verified is `unknown`, never `up` (RULES 13)."""

    UNKNOWN = "unknown"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    MAINTENANCE = "maintenance"


class Face(StrEnum):
    """The door that an exchange came in by."""

    REST = "rest"
    SOAP = "soap"
    NATIVE = "native"
    INBOUND = "inbound"
    INTERNAL = "internal"
    """Probes, collectors, deliveries and settlements: exchanges of the bus itself."""


class SubmissionState(StrEnum):
    QUEUED = "queued"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Evidence(StrEnum):
    """What a stage rests on: the province's own declaration, or proof that the promotion workflow collected."""

    DECLARED = "declared"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Blob:
    """A large value kept in a file of the spool instead of memory: a string of JSON or the text of an XML element.

    `size` is in bytes of the decoded UTF-8 text, `sha256` its digest; `json_size` and `xml_size` are the bytes that it
    takes inside a JSON string and as element text. Mappings pass it on untouched.
    """

    path: Path = field(repr=False)
    size: int
    sha256: str
    json_size: int
    xml_size: int
    content_type: str = "text/plain"
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What goes down to a transport, or came in by a face. `target` is path and query, never a host (RULES 21)."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    body: bytes | Spooled = b""

    def __repr__(self) -> str:  # no query, no header, no body in any log (RULES 25)
        return f"<HttpRequest {self.method} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What comes up. `headers` have lower-case names; a repeated header is joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Spooled = b""

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A body made of pieces, memory and files in turn, so that 50 MB pass without standing in memory.

    Each piece is bytes or a `Blob` with the escape that its place needs: "json" (inside a JSON string), "xml" (element
    text) or "raw".
    """

    pieces: tuple[bytes | tuple[Blob, Literal["json", "xml", "raw"]], ...]
    size: int
    """Bytes when written, escapes included."""

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes | tuple[Blob, Literal["json", "xml", "raw"]]]:
        return iter(self.pieces)


@dataclass(frozen=True, slots=True)
class Consumer:
    """An agency system that calls (hệ thống khai thác). Secrets are not here: see `policy.py`."""

    id: str
    name: Text
    agency: str = ""
    """Mã định danh cơ quan, e.g. H28.05 (QĐ 20/2020/QĐ-TTg)."""
    admits_trial: bool = True
    security_level: int | None = None
    """Approved cấp độ 1-5 (NĐ 85/2016), None where no approval stands."""
    security_expires: date | None = None
    security_since: date | None = None
    """First day of the approval, None where it is not known."""
    security_decision: str = ""
    anti_malware: bool | None = None
    """Declared to run the central anti-malware; False cuts it off, None says nothing."""
    addresses: tuple[str, ...] = ()
    """Networks that it calls from (10.1.2.0/24); none means from anywhere."""
    callback: str | None = None
    """Address that an operator registered for call-backs (RULES 21)."""
    active: bool = True
    sandbox: bool = False
    """It came with a sandbox key, so the simulated systems answer; never so in the store."""


@dataclass(frozen=True, slots=True)
class Grant:
    """consumer x operation x fields x purpose x legal basis x expiry; deny by default."""

    consumer: str
    system: str
    operation: str
    """An operation's name, or "*" for all of the system."""
    fields: tuple[str, ...] | None = None
    """Dotted paths of answer fields that may leave, None meaning all of them."""
    purposes: tuple[str, ...] | None = None
    """Procedure codes that must be named in `X-LGSP-Purpose`, None meaning that no purpose is asked for."""
    legal_basis: str = ""
    admits_trial: bool = True
    valid_from: date | None = None
    valid_to: date | None = None
    quota_per_minute: int | None = None
    needs_case: bool = False
    """A dossier must be named in `X-LGSP-Case`."""


@dataclass(frozen=True, slots=True)
class StageEntry:
    """One entry of the append-only ledger of decisions."""

    system: str
    stage: Stage
    since: date
    decision: str
    by: str
    approved_by: str
    evidence: Evidence
    recorded: datetime


@dataclass(frozen=True, slots=True)
class FieldError:
    """`path` is a JSON Pointer (RFC 6901) into the caller's own message, `rule` the rule that it breaks; never a value."""

    path: str
    rule: str
