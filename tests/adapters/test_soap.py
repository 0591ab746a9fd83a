"""SOAP between data and bytes: both versions, faults both ways, and envelopes that say two things."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.adapters import soap, soap_fault
from lgsp.adapters.envelope import NAMESPACES, WSSE, MustUnderstand, Version, VersionMismatch
from lgsp.adapters.problem import ORDER, problem
from lgsp.contract.model import Contract
from lgsp.errors import (
    BadAnswer,
    CircuitOpen,
    InvalidMessage,
    LgspError,
    Unauthenticated,
    UnknownOperation,
    UnsupportedMediaType,
    leaves,
)
from lgsp.model import Blob, FieldError, HttpRequest, HttpResponse
from lgsp.xml import parse_xml
from tests.adapters.contracts import public

NS = "urn:lgsp:register:v1"
VERSIONS: tuple[Version, ...] = ("1.1", "1.2")


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return public(tmp_path_factory.mktemp("contract"))


def request(
    body: str, version: Version = "1.1", header: str = "", headers: Mapping[str, str] | None = None
) -> HttpRequest:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    raw = f'<s:Envelope xmlns:s="{NAMESPACES[version]}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()
    kind = {"1.1": "text/xml", "1.2": "application/soap+xml"}[version]
    return HttpRequest("POST", "/", {"content-type": kind, **(headers or {})}, raw)


GOOD = f'<hoi xmlns="{NS}"><ma>A1</ma></hoi>'


@pytest.mark.parametrize("version", VERSIONS)
def test_there_and_back(register: Contract, version: Version) -> None:
    operation = register.operations["hoi"]
    data = {"ma": "A1", "ten": "Nguyễn <Mẫu> & con"}
    sent = soap.encode_request(operation, data, version)
    read = soap.decode_request(register, sent)
    assert (read.operation, read.data, read.version) == (operation, data, version)
    assert read.action == operation.soap.action
    answer = {"ma": "A1", "so": [1, 2]}
    assert soap.decode_response(operation, soap.encode_response(operation, answer, version)) == answer
    assert soap.encode_proved_response(operation, answer, version) == soap.encode_response(operation, answer, version)


def test_an_answer_is_proved_while_it_is_written(register: Contract) -> None:
    operation = register.operations["hoi"]
    with pytest.raises(InvalidMessage) as refused:
        soap.encode_proved_response(operation, {"ma": "A1", "so": ["không phải số"]})
    assert [each.path for each in refused.value.errors] == ["/so/0"]
    large = Blob(Path("/khong-co"), 3_000_000, "0" * 64, 3_000_002, 3_000_000)
    written = soap.encode_proved_response(operation, {"ma": large})
    assert written == soap.encode_response(operation, {"ma": large}), "what stands in a file goes the long way"
    assert len(written.body) > 3_000_000


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("leaf", list(leaves()), ids=lambda leaf: leaf.__name__)
def test_every_leaf_of_the_table_stands_in_a_fault(leaf: type[LgspError], version: Version) -> None:
    error = leaf("chi tiết", errors=(FieldError("/ma", "required"),), provider=("12", "<không>"), retry_after=1.2)
    error.system, error.operation = "register", "hoi"
    members = problem(error, "vi", "/correlation/c")
    assert list(members) == [name for name in ORDER if name in members] == list(ORDER)
    response = soap_fault.encode_fault(error, version, "vi", "c")
    root = parse_xml(response.body if isinstance(response.body, bytes) else b"")
    detail = root.find(f".//{{{soap_fault.ERROR_NS}}}error")
    assert detail is not None
    read = {str(child.tag).partition("}")[2]: child for child in detail}
    assert list(read) == list(ORDER)
    assert read["code"].text == leaf.code
    assert read["retry_after"].text == "2"
    assert [each.text for each in read["errors"][0]] == ["/ma", "required"]
    assert [each.text for each in read["provider"]] == ["12", "<không>"]
    kept = leaf.status in (401, 405, 413, 415, 429, 503)
    receiver = soap_fault.fault_code(error, version) in ("Server", "Receiver")
    assert response.status == (leaf.status if kept else 500 if version == "1.1" or receiver else 400)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (request(GOOD, headers={"content-type": "application/json"}), UnsupportedMediaType),
        (request(GOOD, "1.2", headers={"content-type": "text/xml"}), VersionMismatch),
        (request(GOOD, header='<x xmlns="urn:x" s:mustUnderstand="1"/>'), MustUnderstand),
        (request(""), InvalidMessage),
        (request(GOOD + GOOD), InvalidMessage),
        (request("<la/>"), UnknownOperation),
        (request('<hoi xmlns="urn:other"><ma>A1</ma></hoi>'), InvalidMessage),
        (request(f'<hoi xmlns="{NS}"><ma>thường</ma></hoi>'), InvalidMessage),
        (request(GOOD, headers={"soapaction": '"urn:other"'}), InvalidMessage),
        (
            request(GOOD, header='<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">urn:other</a:Action>'),
            InvalidMessage,
        ),
        (HttpRequest("POST", "/", {"content-type": "text/xml"}, b"<x/>"), VersionMismatch),
    ],
)
def test_what_says_two_things_is_refused(register: Contract, sent: HttpRequest, error: type[LgspError]) -> None:
    with pytest.raises(error):
        soap.decode_request(register, sent)


def test_a_second_body_is_refused(register: Contract) -> None:
    raw = request(GOOD).body
    assert isinstance(raw, bytes)
    doubled = raw.replace(b"</s:Body>", b"</s:Body><s:Body/>")
    with pytest.raises(InvalidMessage):
        soap.decode_request(register, HttpRequest("POST", "/", {"content-type": "text/xml"}, doubled))


def test_a_block_for_somebody_else_need_not_be_understood(register: Contract) -> None:
    block = '<x xmlns="urn:x" s:mustUnderstand="1" s:actor="urn:another"/>'
    assert soap.decode_request(register, request(GOOD, header=block)).data == {"ma": "A1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ministrys_fault_is_told_in_its_words(register: Contract, version: Version) -> None:
    response = soap_fault.plain_fault("Server", "Lỗi <nội bộ>", version)
    with pytest.raises(soap_fault.SoapFaultReceived) as received:
        soap.decode_response(register.operations["hoi"], response)
    assert (received.value.code, received.value.text) == ("Server" if version == "1.1" else "Receiver", "Lỗi <nội bộ>")
    assert "nội bộ" not in str(received.value)


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(200, {"content-type": "text/html"}, b"<html/>"),
        HttpResponse(200, {"content-type": "text/xml"}, b"<x/>"),
        HttpResponse(200, {"content-type": "text/xml"}, b"<x"),
        HttpResponse(200, {"content-type": "text/xml"}, request("<la/>").body),
        HttpResponse(502, {"content-type": "text/xml"}, request(f'<hoiResponse xmlns="{NS}"/>').body),
    ],
)
def test_what_is_no_answer_breaks_the_contract(register: Contract, response: HttpResponse) -> None:
    with pytest.raises(BadAnswer):
        soap.decode_response(register.operations["hoi"], response)


def answer(version: Version, header: str = "") -> HttpResponse:
    space = NAMESPACES[version]
    kind = {"1.1": "text/xml", "1.2": "application/soap+xml"}[version]
    body = f'<hoiResponse xmlns="{NS}"><ma>A1</ma></hoiResponse>'
    raw = f'<s:Envelope xmlns:s="{space}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    return HttpResponse(200, {"content-type": kind}, raw.encode())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_with_a_block_that_must_be_understood_and_is_not_is_no_answer(
    register: Contract, version: Version
) -> None:
    operation = register.operations["hoi"]
    strange = '<la:k xmlns:la="urn:la"{}>1</la:k>'
    assert soap.decode_response(operation, answer(version, strange.format("")), version) == {"ma": "A1"}
    for_nobody_here = strange.format(' s:mustUnderstand="1" s:actor="urn:khac" s:role="urn:khac"')
    assert soap.decode_response(operation, answer(version, for_nobody_here), version) == {"ma": "A1"}
    stamped = f'<o:Security xmlns:o="{WSSE}" s:mustUnderstand="1"/>'
    assert soap.decode_response(operation, answer(version, stamped), version) == {"ma": "A1"}
    with pytest.raises(BadAnswer) as caught:
        soap.decode_response(operation, answer(version, strange.format(' s:mustUnderstand="1"')), version)
    assert caught.value.errors[0].rule == "soap: mustUnderstand"


@pytest.mark.parametrize(("asked", "answered"), [("1.1", "1.2"), ("1.2", "1.1")])
def test_an_answer_in_the_other_soap_version_is_no_answer_but_a_fault_in_it_is_one(
    register: Contract, asked: Version, answered: Version
) -> None:
    operation = register.operations["hoi"]
    assert soap.decode_response(operation, answer(answered), answered) == {"ma": "A1"}
    with pytest.raises(BadAnswer) as caught:
        soap.decode_response(operation, answer(answered), asked)
    assert caught.value.errors[0].rule == f"soap: envelope {NAMESPACES[asked]}"
    with pytest.raises(soap_fault.SoapFaultReceived) as fault:
        soap.decode_response(operation, soap_fault.plain_fault("VersionMismatch", "sai", answered), asked)
    assert fault.value.code == "VersionMismatch"


def test_the_inside_of_the_bus_is_not_told() -> None:
    from lgsp.errors import BusFault

    told = problem(BusFault("a table is missing"), "en", "/correlation/c")
    assert told["detail"] == told["title"] == "Fault of the bus"


def test_an_update_that_carries_on_is_not_to_be_repeated() -> None:
    assert problem(CircuitOpen(), "vi", "")["retryable"] is True
    assert problem(CircuitOpen(submission="s"), "vi", "")["retryable"] is False
    assert problem(Unauthenticated(), "vi", "")["retryable"] is False


@given(raw=st.binary(max_size=300))
def test_no_bytes_break_the_reader(register: Contract, raw: bytes) -> None:
    with pytest.raises(LgspError):
        soap.open_request(register, HttpRequest("POST", "/", {"content-type": "text/xml"}, raw))
