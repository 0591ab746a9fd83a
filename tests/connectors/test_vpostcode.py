"""vpostcode: bare arrays, refusals by HTTP status, and the examples through both contracts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.adapters import rest
from lgsp.contract import load as load_contract
from lgsp.errors import BadAnswer, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import HttpResponse
from lgsp.runtime import HANOI
from lgsp_mocks import vpostcode as ministry
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
mapping = load("vpostcode")
PUBLIC = load_contract(ROOT / "contracts/vpostcode/v1.yaml", name="vpostcode")
THEIRS = load_contract(ROOT / "contracts/vpostcode/backend-vpost.yaml", name="backend-vpost")


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 400)


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(now=NOW, new_id=lambda: "0" * 26, backend="vpost", request=request or {})


def call(world: World, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Through both contracts; a refusal comes as the bus reads it, with its status put aside."""
    PUBLIC.operations[operation].input.check(request)
    theirs = THEIRS.operations[operation]
    asked = mapping.ask(operation, request, context(request))
    theirs.input.check(asked)
    try:
        said = ministry.HANDLERS["vpost"][operation](Ask(world, "vpostcode", "vpost", operation, asked, NOW, {}))
    except HttpFault as fault:
        body = json.dumps(fault.body).encode()
        said = rest.decode_response(theirs, HttpResponse(200, {"content-type": "application/json"}, body))
    theirs.output.check(said)
    answer: dict[str, Any] = mapping.answer(operation, said, context(request))
    PUBLIC.operations[operation].output.check(answer)
    return answer


def test_the_guides_requests(world: World) -> None:
    def target(operation: str, request: dict[str, Any]) -> str:
        asked = mapping.ask(operation, request, context(request))
        return rest.encode_request(THEIRS.operations[operation], asked, "/vpostcode/1.0").target

    assert target("search", {"q": "Thái Bình", "limit": 5}) == "/vpostcode/1.0/search?q=Th%C3%A1i+B%C3%ACnh&limit=5"
    assert target("decode", {"code": "36011h2m4c9x"}) == "/vpostcode/1.0/decode?code=36011H2M4C9X"
    assert target("encode", {"lat": 20.5, "lng": 105}) == "/vpostcode/1.0/encode?lat=20.5&lng=105"


@pytest.mark.parametrize(
    ("operation", "request_", "code", "leaf", "paths"),
    [
        ("search", {"q": "ab"}, "QUERY_TOO_SHORT", ProviderFault, ["/q"]),
        ("decode", {"code": "x"}, "CODE_INVALID", ProviderFault, ["/code"]),
        ("decode", {"code": "x"}, "CODE_NOT_FOUND", RecordNotFound, ["/code"]),
        ("encode", {"lat": 1, "lng": 1}, "OUTSIDE_VN", ProviderFault, ["/lat", "/lng"]),
        ("batch", {"items": []}, "BATCH_TOO_LARGE", ProviderFault, ["/items"]),
        ("encode", {"lat": 1, "lng": 1}, "SOMETHING_NEW", ProviderFault, []),
    ],
)
def test_refusals_have_leaf_and_field(
    operation: str, request_: dict[str, Any], code: str, leaf: type[LgspError], paths: list[str]
) -> None:
    refused = {"code": code, "message": "Không"}
    said = refused if operation in ("decode", "encode") else {"result": refused}
    with pytest.raises(leaf) as caught:
        mapping.answer(operation, said, context(request_))
    assert type(caught.value) is leaf
    assert caught.value.provider == (code, "Không")
    assert [error.path for error in caught.value.errors] == paths


def test_statuses_are_the_ministrys_own(world: World) -> None:
    asked = {
        "search": ({"q": "ab"}, 400),
        "decode": ({"code": "000002222222"}, 404),
        "encode": ({"lat": 48.0, "lng": 2.0}, 422),
        "batch": ({"items": [{"id": "1", "diaChi": "a"}] * 101}, 400),
    }
    for operation, (data, status) in asked.items():
        with pytest.raises(HttpFault) as caught:
            ministry.HANDLERS["vpost"][operation](Ask(world, "vpostcode", "vpost", operation, data, NOW, {}))
        assert caught.value.status == status


def test_a_household_is_found_by_its_address_and_by_its_code(world: World) -> None:
    ground = ministry.Ground(world)
    home = next(each for each in ministry.heads(world) if ground.code_at(each.residence, each.household))
    code = ground.code_at(home.residence, home.household)
    first, *_ = call(world, "search", {"q": home.residence.text})["items"]
    assert first["type"] == "household"
    assert call(world, "decode", {"code": str(code).lower()})["fullAddress"] == home.residence.text
    guess = call(world, "batch", {"items": [{"id": "a", "diaChi": home.residence.text}]})["items"][0]
    assert guess == {"id": "a", "smartCode": first["smartCode"], "doTinCay": 0.98}


def test_a_communes_name_does_not_match_its_province(world: World) -> None:
    """The province, its city and one of its communes are all called Hoà Bình."""
    address = "Xóm Mẫu 1, Phường Tân Hòa, Thành phố Hòa Bình, Tỉnh Hoà Bình"
    items = call(world, "search", {"q": address, "limit": 50})["items"]
    assert {each["maXa"] for each in items} == {"04792"}


def test_a_point_and_its_code(world: World) -> None:
    found = call(world, "encode", {"lat": 20.4917, "lng": 105.0612})
    assert len(found["smartCode"]) == 12
    assert found["smartCode"].startswith(found["maBuuChinh"])
    again = call(world, "decode", {"code": found["smartCode"]})
    assert (again["lat"], again["lng"]) == (found["lat"], found["lng"])
    assert abs(again["lat"] - 20.4917) < 0.00003


def test_an_address_that_is_none_has_no_code(world: World) -> None:
    said = call(world, "batch", {"items": [{"id": "1", "diaChi": "Không có nơi này"}]})
    assert said == {"items": [{"id": "1", "doTinCay": 0}]}


def test_every_example_keeps_both_contracts(world: World) -> None:
    for example in ministry.examples(world):
        try:
            call(world, example.operation, example.request)
            code = "ok"
        except LgspError as error:
            code = error.code
        assert code == example.expect, example


NAMES = ["result", "smartCode", "fullAddress", "code", "message", "lat", "id", "doTinCay"]
SHAPES = st.recursive(
    st.none() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), SHAPES, max_size=5), st.sampled_from(sorted(PUBLIC.operations)))
def test_answers_never_surprise(data: dict[str, Any], operation: str) -> None:
    try:
        mapping.answer(operation, data, context())
    except LgspError as error:
        assert isinstance(error, ProviderFault | BadAnswer)  # noqa: PT017  any other exception fails the test by itself
