"""national-portal: the requests as the portal's public clients write them, its three ways to say no, amounts and moments."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import FieldError
from tests.connectors.mappings import load

mapping = load("national-portal")
NOW = datetime(2022, 11, 16, 9, tzinfo=timezone(timedelta(hours=7)))
VALUES = {
    "madonvi": "000.00.00.H28",
    "providerurl": "https://kho.example",
    "SiteId": "MAU-HOABINH",
    "LOCATION": "17",
}
DOSSIER: dict[str, Any] = {
    "MaHoSo": "H28.148-221114-9907",
    "MaTTHC": "1.001193",
    "NgayTiepNhan": "2022-11-14T01:30:00Z",
    "TaiLieuNop": [{"TepDinhKemId": "1", "IsDeleted": False}],
    "DanhSachLePhi": [{"MaPhiLePhi": "LP01", "Gia": 8000}],
    "DanhSachHoSoBoSung": [{"NgayBoSung": "2022-11-15T10:00:00+07:00", "DanhSachGiayToBoSung": [{"SoLuong": 2}]}],
}


def context(request: dict[str, Any] | None = None, backend: str = "mapi") -> Context:
    return Context(NOW, lambda: "0" * 26, backend, values=VALUES, request=request or {})


def test_a_dossier_is_written_as_the_portals_clients_write_it() -> None:
    assert mapping.ask("DongBoHoSoMC", DOSSIER | {"isUpdating": True}, context()) == {
        "service": "DongBoHoSoMC",
        "madonvi": "000.00.00.H28",
        "isUpdating": "True",
        "data": [
            {
                "MaHoSo": "H28.148-221114-9907",
                "MaTTHC": "1.001193",
                "NgayTiepNhan": "20221114083000",
                "TaiLieuNop": [{"TepDinhKemId": "1", "IsDeleted": "False"}],
                "DanhSachLePhi": [{"MaPhiLePhi": "LP01", "Gia": "8000"}],
                "DanhSachHoSoBoSung": [{"NgayBoSung": "20221115100000", "DanhSachGiayToBoSung": [{"SoLuong": "2"}]}],
            }
        ],
    }
    assert mapping.ask("DongBoHoSoMC", DOSSIER, context())["isUpdating"] == "False"


def test_a_moment_that_is_none_is_pointed_at() -> None:
    wrong = DOSSIER | {"DanhSachHoSoBoSung": [{"NgayBoSung": "hôm qua"}]}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("DongBoHoSoMC", wrong, context())
    assert caught.value.errors == (FieldError("/DanhSachHoSoBoSung/0/NgayBoSung", "date-time"),)


@pytest.mark.parametrize(
    ("operation", "request_", "asked"),
    [
        ("TraCuuHoSo", {"MaHoSo": "x", "TrangThai": "4"}, {"MaHoSo": "x"}),
        ("LayThuTuc", {"MaTTHC": "1.001193"}, {"MaTTHC": "1.001193"}),
        ("TraCuuTechID", {"mstorcmnd": "5499000017"}, {"provider": "wso2is", "mstorcmnd": "5499000017"}),
        ("LayDanhMucCoQuan", {}, {}),
        ("LayDanhSachHoiDap", {"HOIDAPID": "1"}, {}),
        ("DongBoHoiDap", {"HOIDAPID": "7", "NOIDUNG": "?"}, {"data": [{"HOIDAPID": 7, "NOIDUNG": "?"}]}),
        (
            "CapNhatTienDoHoSoMC",
            {"MaHoSo": "x", "ThoiDiemXuLy": "2022-11-15T09:00:00+07:00"},
            {"data": [{"MaHoSo": "x", "ThoiDiemXuLy": "20221115090000"}]},
        ),
    ],
)
def test_every_service_says_its_name_and_the_provinces_unit(
    operation: str, request_: dict[str, Any], asked: dict[str, Any]
) -> None:
    head = {"service": operation, "madonvi": "000.00.00.H28"}
    assert mapping.ask(operation, request_, context()) == head | asked


def test_an_event_is_all_strings_with_the_user_as_json() -> None:
    event = {"CodeProfile": "1", "Status": "1", "IsDVCBC": True, "User": {"ID_local": "017190990001", "TYPE": "2"}}
    sent = mapping.ask("TrackingMCDT", event, context(backend="emc"))
    user = sent.pop("User")
    assert sent == {"SiteId": "MAU-HOABINH", "CodeProfile": "1", "Status": "1", "IsDVCBC": "1"}
    assert json.loads(user) == {"ID_local": "017190990001", "ID_QG": "017190990001", "TYPE": "2", "LOCATION": "17"}


def test_the_store_is_asked_for_the_owner_by_its_provider() -> None:
    request = {
        "SoDinhDanhChuSoHuu": "017190990001",
        "HoTenNguoiYeuCau": "X",
        "KenhThucHien": "2",
        "MaThuTuc": "1.001193",
    }
    wanted = {"DanhSachDanhMucKetQua": [{"MaKetQua": "KQ"}]}
    asked = mapping.ask("GetDanhSachKetQua", request | wanted, context(backend="kho"))
    assert asked == request | {
        "providerurl": "https://kho.example",
        "SoDinhDanhNguoiYeuCau": "017190990001",
        "DanhSachDanhMucKetQua": [{"MaKetQua": "KQ", "SoKyHieu": ""}],
    }


@pytest.mark.parametrize("code", ["0", "00", 0])
def test_both_generations_of_success(code: object) -> None:
    said = mapping.answer("DongBoHoSoMC", {"error_code": code, "message": None}, context(DOSSIER))
    assert said == {"MaHoSo": "H28.148-221114-9907", "daTiepNhanTruoc": False}


@pytest.mark.parametrize(
    ("code", "text", "leaf", "errors"),
    [
        ("-1", "Lỗi hệ thống", BadAnswer, ()),
        ("1", "MaTTHC không tồn tại trong danh mục; NgayHenTra không đúng định dạng", ProviderFault,
         (FieldError("/MaTTHC", "enum"), FieldError("/NgayHenTra", "format"))),
        ("2", "Không tồn tại hồ sơ", RecordNotFound, ()),
        ("3", "Đơn vị chưa được cấp quyền", ConnectFailed, ()),
        (77, "mã mới", ProviderFault, ()),
    ],
)  # fmt: skip
def test_every_code_has_its_leaf(
    code: object, text: str, leaf: type[LgspError], errors: tuple[FieldError, ...]
) -> None:
    with pytest.raises(LgspError) as caught:
        mapping.answer("DongBoHoSoMC", {"error_code": code, "message": text}, context(DOSSIER))
    assert type(caught.value) is leaf
    assert caught.value.provider == (str(code), text)
    assert caught.value.errors == errors


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("DongBoHoSoMC", {"error_code": "4", "message": "Hồ sơ X đã được tiếp nhận"}),
        ("TrackingMCDT", {"success": False, "message": "Sự kiện ĐÃ ĐƯỢC TIẾP NHẬN"}),
    ],
)
def test_a_repetition_is_success(operation: str, answer: dict[str, Any]) -> None:
    assert mapping.answer(operation, answer, context({"MaHoSo": "X"}))["daTiepNhanTruoc"] is True


def test_emc_refuses_with_false() -> None:
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("TrackingMCDT", {"success": False, "message": "Status không tồn tại"}, context())
    assert caught.value.errors == (FieldError("/Status", "enum"),)


ROW = {
    "MaHoSo": "X",
    "MaTrangThai": 9,
    "NgayNop": "20221114083000",
    "NgayHenTra": None,
    "QuaTrinhXuLy": [{"ThoiDiemXuLy": "20221115090000", "TrangThai": "9"}],
}


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, True),
        ({"TrangThai": "9"}, True),
        ({"TrangThai": "4"}, False),
        ({"ThoiDiemXuLy": "2022-11-15T02:00:00Z", "TrangThai": "9"}, True),
        ({"ThoiDiemXuLy": "2022-11-15T09:00:00+07:00"}, True),
        ({"ThoiDiemXuLy": "2022-11-15T09:00:01+07:00"}, False),
    ],
)
def test_a_dossier_proves_what_was_told_of_it(narrowed: dict[str, Any], found: bool) -> None:
    ctx = context({"MaHoSo": "X"} | narrowed)
    if found:
        assert mapping.answer("TraCuuHoSo", {"error_code": "0", "result": [ROW]}, ctx) == {
            "MaHoSo": "X",
            "MaTrangThai": "9",
            "NgayNop": "2022-11-14T08:30:00+07:00",
            "QuaTrinhXuLy": [{"ThoiDiemXuLy": "2022-11-15T09:00:00+07:00", "TrangThai": "9"}],
        }
    else:
        with pytest.raises(RecordNotFound):
            mapping.answer("TraCuuHoSo", {"error_code": "0", "result": [ROW]}, ctx)


@pytest.mark.parametrize("result", [None, [], [{}], [{"TECHNICALID": None}]])
@pytest.mark.parametrize("operation", ["TraCuuHoSo", "LayThuTuc", "TraCuuTechID"])
def test_an_empty_result_is_nobody(operation: str, result: list[Any] | None) -> None:
    with pytest.raises(RecordNotFound):
        mapping.answer(operation, {"error_code": "0", "result": result}, context())


@pytest.mark.parametrize(
    ("amount", "whole"), [(25000.0, 25000), ("8000", 8000), ("8e3", 8000), ("x", None), (None, None)]
)
def test_amounts_of_a_procedure_are_whole(amount: object, whole: int | None) -> None:
    fee = {"MAPHILEPHI": "LP01", "SOTIEN": amount}
    row = {"MATTHC": "1.001193", "CACHTHUCTHUCHIEN": [{"KENH": 2, "THOIGIAN": [{"PHILEPHI": [fee]}]}], "TRANGTHAI": 1}
    said = mapping.answer("LayThuTuc", {"error_code": "0", "result": [row]}, context())
    assert said["TRANGTHAI"] == "1"
    channel = said["CACHTHUCTHUCHIEN"][0]
    assert channel["KENH"] == "2"
    assert channel["THOIGIAN"][0]["PHILEPHI"][0].get("SOTIEN") == whole


def test_questions_are_narrowed_here() -> None:
    rows = [{"HOIDAPID": 1, "MALINHVUC": "A"}, {"HOIDAPID": 2, "MALINHVUC": "B", "TRALOIID": None}]
    answer = {"error_code": "0", "result": rows}
    assert mapping.answer("LayDanhSachHoiDap", answer, context({"MALINHVUC": "B"})) == {
        "result": [{"HOIDAPID": "2", "MALINHVUC": "B"}]
    }
    assert mapping.answer("LayDanhSachHoiDap", answer, context({"MALINHVUC": "C"})) == {}
    with pytest.raises(RecordNotFound):
        mapping.answer("LayDanhSachHoiDap", answer, context({"HOIDAPID": "3"}))


@pytest.mark.parametrize(
    ("answer", "leaf"),
    [
        ({"errorCode": "0", "result": None}, RecordNotFound),
        ({"errorCode": 0, "result": {"DanhSachGiayToKetQua": []}}, RecordNotFound),
        ({"errorCode": "3", "message": "không được phép"}, ConnectFailed),
        ({"errorCode": "1", "message": "sai"}, ProviderFault),
    ],
)
def test_the_store_says_no(answer: dict[str, Any], leaf: type[LgspError]) -> None:
    with pytest.raises(LgspError) as caught:
        mapping.answer("GetDanhSachKetQua", answer, context(backend="kho"))
    assert type(caught.value) is leaf


VALUE = st.recursive(
    st.none() | st.text() | st.integers() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ROW, "SOTIEN", "KENH", "TECHNICALID"]), inner),
)


@given(VALUE, st.sampled_from(["TraCuuHoSo", "LayThuTuc", "TraCuuTechID", "LayDanhSachHoiDap", "LayDanhMucLinhVuc"]))
def test_answers_never_surprise(value: Any, operation: str) -> None:
    with suppress(LgspError):
        mapping.answer(operation, {"error_code": "0", "result": value}, context({"MaHoSo": "X"}))
