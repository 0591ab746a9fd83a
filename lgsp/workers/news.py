"""What a process tells the others after it is durable, and what it reads again when they tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from lgsp.events import StageChanged
from lgsp.health.counts import Counts
from lgsp.lifecycle import Ledger
from lgsp.policy import Policy
from lgsp.store.port import Change, Changes, CountRow, StoreFailed
from lgsp.store.port.together import AGAIN, GONE, LONGEST, POLICY, STAGE
from lgsp.submissions.desk import Desk

COUNTS = "counts"
READ_AGAIN_SECONDS = 30.0
"""However news are lost: within this, and within the minute that a revoked key may live at most."""
_rows = msgspec.json.Decoder(list[CountRow])


@dataclass(slots=True)
class News:
    """`told` hears of stages that others have moved, for this process's own readers."""

    changes: Changes
    policy: Policy
    ledger: Ledger
    desk: Desk
    counts: Counts
    told: Callable[[StageChanged], None]

    def begin(self) -> None:
        """Tells and hears from now on; called before anything is read."""
        self.policy.changed = self._policy_changed
        self.ledger.changed = self._stage_changed
        for topic, hear in (
            (POLICY, self._hear_policy),
            (STAGE, self._hear_stage),
            (COUNTS, self._hear_counts),
            (GONE, self._hear_gone),
            (AGAIN, self._hear_again),
        ):
            self.changes.subscribe(topic, hear)

    async def run(self) -> None:
        """The supervised task: everything again now and then, so that nothing hangs on a message."""
        while True:
            await asyncio.sleep(READ_AGAIN_SECONDS)
            await self.read_again()

    async def read_again(self) -> None:
        try:
            await self.policy.refresh_all()
            for system in self.ledger.all():
                await self._stage(system)
        except StoreFailed:
            return

    async def tell_counts(self, rows: Sequence[CountRow]) -> None:
        """What this process has counted since the last time, for everybody's board."""
        part: list[bytes] = []
        size = 0
        for row in _together(rows):
            body = msgspec.json.encode(row)
            if size + len(body) > LONGEST - 100:
                await self._publish(COUNTS, b"[" + b",".join(part) + b"]")
                part, size = [], 0
            part.append(body)
            size += len(body) + 1
        if part:
            await self._publish(COUNTS, b"[" + b",".join(part) + b"]")

    # -- telling ------------------------------------------------------------------------------------------------------

    async def _policy_changed(self, consumer: str) -> None:
        await self._publish(POLICY, consumer.encode())

    async def _stage_changed(self, system: str) -> None:
        await self._publish(STAGE, system.encode())

    async def _publish(self, topic: str, body: bytes) -> None:
        try:
            await self.changes.publish(topic, body)
        except StoreFailed:
            return  # it is durable; who is not told reads it again

    # -- hearing ------------------------------------------------------------------------------------------------------

    async def _hear_policy(self, change: Change) -> None:
        await self.policy.refresh(change.body.decode())

    async def _hear_stage(self, change: Change) -> None:
        await self._stage(change.body.decode())

    async def _stage(self, system: str) -> None:
        moved = await self.ledger.refresh(system)
        if moved is not None:
            self.told(moved)

    async def _hear_counts(self, change: Change) -> None:
        self.counts.restore(_rows.decode(change.body))

    async def _hear_gone(self, change: Change) -> None:
        """A process has died: what it was delivering is nobody's, its outcome is not known."""
        del change
        while await self.desk.abandoned(before=self.desk.now()):
            pass
        self.desk.wake.set()

    async def _hear_again(self, change: Change) -> None:
        del change
        await self.read_again()


def _together(rows: Sequence[CountRow]) -> list[CountRow]:
    """Without their operations, which no board counts by."""
    found: dict[tuple[str, str, object, str], CountRow] = {}
    for row in rows:
        key = (row.system, row.consumer, row.hour, row.outcome)
        known = found.get(key)
        if known is None:
            found[key] = replace(row, operation="")
        else:
            buckets = tuple(one + other for one, other in zip(known.buckets, row.buckets, strict=True))
            found[key] = replace(
                known, calls=known.calls + row.calls, seconds=known.seconds + row.seconds, buckets=buckets
            )
    return list(found.values())
