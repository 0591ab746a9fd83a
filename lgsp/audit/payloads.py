"""Payload evidence: what was asked and answered, where the manifest says `keep_payload`, sealed under a key of its day.

The chain has the digests of exactly these bytes, so a payload proves itself against it; and when a day's key is destroyed, the
chain stands as it stood. What a legal hold names is sealed anew under the hold's own key before that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lgsp.audit.entries import written
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store
from lgsp.store.port.payloads import HoldRow, PayloadKind, PayloadRow

if TYPE_CHECKING:  # the exchange stands above; only its type is named here
    from lgsp.exchange import Exchange

HOLD = "hold:"
_NONCE = 12
_PAGE = 500
_HELD = 4
"""Keys kept open at a time: today's, and yesterday's around midnight."""


def keeps(exchange: Exchange) -> bool:
    """Whether the manifest asks for the payload of this exchange."""
    return exchange.operation is not None and exchange.operation.keep_payload


@dataclass(frozen=True, slots=True)
class Opened:
    """`data` is None where its key was destroyed or does not fit; `digest` is what the chain's entry must say."""

    row: PayloadRow
    data: bytes | None
    digest: str | None


@dataclass(slots=True)
class PayloadEvidence:
    store: Store
    runtime: Runtime
    _open: dict[str, AESGCM] = field(default_factory=dict)

    async def keep(self, exchange: Exchange, kind: PayloadKind) -> None:
        """Durable when it returns. Raises `StoreFailed`."""
        operation, data = exchange.operation, exchange.data if kind == "request" else exchange.answer
        if operation is None or not operation.keep_payload or data is None:
            return
        now = self.runtime.clock.now()
        day = now.astimezone(HANOI).date()
        row = PayloadRow(
            exchange.id, kind, now, day, exchange.correlation_id, exchange.consumer.id if exchange.consumer else "",
            operation.system, operation.name, day.isoformat(), b"",
        )  # fmt: skip
        key = await self._key(row.key)
        if key is not None:
            await self.store.payloads.put(self._sealed(row, key, written(data)))

    async def find(self, correlation: str) -> list[Opened]:
        """Everything kept of one correlation, opened as far as the keys still exist."""
        keys = {each.name: each.wrapped for each in await self.store.payloads.keys()}
        found = []
        for row in await self.store.payloads.of(correlation):
            wrapped = keys.get(row.key)
            data = None if wrapped is None else self._opened(row, self._unwrapped(row.key, wrapped))
            found.append(Opened(row, data, None if data is None else self.store.keys.digest(b"message", data).hex()))
        return found

    async def retain(self, before: date) -> dict[str, Any]:
        """Destroys the keys of the days before, and of holds that were released; what is held moves to its hold first."""
        holds = [each for each in await self.store.payloads.holds() if each.released is None]
        standing = {f"{HOLD}{each.id}" for each in holds}
        destroyed, gone, kept = [], 0, 0
        for key in await self.store.payloads.keys():
            if key.wrapped is None or key.name in standing or not (_day(key.name) or date.min) < before:
                continue
            kept += await self._save(key.name, self._unwrapped(key.name, key.wrapped), holds)
            gone += await self.store.payloads.destroy(key.name, self.runtime.clock.now())
            self._open.pop(key.name, None)
            destroyed.append(key.name)
        return {"destroyed": destroyed, "messages": gone, "held": kept}

    async def _save(self, name: str, key: AESGCM, holds: Iterable[HoldRow]) -> int:
        """Seals what a hold names under that hold's key; a broken row is left to go."""
        after, saved = "", 0
        while rows := await self.store.payloads.of_key(name, after, _PAGE):
            if len(rows) == _PAGE:  # the last exchange may go on behind the page
                rows = [row for row in rows if row.exchange != rows[-1].exchange]
            after = rows[-1].exchange
            moved = []
            for row in rows:
                hold = next((each for each in holds if holds_row(each, row)), None)
                data = self._opened(row, key) if hold is not None else None
                if hold is None or data is None:
                    continue
                other = await self._key(f"{HOLD}{hold.id}")
                if other is not None:
                    moved.append(self._sealed(replace(row, key=f"{HOLD}{hold.id}"), other, data))
            if moved:
                await self.store.payloads.reseal(moved)
                saved += len(moved)
        return saved

    async def _key(self, name: str) -> AESGCM | None:
        """None where that key was destroyed already: a clock set back must not write under a day that is over."""
        if (held := self._open.get(name)) is not None:
            return held
        fresh = hashlib.sha256(self.runtime.ids.token().encode()).digest()
        wrapped = self.store.keys.seal(fresh, _bound(name))
        row = await self.store.payloads.key(name, wrapped, self.runtime.clock.now())
        if row.wrapped is None:
            return None
        if len(self._open) >= _HELD:
            self._open.clear()
        found = self._open[name] = self._unwrapped(name, row.wrapped)
        return found

    def _unwrapped(self, name: str, wrapped: bytes) -> AESGCM:
        return AESGCM(self.store.keys.unseal(wrapped, _bound(name)))

    def _sealed(self, row: PayloadRow, key: AESGCM, plain: bytes) -> PayloadRow:
        nonce = hashlib.sha256(self.runtime.ids.token().encode()).digest()[:_NONCE]
        return replace(row, sealed=nonce + key.encrypt(nonce, plain, _place(row)))

    def _opened(self, row: PayloadRow, key: AESGCM) -> bytes | None:
        try:
            return key.decrypt(row.sealed[:_NONCE], row.sealed[_NONCE:], _place(row))
        except InvalidTag:
            return None


def holds_row(hold: HoldRow, row: PayloadRow) -> bool:
    return (
        hold.correlation in (None, row.correlation)
        and hold.consumer in (None, row.consumer)
        and (hold.first is None or hold.first <= row.day)
        and (hold.last is None or row.day <= hold.last)
    )


def oldest_kept(today: date, days: int) -> date:
    return today - timedelta(days=days)


def _day(name: str) -> date | None:
    return None if name.startswith(HOLD) else date.fromisoformat(name)


def _bound(name: str) -> str:
    return f"payload-key:{name}"


def _place(row: PayloadRow) -> bytes:
    """A message cannot be put in another's place, nor a request in its answer's."""
    return f"{row.key}:{row.exchange}:{row.kind}".encode()
