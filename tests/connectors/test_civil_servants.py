"""civil-servants: the envelope of base64 JSON, sections whose leaves are all text, one code for every refusal."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.runtime import HANOI
from tests.connectors.mappings import load

mapping = load("civil-servants")
RECORD: dict[str, Any] = {
    "SoHieuCBCCVC_BNDP": "CB990007",
    "THONGTINCHUNG": {"HoVaTen": "Bùi Văn Mẫu An", "NgaySinh": "1985-03-12", "GioiTinh": "1", "DanToc": "06"},
    "LUONG_PHUCAP_CHUCVU": {
        "HeSoLuong": "3.33",
        "PhanTramHuong": 100,
        "DS_QUATRINH_PHUCAP": [{"TuNgay": "2020-01-01", "GiaTri": 447000}],
    },
    "DS_KETQUA_DANHGIA_PHANLOAI": [{"KetQuaDanhGia": "02", "Nam": 2021}],
}
SENT: dict[str, Any] = {"org_Code": "H28.02", "Action_Type": "ADD", "HOSO_CBCCVC": RECORD}


def context(request: dict[str, Any] | None = None) -> Context:
    now = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
    return Context(now, lambda: "0" * 26, "ccvc", values={"Sender_Code": ""}, request=request or {})


def opened(asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(asked["jsonContent"], validate=True))
    return found


def packed(record: Any) -> str:
    return base64.b64encode(json.dumps({"Data": {"Body": {"HOSO_CBCCVC": record}}}).encode()).decode()


def test_a_record_travels_as_json_in_base64_and_every_leaf_is_text() -> None:
    asked = mapping.ask("ServiceM0001", SENT, context())
    assert asked["org_Code"] == "H28.02"
    message = opened(asked)["Data"]
    assert message["Header"] == {"Action_Type": "ADD", "Sender_Code": ""}
    record = message["Body"]["HOSO_CBCCVC"]
    assert record["SoHieuCBCCVC_BNDP"] == "CB990007", "the prefix is the ministry's own work"
    assert record["THONGTINCHUNG"]["NgaySinh"] == "12/03/1985"
    assert record["THONGTINCHUNG"]["TonGiao"] == "", "a leaf that nobody knows is there, and empty"
    salary = record["LUONG_PHUCAP_CHUCVU"]
    assert (salary["PhanTramHuong"], salary["DS_QUATRINH_PHUCAP"][0]["GiaTri"]) == ("100", "447000")
    assert "DS_QUATRINH_LUONG" not in salary, "a list that was not sent is not touched"
    assert record["DS_KETQUA_DANHGIA_PHANLOAI"][0]["Nam"] == "2021"


def test_viewing_sends_the_number_alone() -> None:
    asked = mapping.ask("xemHoSo", {"org_Code": "H28.02", "SoHieuCBCCVC_BNDP": "CB990007"}, context())
    message = opened(asked)["Data"]
    assert message["Header"]["Action_Type"] == "VIEW"
    assert message["Body"]["HOSO_CBCCVC"] == {"SoHieuCBCCVC_BNDP": "CB990007"}


def test_a_date_that_is_none_is_pointed_at() -> None:
    wrong = {"SoHieuCBCCVC_BNDP": "X", "TUYENDUNG_QT_CONGTAC": {"DS_QUATRINH_CONGTAC": [{}, {"TuNgay": "2022-13-01"}]}}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("ServiceM0002", SENT | {"HOSO_CBCCVC": wrong}, context())
    (error,) = caught.value.errors
    assert error.path == "/HOSO_CBCCVC/TUYENDUNG_QT_CONGTAC/DS_QUATRINH_CONGTAC/1/TuNgay"


def test_a_view_is_read_into_clean_types() -> None:
    theirs = {
        "SoHieuCBCCVC_BNDP": "H28.02_CB990007",
        "THONGTINCHUNG": {"HoVaTen": "Bùi Văn Mẫu An", "NgaySinh": "12/03/1985", "SoCMND": "", "La": "x"},
        "LUONG_PHUCAP_CHUCVU": {"HeSoLuong": 3.33, "PhanTramHuong": "100", "DS_QUATRINH_LUONG": {"TuNgay": "2020"}},
        "DS_KETQUA_DANHGIA_PHANLOAI": [{"KetQuaDanhGia": "02", "Nam": "2021"}],
    }
    asked = {"org_Code": "H28.02", "SoHieuCBCCVC_BNDP": "CB990007"}
    found = mapping.answer("xemHoSo", {"err_code": 0, "value": packed(theirs)}, context(asked))
    assert found == asked | {
        "HOSO_CBCCVC": {
            "SoHieuCBCCVC_BNDP": "CB990007",
            "THONGTINCHUNG": {"HoVaTen": "Bùi Văn Mẫu An", "NgaySinh": "1985-03-12"},
            "LUONG_PHUCAP_CHUCVU": {
                "HeSoLuong": "3.33",
                "PhanTramHuong": 100,
                "DS_QUATRINH_LUONG": [{"TuNgay": "2020"}],
            },
            "DS_KETQUA_DANHGIA_PHANLOAI": [{"KetQuaDanhGia": "02", "Nam": 2021}],
        }
    }


@pytest.mark.parametrize("value", [None, "không phải base64", "bm90IGpzb24=", base64.b64encode(b"[]").decode()])
def test_a_view_without_a_record_is_a_broken_contract(value: str | None) -> None:
    with pytest.raises(BadAnswer):
        mapping.answer("xemHoSo", {"err_code": 0, "value": value}, context({"SoHieuCBCCVC_BNDP": "X"}))


@pytest.mark.parametrize(
    ("words", "error", "path", "rule"),
    [
        ("Số hiệu CBCCVC CB1 không tồn tại!", RecordNotFound, None, None),
        ("Hồ sơ có số hiệu CBCCVC CB1 đã tồn tại", ProviderFault, "/HOSO_CBCCVC/SoHieuCBCCVC_BNDP", "unique"),
        ("Mã đơn vị H99 không tồn tại trên hệ thống", ProviderFault, "/org_Code", "enum"),
        ("Mã giới tính không đúng danh mục", ProviderFault, "/HOSO_CBCCVC/THONGTINCHUNG/GioiTinh", "enum"),
        ("Thiếu thông tin chung của hồ sơ", ProviderFault, "/HOSO_CBCCVC/THONGTINCHUNG", "required"),
        ("Hành động phải thuộc EDIT, DEL", ProviderFault, "/Action_Type", "enum"),
        ("Tài khoản chưa được phân quyền cho đơn vị H28.02", ConnectFailed, None, None),
        ("Lỗi gì đó", ProviderFault, None, None),
    ],
)
def test_what_a_refusal_means_stands_in_its_words(
    words: str, error: type[LgspError], path: str | None, rule: str | None
) -> None:
    with pytest.raises(error) as caught:
        mapping.answer("ServiceM0001", {"err_code": 1, "message": words}, context(SENT))
    assert caught.value.provider == ("1", words)
    if path:
        assert [(each.path, each.rule) for each in caught.value.errors] == [(path, rule)]


@pytest.mark.parametrize(
    ("action", "there", "outcome"),
    [
        ("ADD", True, "found"),
        ("ADD", False, RecordNotFound),
        ("DEL", False, "gone"),
        ("DEL", True, RecordNotFound),
        ("EDIT", True, ProviderFault),
    ],
)
def test_an_update_is_proved_by_what_it_should_have_left(action: str, there: bool, outcome: Any) -> None:
    asked = {"org_Code": "H28.02", "SoHieuCBCCVC_BNDP": "CB1", "doiChieu": action}
    said: dict[str, Any] = {"err_code": 0, "value": packed({"SoHieuCBCCVC_BNDP": "CB1"})}
    if not there:
        said = {"err_code": 1, "message": "Số hiệu CBCCVC CB1 không tồn tại"}
    if isinstance(outcome, str):
        found = mapping.answer("xemHoSo", said, context(asked))
        assert found.get("daXoa", False) is (outcome == "gone")
    else:
        with pytest.raises(outcome):
            mapping.answer("xemHoSo", said, context(asked))


@given(
    st.sampled_from(["ServiceM0001", "ServiceM0003", "xemHoSo"]),
    st.sampled_from([0, 1, 7]),
    st.none() | st.text(),
    st.none() | st.recursive(st.none() | st.text() | st.integers(), lambda part: st.lists(part), max_leaves=4),
)
def test_never_surprised(operation: str, code: int, message: str | None, inner: Any) -> None:
    said = {"err_code": code, "message": message, "value": packed({"THONGTINCHUNG": inner, "DS_TINHOC": inner})}
    with suppress(LgspError):
        assert isinstance(mapping.answer(operation, said, context(SENT)), dict)
