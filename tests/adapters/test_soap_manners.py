"""How clients really write SOAP: each manner that is read, and each that is refused with a clear Fault."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from lgsp.adapters import soap, soap_fault
from lgsp.adapters.envelope import NAMESPACES, Version
from lgsp.contract.model import Contract
from lgsp.errors import BadAnswer, InvalidMessage, LgspError, UnsupportedMediaType
from lgsp.model import HttpRequest, HttpResponse
from lgsp.xml import parse_xml
from tests.adapters.contracts import public
from tests.contract.made import binding, made, schema, wsdl

NS = "urn:lgsp:register:v1"
ENV = NAMESPACES["1.1"]
DATA = {"ma": "A1", "ten": "Mẫu & con"}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return public(tmp_path_factory.mktemp("contract"))


def sent(raw: str | bytes, version: Version = "1.1", **headers: str) -> HttpRequest:
    kind = {"1.1": "text/xml", "1.2": "application/soap+xml"}[version]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", "/", {"content-type": kind, **named}, raw.encode() if isinstance(raw, str) else raw)


def envelope(body: str, prefix: str = "soap", head: str = "") -> str:
    name = f"{prefix}:" if prefix else ""
    declared = f"xmlns{':' + prefix if prefix else ''}"
    return f'<{name}Envelope {declared}="{ENV}">{head}<{name}Body>{body}</{name}Body></{name}Envelope>'


PLAIN = f'<hoi xmlns="{NS}"><ma>A1</ma><ten>Mẫu &amp; con</ten></hoi>'
PREFIXED = f'<q:hoi xmlns:q="{NS}"><q:ma>A1</q:ma><q:ten>Mẫu &amp; con</q:ten></q:hoi>'


@pytest.mark.parametrize(
    "raw",
    [
        envelope(PLAIN),
        envelope(PREFIXED, prefix="S"),
        envelope(PREFIXED, prefix=""),
        envelope(PLAIN.replace("Mẫu &amp; con", "<![CDATA[Mẫu & con]]>")),
        envelope(PLAIN.replace("Mẫu &amp; con", "Mẫu<!-- ghi chú --> &#38; con")),
        envelope(PLAIN.replace("><ma>", ">\n  <!-- mã -->\r\n\t<ma>").replace("</ten><", "</ten>\n<")),
        envelope(f"\n  <!-- thân -->\n  {PLAIN}\n", head="\n<soap:Header>\n</soap:Header>\n"),
        "\ufeff" + envelope(PLAIN),
        '<?xml version="1.0" encoding="utf-8"?>\n<!-- đầu -->\n<?pi x?>\n' + envelope(PLAIN) + "\n<!-- cuối -->\n",
        codecs.BOM_UTF16_LE + envelope(PLAIN).encode("utf-16-le"),
        codecs.BOM_UTF16_BE + ('<?xml version="1.0" encoding="UTF-16"?>' + envelope(PLAIN)).encode("utf-16-be"),
    ],
    ids=[
        "default namespace", "prefix in the Body", "no prefix for the envelope", "CDATA", "comment in a text", "comments and line breaks",
        "around the Body", "UTF-8 with BOM", "declaration, comments, instructions", "UTF-16LE", "UTF-16BE declared",
    ],
)  # fmt: skip
def test_what_clients_write_is_read(register: Contract, raw: str | bytes) -> None:
    assert soap.decode_request(register, sent(raw)).data == DATA


@pytest.mark.parametrize("action", [None, "", '""', "{}", '"{}"'])
def test_a_soap_action_may_be_missing_empty_or_quoted(register: Contract, action: str | None) -> None:
    named = {} if action is None else {"soapaction": action.format(register.operations["hoi"].soap.action)}
    assert soap.decode_request(register, sent(envelope(PLAIN), **named)).operation.name == "hoi"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_both_versions_are_understood_at_one_address(register: Contract, version: Version) -> None:
    raw = envelope(PLAIN).replace(ENV, NAMESPACES[version])
    read = soap.decode_request(register, sent(raw, version))
    assert (read.version, read.data) == (version, DATA)
    assert (
        parse_xml(bytes(soap.encode_response(read.operation, {"ma": "A1"}, version).body)).tag
        == f"{{{NAMESPACES[version]}}}Envelope"
    )  # type: ignore[arg-type]


REFUSED: list[tuple[HttpRequest, type[LgspError], str]] = [
    (
        sent(envelope(PLAIN.replace("Mẫu", "é")).encode("latin-1"), content_type="text/xml; charset=iso-8859-1"),
        InvalidMessage,
        "xml:malformed",
    ),
    (sent('<?xml version="1.0" encoding="windows-1258"?>' + envelope(PLAIN)), InvalidMessage, "xml:encoding"),
    (sent("<!DOCTYPE a>" + envelope(PLAIN)), InvalidMessage, "xml:doctype"),
    (sent(b"--x\r\n\r\n", content_type='multipart/related; type="text/xml"; boundary=x'), UnsupportedMediaType, ""),
    (
        sent(b"--x\r\n\r\n", content_type='multipart/related; type="application/xop+xml"; boundary=x'),
        UnsupportedMediaType,
        "",
    ),
    (
        sent(
            envelope(PLAIN.replace("A1", '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a"/>'))
        ),
        InvalidMessage,
        "",
    ),
    (sent(envelope(PLAIN) + "x"), InvalidMessage, "xml:malformed"),
]


@pytest.mark.parametrize(("request_", "error", "rule"), REFUSED)
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_is_refused_has_a_fault_of_its_own(
    register: Contract, request_: HttpRequest, error: type[LgspError], rule: str, version: Version
) -> None:
    """Attachments (MIME and XOP), other encodings, document types."""
    with pytest.raises(error) as caught:
        soap.decode_request(register, request_)
    if rule:
        assert [each.rule for each in caught.value.errors] == [rule]
    fault = soap_fault.encode_fault(caught.value, version, "en", "c1")
    assert fault.status == (415 if error is UnsupportedMediaType else 500 if version == "1.1" else 400)
    assert fault.headers["content-type"].startswith({"1.1": "text/xml", "1.2": "application/soap+xml"}[version])
    assert caught.value.code.encode() in bytes(fault.body)  # type: ignore[arg-type]


def test_an_empty_body_asks_for_the_operation_without_parts(tmp_path: Path) -> None:
    contract = made(tmp_path, wsdl("", parts=""))
    operation = contract.operations["op"]
    written = soap.encode_request(operation, {})
    assert b"<soap:Body></soap:Body>" in bytes(written.body)  # type: ignore[arg-type]
    read = soap.decode_request(contract, written)
    assert (read.operation.name, read.data) == ("op", {})


def test_one_way_is_accepted_and_answered_with_nothing(tmp_path: Path) -> None:
    operation = made(tmp_path, wsdl(schema('<xs:element name="a" type="xs:string"/>'))).operations["op"]
    assert operation.soap.one_way
    answer = soap.encode_response(operation, {})
    assert (answer.status, answer.body) == (202, b"")
    assert soap.decode_response(operation, answer) == {}
    assert soap.decode_response(operation, HttpResponse(200, {"content-type": "text/xml"}, envelope("").encode())) == {}
    with pytest.raises(BadAnswer):
        soap.decode_response(operation, HttpResponse(500, {"content-type": "text/html"}, b""))


def test_operations_that_ask_alike_need_their_action(tmp_path: Path) -> None:
    more = '<operation name="hai"><soap:operation soapAction="urn:hai"/><input><soap:body use="literal"/></input></operation>'
    text = wsdl(
        schema('<xs:element name="a" type="xs:string"/>'),
        bound=binding(more=more),
        operations='<operation name="hai"><input message="t:m"/></operation>',
    )
    contract = made(tmp_path, text)
    body = envelope('<a xmlns="urn:t">m</a>')
    for name in ("op", "hai"):
        assert soap.decode_request(contract, sent(body, soapaction=f'"urn:{name}"')).operation.name == name
    for said in ("", '"urn:ba"'):
        with pytest.raises(InvalidMessage):
            soap.decode_request(contract, sent(body, soapaction=said))
