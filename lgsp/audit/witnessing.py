"""Has the evidence of this writer co-signed outside: every minute the tree goes to each witness with the proof that it
carries on from what that witness has seen. What is behind the last co-signature is the window that a thief of our key has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from lgsp.audit.chain import Frontier, leaf
from lgsp.audit.notes import LOG, Checkpoint, Note, NoteRefused, VerifierKey, signature_line
from lgsp.audit.proofs import consistency
from lgsp.audit.witness import request
from lgsp.errors import LgspError
from lgsp.events import Events, EvidenceWitnessed
from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp.store import Keys, Store, StoreFailed
from lgsp.transport import Transport

_EVERY = 60.0
_STEP = 100_000
"""Entries that one round carries: the proof holds 32 bytes of each in memory."""
_PAGE = 1000
_SECONDS = 10.0
_ANSWER = 16 * 1024
_REREAD_SECONDS = 3600.0
"""A witness that begins anew has us read the evidence from its beginning; one that says so every minute has it only so often."""


@dataclass(frozen=True, slots=True)
class Outside:
    """One witness: where an operator has said that it is, and by which key it is known."""

    url: str
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class _Until:
    at: float


def origin_of(public: bytes, writer: str) -> str:
    """The name of a writer's log: by the key's digest, so that no two installations share one."""
    return f"lgsp/{sha256(public).hexdigest()[:16]}/{writer}"


def log_key(public: bytes, writer: str) -> VerifierKey:
    """What a witness is told about us."""
    return VerifierKey(origin_of(public, writer), LOG, public)


def signed_note(keys: Keys, writer: str, size: int, root: bytes) -> bytes:
    key = log_key(keys.public, writer)
    text = Checkpoint(key.name, size, root).text
    return f"{text}\n{signature_line(key.name, key.id, keys.sign(text.encode()))}".encode()


class Witnessing:
    def __init__(
        self, store: Store, transport: Transport, runtime: Runtime, events: Events, witnesses: Mapping[str, Outside]
    ) -> None:
        self._store, self._transport, self._runtime, self._events = store, transport, runtime, events
        self._witnesses = witnesses
        self._reread: dict[str, float] = {}
        """By witness: until when nothing large is read again for it."""

    async def run(self) -> None:
        while True:
            for name in self._witnesses:
                await self.ask(name)
            await asyncio.sleep(_EVERY)

    async def ask(self, name: str) -> str:
        """One round with one witness: "ok", "nothing" new, or why not. It never raises for a witness that is away."""
        try:
            outcome, size = await self._ask(name, self._witnesses[name])
        except LgspError as error:
            outcome, size = error.code, 0
        except (NoteRefused, StoreFailed) as error:
            outcome, size = type(error).__name__, 0
        if outcome != "nothing":
            self._events.publish(EvidenceWitnessed(name, outcome, size))
        return outcome

    async def _ask(self, name: str, outside: Outside) -> tuple[str, int]:
        evidence = self._store.evidence
        last = await evidence.last_checkpoint()
        place = f"witnessed:{name}:{evidence.writer}"
        state: dict[str, Any] = await self._store.meta.get(place) or {}
        old = Frontier.from_bytes(bytes.fromhex(state["frontier"])) if state else Frontier()
        if last is None or last.size == old.size:
            return "nothing", old.size
        if last.size < old.size:
            return "ahead", old.size
        new = min(last.size, old.size + _STEP)
        status, said = await self._send(outside, old, new, place)
        if status != 409:
            return said, new if said == "ok" else old.size
        known = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else -1
        if not 0 <= known <= last.size:
            return "ahead" if known > last.size else "unreadable", max(known, 0)
        if known > _STEP and not self._may_reread(name):
            return "set-back", known
        old = await self._frontier(known)  # the witness was set back, or ours was: begin from what it knows
        if known == last.size:
            return await self._send_same(outside, old, place)
        new = min(last.size, known + _STEP)
        status, said = await self._send(outside, old, new, place)
        return ("disputed" if status == 409 else said), new if said == "ok" else known

    def _may_reread(self, name: str) -> bool:
        now = self._runtime.clock.monotonic()
        if now < self._reread.get(name, now):
            return False
        self._reread[name] = now + _REREAD_SECONDS
        return True

    async def _send_same(self, outside: Outside, old: Frontier, place: str) -> tuple[str, int]:
        status, said = await self._send(outside, old, old.size, place)
        return ("disputed" if status == 409 else said), old.size

    async def _send(self, outside: Outside, old: Frontier, size: int, place: str) -> tuple[int, str]:
        """(status, "ok" or what the witness said)."""
        behind = await self._leaves(old.size, size)
        new = await self._runtime.offload(partial(_grown, old, behind))
        proof = await self._runtime.offload(partial(consistency, old, behind))
        note = signed_note(self._store.keys, self._store.evidence.writer, new.size, new.root())
        body = request(old.size, proof, note)
        asked = HttpRequest("POST", "/add-checkpoint", {"content-type": "text/plain; charset=utf-8"}, body)
        until = _Until(self._runtime.clock.monotonic() + _SECONDS)
        answer = await self._transport.send("witness", outside.url, asked, until, limit=_ANSWER)
        said = answer.body.decode("utf-8", "replace") if isinstance(answer.body, bytes) else ""
        if answer.status != 200:
            return answer.status, said.strip() if answer.status == 409 else f"http-{answer.status}"
        cosigned = Note.parse(note + said.encode())
        moment = cosigned.witnessed_at(outside.key)
        if moment is None:
            return 200, "unknown-key"
        try:
            at = datetime.fromtimestamp(moment, self._runtime.clock.now().tzinfo).isoformat()
        except (ValueError, OverflowError, OSError):  # signed by it, and no moment of any calendar all the same
            return 200, "unreadable"
        kept = {"size": new.size, "frontier": new.to_bytes().hex(), "at": at, "note": (note + said.encode()).decode()}
        await self._store.meta.put(place, kept)
        return 200, "ok"

    async def _leaves(self, start: int, end: int) -> list[bytes]:
        found: list[bytes] = []
        while start + len(found) < end:
            rows = await self._store.evidence.rows(start + len(found), min(_PAGE, end - start - len(found)))
            if not rows:
                break
            found += [leaf(row.body) for row in rows]
        return found

    async def _frontier(self, size: int) -> Frontier:
        frontier = Frontier()
        while frontier.size < size:
            leaves = await self._leaves(frontier.size, min(size, frontier.size + _STEP))
            if not leaves:
                break
            frontier = await self._runtime.offload(partial(_grown, frontier, leaves))
        return frontier


def _grown(old: Frontier, behind: list[bytes]) -> Frontier:
    new = Frontier(old.size, list(old.roots))
    for each in behind:
        new.add(each)
    return new
