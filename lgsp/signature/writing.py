"""Writes a ds:Signature over named elements: exclusive canonicalisation, SHA-256, the signer's own algorithm."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from lxml import etree

from lgsp.signature.algorithms import DS, EXCLUSIVE, SHA256, canonical, digest_of
from lgsp.signature.hollow import Fill, as_it_is
from lgsp.signature.signer import Signer


def write_signature(
    place: etree._Element,
    parts: Mapping[str, etree._Element],
    signer: Signer,
    key_info: etree._Element | None = None,
    fill: Fill = as_it_is,
) -> etree._Element:
    """Appended to `place`, which stands in its document already: names in scope are part of what is signed. `parts` by id.

    Without `key_info` the signature carries its certificate itself. `fill` brings what was taken out of a large document.
    """
    signature = etree.SubElement(place, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=signer.method)
    for name, element in parts.items():
        reference = etree.SubElement(info, f"{{{DS}}}Reference", URI=f"#{name}")
        transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=EXCLUSIVE)
        etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=SHA256)
        digest = digest_of(SHA256, fill(canonical(element, EXCLUSIVE)))
        etree.SubElement(reference, f"{{{DS}}}DigestValue").text = base64.b64encode(digest).decode()
    value = etree.SubElement(signature, f"{{{DS}}}SignatureValue")
    value.text = base64.b64encode(signer.sign(canonical(info, EXCLUSIVE))).decode()
    named = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
    if key_info is not None:
        named.append(key_info)
    else:
        data = etree.SubElement(named, f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64.b64encode(signer.certificate).decode()
    return signature
