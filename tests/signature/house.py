"""Certificates, documents and messages of the signature tests, all invented."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lgsp.signature import KeySigner, TrustStore
from lgsp.signature.trust import trusted
from lgsp_mocks.world.edxml import write_document

NOW = datetime(2022, 12, 6, 2, tzinfo=UTC)
SENDER = "H28.05"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


@cache
def signer(name: str = "so-tttt", kind: str = "ec", begin: int = -30, days: int = 365) -> KeySigner:
    """A key with a certificate of its own, valid from `begin` days after NOW."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} (mẫu)")])
    start: dt.datetime = NOW + timedelta(days=begin)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return KeySigner(key, certificate.public_bytes(Encoding.DER))


def trust(*signers: KeySigner, organ: str = SENDER, revoked: bool = False) -> TrustStore:
    return TrustStore.of(
        trusted(x509.load_der_x509_certificate(each.certificate), organ, revoked=revoked) for each in signers
    )


def document(subject: str = "V/v kết nối thử nghiệm (mẫu)", sender: str = SENDER, *, files: bool = True) -> bytes:
    return write_document(
        f"{sender},2022/12/06,12/STTTT-VP",
        (sender, "Sở mẫu"),
        [("H28.01", "Văn phòng mẫu")],
        subject,
        files=[("mau.zip", b"PK\x03\x04 mau")] if files else [],
    ).encode()


def message(space: str = SOAP11, text: str = "genuine") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{space}"><s:Header/><s:Body>'
        f'<q:ask xmlns:q="urn:mau"><q:code>{text}</q:code></q:ask></s:Body></s:Envelope>'
    ).encode()
