"""A signed message counts once: what was admitted is remembered on disk until it would be too old anyway."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from lgsp.signature.refusal import refused
from lgsp.signature.strict import Verified


class Replays(Protocol):
    """The persistent memory of signatures."""

    async def admit(self, key: bytes, now: datetime, until: datetime) -> bool:
        """True and remembered until then, durably; False where it is remembered already."""


async def admit(replays: Replays, verified: Verified, now: datetime, until: datetime) -> None:
    """Raises `SignatureRefused` for a repetition."""
    if not await replays.admit(verified.identity, now, until):
        raise refused("replayed")
