"""edXML's signature: what is genuine holds, whoever wrote it; everything else is refused by its own rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import methods
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from lgsp.errors import InvalidMessage, LgspError
from lgsp.signature import KeySigner, SignatureRefused, TrustStore, sign_edxml, verify_edxml
from lgsp.signature.edxml import NAMESPACE, is_signed
from tests.signature.house import NOW, document, signer, trust

DS = "{http://www.w3.org/2000/09/xmldsig#}"


def rule(raw: bytes, store: TrustStore | None = None, moment: timedelta = timedelta()) -> str | None:
    try:
        verify_edxml(raw, store or trust(signer()), NOW + moment)
    except SignatureRefused as error:
        return error.errors[0].rule.removeprefix("signature:")
    return None


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("subject", ["V/v mẫu", "<>&\"' \u00a0 Đ", " \n\t "])
def test_genuine(kind: str, files: bool, subject: str) -> None:
    one = signer(kind=kind)
    raw = sign_edxml(document(subject, files=files), one)
    verified = verify_edxml(raw, trust(one), NOW)
    assert verified.signer.organ == "H28.05"
    assert verified.parts["MessageHeader"].findtext(f"{{{NAMESPACE}}}Subject") == subject
    assert set(verified.parts) == {"MessageHeader", "edXMLBody", "AttachmentEncoded"}
    assert is_signed(raw)
    assert not is_signed(document())


def test_what_is_added_on_the_way_is_not_signed() -> None:
    root = etree.fromstring(sign_edxml(document(), signer()))
    trace = next(root.iter(f"{{{NAMESPACE}}}TraceHeaderList"))
    etree.SubElement(etree.SubElement(trace, f"{{{NAMESPACE}}}TraceHeader"), f"{{{NAMESPACE}}}OrganId").text = "H28"
    assert rule(etree.tostring(root)) is None


def test_another_implementation_verifies_ours() -> None:
    one = signer()
    raw = sign_edxml(document(), one)
    XMLVerifier().verify(
        raw,
        x509_cert=x509.load_der_x509_certificate(one.certificate),
        expect_config=SignatureConfiguration(expect_references=3, verification_time=NOW),
        validate_schema=False,
    )


def by_signxml(one: KeySigner, how: CanonicalizationMethod, **options: object) -> bytes:
    """The whole document signed by signxml, the signature put where the standard has it."""
    root = etree.fromstring(document())
    header = root.find(f"{{{NAMESPACE}}}edXMLEnvelope/{{{NAMESPACE}}}edXMLHeader")
    assert header is not None
    place = etree.SubElement(header, f"{{{NAMESPACE}}}DigitalSignature")
    etree.SubElement(place, f"{DS}Signature", Id="placeholder")
    made = XMLSigner(method=methods.enveloped, c14n_algorithm=how, **options)  # type: ignore[arg-type]
    pem = x509.load_der_x509_certificate(one.certificate).public_bytes(Encoding.PEM).decode()
    return etree.tostring(made.sign(root, key=one.key, cert=pem))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize(
    "how",
    [
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        CanonicalizationMethod.CANONICAL_XML_1_0,
        CanonicalizationMethod.CANONICAL_XML_1_1,
    ],
)
def test_we_verify_what_another_implementation_signed(kind: str, how: CanonicalizationMethod) -> None:
    one = signer(kind=kind)
    method = SignatureMethod.ECDSA_SHA256 if kind == "ec" else SignatureMethod.RSA_SHA384
    raw = by_signxml(one, how, signature_algorithm=method, digest_algorithm=DigestAlgorithm.SHA512)
    assert rule(raw, trust(one)) is None
    assert rule(raw.replace(b"12/STTTT-VP", b"13/STTTT-VP"), trust(one)) == "digest"


def changed(how: Callable[[etree._Element], None]) -> bytes:
    root = etree.fromstring(sign_edxml(document(), signer()))
    how(root)
    return etree.tostring(root)


def test_a_changed_word_in_every_signed_part() -> None:
    for tag in ("Subject", "OrganName", "CodeNumber", "AttachmentName", "ContentTransferEncoded", "ContentId"):

        def spoil(root: etree._Element, tag: str = tag) -> None:
            for each in root.iter(f"{{{NAMESPACE}}}{tag}"):
                each.text = "EVIL"

        assert rule(changed(spoil)) == "digest", tag


def test_another_key_or_value() -> None:
    def value(root: etree._Element) -> None:
        found = next(root.iter(f"{DS}SignatureValue"))
        raw = bytearray(base64.b64decode(found.text or ""))
        raw[5] ^= 1
        found.text = base64.b64encode(bytes(raw)).decode()

    def certificate(root: etree._Element) -> None:
        next(root.iter(f"{DS}X509Certificate")).text = base64.b64encode(signer("khac").certificate).decode()

    assert rule(changed(value)) == "value"
    assert rule(changed(certificate)) == "key"
    assert rule(changed(certificate), trust(signer(), signer("khac"))) == "value"


def test_foreign_expired_revoked_and_of_another_agency() -> None:
    raw = sign_edxml(document(), signer())
    assert rule(raw, trust(signer("khac"))) == "key"
    assert rule(raw, trust()) == "key"
    assert rule(raw, moment=timedelta(days=400)) == "expired"
    assert rule(raw, moment=timedelta(days=-31)) == "expired"
    assert rule(raw, trust(signer(), revoked=True)) == "revoked"
    assert rule(raw, trust(signer(), organ="H28.06")) == "organ"
    assert rule(raw, trust(signer(), organ="H28.0")) == "organ"
    assert rule(raw, trust(signer(), organ="H28")) is None


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "sha1"),
        ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", "sha1"),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", "sha1"),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", "hmac"),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "hmac"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", "algorithm"),
        ("", "algorithm"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "algorithm"),  # on the list, but not for this key
    ],
)
def test_signature_methods_off_the_list(method: str, wanted: str) -> None:
    def put(root: etree._Element) -> None:
        next(root.iter(f"{DS}SignatureMethod")).set("Algorithm", method)

    assert rule(changed(put)) == wanted


def test_hmac_with_the_public_certificate_as_the_secret() -> None:
    """Algorithm confusion: everybody knows the certificate, so everybody could sign with it."""
    root = etree.fromstring(sign_edxml(document(), signer()))
    next(root.iter(f"{DS}SignatureMethod")).set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    info = next(root.iter(f"{DS}SignedInfo"))
    octets = etree.tostring(info, method="c14n", exclusive=True)
    forged = hmac.new(signer().certificate, octets, hashlib.sha256).digest()
    next(root.iter(f"{DS}SignatureValue")).text = base64.b64encode(forged).decode()
    assert rule(etree.tostring(root)) == "hmac"


def test_other_forms_are_refused() -> None:
    def sha1_digest(root: etree._Element) -> None:
        next(root.iter(f"{DS}DigestMethod")).set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")

    def comments(root: etree._Element) -> None:
        next(root.iter(f"{DS}Transform")).set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")

    def xpath(root: etree._Element) -> None:
        next(root.iter(f"{DS}Transform")).set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")

    def length(root: etree._Element) -> None:
        etree.SubElement(next(root.iter(f"{DS}SignatureMethod")), f"{DS}HMACOutputLength").text = "0"

    def one_reference_less(root: etree._Element) -> None:
        reference = next(root.iter(f"{DS}Reference"))
        reference.getparent().remove(reference)  # type: ignore[union-attr]

    def elsewhere(root: etree._Element) -> None:
        next(root.iter(f"{DS}Reference")).set("URI", "http://attacker.invalid/document")

    def key_value(root: etree._Element) -> None:
        found = next(root.iter(f"{DS}KeyInfo"))
        found[0].tag = f"{DS}KeyValue"

    def words_between(root: etree._Element) -> None:
        root[0].tail = "EVIL"

    def second_envelope(root: etree._Element) -> None:
        root.append(etree.fromstring(etree.tostring(root[0])))

    for how, wanted in (
        (sha1_digest, "sha1"), (comments, "algorithm"), (xpath, "algorithm"), (length, "structure"),
        (one_reference_less, "reference"), (elsewhere, "reference"), (key_value, "key"),
        (words_between, "structure"), (second_envelope, "structure"),
    ):  # fmt: skip
        assert rule(changed(how)) == wanted, how.__name__


def test_what_is_not_signed_or_no_document() -> None:
    assert rule(document()) == "missing"
    assert rule(b"<a/>") == "structure"
    with pytest.raises(LgspError):
        verify_edxml(b"nothing", trust(), NOW)
    with pytest.raises(LgspError):
        verify_edxml(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", trust(), NOW)
    with pytest.raises(InvalidMessage):
        sign_edxml(sign_edxml(document(), signer()), signer())
    with pytest.raises(InvalidMessage):
        sign_edxml(b"<a/>", signer())


def test_what_has_no_canonical_form_is_refused() -> None:
    """Found by fuzzing: a relative namespace address parses, but cannot be canonicalised."""
    genuine = sign_edxml(document(), signer())
    for place in (b'xmlns="', b'xmlns:ds="', b"xmlns:edXML="):
        at = genuine.find(place)
        if at >= 0:
            bent = genuine[: at + len(place)] + (b'"q' if place.endswith(b"=") else b"q") + genuine[at + len(place) :]
            with pytest.raises(LgspError):
                verify_edxml(bent, trust(signer()), NOW)
    start = genuine.index(b">", genuine.index(b"<", 60))
    with pytest.raises(LgspError):
        verify_edxml(genuine[:start] + b' xmlns:q="q"' + genuine[start:], trust(signer()), NOW)
