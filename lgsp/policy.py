"""Who may ask what: consumers, their secrets and tokens, grants, quotas and the security-level gate. Deny by default.

Everything that a call needs stands in an index in memory, read once from the store and changed together with it, so a
call costs no query. Secrets are random, 256 bits: one SHA-256 of them cannot be guessed back, so a slow hash would only
slow the calls (operators' passwords are chosen by people: see `passwords.py`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from lgsp.compliance import of_consumer, said, standing
from lgsp.errors import Forbidden, PurposeRequired, SecurityLevelNotApproved, Unauthenticated
from lgsp.model import Consumer, Grant, Text
from lgsp.quota import Quota, Quotas
from lgsp.runtime import HANOI, Runtime
from lgsp.store.port import SecretKind, SecretRecord, Store

SCOPE = "am_application_scope default"
"""What the national platform answers where a client asks for no scope (DOMAIN §4.1)."""

_API_KEY = re.compile(r"lgsp_([0-9A-Za-z]{12})_([0-9A-Za-z_-]{40,100})")
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_BEFORE = "~before"
_FRESH = timedelta(minutes=5)
"""How far a UsernameToken's Created may lie from now; its nonce is remembered for twice as long."""
_NONCES = 20_000
_FAILURES = 10
"""Wrong secrets for one name from one address before it is made to wait. By name *and* address, so that nobody can lock
another one out by guessing in his name."""
_LOCKED_SECONDS = 30.0
_WATCHED = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What `/token` hands out. `access_token` exists here and with the caller only."""

    access_token: str
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True, repr=False)
class NewSecrets:
    """Shown once, at creation; the store keeps hashes."""

    client_id: str
    client_secret: str
    api_key: str


@dataclass(frozen=True, slots=True)
class _Live:
    consumer: str
    scope: str
    expires: datetime


@dataclass(slots=True, repr=False)
class Policy:
    """`token_seconds` is a token's life, `quota_per_minute` what a grant without its own quota allows."""

    store: Store
    runtime: Runtime
    token_seconds: float = 3600.0
    quota_per_minute: int = 60_000
    _consumers: dict[str, Consumer] = field(default_factory=dict)
    _secrets: dict[tuple[str, str], SecretRecord] = field(default_factory=dict)
    _grants: dict[tuple[str, str, str], Grant] = field(default_factory=dict)
    _tokens: dict[bytes, _Live] = field(default_factory=dict)
    _given: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    """The tokens of this process in the clear, so that asking again gives the same one; after a restart a new one."""
    _quotas: Quotas = field(init=False)
    _nonces: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _failures: OrderedDict[tuple[str, str], tuple[int, float]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._quotas = Quotas(self.runtime.clock)

    async def load(self) -> None:
        """Reads the index; before it nobody is let in."""
        self._consumers = {each.id: each for each in await self.store.consumers.all()}
        self._secrets = {(each.kind, each.key_id): each for each in await self.store.consumers.secrets()}
        self._grants = {(each.consumer, each.system, each.operation): each for each in await self.store.grants.all()}
        now = self.runtime.clock.now()
        self._tokens = {
            record.hash: _Live(record.consumer, record.scope, record.expires)
            for consumer in self._consumers
            for record in await self.store.tokens.live_for(consumer)
            if record.expires > now
        }

    # -- who is it ----------------------------------------------------------------------------------------------------

    def by_token(self, token: str) -> Consumer:
        """The holder of a bearer token. Raises `Unauthenticated`."""
        live = self._tokens.get(_hash(token))
        if live is None or live.expires <= self.runtime.clock.now():
            raise Unauthenticated(_token_refused())
        return self._active(live.consumer)

    def by_api_key(self, key: str, peer: str = "") -> Consumer:
        parts = _API_KEY.fullmatch(key)
        if parts is None:
            raise Unauthenticated(_refused())
        return self._by_secret(("api_key",), parts[1], parts[2], peer)

    def by_secret(self, client_id: str, secret: str, peer: str = "") -> Consumer:
        """Client credentials, `X-SystemId`/`X-SecretKey`, UsernameToken with a text password."""
        return self._by_secret(("client", "password"), client_id, secret, peer)

    def by_digest(self, username: str, digest: str, nonce: str, created: str, peer: str = "") -> Consumer:
        """UsernameToken with PasswordDigest: Base64(SHA-1(nonce + created + password)), used once, five minutes long.

        The profile needs the password itself, so it works only for consumers that an operator gave a `password`, which is
        stored sealed with the installation's key instead of hashed.
        """
        self._check_locked(username, peer)
        record = self._secrets.get(("password", username))
        try:
            fresh, raw_nonce = _moment(created), base64.b64decode(nonce, validate=True)
        except (ValueError, binascii.Error) as error:
            raise Unauthenticated(_refused()) from error
        now = self.runtime.clock.now()
        if record is None or abs(now - fresh) > _FRESH:
            raise self._failed(username, peer)
        password = self.store.keys.unseal(record.hash, f"password:{username}")
        wanted = hashlib.sha1(raw_nonce + created.encode() + password, usedforsecurity=False).digest()
        if not hmac.compare_digest(base64.b64encode(wanted), digest.encode()):
            raise self._failed(username, peer)
        self._once(username, nonce)
        return self._active(record.consumer)

    def _by_secret(self, kinds: tuple[SecretKind, ...], key_id: str, secret: str, peer: str) -> Consumer:
        self._check_locked(key_id, peer)
        now = self.runtime.clock.now()
        named: list[tuple[SecretKind, str]] = [(kind, key_id) for kind in kinds]
        if "client" in kinds:
            named.append(("client", _before(key_id)))
        for kind, name in named if _BEFORE not in key_id else ():
            record = self._secrets.get((kind, name))
            if record is None or (record.expires is not None and record.expires <= now):
                continue
            known = record.hash
            if kind == "password":
                known = _hash(self.store.keys.unseal(record.hash, f"password:{key_id}").decode())
            if hmac.compare_digest(known, _hash(secret)):
                self._failures.pop((key_id, peer), None)
                return self._active(record.consumer)
        raise self._failed(key_id, peer)

    def _active(self, consumer: str) -> Consumer:
        found = self._consumers.get(consumer)
        if found is None or not found.active:
            raise Unauthenticated(_refused())
        return found

    def _once(self, username: str, nonce: str) -> None:
        now = self.runtime.clock.monotonic()
        while self._nonces and next(iter(self._nonces.values())) < now:
            self._nonces.popitem(last=False)
        if (username, nonce) in self._nonces or len(self._nonces) >= _NONCES:
            raise Unauthenticated(_refused())  # a full memory refuses: letting go of a nonce would admit its replay
        self._nonces[username, nonce] = now + 2 * _FRESH.total_seconds()

    def _check_locked(self, name: str, peer: str) -> None:
        count, until = self._failures.get((name, peer), (0, 0.0))
        left = until - self.runtime.clock.monotonic()
        if count >= _FAILURES and left > 0:
            raise Unauthenticated(_locked(), retry_after=left)

    def _failed(self, name: str, peer: str) -> Unauthenticated:
        now = self.runtime.clock.monotonic()
        count, until = self._failures.pop((name, peer), (0, 0.0))
        self._failures[name, peer] = (count + 1 if until > now else 1, now + _LOCKED_SECONDS)
        if len(self._failures) > _WATCHED:
            self._failures.popitem(last=False)
        return Unauthenticated(_refused())

    # -- tokens -------------------------------------------------------------------------------------------------------

    async def issue(self, client_id: str, secret: str, scope: str = SCOPE, peer: str = "") -> Token:
        """OAuth2 client credentials. Asking again inside the validity gives the same token with what is left of it."""
        consumer = self.by_secret(client_id, secret, peer)
        scope = scope or SCOPE
        now = self.runtime.clock.now()
        given = self._given.get((consumer.id, scope))
        if given is not None and _hash(given[0]) in self._tokens and (given[1] - now).total_seconds() >= 1:
            return Token(given[0], int((given[1] - now).total_seconds()), scope)
        token, expires = self.runtime.ids.token(), now + timedelta(seconds=self.token_seconds)
        digest = _hash(token)
        await self.store.tokens.put(digest, consumer.id, scope, expires)
        self._tokens = {known: live for known, live in self._tokens.items() if live.expires > now}
        self._tokens[digest] = _Live(consumer.id, scope, expires)
        self._given[consumer.id, scope] = (token, expires)
        return Token(token, int(self.token_seconds), scope)

    async def revoke_token(self, token: str, consumer: str) -> None:
        """Forgets a token of this consumer; one of somebody else stays as it is (RFC 7009: the answer is the same)."""
        digest = _hash(token)
        live = self._tokens.get(digest)
        if live is None or live.consumer != consumer:
            return
        await self.store.tokens.revoke(digest)
        self._tokens.pop(digest, None)

    # -- may it -------------------------------------------------------------------------------------------------------

    def grant_for(self, consumer: Consumer, system: str, operation: str) -> Grant | None:
        """The narrowest grant that stands today, None where there is none."""
        today = self._today()
        for names in ((system, operation), (system, "*"), ("*", "*")):
            grant = self._grants.get((consumer.id, *names))
            if grant is not None and _stands(grant, today):
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
        found = standing(of_consumer(consumer), self._today())
        if found.cut:
            raise SecurityLevelNotApproved(said(found))

    @staticmethod
    def check_address(consumer: Consumer, peer: str) -> None:
        """A consumer that is bound to addresses calls from them only. The same refusal as a wrong secret: it tells nothing."""
        if consumer.addresses and not _within(peer, consumer.addresses):
            raise Unauthenticated(_refused())

    @staticmethod
    def check_purpose(grant: Grant, purpose: str | None) -> None:
        if grant.purposes is not None and purpose not in grant.purposes:
            listed = ", ".join(grant.purposes)
            said = f"Cần X-LGSP-Purpose là một trong: {listed}", f"X-LGSP-Purpose must be one of: {listed}"
            raise PurposeRequired(Text(*said))

    def spend(self, grant: Grant) -> Quota:
        """One call of this grant's minute. Raises `QuotaExceeded`."""
        limit = grant.quota_per_minute if grant.quota_per_minute is not None else self.quota_per_minute
        return self._quotas.spend((grant.consumer, grant.system, grant.operation), limit)

    def _today(self) -> date:
        return self.runtime.clock.now().astimezone(HANOI).date()

    # -- changes ------------------------------------------------------------------------------------------------------

    async def create_consumer(self, consumer: Consumer, grants: Iterable[Grant] = ()) -> NewSecrets:
        """A new agency system with fresh secrets. Raises ValueError where the id is taken or malformed."""
        if not _ID.fullmatch(consumer.id):
            raise ValueError("a consumer's id is a-z, 0-9, dot and hyphen, at most 63")
        if consumer.id in self._consumers:
            raise ValueError(f"{consumer.id} exists")
        await self.put_consumer(consumer)
        secrets = await self.new_secrets(consumer.id)
        for grant in grants:
            await self.put_grant(grant)
        return secrets

    async def new_secrets(self, consumer: str, overlap: timedelta = timedelta()) -> NewSecrets:
        """A client secret and one more API key (the others stay valid until revoked).

        The client secret before it stays valid for `overlap`, so that a system can be changed over without a gap; by
        default it ends at once.
        """
        before = self._secrets.get(("client", consumer))
        if before is not None and overlap > timedelta():
            until = self.runtime.clock.now() + overlap
            await self._keep(replace(before, key_id=_before(consumer), expires=until))
        key_id, secret, client_secret = self.runtime.ids.new()[-12:], self.runtime.ids.token(), self.runtime.ids.token()
        await self._put_secret("client", consumer, consumer, _hash(client_secret))
        await self._put_secret("api_key", key_id, consumer, _hash(secret))
        return NewSecrets(consumer, client_secret, f"lgsp_{key_id}_{secret}")

    async def set_password(self, consumer: str, password: str) -> None:
        """For a UsernameToken with digest: recoverable by this installation, hence an operator's explicit choice."""
        sealed = self.store.keys.seal(password.encode(), f"password:{consumer}")
        await self._put_secret("password", consumer, consumer, sealed)

    async def _put_secret(self, kind: SecretKind, key_id: str, consumer: str, digest: bytes) -> None:
        await self._keep(SecretRecord(consumer, kind, key_id, digest, self.runtime.clock.now()))

    async def _keep(self, record: SecretRecord) -> None:
        await self.store.consumers.put_secret(record)
        self._secrets[record.kind, record.key_id] = record

    async def revoke_secret(self, kind: SecretKind, key_id: str) -> bool:
        """At once, and with it every token that may have been asked for with it."""
        record = self._secrets.pop((kind, key_id), None)
        if record is not None and kind == "client":
            await self._forget_tokens(record.consumer)
        return await self.store.consumers.revoke(kind, key_id)

    async def _forget_tokens(self, consumer: str) -> None:
        for digest in [digest for digest, live in self._tokens.items() if live.consumer == consumer]:
            del self._tokens[digest]
            await self.store.tokens.revoke(digest)

    async def put_consumer(self, consumer: Consumer) -> None:
        await self.store.consumers.put(consumer)
        self._consumers[consumer.id] = consumer

    async def set_active(self, consumer: str, *, active: bool) -> None:
        """Raises KeyError for one that is not known."""
        await self.put_consumer(replace(self._consumers[consumer], active=active))

    async def put_grant(self, grant: Grant) -> None:
        """Raises KeyError where the consumer is not known."""
        if grant.consumer not in self._consumers:
            raise KeyError(grant.consumer)
        await self.store.grants.put(grant)
        self._grants[grant.consumer, grant.system, grant.operation] = grant

    async def delete_grant(self, consumer: str, system: str, operation: str) -> bool:
        self._grants.pop((consumer, system, operation), None)
        return await self.store.grants.delete(consumer, system, operation)

    def consumer(self, consumer: str) -> Consumer | None:
        return self._consumers.get(consumer)

    def consumers(self) -> list[Consumer]:
        return sorted(self._consumers.values(), key=lambda each: each.id)

    def grants_of(self, consumer: str) -> list[Grant]:
        return [grant for grant in self._grants.values() if grant.consumer == consumer]


def _before(consumer: str) -> str:
    """The key id of the client secret that is on its way out: no client is called so."""
    return f"{consumer}{_BEFORE}"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _within(peer: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(each) for each in networks)


def _stands(grant: Grant, today: date) -> bool:
    begun = grant.valid_from is None or grant.valid_from <= today
    return begun and (grant.valid_to is None or today <= grant.valid_to)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment


def _refused() -> Text:
    return Text("Thông tin xác thực không hợp lệ", "The credentials are not valid")


def _token_refused() -> Text:
    return Text("Mã truy cập không hợp lệ hoặc đã hết hạn", "The access token is not valid or has expired")


def _locked() -> Text:
    return Text("Sai thông tin xác thực quá nhiều lần, hãy chờ", "Too many wrong credentials, wait")
