"""Operators' passwords: chosen by people, hence a slow hash. Secrets of systems are random and need none (`policy.py`)."""

from __future__ import annotations

import hashlib
import hmac


def hash_password(password: str, salt: bytes) -> bytes:
    """An operator's password: salt and scrypt (RFC 7914) of it, 16 MiB and about 50 ms, so call it off the loop."""
    return salt + hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def check_password(password: str, stored: bytes) -> bool:
    """`stored` is what `hash_password` gave."""
    return hmac.compare_digest(hash_password(password, stored[:-32]), stored)
