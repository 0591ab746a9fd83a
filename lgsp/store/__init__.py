"""Durable records behind one port. SQL stands in this package and nowhere else."""

from lgsp.store.keys import Keys, load_keys
from lgsp.store.port import (
    CheckpointRow,
    CountRow,
    CursorRow,
    EvidenceRow,
    HealthRow,
    InboxRow,
    KeyClaim,
    Move,
    OperatorRecord,
    SecretKind,
    SecretRecord,
    Store,
    StoreBusy,
    StoreFailed,
    SubmissionRow,
    TokenRecord,
)
from lgsp.store.sqlite import open_store

__all__ = [
    "CheckpointRow",
    "CountRow",
    "CursorRow",
    "EvidenceRow",
    "HealthRow",
    "InboxRow",
    "KeyClaim",
    "Keys",
    "Move",
    "OperatorRecord",
    "SecretKind",
    "SecretRecord",
    "Store",
    "StoreBusy",
    "StoreFailed",
    "SubmissionRow",
    "TokenRecord",
    "load_keys",
    "open_store",
]
