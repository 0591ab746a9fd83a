"""Keys: made once, private, and each for one purpose."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from lgsp.runtime import Runtime
from lgsp.store.keys import Keyed, keyed_subject, load_keys, public_key


def test_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    ids = Runtime.system().ids
    keys = load_keys(tmp_path / "keys", ids)
    again = load_keys(tmp_path / "keys", ids)
    assert again.public == keys.public == public_key(tmp_path / "keys")
    assert again.subject("1") == keys.subject(" 1 ") == keyed_subject(tmp_path / "keys", "1")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "keys").iterdir()} == {0o600}
    assert load_keys(None, ids).public != keys.public


def test_a_start_that_was_killed_while_writing_a_key(tmp_path: Path) -> None:
    (tmp_path / "bodies.new").write_text("cut sh")
    load_keys(tmp_path, Runtime.system().ids)
    assert len((tmp_path / "bodies.key").read_text()) == 65


def test_sealed_under_its_name() -> None:
    keys = load_keys(None, Runtime.system().ids)
    sealed = keys.seal(b"plain", "a")
    assert b"plain" not in sealed
    assert sealed != keys.seal(b"plain", "a")
    assert keys.unseal(sealed, "a") == b"plain"
    with pytest.raises(InvalidTag):
        keys.unseal(sealed, "b")


def test_parts_of_a_digest_are_kept_apart() -> None:
    keys = load_keys(None, Runtime.system().ids)
    assert keys.digest(b"a", b"bc") != keys.digest(b"ab", b"c")
    assert keys.message(b"bc") == keys.digest(b"message", b"bc")
    assert "Keys" in repr(keys)
    assert len(repr(keys)) < 200


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=3000))
def test_our_keyed_digest_is_the_standards(key: bytes, message: bytes) -> None:
    assert Keyed(key).digest(message) == hmac.digest(key, message, "sha256")
