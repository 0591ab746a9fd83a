"""Who may ask what: consumers, their secrets and tokens, grants, quotas and the security-level gate. Deny by default.

Everything that a call needs stands in an index in memory, read once from the store and changed together with it, so a
call costs no query. Secrets are looked at in `credentials.py`, tokens in `tokens.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lgsp import gate
from lgsp.compliance import Approval
from lgsp.credentials import Credentials, Found, before
from lgsp.errors import Forbidden, Unauthenticated
from lgsp.gate import LEVELS, Callers, Levels
from lgsp.guard import FRESH, Guard, NewSecrets, Token, hashed, refused
from lgsp.model import Consumer, Grant
from lgsp.quota import Quota, Quotas
from lgsp.runtime import HANOI, Runtime
from lgsp.signature import TrustStore
from lgsp.store.port import SecretKind, SecretRecord, Store
from lgsp.tokens import SANDBOX, SANDBOX_KEY, SANDBOX_TOKEN, SCOPE, Tokens

__all__ = ["LEVELS", "SANDBOX", "SANDBOX_KEY", "SANDBOX_TOKEN", "SCOPE", "NewSecrets", "Policy", "Token"]

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_SYSTEMS = "~systems"
"""Stands where a consumer would: the security levels of connected systems have changed."""


@dataclass(slots=True, repr=False)
class Policy:
    """`token_seconds` is a token's life, `quota_per_minute` what a grant without its own quota allows."""

    store: Store
    runtime: Runtime
    token_seconds: float = 3600.0
    quota_per_minute: int = 60_000
    changed: Callable[[str], Awaitable[None]] | None = None
    """Told of every consumer whose records have changed, after they are durable: other processes read them again."""
    _consumers: dict[str, Consumer] = field(default_factory=dict)
    _grants: dict[tuple[str, str, str], Grant] = field(default_factory=dict)
    _callers: Callers = field(default_factory=Callers)
    _levels: Levels = field(init=False)
    _quotas: Quotas = field(init=False)
    _written: Counter[str] = field(default_factory=Counter)
    """Changes by this process, by consumer."""
    credentials: Credentials = field(init=False)
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        shared, clock = self.store.allowances if not self.store.changes.alone else None, self.runtime.clock
        self._quotas = Quotas(clock, shared)
        self.credentials = Credentials(self.store.keys, clock, Guard(clock))
        self.tokens = Tokens(self.store, self.runtime, self.token_seconds)
        self._levels = Levels(self.store)

    async def load(self) -> None:
        """Reads the index; before it nobody is let in."""
        self._consumers = {each.id: each for each in await self.store.consumers.all()}
        self.credentials.load(await self.store.consumers.secrets())
        self._grants = {(each.consumer, each.system, each.operation): each for each in await self.store.grants.all()}
        await self._levels.load()
        await self.tokens.load(self._consumers)

    async def refresh(self, consumer: str) -> None:
        """Another process has changed this consumer, its secrets, tokens or grants: they are read again."""
        if consumer == _SYSTEMS:
            await self._levels.load()
            return
        while True:
            written = self._written[consumer]
            found = await self.store.consumers.get(consumer)
            secrets = await self.store.consumers.secrets(consumer)
            grants = await self.store.grants.of(consumer)
            tokens = await self.store.tokens.live_for(consumer)
            if self._written[consumer] == written:  # else this process has changed it meanwhile: what was read is old
                break
        if found is not None:
            self._consumers[consumer] = found
        else:
            self._consumers.pop(consumer, None)
        self.credentials.replace(consumer, secrets)
        self._grants = {key: each for key, each in self._grants.items() if key[0] != consumer}
        self._grants.update({(each.consumer, each.system, each.operation): each for each in grants})
        self.tokens.replace(consumer, tokens)

    async def refresh_all(self) -> None:
        """News may have been missed: everything is read again."""
        known = {*self._consumers, *(each.id for each in await self.store.consumers.all()), _SYSTEMS}
        for consumer in known:
            await self.refresh(consumer)

    async def _tell(self, consumer: str) -> None:
        self._written[consumer] += 1
        if self.changed is not None:
            await self.changed(consumer)

    # -- who is it ----------------------------------------------------------------------------------------------------

    def by_token(self, token: str) -> Consumer:
        """The holder of a bearer token. Raises `Unauthenticated`."""
        return self._active(self.tokens.holder(token), sandbox=token.startswith(SANDBOX_TOKEN))

    def knows(self, token: str) -> bool:
        return self.tokens.knows(token)

    async def meet(self, token: str) -> None:
        """Another process may have handed this one out, and the news of it be under way."""
        await self.tokens.meet(token, self._consumers)

    def by_api_key(self, key: str, peer: str = "") -> Consumer:
        return self._met(self.credentials.by_api_key(key, peer))

    def by_secret(self, client_id: str, secret: str, peer: str = "") -> Consumer:
        """Client credentials, `X-SystemId`/`X-SecretKey`, UsernameToken with a text password."""
        return self._met(self.credentials.by_secret(("client", "password"), client_id, secret, peer))

    def by_digest(self, username: str, digest: str, nonce: str, created: str, peer: str = "") -> Consumer:
        """UsernameToken with PasswordDigest: Base64(SHA-1(nonce + created + password)), used once, five minutes long.

        The profile needs the password itself, so it works only for consumers that an operator gave a `password`, which is
        stored sealed with the installation's key instead of hashed.
        """
        return self._met(self.credentials.by_digest(username, digest, nonce, created, peer))

    async def once_everywhere(self, username: str, nonce: str) -> None:
        """`by_digest` knows what this process has seen; where there are others, none of them takes the nonce again."""
        if self.store.changes.alone:
            return
        now = self.runtime.clock.now()
        key = self.store.keys.digest(b"nonce", username.encode(), nonce.encode())
        if not await self.store.replays.admit(key, now, now + 2 * FRESH):
            raise Unauthenticated(refused())

    def by_certificate(self, der: bytes) -> Consumer | None:
        """The consumer whose client certificate this is, by fingerprint or by subject; None where it is nobody's. The chain was
        verified by whoever terminated TLS."""
        found = self.credentials.by_certificate(der)
        return None if found is None else self._met(found)

    def signers(self) -> TrustStore:
        """Whose signed messages are accepted: the certificates that are registered for it, each for its consumer."""
        return self.credentials.signers()

    def by_signer(self, consumer: str) -> Consumer:
        """The consumer of a signature that was verified against `signers`. Raises `Unauthenticated`."""
        return self._active(consumer)

    def _met(self, found: Found) -> Consumer:
        return self._active(found.consumer, sandbox=found.sandbox)

    def _active(self, consumer: str, *, sandbox: bool = False) -> Consumer:
        found = self._consumers.get(consumer)
        if found is None or not found.active:
            raise Unauthenticated(refused())
        return replace(found, sandbox=True) if sandbox else found

    # -- tokens -------------------------------------------------------------------------------------------------------

    async def issue(self, client_id: str, secret: str, scope: str = SCOPE, peer: str = "") -> Token:
        """OAuth2 client credentials. Asking again inside the validity gives the same token with what is left of it."""
        consumer = self.by_secret(client_id, secret, peer)
        self.check_address(consumer, peer)
        scope = scope or SCOPE
        if (given := self.tokens.given(consumer, scope)) is not None:
            return given
        token = await self.tokens.give(consumer, scope)
        await self._tell(consumer.id)
        return token

    async def revoke_token(self, token: str, consumer: str) -> None:
        """Forgets a token of this consumer; one of somebody else stays as it is (RFC 7009: the answer is the same)."""
        if await self.tokens.revoke(token, consumer):
            await self._tell(consumer)

    # -- may it -------------------------------------------------------------------------------------------------------

    def grant_for(self, consumer: Consumer, system: str, operation: str) -> Grant | None:
        """The narrowest grant that stands today, None where there is none."""
        today = self.today()
        for names in ((system, operation), (system, "*"), ("*", "*")):
            grant = self._grants.get((consumer.id, *names))
            if grant is not None and gate.stands(grant, today):
                return grant
        return None

    def readers(self, system: str, operations: Iterable[str]) -> list[Consumer]:
        """Who may get the whole of what one of these operations answers, today: what is handed over goes to nobody else.

        A grant by fields is none: an item in an inbox is not cut to fields.
        """
        names = tuple(operations)
        return [
            consumer
            for consumer in self.consumers()
            if consumer.active
            and any((grant := self.grant_for(consumer, system, name)) and grant.fields is None for name in names)
        ]

    def check_grant(self, consumer: Consumer, system: str, operation: str) -> Grant:
        grant = self.grant_for(consumer, system, operation)
        if grant is None:
            raise Forbidden()
        return grant

    def check_security_level(self, consumer: Consumer) -> None:
        """NĐ 85/2016: a system without an approved level that still holds is cut off, with its own reason."""
        self._callers.check(consumer, self.today())

    def check_system_level(self, system: str) -> None:
        """The same for a database behind the bus, once its level was declared."""
        self._levels.check(system, self.today())

    def level_of(self, system: str) -> Approval:
        """What was declared of a connected system; no level where nothing was."""
        return self._levels.of(system)

    def levels(self) -> list[Approval]:
        """Of the connected systems whose level was declared."""
        return self._levels.all()

    check_address = staticmethod(gate.check_address)
    check_purpose = staticmethod(gate.check_purpose)

    def spend(self, grant: Grant, *, sandbox: bool = False) -> Quota | None:
        """One call of this grant's minute; the sandbox has minutes of its own. Raises `QuotaExceeded`. None: `draw` first."""
        return self._quotas.spend(*self._minute(grant, sandbox=sandbox))

    async def draw(self, grant: Grant, *, sandbox: bool = False) -> Quota:
        """`spend` where several processes share the minute and this one's part of it is used up."""
        return await self._quotas.draw(*self._minute(grant, sandbox=sandbox))

    def _minute(self, grant: Grant, *, sandbox: bool) -> tuple[tuple[str, str, str], int]:
        limit = grant.quota_per_minute if grant.quota_per_minute is not None else self.quota_per_minute
        return (grant.consumer + (SANDBOX if sandbox else ""), grant.system, grant.operation), limit

    def today(self) -> date:
        """The day in Vietnam: approvals and grants hold for whole days."""
        return self.runtime.clock.now().astimezone(HANOI).date()

    # -- changes ------------------------------------------------------------------------------------------------------

    async def create_consumer(self, consumer: Consumer, grants: Iterable[Grant] = ()) -> NewSecrets:
        """A new agency system with fresh secrets. Raises ValueError as `check_new` does."""
        self.check_new(consumer.id)
        await self.put_consumer(consumer)
        secrets = await self.new_secrets(consumer.id)
        for grant in grants:
            await self.put_grant(grant)
        return secrets

    def check_new(self, name: str) -> None:
        """Raises ValueError where the id is taken or malformed."""
        if not _ID.fullmatch(name):
            raise ValueError("a consumer's id is a-z, 0-9, dot and hyphen, at most 63")
        if name in self._consumers:
            raise ValueError(f"{name} exists")

    async def new_secrets(
        self, consumer: str, overlap: timedelta = timedelta(), *, sandbox: bool = False
    ) -> NewSecrets:
        """A client secret and one more API key (the others stay valid until revoked), for the real systems or the simulated.

        The client secret before it stays valid for `overlap`, so that a system can be changed over without a gap; by
        default it ends at once.
        """
        client, mark, start = (consumer + SANDBOX, SANDBOX, SANDBOX_KEY) if sandbox else (consumer, "", "lgsp_")
        key_id, secret, client_secret = self.runtime.ids.new()[-12:], self.runtime.ids.token(), self.runtime.ids.token()
        await self._take_over("client", client, consumer, hashed(client_secret), overlap)
        await self._put_secret("api_key", key_id + mark, consumer, hashed(secret))
        return NewSecrets(client, client_secret, f"{start}{key_id}_{secret}")

    async def set_password(self, consumer: str, password: str, overlap: timedelta = timedelta()) -> None:
        """For a UsernameToken with digest: recoverable by this installation, hence an operator's explicit choice."""
        sealed = self.store.keys.seal(password.encode(), f"password:{consumer}")
        await self._take_over("password", consumer, consumer, sealed, overlap)

    async def _take_over(self, kind: SecretKind, name: str, consumer: str, digest: bytes, overlap: timedelta) -> None:
        """What held until now holds for `overlap` beside it; without one nothing earlier opens the door any more."""
        last = self.credentials.get(kind, name)
        if last is not None and overlap > timedelta():
            await self.keep(replace(last, key_id=before(name), expires=self.runtime.clock.now() + overlap))
        await self._put_secret(kind, name, consumer, digest)
        if last is not None and overlap <= timedelta():
            await self.revoke_secret(kind, before(name))
            if not name.endswith(SANDBOX):  # those of the sandbox are not told apart, and end with their hour
                await self.tokens.forget(consumer)
                await self._tell(consumer)

    async def _put_secret(self, kind: SecretKind, key_id: str, consumer: str, digest: bytes) -> None:
        await self.keep(SecretRecord(consumer, kind, key_id, digest, self.runtime.clock.now()))

    async def keep(self, record: SecretRecord) -> None:
        await self.store.consumers.put_secret(record)
        self.credentials.put(record)
        await self._tell(record.consumer)

    async def revoke_secret(self, kind: SecretKind, key_id: str) -> bool:
        """At once, and with it every token that may have been asked for with it."""
        record = self.credentials.drop(kind, key_id)
        if record is not None and kind in ("client", "password"):
            await self.tokens.forget(record.consumer)
        revoked = await self.store.consumers.revoke(kind, key_id)
        self.credentials.drop(kind, key_id)  # a refresh may have read it meanwhile
        if record is not None:
            await self._tell(record.consumer)
        return revoked

    async def put_consumer(self, consumer: Consumer) -> None:
        await self.store.consumers.put(consumer)
        self._consumers[consumer.id] = consumer
        await self._tell(consumer.id)

    async def set_active(self, consumer: str, *, active: bool) -> None:
        """Raises KeyError for one that is not known."""
        await self.put_consumer(replace(self._consumers[consumer], active=active))

    async def put_level(self, approval: Approval) -> None:
        await self._levels.put(approval)
        await self._tell(_SYSTEMS)

    async def put_grant(self, grant: Grant) -> None:
        """Raises KeyError where the consumer is not known."""
        if grant.consumer not in self._consumers:
            raise KeyError(grant.consumer)
        await self.store.grants.put(grant)
        self._grants[grant.consumer, grant.system, grant.operation] = grant
        await self._tell(grant.consumer)

    async def delete_grant(self, consumer: str, system: str, operation: str) -> bool:
        self._grants.pop((consumer, system, operation), None)
        deleted = await self.store.grants.delete(consumer, system, operation)
        self._grants.pop((consumer, system, operation), None)
        await self._tell(consumer)
        return deleted

    def consumer(self, consumer: str) -> Consumer | None:
        return self._consumers.get(consumer)

    def consumers(self) -> list[Consumer]:
        return sorted(self._consumers.values(), key=lambda each: each.id)

    def grants_of(self, consumer: str) -> list[Grant]:
        return [grant for grant in self._grants.values() if grant.consumer == consumer]
