"""The keys of a backup: opened by what they were sealed for, by nothing else, and never made weak."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgsp.backup.sealing import (
    Opener,
    Sealed,
    SealRefused,
    new_identity,
    read_identity,
    read_recipient,
    seal_for_passphrase,
    seal_for_recipient,
    unseal,
)
from tests.backup.house import RUNTIME

PLAIN = b"subjects=00\n"


def test_a_passphrase() -> None:
    sealed = seal_for_passphrase(PLAIN, "mười hai chữ", RUNTIME.ids)
    assert unseal(sealed, Opener(passphrase="mười hai chữ")) == PLAIN
    assert PLAIN not in sealed.box
    for wrong in (Opener(passphrase="mười hai chứ"), Opener(identity=b"x" * 32), Opener()):
        with pytest.raises(SealRefused):
            unseal(sealed, wrong)
    with pytest.raises(SealRefused, match="at least 12"):
        seal_for_passphrase(PLAIN, "eleven char", RUNTIME.ids)


def test_a_recipient(tmp_path: Path) -> None:
    said = new_identity(tmp_path / "one", RUNTIME.ids)
    sealed = seal_for_recipient(PLAIN, read_recipient(said), RUNTIME.ids)
    assert unseal(sealed, Opener(identity=read_identity((tmp_path / "one").read_text()))) == PLAIN
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    new_identity(tmp_path / "two", RUNTIME.ids)
    with pytest.raises(SealRefused, match="does not open"):
        unseal(sealed, Opener(identity=read_identity((tmp_path / "two").read_text())))
    with pytest.raises(FileExistsError):
        new_identity(tmp_path / "one", RUNTIME.ids)
    for wrong in ("", "lgsp-backup-key:00", said.replace("key", "secret"), "lgsp-backup-key:zz"):
        with pytest.raises(SealRefused, match="it begins with"):
            read_recipient(wrong)


def test_a_changed_seal_does_not_open() -> None:
    sealed = seal_for_passphrase(PLAIN, "twelve chars", RUNTIME.ids)
    for changed in (
        Sealed(sealed.manner, sealed.salt, b"\0" + sealed.box[1:]),
        Sealed("recipient", sealed.salt, sealed.box),
    ):
        with pytest.raises(SealRefused):
            unseal(changed, Opener(passphrase="twelve chars", identity=b"i" * 32))
