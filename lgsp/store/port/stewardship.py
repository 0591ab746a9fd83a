"""What people decide about whole systems: maintenance windows, proposals for another stage and the dossiers they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class MaintenanceRecord:
    """A time in which a system is, or was, under maintenance, by whom and why. `past`: decided afterwards, so that downtime
    counts as maintenance. `closed`: ended or called off before its time."""

    id: str
    system: str
    begins: datetime
    ends: datetime
    reason: str
    by: str
    decided: datetime
    past: bool = False
    closed: datetime | None = None
    closed_by: str = ""

    @property
    def over(self) -> datetime:
        return min(self.ends, self.closed) if self.closed else self.ends


ProposalState = Literal["open", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """One person proposes, another decides. Dossier and signature stand once it is approved; `document` is its DOCX."""

    id: str
    system: str
    stage: str
    decision: str
    reason: str
    documents: str
    """Numbers of documents by their kind, as JSON."""
    by: str
    proposed: datetime
    state: ProposalState = "open"
    closed: datetime | None = None
    closed_by: str = ""
    dossier: bytes = field(default=b"", repr=False)
    document: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)


class Stewardship(Protocol):
    async def add_maintenance(self, record: MaintenanceRecord) -> None: ...
    async def close_maintenance(self, name: str, at: datetime, by: str) -> bool:
        """False where there is none, or it is closed already."""

    async def maintenance(self, since: datetime) -> list[MaintenanceRecord]:
        """Those that end after that, in the order in which they begin."""

    async def propose(self, record: ProposalRecord) -> bool:
        """False where one for this system is open already."""

    async def close_proposal(self, record: ProposalRecord) -> bool:
        """With its outcome; False where it is not open any more."""

    async def proposal(self, name: str) -> ProposalRecord | None: ...
    async def proposals(self, system: str | None, limit: int) -> list[ProposalRecord]:
        """Newest first, without what they leave (`dossier`, `document`)."""
