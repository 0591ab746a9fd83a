"""Wrapped messages: none is accepted, whichever node was moved, copied, renamed or doubled; the genuine ones all are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from lgsp.signature import SignatureRefused, sign_edxml, sign_soap, verify_edxml, verify_soap
from lgsp.signature.edxml import NAMESPACE as EDXML
from lgsp.signature.messages import WSSE, WSU
from tests.signature.house import NOW, SOAP11, SOAP12, document, message, signer, trust
from tests.signature.wrapping import MARK, Case, Find, cases, hidden_in_object, key_info


def at(path: str, space: str = EDXML) -> Find:
    def find(root: etree._Element) -> etree._Element:
        here = root
        for step in path.split("/") if path else ():
            found = here.find(f"{{{space}}}{step}")
            assert found is not None, step
            here = found
        return here

    return find


def edxml_cases() -> list[Case]:
    signed = sign_edxml(document(), signer())
    parts = {
        "header": at("edXMLEnvelope/edXMLHeader/MessageHeader"),
        "body": at("edXMLEnvelope/edXMLBody"),
        "attachments": at("AttachmentEncoded"),
        "envelope": at("edXMLEnvelope"),
    }
    places = {
        "root": at(""),
        "envelope": at("edXMLEnvelope"),
        "header": at("edXMLEnvelope/edXMLHeader"),
        "trace": at("edXMLEnvelope/edXMLHeader/TraceHeaderList"),
        "place": at("edXMLEnvelope/edXMLHeader/DigitalSignature"),
        "object": hidden_in_object,
        "key-info": key_info,
    }
    text = {"header": at("Subject"), "envelope": at("edXMLHeader/MessageHeader/Subject")}
    return [*cases(signed, parts, places, text)]


def soap_cases(space: str) -> list[Case]:
    signed = sign_soap(message(space), signer(), NOW)

    def security(root: etree._Element) -> etree._Element:
        return next(root.iter(f"{{{WSSE}}}Security"))

    parts: dict[str, Find] = {
        "body": at("Body", space),
        "timestamp": lambda root: next(root.iter(f"{{{WSU}}}Timestamp")),
        "security": security,
    }
    places: dict[str, Find] = {
        "root": at("", space),
        "header": at("Header", space),
        "security": security,
        "object": hidden_in_object,
        "key-info": key_info,
        "token": lambda root: next(root.iter(f"{{{WSSE}}}BinarySecurityToken")),
    }
    text: dict[str, Find] = {
        "timestamp": lambda part: next(part.iter(f"{{{WSU}}}Created")),
        "security": lambda part: next(part.iter(f"{{{WSU}}}Created")),
    }
    return [*cases(signed, parts, places, text)]


def accepted(found: list[Case], verify: Callable[[bytes], object]) -> list[str]:
    through = []
    for case in found:
        try:
            verify(case.document)
        except SignatureRefused:
            continue
        through.append(case.name)
    return through


def test_edxml() -> None:
    found = edxml_cases()
    assert len(found) >= 300
    assert all(MARK.encode() in case.document for case in found)
    assert accepted(found, lambda raw: verify_edxml(raw, trust(signer()), NOW)) == []


@pytest.mark.parametrize("space", [SOAP11, SOAP12])
def test_soap(space: str) -> None:
    found = soap_cases(space)
    assert len(found) >= 250
    assert accepted(found, lambda raw: verify_soap(raw, trust(signer()), NOW)) == []


def test_the_cases_would_fool_a_reader_that_trusts_ids() -> None:
    """The generator is worth something: in hundreds of cases the signed octets still stand somewhere under their id."""
    fooled = 0
    for case in edxml_cases():
        root = etree.fromstring(case.document)
        held = [each for each in root.iter() if each.get("Id", "").startswith("signed-")]
        fooled += any(MARK not in etree.tostring(each, encoding="unicode") for each in held)
    assert fooled >= 300
