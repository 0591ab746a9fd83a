"""social-insurance: digits with a flag, two-digit refusals, the variant of the postal agents, and the examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.contract import load as load_contract
from lgsp.errors import BadAnswer, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.runtime import HANOI
from lgsp_mocks import social_insurance as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
mapping = load("social-insurance")
PUBLIC = load_contract(ROOT / "contracts/social-insurance/v1.yaml", name="social-insurance")
THEIRS = load_contract(ROOT / "contracts/social-insurance/backend-bhxh.yaml", name="backend-bhxh")


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 400)


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(now=NOW, new_id=lambda: "0" * 26, backend="bhxh", request=request or {})


def call(world: World, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Through both contracts, without a wire."""
    PUBLIC.operations[operation].input.check(request)
    theirs = THEIRS.operations[operation]
    asked = mapping.ask(operation, request, context(request))
    theirs.input.check(asked)
    said = ministry.HANDLERS["bhxh"][operation](
        Ask(world, "social-insurance", "bhxh", operation, asked, NOW, {}, consumer="lgsp")
    )
    theirs.output.check(said)
    answer: dict[str, Any] = mapping.answer(operation, said, context(request))
    PUBLIC.operations[operation].output.check(answer)
    return answer


@pytest.mark.parametrize(
    ("iso", "digits", "flag"),
    [("1990-07-21", "19900721", "0"), ("1990", "19900101", "1"), ("1990-07", "19900701", "2")],
)
def test_a_date_is_eight_digits_and_a_flag(iso: str, digits: str, flag: str) -> None:
    for operation in ("getMaSoBhxhTheoTieuChi", "getTraCuuThongTinHgd"):
        asked = mapping.ask(operation, {"hoTen": "A", "ngaySinh": iso, "isKs": True}, context())
        assert asked == {"hoTen": "A", "ngaySinh": digits, "loaiNgaySinh": flag, "isKs": "1"}


@pytest.mark.parametrize(
    ("digits", "flag", "iso"),
    [
        ("19900721", "0", "1990-07-21"),
        ("19900101", "1", "1990"),
        ("19900000", "1", "1990"),
        ("1990", "1", "1990"),
        ("19900700", "2", "1990-07"),
        ("19900721", None, "1990-07-21"),
    ],
)
def test_only_the_digits_that_count_are_read(digits: str, flag: str | None, iso: str) -> None:
    said = {"hoTen": "A", "ngaySinh": digits, "loaiNgaySinh": flag, "trangThai": "1"}
    answer = mapping.answer("getTraCuuTtHgdByMaSoBhxh", said, context())
    assert answer == {"hoTen": "A", "ngaySinh": iso, "trangThai": "1"}


def test_a_day_that_does_not_exist_points_at_the_callers_field() -> None:
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("getMaSoBhxhTheoTieuChi", {"hoTen": "A", "ngaySinh": "1990-02-30", "gioiTinh": "1"}, context())
    assert [error.path for error in caught.value.errors] == ["/ngaySinh"]


@pytest.mark.parametrize(
    ("code", "leaf"),
    [
        ("01", RecordNotFound),
        ("02", ProviderFault),
        ("03", ProviderFault),
        ("04", ProviderFault),
        ("77", ProviderFault),
        ("99", BadAnswer),
    ],
)
@pytest.mark.parametrize("member", ["errorCode", "maLoi"])
@pytest.mark.parametrize("operation", ["getTraCuuTtHgdByMaSoBhxh", "getMaSoBhxhTheoTieuChi", "xacThucThongTinBhyt"])
def test_every_code_has_its_leaf(code: str, leaf: type[LgspError], member: str, operation: str) -> None:
    with pytest.raises(leaf) as caught:
        mapping.answer(operation, {"trangThai": "0", member: code}, context())
    assert type(caught.value) is leaf
    assert caught.value.provider == (code, mapping.MEANINGS.get(code, ""))


