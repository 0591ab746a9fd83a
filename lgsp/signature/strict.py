"""The verifier. It trusts no pointer: the caller names the very nodes that must be signed, and the signature must name
exactly these, each once. What is handed on is parsed from the octets that were digested, so nobody reads another message
than the one that was checked.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from lxml import etree

from lgsp.signature.algorithms import (
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    canonical,
    check_allowed,
    check_signature,
    digest_of,
)
from lgsp.signature.hollow import Fill, as_it_is
from lgsp.signature.refusal import refused
from lgsp.signature.trust import TrustedSigner, TrustStore
from lgsp.xml import parse_xml

_PREFIXES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
WHOLE = "whole"
"""The part that stands for the document without its signature, where all of it was signed."""


@dataclass(frozen=True, slots=True)
class Verified:
    """`parts` by the name that the caller gave them: elements of their own, parsed from what was signed."""

    signer: TrustedSigner
    parts: Mapping[str, etree._Element]
    identity: bytes
    """Digest of the signature itself: what a replay cache remembers."""


@dataclass(frozen=True, slots=True)
class _Reference:
    uri: str
    transforms: tuple[tuple[str, tuple[str, ...]], ...]
    digest_method: str
    digest: bytes


def check(
    root: etree._Element,
    signature: etree._Element,
    parts: Mapping[str, etree._Element],
    certificate: bytes | None,
    trust: TrustStore,
    at: datetime,
    *,
    enveloped: bool = False,
    fill: Fill = as_it_is,
) -> Verified:
    """`parts` must be signed, no more and no less; with `enveloped`, the whole document may be signed instead, all of it
    but the signature. `certificate` is one that the message carries elsewhere, `fill` brings what was taken out of a large
    document before it was read. Raises `SignatureRefused`."""
    _one_signature(root, signature)
    ids = _ids(root)
    info, value, named = _members(signature)
    method, prefixes, algorithm, references = _signed_info(info)
    if enveloped and [reference.uri for reference in references] == [""]:
        targets = {WHOLE: (root, references[0])}
    else:
        targets = _targets(references, ids, parts)
    for _, reference in targets.values():
        _check_transforms(reference)
    signer = trust.find(_certificate(named, certificate), at)
    check_signature(algorithm, signer.key, value, canonical(info, method, prefixes))
    found = {}
    for name, (element, reference) in targets.items():
        octets = _octets(element, signature, reference)
        if not hmac.compare_digest(digest_of(reference.digest_method, fill(octets)), reference.digest):
            raise refused("digest")
        found[name] = parse_xml(octets, limit=len(octets))
    return Verified(signer, found, sha256(value).digest())


def _one_signature(root: etree._Element, signature: etree._Element) -> None:
    """One in the whole document, whatever stands around it."""
    if [*root.iter(f"{{{DS}}}Signature")] != [signature]:
        raise refused("one")


def _ids(root: etree._Element) -> dict[str, etree._Element]:
    """Every attribute that anybody might take for an id, in any namespace and any case: each value once."""
    found: dict[str, etree._Element] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            if etree.QName(name).localname.lower() == "id":
                if value in found:
                    raise refused("id")
                found[str(value)] = element
    return found


def _members(signature: etree._Element) -> tuple[etree._Element, bytes, etree._Element | None]:
    """SignedInfo, the value and KeyInfo. An Object is a place to hide things: there is none."""
    children = list(signature)
    names = [child.tag for child in children]
    wanted = [f"{{{DS}}}SignedInfo", f"{{{DS}}}SignatureValue", f"{{{DS}}}KeyInfo"]
    if names not in (wanted, wanted[:2]) or set(signature.attrib) - {"Id"}:
        raise refused("structure")
    return children[0], _base64(children[1]), children[2] if len(children) == 3 else None


def _signed_info(info: etree._Element) -> tuple[str, tuple[str, ...], str, list[_Reference]]:
    children = list(info)
    names = [child.tag for child in children]
    head = [f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}SignatureMethod"]
    if names[:2] != head or len(names) < 3 or set(names[2:]) != {f"{{{DS}}}Reference"} or set(info.attrib) - {"Id"}:
        raise refused("structure")
    method = _algorithm(children[0])
    if method != EXCLUSIVE and method not in INCLUSIVE:
        raise refused("algorithm")
    algorithm = _algorithm(children[1])
    if len(children[1]):  # HMACOutputLength and the like
        raise refused("hmac" if "hmac" in algorithm.lower() else "structure")
    return method, _prefixes(children[0]), algorithm, [_reference(each) for each in children[2:]]


def _reference(element: etree._Element) -> _Reference:
    children = list(element)
    if [child.tag for child in children] != [
        f"{{{DS}}}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")
    ]:
        raise refused("structure")
    if set(element.attrib) - {"URI", "Id"} or "URI" not in element.attrib:
        raise refused("structure")
    transforms = []
    for transform in children[0]:
        if transform.tag != f"{{{DS}}}Transform":
            raise refused("structure")
        transforms.append((_algorithm(transform), _prefixes(transform)))
    digest_method = _algorithm(children[1])
    if len(children[1]):
        raise refused("structure")
    check_allowed(digest_method, DIGESTS)
    return _Reference(str(element.attrib["URI"]), tuple(transforms), digest_method, _base64(children[2]))


def _targets(
    references: list[_Reference],
    ids: Mapping[str, etree._Element],
    parts: Mapping[str, etree._Element],
) -> dict[str, tuple[etree._Element, _Reference]]:
    """Which part each reference means: by the node itself, never by its name."""
    found: dict[str, tuple[etree._Element, _Reference]] = {}
    for reference in references:
        target = ids.get(reference.uri[1:]) if reference.uri.startswith("#") else None
        name = next((name for name, part in parts.items() if part is target), None)
        if name is None or name in found:
            raise refused("reference")
        found[name] = (parts[name], reference)
    if found.keys() != parts.keys():
        raise refused("reference")
    return found


def _check_transforms(reference: _Reference) -> None:
    names = [name for name, _ in reference.transforms]
    before = [ENVELOPED] if reference.uri == "" else []
    if names[:-1] != before or not names or names[-1] not in (EXCLUSIVE, *INCLUSIVE):
        raise refused("algorithm")


def _octets(element: etree._Element, signature: etree._Element, reference: _Reference) -> bytes:
    """Two chains of transforms exist: canonicalise; or, for the whole document, take the signature out and canonicalise."""
    if reference.uri != "":
        return canonical(element, *reference.transforms[-1])
    parent = signature.getparent()
    if parent is None:
        raise refused("structure")
    place, tail = parent.index(signature), signature.tail
    before = signature.getprevious()
    parent.remove(signature)  # with its tail, which belongs to the parent: it is put back
    if tail:
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    octets = canonical(element, *reference.transforms[-1])
    signature.tail = None
    parent.insert(place, signature)
    return octets


def _certificate(named: etree._Element | None, carried: bytes | None) -> bytes:
    """The one certificate that KeyInfo names, or the message's own token. A bare key, a name or a serial is not enough."""
    if carried is not None:
        return carried
    if named is None:
        raise refused("key")
    data = list(named)
    if [child.tag for child in data] != [f"{{{DS}}}X509Data"]:
        raise refused("key")
    certificates = [child for child in data[0] if child.tag == f"{{{DS}}}X509Certificate"]
    if len(certificates) != 1:
        raise refused("key")
    return _base64(certificates[0])


def _algorithm(element: etree._Element) -> str:
    if set(element.attrib) != {"Algorithm"}:
        raise refused("structure")
    return str(element.attrib["Algorithm"])


def _prefixes(element: etree._Element) -> tuple[str, ...]:
    """Exclusive canonicalisation's PrefixList, the one parameter that is understood."""
    children = list(element)
    if not children:
        return ()
    if [child.tag for child in children] != [_PREFIXES] or set(children[0].attrib) != {"PrefixList"}:
        raise refused("algorithm")
    return tuple(str(children[0].attrib["PrefixList"]).split())


def _base64(element: etree._Element) -> bytes:
    if len(element):
        raise refused("structure")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("structure") from error
