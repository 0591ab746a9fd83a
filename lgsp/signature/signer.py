"""Who signs, as a port: a key in a file here, a token behind PKCS#11 in a province. The key itself never passes through."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from lgsp.signature.algorithms import ECDSA_SHA256, RSA_SHA256

PROGRAM_SECONDS = 30.0
"""Longest wait for a token to sign; then the document is not sent."""


class SignerFailed(Exception):
    """No signature was made. The message names the signer, never what was to be signed."""


class Signer(Protocol):
    @property
    def certificate(self) -> bytes:
        """DER."""

    @property
    def method(self) -> str:
        """The XML signature algorithm's address."""

    def sign(self, message: bytes) -> bytes:
        """The raw signature value: for ECDSA r and s side by side. May take long; called off the event loop."""


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A private key in memory."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)

    @classmethod
    def load(cls, key: Path, certificate: Path, password: bytes | None = None) -> KeySigner:
        """From PEM files. Raises ValueError for a key of another kind or one that is not the certificate's."""
        private = load_pem_private_key(key.read_bytes(), password)
        if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("the key is neither RSA nor elliptic")  # noqa: TRY004  a value of the file
        named = x509.load_pem_x509_certificate(certificate.read_bytes())
        if named.public_key() != private.public_key():
            raise ValueError("the key is not the certificate's")
        return cls(private, named.public_bytes(Encoding.DER))

    @property
    def method(self) -> str:
        return RSA_SHA256 if isinstance(self.key, rsa.RSAPrivateKey) else ECDSA_SHA256

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        size = (self.key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@dataclass(frozen=True, slots=True)
class ProgramSigner:
    """A key that never leaves its token: a program of the operator's (`pkcs11-tool --sign …`) gets the octets on its standard
    input and writes the raw value. It must use SHA-256, and PKCS #1 v1.5 for RSA; for ECDSA r and s side by side, or DER."""

    command: tuple[str, ...]
    certificate: bytes = field(repr=False)

    @classmethod
    def load(cls, command: tuple[str, ...], certificate: Path) -> ProgramSigner:
        """Raises ValueError for a certificate of another kind of key."""
        named = x509.load_pem_x509_certificate(certificate.read_bytes())
        if not isinstance(named.public_key(), rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise ValueError("the key is neither RSA nor elliptic")  # noqa: TRY004  a value of the file
        return cls(command, named.public_bytes(Encoding.DER))

    @property
    def method(self) -> str:
        return RSA_SHA256 if isinstance(self._key, rsa.RSAPublicKey) else ECDSA_SHA256

    @property
    def _key(self) -> object:
        return x509.load_der_x509_certificate(self.certificate).public_key()

    def sign(self, message: bytes) -> bytes:
        """Raises `SignerFailed`."""
        try:
            done = subprocess.run(  # noqa: S603  the operator's own program, without a shell
                self.command, input=message, capture_output=True, timeout=PROGRAM_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SignerFailed(f"{self.command[0]} made no signature") from error
        key, value = self._key, done.stdout
        if isinstance(key, ec.EllipticCurvePublicKey):
            size = (key.curve.key_size + 7) // 8
            if len(value) != 2 * size:
                r, s = _der(value, self.command[0])
                value = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return value


def _der(value: bytes, program: str) -> tuple[int, int]:
    try:
        return decode_dss_signature(value)
    except ValueError as error:
        raise SignerFailed(f"{program} wrote no signature") from error
