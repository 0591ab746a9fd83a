"""business-registration: two generations under one set of names, and every way in which they say no."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lgsp import contract
from lgsp.adapters import rest
from lgsp.contract.model import Contract
from lgsp.errors import InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context, Data, FieldError
from lgsp.runtime import HANOI
from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks import business_registration as ministry
from lgsp_mocks.handler import Ask, Example
from lgsp_mocks.world import Province as Folder
from lgsp_mocks.world import World
from tests.connectors.mappings import ROOT, load

SYSTEM = "business-registration"
NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
FIRST, SECOND = "csdldkdn", "dkkd"
mapping = load(SYSTEM)
CTX = Context(now=NOW, new_id=lambda: "0" * 26, backend=FIRST)
LATER = replace(CTX, backend=SECOND)


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    files = {"public": "v1.yaml", FIRST: "backend-csdldkdn.yaml", SECOND: "backend-dkkd.yaml"}
    return {name: contract.load(ROOT / "contracts" / SYSTEM / file, name=SYSTEM) for name, file in files.items()}


@pytest.fixture(scope="module", params=["hoa-binh", "dien-bien"])
def world(request: pytest.FixtureRequest) -> World:
    return World(Folder.load(request.param), 1, 400)


def call(world: World, backend: str, operation: str, request: Data, contracts: dict[str, Contract]) -> Data:
    """Bytes on both sides of the mapping."""
    ctx, theirs = replace(CTX, backend=backend, request=request), contracts[backend].operations[operation]
    sent = rest.encode_request(theirs, mapping.ask(operation, request, ctx), "/api")
    asked = Ask(world, SYSTEM, backend, operation, rest.decode_request(theirs, sent), NOW, {})
    answered = ministry.HANDLERS[backend][operation](asked)
    theirs.output.check(answered)
    found: Data = mapping.answer(operation, rest.decode_response(theirs, rest.encode_response(theirs, answered)), ctx)
    contracts["public"].operations[operation].output.check(found)
    return found


def routes(example: Example) -> list[str]:
    return [backend for backend, handlers in ministry.HANDLERS.items() if example.operation in handlers]


def test_every_example_keeps_both_contracts_in_both_generations(world: World, contracts: dict[str, Contract]) -> None:
    for example in ministry.examples(world):
        contracts["public"].operations[example.operation].input.check(example.request)
        for backend in routes(example):
            outcome = "ok"
            try:
                call(world, backend, example.operation, example.request, contracts)
            except LgspError as error:
                outcome = error.code
            assert outcome == example.expect, (backend, example)


def test_both_generations_tell_of_the_same_enterprise(world: World, contracts: dict[str, Contract]) -> None:
    for business in world.businesses():
        if business.kind == "Hợp tác xã":
            continue
        one, two = (
            call(world, each, "chiTietDoanhNghiep", {"msdn": business.mst}, contracts) for each in (FIRST, SECOND)
        )
        only_first, only_second = {"VonDieuLe", "ThanhVien"}, {"SoGCNDKKD"}
        assert one.keys() - two.keys() == only_first
        assert two.keys() - one.keys() == only_second
        for name in one.keys() & two.keys() - {"TinhTrangPhapLy", "DaiDienPhapLuat"}:
            assert one[name] == two[name], name
        assert one["VonDieuLe"] == business.capital
        assert sum(each["SoVonGop"] for each in one["ThanhVien"]) == business.capital
        said = [
            [each["MaTinhTrangPhapLy"], each["TinhTrangPhapLy"]]
            for found in (one, two)
            for each in found["TinhTrangPhapLy"]
        ]
        assert said[0] == said[1]
        assert [each["HoVaTen"] for each in one["DaiDienPhapLuat"]] == [
            each["HoVaTen"] for each in two["DaiDienPhapLuat"]
        ]


def test_places_get_their_zeros_back(contracts: dict[str, Contract]) -> None:
    world = World(Folder.load("dien-bien"), 1, 400)
    business = world.company("company-active")
    found = call(world, FIRST, "chiTietDoanhNghiep", {"msdn": business.mst}, contracts)["DiaChiTruSo"]
    home = business.address
    assert (found["MaTinh"], found["MaHuyen"], found["MaXa"]) == (home.province, home.district, home.commune)
    assert home.district.startswith("09") or home.district.startswith("1")
    assert home.commune.startswith("03")


def test_places_without_a_district() -> None:
    """As since 2025-07-01."""
    data = {
        "Status": "1",
        "MainInformation": {"NAME": "A"},
        "HOAdress": {"CityID": 25, "DistrictID": None, "WardID": 4789},
    }
    assert mapping.answer("chiTietDoanhNghiep", data, CTX)["DiaChiTruSo"] == {"MaTinh": "25", "MaXa": "04789"}


def test_dates_of_requests_are_the_ministrys() -> None:
    asked = mapping.ask("danhSachHoSo", {"from_date": "2022-11-14", "to_date": "2022-11-16"}, CTX)
    assert asked == {"from_date": "14/11/2022", "to_date": "16/11/2022", "offset": 0, "limit": 100}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("danhSachHoSo", {"from_date": "2022-11-14", "to_date": "2022-11-31"}, CTX)
    assert caught.value.errors == (FieldError("/to_date", "date"),)


def test_a_page_and_times() -> None:
    asked = mapping.ask("danhSachHoSoTrongNgay", {"from_ts": "07:30", "to_ts": "11:30", "limit": 5}, CTX)
    assert asked == {"from_ts": "07:30", "to_ts": "11:30", "offset": 0, "limit": 5}


@pytest.mark.parametrize("operation", ["chiTietHoKinhDoanh", "chiTietHopTacXa"])
def test_codes_lose_their_hyphen(operation: str) -> None:
    assert mapping.ask(operation, {"mst": "5499000049-001"}, LATER) == {"mst": "5499000049001"}
    assert mapping.ask("chiTietDoanhNghiep", {"msdn": "5499000049-001"}, CTX) == {"msdn": "5499000049001"}


@pytest.mark.parametrize(
    ("message", "leaf", "errors"),
    [
        ("Không tìm thấy doanh nghiệp", RecordNotFound, ()),
        ("Hồ sơ không tồn tại", RecordNotFound, ()),
        ("Khoảng thời gian từ from_date đến to_date không được vượt quá 5 ngày", ProviderFault, (FieldError("/to_date", "maximum"),)),
        ("from_ts không đúng định dạng HH:mm", ProviderFault, (FieldError("/from_ts", "format"),)),
        ("from_date không được sau ngày kết thúc", ProviderFault, (FieldError("/from_date", "refused"),)),
        ("Lỗi khác", ProviderFault, ()),
        (None, ProviderFault, ()),
    ],
)  # fmt: skip
def test_the_first_generation_refuses_in_words_alone(
    message: str | None, leaf: type[LgspError], errors: tuple[Any, ...]
) -> None:
    with pytest.raises(LgspError) as caught:
        mapping.answer("danhSachHoSo", {"Status": "0", "Message": message, "DataCount": 0}, CTX)
    assert (type(caught.value), caught.value.errors) == (leaf, errors)
    assert caught.value.provider == ("0", message or "")


def test_success_without_a_record_is_no_record() -> None:
    for operation in ("chiTietDoanhNghiep", "tinhTrangHoSo"):
        for nothing in (None, [], {}):
            with pytest.raises(RecordNotFound):
                mapping.answer(operation, {"Status": "1", "MainInformation": nothing, "DataCount": 0}, CTX)
    assert mapping.answer("danhSachHoSo", {"Status": "1", "MainInformation": None}, CTX) == {"HoSo": [], "TongSo": 0}


@pytest.mark.parametrize(("operation", "name"), mapping.CERTIFICATES.items())
def test_the_second_generation_says_null(operation: str, name: str) -> None:
    for nothing in (None, []):
        with pytest.raises(RecordNotFound):
            mapping.answer(operation, {name: nothing}, LATER)


def test_representatives_stand_in_two_places_and_count_once() -> None:
    main = {"LEGAL_NAMES": "AN MẪU; BÌNH MẪU;"}
    data = {
        "Status": "1",
        "MainInformation": main,
        "Representatives": [{"FULL_NAME": "BÌNH MẪU"}, {"FULL_NAME": "CÔNG MẪU"}],
    }
    found = mapping.answer("chiTietDoanhNghiep", data, CTX)["DaiDienPhapLuat"]
    assert found == [{"HoVaTen": "AN MẪU"}, {"HoVaTen": "BÌNH MẪU"}, {"HoVaTen": "CÔNG MẪU"}]


LEAF = st.none() | st.text("01/aY;", max_size=12)
KEYS = ["NAME", "FOUNDING_DATE", "LEGAL_NAMES", "ENTERPRISE_STATUS"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({"Status": st.sampled_from(["0", "1", "", "9"])}, optional={
    "MainInformation": st.none() | st.dictionaries(st.sampled_from(KEYS), LEAF), "Message": LEAF,
    "HOAdress": st.none() | st.dictionaries(st.sampled_from(["CityID", "WardID"]), st.none() | st.integers()),
    "Representatives": st.none() | st.lists(st.fixed_dictionaries({"FULL_NAME": LEAF}), max_size=3),
    "BusinessActivity": st.none() | st.lists(st.dictionaries(st.sampled_from(["CODE", "IS_MAIN"]), LEAF), max_size=3),
}))  # fmt: skip
def test_answers_of_the_first_never_surprise(data: Data) -> None:
    with suppress(LgspError):
        mapping.answer("chiTietDoanhNghiep", data, CTX)


def test_examples_of_the_contracts_are_what_the_mapping_speaks(contracts: dict[str, Contract]) -> None:
    for name, public in contracts["public"].operations.items():
        for backend in (FIRST, SECOND):
            theirs = contracts[backend].operations.get(name)
            if theirs is not None:
                assert public.request_example is not None
                ctx = replace(CTX, backend=backend, request=public.request_example)
                theirs.input.check(mapping.ask(name, public.request_example, ctx))
                public.output.check(mapping.answer(name, theirs.answer_example, ctx))


@pytest.mark.parametrize("era", ["2022-2024", "2025"])
def test_the_era_chooses_the_generation(lgsp_loaded: Loaded, tmp_path: Path, era: str) -> None:
    folder = tmp_path / "hoa-binh"
    shutil.copytree(Folder.load("hoa-binh").folder, folder)
    facts = folder / "province.toml"
    facts.write_text(facts.read_text("utf-8").replace('era = "2022-2024"', f'era = "{era}"'), "utf-8")

    async def story(province: Province) -> None:
        for example in ministry.examples(province.simulator.world):
            headers = {name.lower(): value for name, value in example.headers.items()}
            reply = await province.call(SYSTEM, example.operation, example.request, headers=headers)
            assert reply.code == example.expect, (example, reply.data)
        paths = {
            request.target.partition("?")[0]
            for _, request, _ in province.transport.seen
            if "chiTietDoanh" in request.target
        }
        wanted = (
            "/apiCSDLDKDN/1.0/chiTietDoanhNghiep" if era == "2022-2024" else "/apiDKKD/DoanhNghiep/chiTietDoanhNghiep"
        )
        assert paths == {wanted}

    tell(story, loaded=lgsp_loaded.only(SYSTEM), province=folder, size=400)
