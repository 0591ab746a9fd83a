"""The invented signature of the Government Office's documents: a key that anybody can compute, certificate in `demo-trust`.

ECDSA with the nonce derived from the message (RFC 6979), so that the same seed gives the same documents.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from lgsp.home import builtin
from lgsp.signature.algorithms import ECDSA_SHA256

SIGNING = "G22"
"""The agency outside the province whose documents come signed; the others' do not, as it is met in the field."""
_SYSTEM = "document-exchange"


@dataclass(frozen=True, slots=True)
class InventedSigner:
    """`lgsp.signature.Signer`, the same signature for the same message."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)

    @property
    def method(self) -> str:
        return ECDSA_SHA256

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def invented_key(agency: str = SIGNING) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(f"invented, protects nothing: {agency}".encode()).digest()[:31], "big")
    return ec.derive_private_key(number, ec.SECP256R1())


@cache
def government_office() -> InventedSigner:
    pem = (builtin().connectors / _SYSTEM / "demo-trust" / f"{SIGNING}.pem").read_bytes()
    return InventedSigner(invented_key(), x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
