"""Signers of an installation: a key in a file, or a program that asks a token; and what is said of one that cannot sign."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from lgsp.settings import Settings, SettingsError, SignerSettings
from lgsp.signature import ProgramSigner, SignerFailed, TrustFolder, sign_edxml, verify_edxml
from lgsp.signature.files import signers
from tests.signature.house import NOW, document, signer, trust

OPENSSL = shutil.which("openssl") or ""


def files(folder: Path, kind: str, how: KeySerializationEncryption | None = None) -> tuple[Path, Path]:
    one = signer(kind=kind)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    key.write_bytes(one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption()))
    certificate.write_bytes(x509.load_der_x509_certificate(one.certificate).public_bytes(Encoding.PEM))
    return key, certificate


@pytest.mark.skipif(not OPENSSL, reason="needs the openssl program, in the place of a token's")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_program_signs(tmp_path: Path, kind: str) -> None:
    key, certificate = files(tmp_path, kind)
    command = (OPENSSL, "dgst", "-sha256", "-sign", str(key))
    found = signers(Settings(signers={"so": SignerSettings("H28.05", certificate, program=command)}))
    raw = sign_edxml(document(), found["H28.05"])
    assert verify_edxml(raw, trust(signer(kind=kind)), NOW).signer.organ == "H28.05"


def test_a_program_that_fails_signs_nothing(tmp_path: Path) -> None:
    _, certificate = files(tmp_path, "ec")
    for command in (
        ("/no/such/program",),
        (sys.executable, "-c", "raise SystemExit(1)"),
        (sys.executable, "-c", "print(1)"),
    ):
        with pytest.raises(SignerFailed):
            ProgramSigner.load(command, certificate).sign(b"x")


def test_a_key_in_a_file_with_its_password(tmp_path: Path) -> None:
    key, certificate = files(tmp_path, "ec", BestAvailableEncryption(b"invented"))
    found = signers(Settings(signers={"so": SignerSettings("H28", certificate, key, "invented")}))
    assert verify_edxml(sign_edxml(document(), found["H28"]), trust(signer(kind="ec"), organ="H28"), NOW)
    with pytest.raises(SettingsError, match=r"signers\.so: the key or the certificate cannot be used"):
        signers(Settings(signers={"so": SignerSettings("H28", certificate, key, "wrong")}))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    key, certificate = files(tmp_path, "ec")
    for wrong in (
        SignerSettings("", certificate, key),
        SignerSettings("H28", None, key),
        SignerSettings("H28", certificate),
        SignerSettings("H28", certificate, key, program=("x",)),
        SignerSettings("H28", certificate, tmp_path / "none"),
        SignerSettings("H28", key, key),
    ):
        with pytest.raises(SettingsError, match=r"signers\.so"):
            signers(Settings(signers={"so": wrong}))


def test_the_trust_folder_is_read_again_when_it_changes(tmp_path: Path) -> None:
    _, certificate = files(tmp_path, "ec")
    folder = TrustFolder((tmp_path / "trust", tmp_path / "none"))
    assert not folder.current().signers
    (tmp_path / "trust").mkdir()
    target = tmp_path / "trust" / "H28.05.pem"
    target.write_bytes(certificate.read_bytes())
    assert folder.current().knows("H28.05")
    assert folder.current().knows("000.00.05.H28"), "both forms of a code are the same agency"
    assert not folder.current().knows("H28.06")
    assert folder.current() is folder.current()
    target.rename(target.with_suffix(".revoked"))
    assert [each.revoked for each in folder.current().signers.values()] == [True]
    target.with_suffix(".revoked").unlink()
    assert not folder.current().signers
