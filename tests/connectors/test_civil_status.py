"""civil-status: the mapping's dialect, every error convention, and the simulated ministry against it."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp import contract
from lgsp.adapters import rest
from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context, FieldError, PlaceTable, xml_data
from lgsp.runtime import HANOI
from lgsp_mocks import civil_status as ministry
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World

FOLDER = Path(__file__).parents[2] / "connectors" / "civil-status"
NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
BACKENDS = {operation: backend for backend, handlers in ministry.HANDLERS.items() for operation in handlers}


def load():
    spec = util.spec_from_file_location("civil_status_mapping", FOLDER / "mapping.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mapping = load()
CTX = Context(
    now=NOW,
    new_id=lambda: "0" * 26,
    backend="hotich",
    places=PlaceTable.read(FOLDER / "places.csv"),
    values={"maTinh": "17"},
)


class Engine:
    """The little of the simulator that a handler needs: effects, later work, in order."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.jobs: list[tuple[float, str, dict[str, Any]]] = []

    def effect(self, system: str, key: str) -> None:
        self.effects.append(key)

    def later(self, system: str, seconds: float, function: str, data: dict[str, Any]) -> None:
        self.jobs.append((seconds, function, data))


class Province17:
    """Mapping and ministry face to face, without bytes between them."""

    def __init__(self) -> None:
        self.world = World(Province.load("hoa-binh"), 1, 400)
        self.engine, self.state = Engine(), {}

    def ask(self, operation: str, data: dict[str, Any], **changes: Any) -> Ask:
        ask = Ask(
            self.world, "civil-status", BACKENDS[operation], operation, data, NOW, self.state, services=self.engine
        )
        return replace(ask, **changes)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        ctx = replace(CTX, request=request)
        ask = self.ask(operation, json.loads(json.dumps(mapping.ask(operation, request, ctx))))
        try:
            answer = ministry.HANDLERS[ask.backend][operation](ask)
        except HttpFault as fault:  # the backend's manifest says reads_errors
            answer = fault.body
        return mapping.answer(operation, answer, ctx)

    def a_day_passes(self) -> None:
        for _, function, data in sorted(self.engine.jobs, key=lambda job: job[0]):
            getattr(ministry, function)(self.ask("traTrangThaiHoSo", data))
        self.engine.jobs.clear()


@pytest.fixture
def province():
    return Province17()


def example(province, operation):
    return next(e.request for e in ministry.examples(province.world) if e.operation == operation)


def test_the_dossier_as_the_guide_prints_it():
    asked = mapping.ask(
        "dangKyHoTich",
        {
            "maDonVi": 48712,
            "module": "KS",
            "maHoSo": "H28.148-221116-0007",
            "ngayTiepNhan": "2022-11-16",
            "hoSo": {
                "loaiDangKy": "1",
                "nksHoTen": "BÙI THỊ MẪU",
                "nksGioiTinh": "2",
                "nksNgaySinh": "2022-11-10",
                "meNgaySinh": "1990",
            },
        },
        CTX,
    )
    assert asked == {
        "maDonVi": 48712,
        "module": "KS",
        "maHoSo": "H28.148-221116-0007",
        "ngayTiepNhan": "2022-11-16",
        "data": "<hotich><hoso><loaiDangKy>1</loaiDangKy><nksHoTen>BÙI THỊ MẪU</nksHoTen><nksGioiTinh>2</nksGioiTinh>"
        "<nksNgaySinh>10.11.2022</nksNgaySinh><meNgaySinh>1990</meNgaySinh></hoso></hotich>",
    }


@given(
    st.dictionaries(
        st.sampled_from(["nksHoTen", "meHoTen", "ghiChu", "nksNgaySinhBangChu"]),
        st.text("ab<&>\"' ễ\u0300", min_size=1),
    )
)
def test_whatever_a_record_says_reaches_the_ministry(fields):
    fields = {name: text for name, text in fields.items() if text.strip()}
    asked = mapping.ask(
        "dangKyHoTich", {"maDonVi": 1, "module": "KS", "maHoSo": "x", "ngayTiepNhan": "y", "hoSo": fields}, CTX
    )
    read = xml_data(asked["data"]).get("hoso") or {}
    assert {name: text.split() for name, text in read.items()} == {
        name: unicodedata.normalize("NFC", text).split() for name, text in fields.items()
    }


