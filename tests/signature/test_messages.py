"""Signed SOAP: Body and Timestamp by their nodes, fresh, once; and the trust store and keys as files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from lgsp.runtime import Runtime
from lgsp.signature import KeySigner, SignatureRefused, TrustStore, admit, sign_soap, verify_soap
from lgsp.signature.messages import WSU
from lgsp.store import open_store
from lgsp_mocks.clock import run
from tests.signature.house import NOW, SOAP11, SOAP12, message, signer, trust

DS = "{http://www.w3.org/2000/09/xmldsig#}"


def rule(raw: bytes, moment: timedelta = timedelta(), store: TrustStore | None = None) -> str | None:
    try:
        verify_soap(raw, store or trust(signer()), NOW + moment)
    except SignatureRefused as error:
        return error.errors[0].rule.removeprefix("signature:")
    return None


@pytest.mark.parametrize("space", [SOAP11, SOAP12])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_genuine(space: str, kind: str) -> None:
    one = signer(kind=kind)
    verified, until = verify_soap(sign_soap(message(space), one, NOW), trust(one), NOW)
    assert verified.parts["Body"].findtext("{urn:mau}ask/{urn:mau}code") == "genuine"
    assert until == NOW + timedelta(minutes=5)


def test_fresh_and_no_longer() -> None:
    raw = sign_soap(message(), signer(), NOW)
    assert rule(raw, timedelta(minutes=4)) is None
    assert rule(raw, timedelta(minutes=5)) == "stale"
    assert rule(raw, timedelta(minutes=-6)) == "stale"
    assert rule(sign_soap(message(), signer(), NOW, seconds=86_400), timedelta(minutes=6)) == "stale"
    assert rule(sign_soap(message(), signer(), NOW, seconds=60), timedelta(minutes=2)) == "stale"


def test_changed_or_bare() -> None:
    raw = sign_soap(message(), signer(), NOW)
    assert rule(raw.replace(b"genuine", b"EVIL")) == "digest"
    assert rule(message()) == "missing"
    assert rule(raw, store=trust(signer("khac"))) == "key"
    root = etree.fromstring(raw)
    stamp = next(root.iter(f"{{{WSU}}}Expires"))
    stamp.text = "2099-01-01T00:00:00Z"
    assert rule(etree.tostring(root)) == "digest"


def test_the_whole_message_by_an_enveloped_signature_is_not_the_profile() -> None:
    root = etree.fromstring(sign_soap(message(), signer(), NOW))
    next(root.iter(f"{DS}Reference")).set("URI", "")
    assert rule(etree.tostring(root)) == "reference"


def test_a_message_counts_once_also_after_a_restart(tmp_path: Path) -> None:
    verified, until = verify_soap(sign_soap(message(), signer(), NOW), trust(signer()), NOW)

    async def story(runtime: Runtime) -> list[str]:
        seen = []
        for _ in range(2):
            store = await open_store(tmp_path, runtime, inline=True)
            try:
                await admit(store.replays, verified, NOW, until)
                seen.append("admitted")
            except SignatureRefused as error:
                seen.append(error.errors[0].rule)
            await store.close()
        store = await open_store(tmp_path, runtime, inline=True)
        await admit(store.replays, verified, until + timedelta(seconds=1), until + timedelta(minutes=9))
        await store.close()
        return seen

    assert run(story) == ["admitted", "signature:replayed"]


def test_trust_and_keys_as_files(tmp_path: Path) -> None:
    one, gone = signer(kind="rsa"), signer("khac")

    def pem(each: KeySigner) -> bytes:
        return x509.load_der_x509_certificate(each.certificate).public_bytes(Encoding.PEM)

    (tmp_path / "H28.05.pem").write_bytes(pem(one))
    (tmp_path / "H28.05-cu.revoked").write_bytes(pem(gone))
    (tmp_path / "README").write_text("not a certificate")
    store = TrustStore.load(tmp_path)
    assert rule(sign_soap(message(), one, NOW), store=store) is None
    assert rule(sign_soap(message(), gone, NOW), store=store) == "revoked"
    key = tmp_path / "key"
    key.write_bytes(one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    loaded = KeySigner.load(key, tmp_path / "H28.05.pem")
    assert rule(sign_soap(message(), loaded, NOW), store=store) is None
    with pytest.raises(ValueError, match="not the certificate's"):
        KeySigner.load(key, tmp_path / "H28.05-cu.revoked")
    assert TrustStore.load(tmp_path / "nowhere").signers == {}
