"""Operators' passwords: salted, slow, never in the clear."""

from __future__ import annotations

from lgsp.passwords import check_password, hash_password


def test_operators_passwords_are_slow_hashes() -> None:
    stored = hash_password("một mật khẩu dài", b"0123456789abcdef")
    assert check_password("một mật khẩu dài", stored)
    assert not check_password("một mật khẩu khác", stored)
    assert "mật" not in stored.decode("latin-1")
    assert hash_password("một mật khẩu dài", b"another salt 456") != stored