def test_a_refusal_instead_of_a_list_is_the_postal_agents() -> None:
    request = {"maTinh": "79", "hoTen": "A"}
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("getTraCuuThongTinHgd", {"result": {"maLoi": "04", "moTaLoi": "Không"}}, context(request))
    assert caught.value.provider == ("04", "Không")
    assert [(error.path, error.rule) for error in caught.value.errors] == [("/maTinh", "enum")]


@pytest.mark.parametrize("result", [None, [], {}, {"maLoi": "00"}])
def test_nobody_in_the_list_is_not_found(result: object) -> None:
    with pytest.raises(RecordNotFound):
        mapping.answer("getTraCuuThongTinHgd", {"result": result}, context())


def test_one_household_member_without_a_list_is_a_list() -> None:
    said = {"result": {"maSo": "1799000001", "maHoGiaDinh": "1798000001"}}
    assert mapping.answer("getTraCuuThongTinHgd", said, context()) == {
        "thanhVien": [{"maSo": "1799000001", "maHo": "1798000001"}]
    }


def test_the_stray_space_of_the_printed_sample_is_understood(world: World) -> None:
    mother = world.actor("mother-hoa")
    asked = {" maTinh": "17", "soSo": mother.insurance_no}
    THEIRS.operations["getTraCuuThongTinHgd"].input.check(asked)
    raw = b'{" maTinh": "17", "soSo": "' + mother.insurance_no.encode() + b'", "hoTen": ""}'
    read = THEIRS.operations["getTraCuuThongTinHgd"].input.read_json(raw)
    said = ministry.getTraCuuThongTinHgd(Ask(world, "social-insurance", "bhxh", "", read, NOW, {}))
    assert mother.insurance_no in {row["maSo"] for row in said["result"]}


def test_a_household_comes_whole(world: World) -> None:
    mother = world.actor("mother-hoa")
    found = call(world, "getTraCuuThongTinHgd", {"maTinh": "17", "maThe": mother.health_card})["thanhVien"]
    family = {world.actor(role).insurance_no for role in ("mother-hoa", "father-binh", "child-an")}
    assert {each["maSo"] for each in found} == family
    assert {each["maHo"] for each in found} == {mother.household}


def test_a_name_in_another_unicode_form_is_the_same_name(world: World) -> None:
    odd = world.actor("nfd-name")
    request = {"hoTen": odd.full_name.upper(), "ngaySinh": odd.birth_text, "gioiTinh": odd.gender}
    assert call(world, "getMaSoBhxhTheoTieuChi", request)["maSoBhxh"] == odd.insurance_no


def test_a_wrong_holder_learns_nothing_of_the_card(world: World) -> None:
    mother = world.actor("mother-hoa")
    request = {"maThe": mother.health_card, "hoTen": "Ai Đó", "ngaySinh": mother.birth_text}
    said = call(world, "xacThucThongTinBhyt", request)
    assert said == {"maKetQua": "060", "ghiChu": ministry.CARDS["060"], "hopLe": False}
    valid = call(world, "xacThucThongTinBhyt", request | {"hoTen": mother.full_name})
    assert valid["hopLe"] is True
    assert (valid["gtTheTu"], valid["gtTheDen"]) == ("2022-01-01", "2022-12-31")


def test_every_example_keeps_both_contracts(world: World) -> None:
    for example in ministry.examples(world):
        try:
            call(world, example.operation, example.request)
            code = "ok"
        except LgspError as error:
            code = error.code
        assert code == example.expect, example


NAMES = ["result", "maSo", "hoTen", "ngaySinh", "loaiNgaySinh", "errorCode", "maLoi", "maKetQua", "maSoBhxh", "gtTheTu"]
SHAPES = st.recursive(
    st.none() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), SHAPES, max_size=5), st.sampled_from(sorted(PUBLIC.operations)))
def test_answers_never_surprise(data: dict[str, Any], operation: str) -> None:
    try:
        said = mapping.answer(operation, data, context())
    except LgspError:
        return
    assert said
