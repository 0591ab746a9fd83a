"""Access tokens: handed out, looked up, revoked. The store keeps their hashes; in the clear they exist with the caller, and
in the process that gave them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lgsp.errors import Overloaded, Unauthenticated
from lgsp.guard import Token, hashed, token_refused
from lgsp.model import Consumer
from lgsp.runtime import Runtime
from lgsp.store.port import Store, StoreFailed, TokenRecord

SCOPE = "am_application_scope default"
"""What the national platform answers where a client asks for no scope (DOMAIN §4.1)."""
_SCOPES = 50
"""Of one consumer at a time."""
SANDBOX = "~sandbox"
"""At the end of a client id, and of an API key's name in the store: the key reaches the simulated systems only."""
SANDBOX_TOKEN, SANDBOX_KEY = "sandbox.", "lgsp_sandbox_"
"""How a sandbox token and a sandbox API key begin, so that everybody sees which of the two he holds."""


@dataclass(frozen=True, slots=True)
class _Live:
    consumer: str
    scope: str
    expires: datetime


@dataclass(slots=True, repr=False)
class Tokens:
    """The index in memory. `seconds` is a token's life."""

    store: Store
    runtime: Runtime
    seconds: float
    _live: dict[bytes, _Live] = field(default_factory=dict)
    _given: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    """The tokens of this process in the clear, so that asking again gives the same one; after a restart a new one."""

    async def load(self, consumers: Iterable[str]) -> None:
        now = self.runtime.clock.now()
        self._live = {
            record.hash: _Live(record.consumer, record.scope, record.expires)
            for consumer in consumers
            for record in await self.store.tokens.live_for(consumer)
            if record.expires > now
        }

    def replace(self, consumer: str, found: Iterable[TokenRecord]) -> None:
        """What the store says of this consumer now."""
        self._live = {key: live for key, live in self._live.items() if live.consumer != consumer}
        self._live.update({each.hash: _Live(each.consumer, each.scope, each.expires) for each in found})

    def holder(self, token: str) -> str:
        """The consumer that it was given to. Raises `Unauthenticated`."""
        live = self._live.get(hashed(token))
        if live is None or live.expires <= self.runtime.clock.now():
            raise Unauthenticated(token_refused())
        return live.consumer

    def knows(self, token: str) -> bool:
        return hashed(token) in self._live

    async def meet(self, token: str, consumers: Iterable[str]) -> None:
        """Another process may have handed this one out, and the news of it be under way."""
        with suppress(StoreFailed):
            record = await self.store.tokens.get(hashed(token))
            if record is not None and record.consumer in consumers:
                self._live[record.hash] = _Live(record.consumer, record.scope, record.expires)

    def given(self, consumer: Consumer, scope: str) -> Token | None:
        """Asking again inside the validity gives the same token with what is left of it."""
        token, expires = self._given.get(_place(consumer, scope), ("", self.runtime.clock.now()))
        left = (expires - self.runtime.clock.now()).total_seconds()
        return Token(token, int(left), scope) if left >= 1 and hashed(token) in self._live else None

    async def give(self, consumer: Consumer, scope: str) -> Token:
        """A new one. Raises `Overloaded`: each scope has a token of its own, and nobody has endlessly many of them."""
        now = self.runtime.clock.now()
        place = _place(consumer, scope)
        self._given = {each: given for each, given in self._given.items() if given[1] > now}
        own = [expires for each, (_, expires) in self._given.items() if each[0] == place[0] and each != place]
        if len(own) >= _SCOPES:
            raise Overloaded(retry_after=(min(own) - now).total_seconds())
        token, expires = self.runtime.ids.token(), now + timedelta(seconds=self.seconds)
        token = f"{SANDBOX_TOKEN}{token}" if consumer.sandbox else token
        digest = hashed(token)
        await self.store.tokens.put(digest, consumer.id, scope, expires)
        self._live = {known: live for known, live in self._live.items() if live.expires > now}
        self._live[digest] = _Live(consumer.id, scope, expires)
        self._given[place] = (token, expires)
        return Token(token, int(self.seconds), scope)

    def held(self, consumers: int) -> tuple[int, int]:
        """Tokens that are remembered, and how many there may be of so many consumers, for the metrics."""
        return len(self._live), 2 * _SCOPES * consumers

    async def revoke(self, token: str, consumer: str) -> bool:
        """Forgets a token of this consumer; one of somebody else stays as it is."""
        digest = hashed(token)
        live = self._live.get(digest)
        if live is None or live.consumer != consumer:
            return False
        await self.store.tokens.revoke(digest)
        self._live.pop(digest, None)
        return True

    async def forget(self, consumer: str) -> None:
        """All of this consumer's, those too that another process has handed out and this one has not heard of yet."""
        self._drop(consumer)
        for record in await self.store.tokens.live_for(consumer):
            await self.store.tokens.revoke(record.hash)
        self._drop(consumer)  # a refresh may have read them meanwhile

    def _drop(self, consumer: str) -> None:
        self._live = {digest: live for digest, live in self._live.items() if live.consumer != consumer}
        self._given = {
            place: given for place, given in self._given.items() if place[0].removesuffix(SANDBOX) != consumer
        }


def _place(consumer: Consumer, scope: str) -> tuple[str, str]:
    return consumer.id + (SANDBOX if consumer.sandbox else ""), scope
