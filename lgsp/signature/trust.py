"""Whose signatures count: certificates that an operator has put into the trust store, each for the agencies it may sign for.

A certificate inside a message only says which of ours is meant; it never brings trust of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from lgsp.identifiers import parse_agency_code
from lgsp.signature.refusal import refused

_FILE = re.compile(r"([A-Z0-9.]{1,35}?)(?:-[a-z0-9]+)?\.(pem|revoked)")


@dataclass(frozen=True, slots=True)
class TrustedSigner:
    """`organ` is the agency's code (QĐ 20/2020/QĐ-TTg); it signs for that agency and those below it."""

    fingerprint: str
    organ: str
    certificate: x509.Certificate = field(repr=False)
    revoked: bool = False

    @property
    def key(self) -> PublicKeyTypes:
        return self.certificate.public_key()

    def signs_for(self, organ: str) -> bool:
        """Codes are written from the province down (H28.05.03) or, in QCVN 102's first form, from the unit up (000.03.05.H28)."""
        ours, theirs = parse_agency_code(self.organ), parse_agency_code(organ)
        if ours is None or theirs is None:
            return organ == self.organ
        return theirs.groups[: len(ours.groups)] == ours.groups


@dataclass(frozen=True, slots=True)
class TrustStore:
    signers: Mapping[str, TrustedSigner]
    """By SHA-256 of the certificate."""

    @classmethod
    def of(cls, signers: Iterable[TrustedSigner]) -> TrustStore:
        """A certificate that is revoked anywhere is revoked."""
        ordered = sorted(signers, key=lambda each: each.revoked)
        return cls(MappingProxyType({each.fingerprint: each for each in ordered}))

    @classmethod
    def load(cls, folder: Path) -> TrustStore:
        """`<organ>[-<which>].pem`, one or more certificates each; `….revoked` keeps one to refuse it by name."""
        found = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if (named := _FILE.fullmatch(path.name)) is None:
                continue
            revoked = named[2] == "revoked"
            found += [
                trusted(each, named[1], revoked=revoked) for each in x509.load_pem_x509_certificates(path.read_bytes())
            ]
        return cls.of(found)

    def knows(self, organ: str) -> bool:
        """Whether any certificate, valid or not, stands for this very agency: then its documents come signed, and one without
        a signature has lost it."""
        wanted = parse_agency_code(organ)
        return any(wanted is not None and parse_agency_code(each.organ) == wanted for each in self.signers.values())

    def find(self, der: bytes, at: datetime) -> TrustedSigner:
        """The signer that this certificate names, valid at that moment. Raises `SignatureRefused`."""
        signer = self.signers.get(sha256(der).hexdigest())
        if signer is None:
            raise refused("key")
        if signer.revoked:
            raise refused("revoked")
        certificate = signer.certificate
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise refused("expired")
        _check_usage(certificate)
        return signer


@dataclass(slots=True)
class TrustFolder:
    """The trust store of folders as they stand now: a certificate that is put in or taken out counts from the next document."""

    folders: tuple[Path, ...]
    _seen: tuple[tuple[str, int, int], ...] | None = None
    _store: TrustStore = field(default_factory=lambda: TrustStore({}))

    def current(self) -> TrustStore:
        """Looks at the folder, so it is called off the event loop. Raises ValueError for a file that is no certificate."""
        files = [each for folder in self.folders if folder.is_dir() for each in sorted(folder.iterdir())]
        facts = [(str(each), each.stat()) for each in files if each.is_file()]
        seen = tuple((name, fact.st_mtime_ns, fact.st_size) for name, fact in facts)
        if seen != self._seen:
            loaded = [signer for folder in self.folders for signer in TrustStore.load(folder).signers.values()]
            self._store, self._seen = TrustStore.of(loaded), seen
        return self._store


def trusted(certificate: x509.Certificate, organ: str, *, revoked: bool = False) -> TrustedSigner:
    der = certificate.public_bytes(Encoding.DER)
    return TrustedSigner(sha256(der).hexdigest(), organ, certificate, revoked)


def _check_usage(certificate: x509.Certificate) -> None:
    """A certificate that says what it is for must be for signing."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise refused("key")
