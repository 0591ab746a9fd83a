"""REST between data and bytes: every place that a field may stand in, both directions, and what is no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lgsp.adapters import rest
from lgsp.contract import load
from lgsp.contract.model import Contract
from lgsp.errors import BadAnswer, InvalidMessage, UnsupportedMediaType
from lgsp.model import Blob, Data, HttpRequest, HttpResponse, Spooled
from tests.adapters.contracts import backend


@pytest.fixture(scope="module")
def ministry(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return backend(tmp_path_factory.mktemp("contract"))


PERSON = {"name": "Nguyễn Thị Mẫu", "age": 7, "sick": False, "tags": ["a b", "c&d"]}


@pytest.mark.parametrize(
    ("name", "data", "method", "target", "body"),
    [
        ("find", {"code": "a/b ơ", "page": 2, "tag": ["x", "y"], "X-Unit": "U1"}, "GET", "/p/people/a%2Fb%20%C6%A1?page=2&tag=x&tag=y", b""),
        ("find", {"code": "1"}, "GET", "/p/people/1", b""),
        ("add", {**PERSON, "mode": "new"}, "POST", "/p/people?mode=new", None),
        ("add", PERSON, "POST", "/p/people", None),
        ("form", PERSON, "POST", "/p/form", None),
        ("file", {"document": "<x>\r\n--boundary?</x>", "kind": "edoc"}, "POST", "/p/file", None),
        ("one", {"service": "one", "x": "1"}, "POST", "/p/mapi/g", None),
    ],
)  # fmt: skip
def test_a_request_is_read_as_it_was_meant(
    ministry: Contract, name: str, data: Data, method: str, target: str, body: bytes | None
) -> None:
    operation = ministry.operations[name]
    request = rest.encode_request(operation, data, "/p")
    assert (request.method, request.target) == (method, target)
    assert body is None or request.body == body
    path = request.target.removeprefix("/p").partition("?")[0]
    assert isinstance(request.body, bytes)
    found = rest.match(ministry, request.method, path, request.body)
    assert found is not None
    assert found[0] is operation
    assert rest.decode_request(operation, request, found[1]) == data


def test_a_body_that_is_no_object(ministry: Contract) -> None:
    operation = ministry.operations["list"]
    field = operation.http.body_field
    assert field is not None
    request = rest.encode_request(operation, {field: ["a", "b"]})
    assert request.body == b'["a","b"]'
    assert rest.decode_request(operation, request) == {field: ["a", "b"]}
    answered = operation.http.answer_field
    assert answered is not None
    response = rest.encode_response(operation, {answered: [{"ok": True}]})
    assert rest.decode_response(operation, response) == {answered: [{"ok": True}]}
    closing = HttpRequest("POST", "/list", {"content-type": "application/json"}, b'["a"],"x":1')
    with pytest.raises(InvalidMessage):
        rest.decode_request(operation, closing)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"name":"a","name":"b"}', b'{"name":1}', b'{"mode":"x","name":"a"}', b'{"name":"a"},{"b":1}'],
)
def test_a_bad_request_names_rules_only(ministry: Contract, body: bytes) -> None:
    request = HttpRequest("POST", "/people?mode=new", {"content-type": "application/json"}, body)
    with pytest.raises(InvalidMessage) as refused:
        rest.decode_request(ministry.operations["add"], request)
    assert refused.value.errors


def test_a_doubled_parameter_and_another_media_type_are_refused(ministry: Contract) -> None:
    with pytest.raises(InvalidMessage):
        rest.decode_request(ministry.operations["find"], HttpRequest("GET", "/people/1?page=1&page=2"), {"code": "1"})
    with pytest.raises(InvalidMessage):
        rest.decode_request(ministry.operations["find"], HttpRequest("GET", "/people/1?page=x"), {"code": "1"})
    with pytest.raises(UnsupportedMediaType):
        rest.decode_request(
            ministry.operations["add"], HttpRequest("POST", "/people", {"content-type": "text/xml"}, b"<x/>")
        )


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(500, {"content-type": "application/json"}, b'{"ok":true}'),
        HttpResponse(200, {"content-type": "text/html"}, b"<html></html>"),
        HttpResponse(200, {"content-type": "application/xml"}, b"<x/>"),
        HttpResponse(200, {"content-type": "application/json"}, b'{"ok":"yes"}'),
        HttpResponse(200, {"content-type": "application/json"}, b'{"ok":tru'),
        HttpResponse(200, {"content-type": "application/json"}, b"\xff"),
        HttpResponse(200, {"content-type": "application/json"}, b""),
    ],
)
def test_what_is_no_answer_breaks_the_contract(ministry: Contract, response: HttpResponse) -> None:
    with pytest.raises(BadAnswer):
        rest.decode_response(ministry.operations["add"], response)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/plain", "", "text/json"])
def test_json_is_read_whatever_a_ministry_calls_it(ministry: Contract, kind: str) -> None:
    response = HttpResponse(200, {"content-type": kind}, b'\xef\xbb\xbf{"ok":true}')
    assert rest.decode_response(ministry.operations["add"], response) == {"ok": True}


def test_a_literal_path_goes_before_a_template(ministry: Contract) -> None:
    found = rest.match(ministry, "post", "/people")
    assert found is not None
    assert found[0].name == "add"
    assert rest.match(ministry, "GET", "/people") is None
    assert rest.match(ministry, "GET", "/people/1/2") is None
    two = rest.match(ministry, "POST", "/mapi/g", b'{"service":"two"}')
    assert two is not None
    assert two[0].name == "two"
    assert rest.match(ministry, "POST", "/mapi/g", b'{"service":"three"}') is None


def test_a_blob_travels_beside_the_codec(ministry: Contract, tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"QUJD")
    blob = Blob(file, 4, "0" * 64, 4, 4, "application/xml", 'a"b.xml')
    json_request = rest.encode_request(ministry.operations["add"], {"name": blob})
    form_request = rest.encode_request(ministry.operations["file"], {"document": blob, "kind": "edoc"})
    for request in (json_request, form_request):
        assert isinstance(request.body, Spooled)
        assert blob in [piece[0] for piece in request.body if isinstance(piece, tuple)]
    assert rest.decode_request(ministry.operations["add"], json_request) == {"name": blob}
    read: Any = rest.decode_request(ministry.operations["file"], form_request)
    assert read == {"document": blob, "kind": "edoc"}
    assert b'filename="a_b.xml"' in b"".join(p for p in form_request.body if isinstance(p, bytes))
    answer = rest.encode_response(ministry.operations["add"], {"inner": {"document": blob}})
    assert isinstance(answer.body, Spooled)
    assert [piece for piece in answer.body.pieces if isinstance(piece, tuple)] == [(blob, "json")]


WILD = """\
openapi: 3.1.0
info: {title: X, version: "1"}
components:
  schemas:
    So: {type: integer, minimum: 1}
    Ma: {type: array, items: {$ref: "#/components/schemas/So"}}
