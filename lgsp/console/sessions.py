"""Who is signed in: an opaque token in a cookie, its digest in the store; guessing is made slow; all of it is evidence."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lgsp.decisions import Refused
from lgsp.events import Events, SecurityAlert
from lgsp.office import Office, put_operator
from lgsp.passwords import check_password
from lgsp.store import OperatorRecord, SessionRecord

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
"""A shift; then the person signs in again, whatever happens."""
_NOTED = timedelta(minutes=1)
"""How exactly `seen` is kept: one write a minute and person."""
GUESSES, GUESSES_FROM_ADDRESS = 5, 30
"""Wrong passwords for one name from one address, and from one address for any name, before everybody there waits."""
WAIT = timedelta(minutes=15)
_UNDER_WAY = 8
"""Passwords being checked at once: each takes 50 ms and 16 MiB on purpose."""
GUESSING = "console-guessing"


class SignInRefused(Exception):
    """`wait` is None where the name or password is wrong."""

    def __init__(self, wait: timedelta | None = None) -> None:
        super().__init__("sign-in refused")
        self.wait = wait


@dataclass(slots=True)
class Doorkeeper:
    """Made once by the process."""

    office: Office
    events: Events
    under_way: int = 0
    _hashing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One at a time: each takes 16 MiB, and nobody signs in twenty times a second."""

    async def sign_in(self, user: str, password: str, peer: str) -> str:
        """A fresh token. Raises `SignInRefused`; says nothing about which of the two was wrong."""
        store, clock = self.office.store, self.office.runtime.clock
        now = clock.now()
        targets = (_digest("guess", user, peer), _digest("guess", peer))
        for (failures, until), limit in zip(
            await store.sessions.guesses(targets, now), (GUESSES, GUESSES_FROM_ADDRESS), strict=True
        ):
            if failures >= limit:
                raise SignInRefused(until - now)
        if self.under_way >= _UNDER_WAY:
            raise SignInRefused(timedelta(seconds=5))
        self.under_way += 1
        try:
            operator = await self._checked(user, password)
        finally:
            self.under_way -= 1
        if operator is None:
            await self._wrong(user, peer, targets)
            raise SignInRefused
        await store.sessions.forgive(targets[0])
        return await self._begin(operator.user, peer)

    async def who(self, token: str) -> SessionRecord | None:
        now = self.office.runtime.clock.now()
        held = await self.office.store.sessions.get(_digest("session", token), now, now - IDLE)
        if held is not None and now - held.seen >= _NOTED:
            await self.office.store.sessions.seen(held.token, now)
        return held

    async def sign_out(self, session: SessionRecord) -> None:
        await self.office.store.sessions.end(session.token)
        await self.office.audit.note("console-signed-out", session.operator)

    async def change_password(self, session: SessionRecord, password: str, fresh: str, peer: str) -> None:
        """All sessions of this person end, this one too. Raises `SignInRefused` and `Refused`."""
        office = self.office
        operator = await self._checked(session.operator, password)
        if operator is None:
            await self._wrong(session.operator, peer, (_digest("guess", session.operator, peer),))
            raise SignInRefused
        if len(fresh) < 12:  # before any evidence of a change
            raise Refused("Mật khẩu có ít nhất 12 ký tự", "a password has at least 12 characters")
        await office.audit.note("operator-password", session.operator, operator=session.operator)
        await put_operator(office.store, office.runtime, operator.user, operator.role, fresh)
        await office.store.sessions.end_all(operator.user)

    async def _begin(self, user: str, peer: str) -> str:
        """Evidence first: nobody comes in whose coming is not on record."""
        runtime = self.office.runtime
        token, now = runtime.ids.token(), runtime.clock.now()
        await self.office.audit.note("console-signed-in", user, address=peer)
        await self.office.store.sessions.begin(_digest("session", token), user, now, now + LONGEST)
        return token

    async def _checked(self, user: str, password: str) -> OperatorRecord | None:
        """A name that nobody has takes as long as one that somebody has."""
        known = await self.office.store.operators.get(user)
        stored = known.hash if known is not None and known.active else bytes(48)
        async with self._hashing:
            right = await self.office.runtime.offload(lambda: check_password(password, stored))
        return known if right and known is not None and known.active else None

    async def _wrong(self, user: str, peer: str, targets: tuple[bytes, ...]) -> None:
        store, now = self.office.store, self.office.runtime.clock.now()
        await store.sessions.guessed(targets, now, now + WAIT)
        known = await store.operators.get(user) is not None
        # what was typed as a name may be a password: only a name that exists is written down
        await self.office.audit.note("console-sign-in-refused", user if known else "-", address=peer)
        failures = (await store.sessions.guesses(targets[:1], now))[0][0]
        if failures == GUESSES:
            self.events.publish(SecurityAlert(GUESSING, None, failures, 6, now))


def guard_of(token: str) -> str:
    """What the forms of a session carry: made from its token, which no other site can read."""
    return hmac.new(token.encode(), b"forms", hashlib.sha256).hexdigest()


def sealed(token: str, text: str) -> str:
    """A sentence for the next page, that only this session could have written."""
    return hmac.new(token.encode(), b"said:" + text.encode(), hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _digest(*parts: Any) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
