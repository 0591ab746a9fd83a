"""shared-catalogue: records carried without loss, dates in both forms, refusals that count records, and the examples."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.adapters import rest
from lgsp.contract import load as load_contract
from lgsp.errors import InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import HttpResponse
from lgsp.runtime import HANOI
from lgsp.xml import parse_xml
from lgsp_mocks import shared_catalogue as ministry
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
mapping = load("shared-catalogue")
PUBLIC = load_contract(ROOT / "contracts/shared-catalogue/v1.yaml", name="shared-catalogue")
THEIRS = {
    backend: load_contract(ROOT / f"contracts/shared-catalogue/backend-{backend}.yaml", name=f"backend-{backend}")
    for backend in ("dmdc", "wcf")
}
PRINTED: dict[str, str | None] = {
    "MaDinhDanhCap1": "VIDU.00.00.H99",
    "TenDonVi": "UBND tỉnh Ví Dụ",
    "DiaChi": None,
    "Email": None,
    "SoDienThoai": None,
    "Fax": None,
    "Website": None,
    "QdBanHanhQdSuaDoi": "01/QĐ-MẪU",
    "NgayBanHanhQd": "16/08/2018",
    "CoQuanBanHanhQd": "UBND tỉnh Ví Dụ",
}
"""In the shape of the guide's sample."""


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 400)


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(now=NOW, new_id=lambda: "0" * 26, backend="dmdc", request=request or {})


def call(world: World, operation: str, request: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    backend, name = ("wcf", "AllCategory") if operation == "AllCategoryWcf" else ("dmdc", operation)
    PUBLIC.operations[operation].input.check(request)
    theirs = THEIRS[backend].operations[name]
    asked = mapping.ask(operation, request, context(request))
    theirs.input.check(asked)
    try:
        said = ministry.HANDLERS[backend][name](Ask(world, "shared-catalogue", backend, name, asked, NOW, state))
    except HttpFault as fault:
        body = json.dumps(fault.body).encode()
        said = rest.decode_response(theirs, HttpResponse(200, {"content-type": "application/json"}, body))
    theirs.output.check(said)
    answer: dict[str, Any] = mapping.answer(operation, said, context(request))
    PUBLIC.operations[operation].output.check(answer)
    return answer


def fields(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PropertyCode": name, "value": value} for name, value in record.items()]


def test_the_printed_record_goes_out_and_comes_back_as_it_was() -> None:
    found = mapping.answer("Category", {"result": [PRINTED]}, context())
    assert found == {"banGhi": [{"truong": fields(PRINTED | {"NgayBanHanhQd": "2018-08-16"})}]}
    sent = mapping.ask("PostCategory", {"code": "x", **found}, context())
    assert sent == {"code": "x", "body": [PRINTED]}
    assert list(sent["body"][0]) == list(PRINTED), "in the same order"


@pytest.mark.parametrize("value", ["", "hôm qua", "2018", "16/8/2018", "31/02/2018", "30-08-2018", "16.08.2018"])
def test_what_is_no_date_stays_as_it_is(value: str) -> None:
    found = mapping.answer("Category", {"result": [{"NgayBanHanhQd": value}]}, context())
    assert found == {"banGhi": [{"truong": fields({"NgayBanHanhQd": value})}]}
    assert mapping.ask("PostCategory", {"code": "x", **found}, context())["body"] == [{"NgayBanHanhQd": value}]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), codec="utf-8"), max_size=20)


