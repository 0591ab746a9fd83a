"""The writer of evidence: asked and answered entries on this process's chain, checkpoints signed behind them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lgsp.audit import entries
from lgsp.audit.chain import Frontier, canonical, genesis, leaf, link, statement
from lgsp.audit.entries import Draft
from lgsp.audit.groups import Groups
from lgsp.audit.payloads import PayloadEvidence, keeps
from lgsp.crash import crash_point
from lgsp.errors import CallerFault, EvidenceUnavailable
from lgsp.runtime import Runtime
from lgsp.store import CheckpointRow, EvidenceRow, Store, StoreFailed
from lgsp.store.port import Trouble

if TYPE_CHECKING:  # the exchange stands above; only its type is named here
    from lgsp.exchange import Exchange

PATIENCE = 0.9
"""Seconds after which a call without evidence is refused: within the second that RULES 1 allows."""
_BEHIND_SECONDS = 0.5
_BEHIND_ENTRIES = 1000
_COUNTING_SECONDS = 60.0


class Audit:
    """`asked`, `answered` and `note` are durable when they return, or raise `EvidenceUnavailable` within a second.

    Nothing has to be repaired after a failure: each entry is composed inside its transaction upon the last one that the
    disk holds, so the chain goes on by itself when the disk takes writes again.
    """

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        watch: Callable[[str, tuple[bytes, ...]], None] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`watch` hears who asks about how many people: consumer and keyed hashes of each asked entry. `patience`: seconds
        that a commit may take before the call is refused."""
        self._patience = patience
        self._watch = watch
        self._groups = Groups(self._write, runtime.clock, patience)
        self._evidence, self._keys, self._runtime = store.evidence, store.keys, runtime
        self._payloads = PayloadEvidence(store, runtime)
        self._start = genesis(store.evidence.writer)
        self._frontier: Frontier | None = None
        self._written = 0
        self.trouble: Trouble | None = None
        """Since when entries cannot be written; None while they can."""
        self._signed = 0
        self._dirty = asyncio.Event()
        self._full = asyncio.Event()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._counting_since = runtime.clock.monotonic()

    @property
    def entries(self) -> int:
        """Entries written by this process since its start, for metrics."""
        return self._written

    @property
    def waiting(self) -> tuple[int, int]:
        """Entries on their way to the disk, and how many may be, for metrics."""
        return self._groups.waiting

    async def asked(self, exchange: Exchange) -> None:
        draft = entries.asked(exchange, self._keys, self._runtime.clock.now())
        await self._append(draft, self._payloads.keep(exchange, "request") if keeps(exchange) else None)
        if self._watch is not None and draft.subjects and exchange.consumer is not None:
            self._watch(exchange.consumer.id, draft.subjects)
        crash_point("evidence.asked")

    async def answered(self, exchange: Exchange) -> None:
        """Refusals before anybody is known are counted and entered once a minute: else a stranger could fill the disk."""
        if exchange.consumer is None and isinstance(exchange.error, CallerFault):
            self._refused[exchange.error.code, exchange.face.value] += 1
            self._dirty.set()
            return
        draft = entries.answered(exchange, self._keys, self._runtime.clock.now())
        await self._append(draft, self._payloads.keep(exchange, "answer") if keeps(exchange) else None)
        crash_point("evidence.answered")

    async def note(self, kind: str, by: str, **facts: Any) -> None:
        """A decision worth proving: who changed which stage, grant, key. Facts name no person's data."""
        await self._append(entries.note(kind, by, self._runtime.clock.now(), facts))

    async def who(self, subject: str) -> list[dict[str, Any]]:
        """The entries of this writer about one person, oldest first. Across writers: `lgsp.audit.verify.who`."""
        rows = await self._evidence.by_subject(self._keys.subject(subject))
        return [msgspec.json.decode(row.body) for row in rows]

    async def checkpoint(self) -> CheckpointRow | None:
        """Signs the head of what is durable; None where it is signed already."""
        if self._frontier is None:
            last = await self._evidence.last_checkpoint()
            self._frontier = Frontier.from_bytes(last.frontier) if last else Frontier()
            self._signed = self._frontier.size
        frontier = Frontier(self._frontier.size, list(self._frontier.roots))
        head = self._start
        while rows := await self._evidence.rows(frontier.size, _BEHIND_ENTRIES):
            for row in rows:
                frontier.add(leaf(row.body))
            head = rows[-1].hash
        if frontier.size == self._signed:
            return None
        at = self._runtime.clock.now().isoformat()
        root = frontier.root()
        signature = self._keys.sign(statement(self._evidence.writer, frontier.size, root, head, at))
        row_ = CheckpointRow(frontier.size, root, head, at, signature, frontier.to_bytes())
        await self._evidence.put_checkpoint(row_)
        self._frontier, self._signed = frontier, frontier.size
        return row_

    async def run(self) -> None:
        """The supervised task: a checkpoint at most a second or 1,000 entries behind, refusals counted by the minute."""
        while True:
            await self._sign()
            await self._dirty.wait()
            self._dirty.clear()
            try:
                async with asyncio.timeout(_BEHIND_SECONDS):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._full.clear()
            if self._runtime.clock.monotonic() - self._counting_since >= _COUNTING_SECONDS:
                await self.flush()
            elif self._refused:
                self._dirty.set()  # come back for the count

    async def flush(self) -> None:
        """Enters the refusals counted so far; what cannot be written is kept for the next time."""
        counted, self._refused = self._refused, Counter()
        self._counting_since = self._runtime.clock.monotonic()
        for (code, face), times in sorted(counted.items()):
            try:
                await self.note("refused", "bus", code=code, face=face, times=times)
            except EvidenceUnavailable:
                self._refused[code, face] += times

    async def close(self) -> None:
        """The last refusals and the last checkpoint, as far as the disk takes them."""
        await self.flush()
        await self._sign()

    async def _sign(self) -> None:
        try:
            await self.checkpoint()
        except StoreFailed:
            self._dirty.set()  # the disk is away: the entries are refused meanwhile, the checkpoint follows

    async def _append(self, draft: Draft, first: Awaitable[None] | None = None) -> None:
        """`first` is durable before the entry that tells of it; both within the one patience."""
        try:
            if first is None:
                await self._groups.put(draft)
            else:
                async with asyncio.timeout(self._patience):
                    await first
                    await self._groups.put(draft)
        except (StoreFailed, TimeoutError) as error:
            since = self.trouble.since if self.trouble else self._runtime.clock.now()
            self.trouble = Trouble(since, str(error) if isinstance(error, StoreFailed) else "TimeoutError")
            raise EvidenceUnavailable(retry_after=1) from error

    async def _write(self, drafts: Sequence[Draft]) -> None:
        await self._evidence.append(lambda last: self._compose(last, drafts))
        before, self._written = self._written, self._written + len(drafts)
        self.trouble = None
        self._dirty.set()
        if self._written // _BEHIND_ENTRIES > before // _BEHIND_ENTRIES:
            self._full.set()

    def _compose(self, last: EvidenceRow | None, drafts: Sequence[Draft]) -> list[EvidenceRow]:
        index, head = (last.index + 1, last.hash) if last else (0, self._start)
        rows = []
        for draft in drafts:
            body = canonical({**draft.record, "v": 1, "writer": self._evidence.writer, "index": index})
            head = link(head, body)
            rows.append(EvidenceRow(index, body, head, draft.subjects))
            index += 1
        return rows
