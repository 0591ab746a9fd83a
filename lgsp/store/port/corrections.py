"""What one person proposes about a submission that has failed or is doubtful, and a second one decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

CorrectionKind = Literal["correct", "resend", "delivered", "failed"]
"""Send it again with other fields · send it again as it was · settle a doubtful one as delivered, or as failed."""
CorrectionState = Literal["open", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class CorrectionRecord:
    """`sealed` is the corrected message, encrypted, while the proposal is open; then the submission that it `became` has it."""

    id: str
    submission: str
    kind: CorrectionKind
    reason: str
    paths: str
    """JSON Pointers of the fields that change, as JSON; never a value."""
    by: str
    proposed: datetime
    sealed: bytes = field(default=b"", repr=False)
    state: CorrectionState = "open"
    closed: datetime | None = None
    closed_by: str = ""
    became: str = ""


class Corrections(Protocol):
    async def propose(self, record: CorrectionRecord) -> bool:
        """False where one about this submission is open already."""

    async def close(self, record: CorrectionRecord) -> bool:
        """With its outcome, and without its message; False where it is not open any more."""

    async def one(self, name: str) -> CorrectionRecord | None: ...
    async def of(self, submission: str) -> list[CorrectionRecord]:
        """Newest first, without messages."""

    async def open(self, limit: int) -> list[CorrectionRecord]:
        """Oldest first, without messages."""
