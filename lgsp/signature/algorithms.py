"""The allow-list: what may sign, digest and canonicalise. Nothing with SHA-1, nothing symmetric, nothing with comments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from lgsp.signature.refusal import refused
from lgsp.xml import parse_xml

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11")
ENVELOPED = f"{DS}enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{_MORE}rsa-sha256"
ECDSA_SHA256 = f"{_MORE}ecdsa-sha256"
_MIN_RSA = 2048
_XML = "{http://www.w3.org/XML/1998/namespace}"

DIGESTS: Mapping[str, str] = MappingProxyType(
    {SHA256: "sha256", f"{_MORE}sha384": "sha384", "http://www.w3.org/2001/04/xmlenc#sha512": "sha512"}
)
_RSA: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        RSA_SHA256: hashes.SHA256(),
        f"{_MORE}rsa-sha384": hashes.SHA384(),
        f"{_MORE}rsa-sha512": hashes.SHA512(),
    }
)
_ECDSA: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        ECDSA_SHA256: hashes.SHA256(),
        f"{_MORE}ecdsa-sha384": hashes.SHA384(),
        f"{_MORE}ecdsa-sha512": hashes.SHA512(),
    }
)


def check_allowed(method: str, allowed: Mapping[str, object]) -> None:
    """Says what is wrong with an algorithm that is not on the list."""
    if method in allowed:
        return
    if "hmac" in method.lower():
        raise refused("hmac")
    raise refused("sha1" if method.lower().endswith("sha1") else "algorithm")


def check_signature(method: str, key: PublicKeyTypes, value: bytes, message: bytes) -> None:
    """The algorithm is chosen by the list and must be of the key's own kind. Raises `SignatureRefused`."""
    check_allowed(method, {**_RSA, **_ECDSA})
    try:
        if method in _RSA:
            if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _MIN_RSA:
                raise refused("algorithm")
            key.verify(value, message, padding.PKCS1v15(), _RSA[method])
        else:
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise refused("algorithm")
            size = (key.curve.key_size + 7) // 8
            if len(value) != 2 * size:
                raise refused("value")
            r, s = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(_ECDSA[method]))
    except InvalidSignature as error:
        raise refused("value") from error


def digest_of(method: str, pieces: Iterable[bytes]) -> bytes:
    """The digest of octets that need not stand in memory together."""
    found = hashlib.new(DIGESTS[method], usedforsecurity=True)
    for piece in pieces:
        found.update(piece)
    return found.digest()


def canonical(element: etree._Element, method: str, prefixes: tuple[str, ...] = ()) -> bytes:
    """The octets of one element as it stands in its document. Raises `SignatureRefused` for a method not on the list, and for
    what has no canonical form (a relative namespace address)."""
    try:
        return _canonical(element, method, prefixes)
    except etree.C14NError:
        raise refused("structure") from None


def _canonical(element: etree._Element, method: str, prefixes: tuple[str, ...]) -> bytes:
    if method == EXCLUSIVE:
        if not prefixes:
            return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
        named = list(prefixes)
        copy = _in_context(element)
        return etree.tostring(copy, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=named)
    if method not in INCLUSIVE or prefixes:
        raise refused("algorithm")
    if any(name.startswith(_XML) for parent in element.iterancestors() for name in parent.attrib):
        raise refused("structure")  # inherited xml: attributes: the two versions differ over them, nobody needs them
    return etree.tostring(_in_context(element), method="c14n", with_comments=False)


def _in_context(element: etree._Element) -> etree._Element:
    """A copy that carries all the names in scope: lxml writes them down when it serialises a part."""
    if element.getparent() is None:
        return element
    written = etree.tostring(element, with_tail=False)
    return parse_xml(written, limit=len(written))
