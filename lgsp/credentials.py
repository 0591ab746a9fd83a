"""Who is it: secrets of consumers as they are checked at a call. What is given and taken away stands in `policy.py`.

Secrets are random, 256 bits: one SHA-256 of them cannot be guessed back, so a slow hash would only slow the calls
(operators' passwords are chosen by people: see `passwords.py`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.x509 import load_der_x509_certificate

from lgsp.certificates import named
from lgsp.errors import Unauthenticated
from lgsp.guard import FRESH, Guard, hashed, moment_of, refused
from lgsp.runtime import Clock
from lgsp.signature import TrustStore
from lgsp.signature.trust import trusted
from lgsp.store.keys import Keys
from lgsp.store.port import SecretKind, SecretRecord
from lgsp.tokens import SANDBOX

_API_KEY = re.compile(r"lgsp_(sandbox_)?([0-9A-Za-z]{12})_([0-9A-Za-z_-]{40,100})")
_BEFORE = "~before"


@dataclass(frozen=True, slots=True)
class Found:
    """Whose secret it was, and to which side it leads."""

    consumer: str
    sandbox: bool = False


@dataclass(slots=True, repr=False)
class Credentials:
    """The index in memory, of all consumers."""

    keys: Keys
    clock: Clock
    guard: Guard
    _known: dict[tuple[str, str], SecretRecord] = field(default_factory=dict)

    def load(self, records: Iterable[SecretRecord]) -> None:
        self._known = {(each.kind, each.key_id): each for each in records}

    def replace(self, consumer: str, records: Iterable[SecretRecord]) -> None:
        """What the store says of this consumer now."""
        found: dict[tuple[str, str], SecretRecord] = {(each.kind, each.key_id): each for each in records}
        self.guard.renewed({key[1] for key, each in found.items() if self._known.get(key) != each})
        self._known = {key: each for key, each in self._known.items() if each.consumer != consumer}
        self._known.update(found)

    def get(self, kind: SecretKind, key_id: str) -> SecretRecord | None:
        return self._known.get((kind, key_id))

    def put(self, record: SecretRecord) -> None:
        self._known[record.kind, record.key_id] = record
        self.guard.renewed({record.key_id})

    def drop(self, kind: SecretKind, key_id: str) -> SecretRecord | None:
        return self._known.pop((kind, key_id), None)

    # -- each raises `Unauthenticated`

    def by_api_key(self, key: str, peer: str) -> Found:
        parts = _API_KEY.fullmatch(key)
        if parts is None:
            raise Unauthenticated(refused())
        return self.by_secret(("api_key",), parts[2] + (SANDBOX if parts[1] else ""), parts[3], peer)

    def by_secret(self, kinds: tuple[SecretKind, ...], key_id: str, secret: str, peer: str) -> Found:
        self.guard.check(key_id, peer)
        for record in self._standing(kinds, key_id):
            known = record.hash if record.kind != "password" else hashed(self._password(record).decode())
            if hmac.compare_digest(known, hashed(secret)):
                self.guard.forget(key_id, peer)
                return Found(record.consumer, SANDBOX in record.key_id)
        raise self.guard.failed(key_id, peer)

    def by_digest(self, username: str, digest: str, nonce: str, created: str, peer: str) -> Found:
        self.guard.check(username, peer)
        try:
            fresh, raw_nonce = moment_of(created), base64.b64decode(nonce, validate=True)
        except (ValueError, binascii.Error) as error:
            raise Unauthenticated(refused()) from error
        for record in self._standing(("password",), username) if abs(self.clock.now() - fresh) <= FRESH else ():
            secret = raw_nonce + created.encode() + self._password(record)
            wanted = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest())
            if hmac.compare_digest(wanted, digest.encode()):
                self.guard.once(username, nonce)
                return Found(record.consumer)
        raise self.guard.failed(username, peer)

    def by_certificate(self, der: bytes) -> Found | None:
        """None where it is nobody's."""
        found, now = named(der), self.clock.now()
        for name in found.names if found is not None and found.begins <= now <= found.ends else ():
            record = self._known.get(("certificate", name))
            if record is not None and (record.expires is None or record.expires > now):
                return Found(record.consumer)
        return None

    def signers(self) -> TrustStore:
        return TrustStore.of(
            trusted(load_der_x509_certificate(record.hash), record.consumer) for record in self._of_kind("signer")
        )

    def _standing(self, kinds: tuple[SecretKind, ...], key_id: str) -> Iterator[SecretRecord]:
        """What opens the door under this name now: the secret, and the one before it while both hold."""
        now = self.clock.now()
        for name in (key_id, before(key_id)) if _BEFORE not in key_id else ():
            for kind in kinds:
                record = self._known.get((kind, name))
                if record is not None and (record.expires is None or record.expires > now):
                    yield record

    def _password(self, record: SecretRecord) -> bytes:
        return self.keys.unseal(record.hash, f"password:{record.consumer}")

    def _of_kind(self, wanted: SecretKind) -> Iterator[SecretRecord]:
        return (record for (kind, _), record in self._known.items() if kind == wanted)


def before(consumer: str) -> str:
    """The key id of the secret that is on its way out: no client is called so."""
    return f"{consumer}{_BEFORE}"