@given(st.dictionaries(st.from_regex("[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), st.none() | TEXT, min_size=1))
def test_any_record_passes_json_and_xml_without_loss(record: dict[str, Any]) -> None:
    answer = mapping.answer("Category", {"result": [record]}, context())
    codec = PUBLIC.operations["Category"].output
    codec.check(answer)
    assert codec.read_json(codec.write_json(answer)) == answer
    assert codec.read_xml(parse_xml(codec.write_xml(answer))) == answer
    assert [each["PropertyCode"] for each in answer["banGhi"][0]["truong"]] == list(record)


def test_a_property_named_twice_is_refused_where_it_stands() -> None:
    twice = [{"truong": fields(PRINTED)}, {"truong": [*fields({"Ma": "1"}), *fields({"Ma": "2"})]}]
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("PostCategory", {"code": "x", "banGhi": twice}, context())
    assert [error.path for error in caught.value.errors] == ["/banGhi/1/truong/1/PropertyCode"]


@pytest.mark.parametrize(
    ("said", "path", "rule"),
    [
        (
            'Data not insert: Record 1: MaDinhDanhCap1 "VIDU.00.00.H99" is duplicate',
            "/banGhi/0/truong/0/value",
            "unique",
        ),
        # the guide prints it with one quotation mark
        (
            'Data not insert: Record 1: MaDinhDanhCap1 "VIDU.00.00.H99 is duplicate',
            "/banGhi/0/truong/0/value",
            "unique",
        ),
        ("Data not insert: Record 1: Ten is required", "/banGhi/0/truong", "required"),
        ('Data not insert: Record 1: NgayBanHanhQd "x" is not DateTime', "/banGhi/0/truong/8/value", "format"),
        ("Data not insert: Record 1: Website is something new", "/banGhi/0/truong/6/value", "refused"),
    ],
)
def test_a_refusal_points_into_the_callers_own_records(said: str, path: str, rule: str) -> None:
    request = {"code": "qlvanbandieuhanhcap1", "banGhi": [{"truong": fields(PRINTED)}]}
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("PostCategory", {"MSG": said, "Count": 0}, context(request))
    assert [(error.path, error.rule) for error in caught.value.errors] == [(path, rule)]
    assert caught.value.provider == ("0", said)


@pytest.mark.parametrize("said", ["", "Data not insert: Record 7: Ma is required", "Data not insert", "Record x: y"])
def test_a_refusal_that_points_nowhere_is_one_all_the_same(said: str) -> None:
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("PostCategory", {"MSG": said}, context({"code": "x", "banGhi": [{"truong": []}]}))
    assert caught.value.errors == ()


@pytest.mark.parametrize("operation", ["Metadata", "Category", "AllCategory"])
@pytest.mark.parametrize("result", [[], {"MSG": "Category not found"}])
def test_an_unknown_catalogue_in_both_ways_of_saying_it(operation: str, result: object) -> None:
    with pytest.raises(RecordNotFound):
        mapping.answer(operation, {"result": result}, context({"code": "khongco"}))


def test_additions_are_taken_all_or_not_at_all(world: World) -> None:
    state: dict[str, Any] = {}
    one, two = fields({"Ma": "M1", "Ten": "Một"}), fields({"Ma": "1", "Ten": "Có rồi"})
    with pytest.raises(ProviderFault) as caught:
        call(world, "PostCategory", {"code": "dokhanvanban", "banGhi": [{"truong": one}, {"truong": two}]}, state)
    assert caught.value.errors[0].path == "/banGhi/1/truong/0/value"
    assert state == {}
    done = call(world, "PostCategory", {"code": "dokhanvanban", "banGhi": [{"truong": one}]}, state)
    assert done == {"MSG": "Done", "Count": 1}
    found = call(world, "Category", {"code": "dokhanvanban"}, state)["banGhi"]
    assert found[-1]["truong"] == one
    with pytest.raises(ProviderFault):
        call(world, "PostCategory", {"code": "dokhanvanban", "banGhi": [{"truong": one}]}, state)


def test_every_example_keeps_both_contracts(world: World) -> None:
    for example in ministry.examples(world):
        try:
            call(world, example.operation, example.request, {})
            code = "ok"
        except LgspError as error:
            code = error.code
        assert code == example.expect, example


NAMES = ["result", "AllCategoryResult", "MSG", "Count", "Code", "PropertyCode", "NgayBanHanhQd"]
SHAPES = st.recursive(
    st.none() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), SHAPES, max_size=5), st.sampled_from(sorted(PUBLIC.operations)))
def test_answers_never_surprise(data: dict[str, Any], operation: str) -> None:
    try:
        said = mapping.answer(operation, data, context())
    except LgspError as error:
        assert isinstance(error, ProviderFault)  # noqa: PT017  any other exception fails the test by itself
    else:
        assert said
