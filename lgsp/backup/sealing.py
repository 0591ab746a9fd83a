"""The installation's keys in a backup: sealed for somebody, by a passphrase or for the holder of a key that is elsewhere.

A copy of the records opens nothing without the keys, so the two must not lie side by side in the clear.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lgsp.runtime import Ids

SHORTEST = 12
"""Characters of a passphrase."""
_RECIPIENT = "lgsp-backup-key:"
_IDENTITY = "lgsp-backup-secret:"
_BOUND = b"lgsp backup keys"
_NONCE = bytes(12)  # each seal has a key of its own, from a fresh salt or a fresh pair
_COST = {"n": 2**16, "r": 8, "p": 1, "maxmem": 2**27}


class SealRefused(Exception):
    """What was handed in is no passphrase or key, or does not open this seal."""


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`manner` is `passphrase` (scrypt, n = 2^16, r = 8) or `recipient` (X25519, HKDF-SHA-256); then AES-256-GCM."""

    manner: str
    salt: bytes
    """Of scrypt, or the public half of the pair made for this seal."""
    box: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Opener:
    """What opens a seal. One of the two."""

    passphrase: str = ""
    identity: bytes = b""


def seal_for_passphrase(plain: bytes, passphrase: str, ids: Ids) -> Sealed:
    """Raises `SealRefused` for one that is too short to withstand guessing."""
    if len(passphrase) < SHORTEST:
        raise SealRefused(f"a passphrase has at least {SHORTEST} characters")
    salt = _fresh(ids)
    return Sealed("passphrase", salt, AESGCM(_stretched(passphrase, salt)).encrypt(_NONCE, plain, _BOUND))


def seal_for_recipient(plain: bytes, recipient: bytes, ids: Ids) -> Sealed:
    pair = X25519PrivateKey.from_private_bytes(_fresh(ids))
    public = pair.public_key().public_bytes_raw()
    key = _agreed(pair, recipient, public)
    return Sealed("recipient", public, AESGCM(key).encrypt(_NONCE, plain, _BOUND))


def unseal(sealed: Sealed, opener: Opener) -> bytes:
    """Raises `SealRefused`."""
    if sealed.manner == "passphrase" and opener.passphrase:
        key = _stretched(opener.passphrase, sealed.salt)
    elif sealed.manner == "recipient" and opener.identity:
        pair = X25519PrivateKey.from_private_bytes(opener.identity)
        key = _agreed(pair, sealed.salt, sealed.salt, own=True)
    else:
        raise SealRefused(f"the keys of this backup are sealed by {sealed.manner}: hand that in")
    try:
        return AESGCM(key).decrypt(_NONCE, sealed.box, _BOUND)
    except InvalidTag:
        raise SealRefused(f"this {sealed.manner} does not open the keys of this backup") from None


def new_identity(path: Path, ids: Ids) -> str:
    """Writes a secret half (0600, never over a file that is there) and answers the public one. Raises `OSError`."""
    secret = _fresh(ids)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{_IDENTITY}{secret.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    return f"{_RECIPIENT}{X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()}"


def read_recipient(text: str) -> bytes:
    return _read(text, _RECIPIENT, "a recipient", "lgsp backup key")


def read_identity(text: str) -> bytes:
    return _read(text, _IDENTITY, "a secret half", "lgsp backup key FILE")


def _read(text: str, begins: str, what: str, maker: str) -> bytes:
    text = text.strip()
    try:
        found = bytes.fromhex(text.removeprefix(begins)) if text.startswith(begins) else b""
    except ValueError:
        found = b""
    if len(found) != 32:
        raise SealRefused(f"not {what}: it begins with {begins} and `{maker}` makes it")
    return found


def _fresh(ids: Ids) -> bytes:
    return hashlib.sha256(ids.token().encode()).digest()


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, dklen=32, n=_COST["n"], r=8, p=1, maxmem=_COST["maxmem"])


def _agreed(pair: X25519PrivateKey, other: bytes, made: bytes, *, own: bool = False) -> bytes:
    """The key of one seal, bound to both public halves."""
    receiver = pair.public_key().public_bytes_raw() if own else other
    shared = pair.exchange(X25519PublicKey.from_public_bytes(other))
    return HKDF(hashes.SHA256(), 32, made + receiver, _BOUND).derive(shared)