paths:
  "/so/{nam}/{ten}.json":
    get:
      operationId: mot
      parameters: [{in: path, name: nam, schema: {$ref: "#/components/schemas/So"}}, {in: path, name: ten, schema: {type: string}}]
      responses: {"200": {description: x}}
  "/so/{nam}/{ten}.day.json":
    get:
      operationId: hai
      parameters:
      - {in: path, name: nam, schema: {type: [integer, "null"]}}
      - {in: path, name: ten, schema: {type: string}}
      - {in: query, name: ma, schema: {$ref: "#/components/schemas/Ma"}}
      - {in: query, name: laTen, schema: {type: [string, integer]}}
      - {in: header, name: Authorization, schema: {type: string}}
      - {in: header, name: Accept, schema: {type: string}}
      responses: {"200": {description: x}}
  /tim?cach=moi:
    get:
      operationId: tim
      responses: {"200": {description: x}}
"""
"""Constructs of documents that others have published."""


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    path = tmp_path_factory.mktemp("wild") / "v1.yaml"
    path.write_text(WILD, "utf-8")
    return load(path, name="x")


def test_text_of_an_address_is_read_by_a_type_that_stands_elsewhere(wild: Contract) -> None:
    data: Data = {"nam": 2024, "ten": "1", "ma": [1, 2], "laTen": "3"}
    sent = rest.encode_request(wild.operations["hai"], data)
    assert sent.target == "/so/2024/1.day.json?ma=1&ma=2&laTen=3"
    found = rest.match(wild, "GET", sent.target.partition("?")[0])
    assert found is not None
    assert found[0].name == "hai", "of two templates that fit, the one that says more"
    assert rest.decode_request(*found[:1], sent, found[1]) == data
    found = rest.match(wild, "GET", "/so/2024/a.json")
    assert found is not None
    assert found[0].name == "mot"
    assert rest.decode_request(found[0], HttpRequest("GET", "/so/2024/a.json", {}), found[1]) == {
        "nam": 2024,
        "ten": "a",
    }


def test_headers_that_no_parameter_may_describe_and_questions_in_a_path(wild: Contract) -> None:
    assert {each.name for each in wild.operations["hai"].http.parameters} == {"nam", "ten", "ma", "laTen"}
    assert set(wild.operations) == {"mot", "hai"}
    assert "a question in it" in wild.left_out["tim"].text