def test_a_date_that_does_not_exist_is_the_callers_fault():
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask(
            "dangKyHoTich",
            {"maDonVi": 1, "module": "KS", "maHoSo": "x", "ngayTiepNhan": "y", "hoSo": {"nksNgaySinh": "2022-02-31"}},
            CTX,
        )
    assert caught.value.errors == (FieldError("/hoSo/nksNgaySinh", "date"),)


def test_places_go_by_the_ministrys_own_ids():
    asked = mapping.ask("traDanhSachHoSo", {"maTinh": "17", "module": "KS", "dsMaHoSo": ["900001"]}, CTX)
    assert asked == {"maTinh": "37", "module": "KS", "dsMaHoSo": [900001]}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("traDanhSachHoSo", {"maTinh": "99", "module": "KS", "dsMaHoSo": ["1"]}, CTX)
    assert caught.value.errors == (FieldError("/maTinh", "enum"),)


def test_addresses_of_joint_procedures_stay_objects(province):
    request = example(province, "nhanHoSoDKHT")
    asked = mapping.ask("nhanHoSoDKHT", request, CTX)
    assert "<meNoiCuTru><maTinh>37</maTinh><maHuyen>" in asked["data"]
    assert asked["fileDinhKem"][0]["huyGiayTo"] == 0


def test_one_and_several_joint_dossiers():
    one = mapping.ask("traKetQuaHoSoDKHT", {"maHoSoLT": "a", "maDinhDanhHoSo": ["b", "a"], "module": "LTKS"}, CTX)
    assert one == {"maDinhDanhHoSo": ["a", "b"], "maTinh": "37", "module": "LTKS"}
    with pytest.raises(InvalidMessage):
        mapping.ask("traKetQuaHoSoDKHT", {"module": "LTKS"}, CTX)


def refused(operation: str, code: str | None, text: str, request: dict[str, Any] | None = None) -> LgspError:
    answer = {"status": 0, "statusDescription": "Đã có lỗi", "value": None, "errorCode": code, "errorDescription": text}
    with pytest.raises(LgspError) as caught:
        mapping.answer(operation, answer, replace(CTX, request=request or {}))
    return caught.value


def test_field_faults_point_into_the_callers_own_message():
    error = refused("dangKyHoTich", "500", "DATA_INCORRECT - nksNgaySinh không đúng định dạng; meHoTen bắt buộc")
    assert type(error) is ProviderFault
    assert error.errors == (FieldError("/hoSo/nksNgaySinh", "format"), FieldError("/hoSo/meHoTen", "required"))
    assert error.provider == ("500", "DATA_INCORRECT - nksNgaySinh không đúng định dạng; meHoTen bắt buộc")


@pytest.mark.parametrize(
    ("code", "leaf"),
    [("100", ConnectFailed), ("101", ConnectFailed), ("106", ProviderFault), ("108", ProviderFault), ("200", ProviderFault),
     ("201", RecordNotFound), ("302", ProviderFault), ("500", ProviderFault), (None, ProviderFault)],
)  # fmt: skip
def test_every_code_has_its_leaf(code, leaf):
    error = refused("traTrangThaiHoSo", code, "…")
    assert type(error) is leaf
    assert error.provider[0] == (code or "0")


def test_codes_about_one_member_point_at_it():
    assert refused("traTrangThaiHoSo", "106", "AGENCY_ID_INCORRECT", {"maDonVi": 1}).errors == (
        FieldError("/maDonVi", "enum"),
    )
    assert refused("dsHoSoDangKy", "108", "PROVINCE_ID_INCORRECT", {"module": "KS"}).errors == ()


def test_a_repetition_is_success():
    answer = {
        "status": 0,
        "statusDescription": "…",
        "errorCode": "500",
        "errorDescription": "Hồ sơ X đã được tiếp nhận",
    }
    said = mapping.answer("dangKyHoTich", answer, replace(CTX, request={"maHoSo": "X"}))
    assert said == {"maHoSo": "X", "daTiepNhanTruoc": True, "moTa": "Hồ sơ X đã được tiếp nhận"}
    with pytest.raises(ProviderFault):
        mapping.answer("traTrangThaiHoSo", answer, CTX)


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_the_status_of_a_dossier_is_a_state(status):
    said = mapping.answer("traTrangThaiHoSo", {"status": status, "statusDescription": "mô tả"}, CTX)
    assert said == {"trangThai": str(status), "tenTrangThai": mapping.STATES[str(status)], "moTa": "mô tả"}


def test_a_state_that_no_guide_knows():
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("traTrangThaiHoSo", {"status": 9, "statusDescription": "?"}, CTX)
    assert caught.value.provider == ("9", "?")


def test_not_finished_is_an_answer():
    for code in ("200", None):
        said = mapping.answer(
            "ketQuaDangKyHS", {"status": 0, "errorCode": code, "errorDescription": "chưa hoàn thành"}, CTX
        )
        assert said == {"daHoanThanh": False, "moTa": "chưa hoàn thành"}


def test_a_broken_catalogue_is_a_broken_contract():
    with pytest.raises(BadAnswer):
        mapping.answer("danhMuc", {"status": 1, "value": "[{"}, CTX)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_answers_never_surprise(value):
    """Total: whatever stands in a catalogue's string gives an answer or a leaf of the tree."""
    with suppress(LgspError):
        mapping.answer("danhMuc", {"status": 1, "value": json.dumps(value)}, replace(CTX, request={"loaiDanhMuc": "4"}))


def test_every_example_gives_what_it_promises(province):
    examples = ministry.examples(province.world)
    assert {e.operation for e in examples} == set(BACKENDS)
    for example in (*examples, *reversed(examples)):
        try:
            province.call(example.operation, example.request)
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)


def test_provinces_of_the_catalogue_are_gso_codes(province):
    (mine,) = province.call("danhMuc", {"loaiDanhMuc": "4"})["danhMuc"]
    assert mine["ma"] == "17"


@pytest.fixture(scope="module")
def contracts():
    folder = FOLDER.parents[1] / "contracts" / "civil-status"
    files = {"public": "v1.yaml", "hotich": "backend-hotich.yaml", "lienthong": "backend-lienthong.yaml"}
    return {name: contract.load(folder / file, name="civil-status") for name, file in files.items()}


def test_every_example_keeps_both_contracts(province, contracts):
    """Bytes on both sides of the mapping: what agencies send and get, what the ministry is sent and answers."""
    assert contracts["public"].operations.keys() == BACKENDS.keys()
    for example in ministry.examples(province.world):
        public = contracts["public"].operations[example.operation]
        data = public.input.read_json(public.input.write_json(example.request))
        assert data == example.request
        ctx, backend = replace(CTX, request=data), BACKENDS[example.operation]
        theirs = contracts[backend].operations[example.operation]
        request = rest.encode_request(theirs, mapping.ask(example.operation, data, ctx), "/api")
        asked = province.ask(example.operation, rest.decode_request(theirs, request))
        try:
            answered = ministry.HANDLERS[backend][example.operation](asked)
        except HttpFault as fault:
            answered = fault.body
        theirs.output.check(answered)
        answer = rest.decode_response(theirs, rest.encode_response(theirs, answered))
        if example.expect == "ok":
            public.output.check(mapping.answer(example.operation, answer, ctx))


def test_examples_of_the_contracts_are_what_the_mapping_speaks(contracts):
    for name, public in contracts["public"].operations.items():
        theirs = contracts[BACKENDS[name]].operations[name]
        theirs.input.check(mapping.ask(name, public.request_example, replace(CTX, request=public.request_example)))
        public.output.check(mapping.answer(name, theirs.answer_example, replace(CTX, request=public.request_example)))


def test_a_dossier_from_receipt_to_the_registers(province):
    request = example(province, "dangKyHoTich")
    asked = {"maDonVi": request["maDonVi"], "maHoSo": request["maHoSo"]}
    assert province.call("dangKyHoTich", request)["daTiepNhanTruoc"] is False
    assert province.call("dangKyHoTich", request)["daTiepNhanTruoc"] is True
    assert province.engine.effects == [request["maHoSo"]]
    assert province.call("traTrangThaiHoSo", asked)["trangThai"] == "1"
    assert province.call("ketQuaDangKyHS", asked)["daHoanThanh"] is False
    province.a_day_passes()
    assert province.call("traTrangThaiHoSo", asked)["trangThai"] == "4"
    record = province.call("ketQuaDangKyHS", asked)["hoSo"]
    child = province.world.person(record["soDinhDanh"])
    assert (child.full_name, child.birth.isoformat(), child.mother) == (
        "BÙI THỊ MẪU",
        "2022-11-10",
        request["hoSo"]["meSoDDCN"],
    )
    assert record["nksNgaySinh"] == "2022-11-10"
    assert record["ngayDangKy"] == "2022-11-16"
    rows = province.call("dsHoSoDangKy", {"module": "KS", "ngayCapNhat": "2022-11-16"})["hoSo"]
    assert rows == [{"id": record["id"], "maDonVi": request["maDonVi"]}]
    assert province.call("traHoSo", {"module": "KS", "maHoSo": record["id"]})["hoSo"] == [record]


def test_a_joint_birth_brings_a_number(province):
    request = example(province, "nhanHoSoDKHT")
    poll = {"maHoSoLT": request["maHoSoLT"], "module": "LTKS"}
    assert province.call("nhanHoSoDKHT", request)["daTiepNhanTruoc"] is False
    assert "ketQuaXuLy" not in province.call("traKetQuaHoSoDKHT", poll)["ketQua"][0]
    province.a_day_passes()
    (outcome,) = province.call("traKetQuaHoSoDKHT", poll)["ketQua"]
    assert outcome["maTinh"] == "17"
    assert outcome["thoiGianThucHien"] == "2022-11-16T09:00:00+07:00"
    child = province.world.person(outcome["ketQuaXuLy"]["soDinhDanh"])
    assert child.residence.commune == request["hoSo"]["meNoiCuTru"]["maXa"]
    assert outcome["ketQuaXuLy"]["nksNgaySinh"] == "2022-11-10"


def test_the_ministry_names_faulty_fields_and_the_caller_finds_them(province):
    request = example(province, "dangKyHoTich")
    record = request["hoSo"] | {"nksGioiTinh": "7", "nksDanToc": "99", "nksNgaySinh": "2031-01-01", "meSoDDCN": "12"}
    with pytest.raises(ProviderFault) as caught:
        province.call("dangKyHoTich", request | {"maHoSo": "H28.148-221116-0001", "hoSo": record})
    assert {error.path for error in caught.value.errors} == {
        "/hoSo/nksGioiTinh",
        "/hoSo/nksDanToc",
        "/hoSo/nksNgaySinh",
        "/hoSo/meSoDDCN",
    }
    assert province.engine.effects == []


def test_a_report_that_the_portal_refuses(province):
    request = example(province, "capNhatTrangThaiHoSoLT")
    with pytest.raises(ProviderFault) as caught:
        province.call("capNhatTrangThaiHoSoLT", request | {"trangThai": 77})
    assert caught.value.errors == (FieldError("/trangThai", "enum"),)
    province.call("capNhatTrangThaiHoSoLT", request)
    province.call("capNhatTrangThaiHoSoLT", request)
    assert len(province.engine.effects) == 1
