"""social-protection: the key in the body, ids of its own, names whose case drifts, papers as XML in a string."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context, PlaceTable, xml_data
from lgsp.runtime import HANOI
from tests.connectors.mappings import ROOT, load

mapping = load("social-protection")
PLACES = PlaceTable.read(Path(ROOT) / "connectors" / "social-protection" / "places.csv")
SENT: dict[str, Any] = {
    "MaHoSo": "H28.148-221116-0007",
    "MaTTHC": "1.001776",
    "HoVaTen": "Quách Thị Thử Năm",
    "NgayThangNamSinh": "1948",
    "GioiTinhId": "2",
    "DanTocId": "06",
    "CMND_NgayCap": "2021-05-10",
    "CMND_NoiCap": "00",
    "MaTinh": "17",
    "MaHuyen": "148",
    "HKTT_MaXa": "04789",
    "NgayTiepNhan": "2022-11-16T01:00:00Z",
    "TaiKhoanDuocXacThucVoiVNeID": True,
    "DanhSachTaiLieuNop": [{"TenTepDinhKem": "tờ <khai>.pdf", "DuocSoHoa": True}],
}


def context(request: dict[str, Any] | None = None) -> Context:
    now = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
    secrets, values = {"AcceptKey": "khoa-mau"}, {"LoaiDuLieu": "100"}
    return Context(now, lambda: "0" * 26, "btxh", secrets=secrets, values=values, places=PLACES, request=request or {})


def test_a_dossier_in_the_ministrys_dialect() -> None:
    asked = mapping.ask("DongBoDVC", SENT, context())
    assert asked.pop("CertificateExtentData").startswith("<ExtentData><DanhsachTaiLieuNop><TaiLieuNop>")
    assert asked == {
        "AcceptKey": "khoa-mau",
        "LoaiDuLieu": "100",
        "MaHoSo": "H28.148-221116-0007",
        "MaTTHC": "1.001776",
        "HoVaTen": "Quách Thị Thử Năm",
        "NgayThangNamSinh": "1948",
        "GioiTinhId": "1035",
        "DanTocId": "6",
        "CMND_NgayCap": "10/05/2021",
        "CMND_NoiCap": "1047",
        "MaTinh": "17",
        "MaHuyen": "917148",
        "HKTT_MaXa": "4789",
        "NgayTiepNhan": "16/11/2022 08:00:00",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "HoSoCoThanhPhanSoHoa": "1",
    }


@pytest.mark.parametrize(("iso", "theirs"), [("1948", "1948"), ("1953-08", "08/1953"), ("1990-07-21", "21/07/1990")])
def test_a_birth_as_precise_as_it_is_known(iso: str, theirs: str) -> None:
    assert mapping.ask("DongBoDVC", SENT | {"NgayThangNamSinh": iso}, context())["NgayThangNamSinh"] == theirs
    row = {"ngayThangNamSinh": theirs}
    found = mapping.answer("LayKetQua", {"result": {"error_code": 0, "data": [row]}}, context())
    assert found == {"hoSo": [{"NgayThangNamSinh": iso}]}


def test_papers_are_xml_in_a_string_and_back() -> None:
    papers = mapping.ask("DongBoDVC", SENT, context())["CertificateExtentData"]
    paper = xml_data(papers)["DanhsachTaiLieuNop"]["TaiLieuNop"]
    assert (paper["TenTepDinhKem"], paper["DuocSoHoa"], paper["IsDeleted"]) == ("tờ <khai>.pdf", "1", "0")
    row = {"maHoSo": "H", "certificateExtentData": papers}
    (found,) = mapping.answer("LayKetQua", {"result": {"error_code": 0, "data": [row]}}, context())["hoSo"]
    assert found["DanhSachTaiLieuNop"] == [
        {"TenTepDinhKem": "tờ <khai>.pdf", "DuocSoHoa": True, "IsDeleted": False, "DuocLayTuKhoDMQG": False}
    ]


@pytest.mark.parametrize("outer", ["DanhsachTaiLieuNop", "DanhSachTaiLieuNop"])
def test_both_spellings_of_the_list_are_read(outer: str) -> None:
    papers = f"<ExtentData><{outer}><TaiLieuNop><TenTepDinhKem>a</TenTepDinhKem></TaiLieuNop></{outer}></ExtentData>"
    row = {"certificateExtentData": papers}
    (found,) = mapping.answer("LayKetQua", {"result": {"error_code": 0, "data": [row]}}, context())["hoSo"]
    assert found["DanhSachTaiLieuNop"][0]["TenTepDinhKem"] == "a"


def test_names_are_said_as_published_whatever_their_case() -> None:
    row = {
        "acceptKey": "khoa-mau",
        "cmnD_NgayCap": "10/05/2021",
        "cmnD_NoiCap": "1047",
        "hktT_MaTinh": "17",
        "maHuyen": "917148",
        "nohT_MaXa": "4789",
        "gioiTinhId": "1034",
        "danTocId": "6",
        "maTTHC": "1.001776",
        "ngayTiepNhan": "01/11/2022 08:00:00",
        "ngayKetThucXuLy_ThucTe": "08/11/2022",
        "duocThanhToanTrucTuyen": "0",
        "urlDetail": "",
        "truongLa": "x",
    }
    found = mapping.answer("LayKetQua", {"result": {"error_code": 0, "data": [row]}}, context())
    assert found == {
        "hoSo": [
            {
                "CMND_NgayCap": "2021-05-10",
                "CMND_NoiCap": "00",
                "HKTT_MaTinh": "17",
                "MaHuyen": "148",
                "NOHT_MaXa": "04789",
                "GioiTinhId": "1",
                "DanTocId": "06",
                "MaTTHC": "1.001776",
                "NgayTiepNhan": "2022-11-01T08:00:00+07:00",
                "NgayKetThucXuLy_ThucTe": "2022-11-08T00:00:00+07:00",
                "DuocThanhToanTrucTuyen": False,
            }
        ]
    }


def test_results_are_asked_of_the_last_week_unless_told() -> None:
    assert mapping.ask("LayKetQua", {"MaTinh": "17"}, context())["from"] == "09/11/2022"
    asked = mapping.ask("LayKetQua", {"MaTinh": "17", "from": "2022-11-01", "MaHoSo": "H"}, context())
    assert asked == {"AcceptKey": "khoa-mau", "LoaiDuLieu": "100", "MaTinh": "17", "from": "01/11/2022"}


def test_of_one_dossier_only_that_one_is_told() -> None:
    said = {"result": {"error_code": 0, "data": [{"maHoSo": "A"}, {"maHoSo": "B"}]}}
    assert mapping.answer("LayKetQua", said, context({"MaHoSo": "B"})) == {"hoSo": [{"MaHoSo": "B"}]}
    with pytest.raises(RecordNotFound):
        mapping.answer("LayKetQua", said, context({"MaHoSo": "C"}))
    assert mapping.answer("LayKetQua", {"result": {"error_code": 0, "data": None}}, context()) == {"hoSo": []}


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"MaHuyen": "999"}, "/MaHuyen"),
        ({"NgayTiepNhan": "mai"}, "/NgayTiepNhan"),
        ({"CMND_NgayCap": "2021-02-30"}, "/CMND_NgayCap"),
    ],
)
def test_what_the_ministry_cannot_be_told_is_pointed_at(changed: dict[str, str], path: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("DongBoDVC", SENT | changed, context())
    assert [error.path for error in caught.value.errors] == [path]


def test_a_repetition_is_known_by_its_words_alone() -> None:
    said = {"error_code": "2", "message": "Hồ sơ H28.148-221116-0007 đã được tiếp nhận"}
    assert mapping.answer("DongBoDVC", said, context(SENT))["daTiepNhanTruoc"] is True
    with pytest.raises(ProviderFault):
        mapping.answer("XuLyHoSo", said, context(SENT))


@pytest.mark.parametrize(
    ("code", "error"), [(1, ConnectFailed), (2, ProviderFault), (3, RecordNotFound), (9, ProviderFault)]
)
def test_codes_are_told_apart_as_text_and_as_number(code: int, error: type[LgspError]) -> None:
    words = "NgayThangNamSinh không đúng định dạng; MaXa không có trong danh mục"
    with pytest.raises(error):
        mapping.answer("LayKetQua", {"result": {"error_code": code, "message": words}}, context(SENT))
    with pytest.raises(error) as caught:
        mapping.answer("DongBoDVC", {"error_code": str(code), "message": words}, context(SENT))
    if code == 2:
        assert [(each.path, each.rule) for each in caught.value.errors] == [
            ("/NgayThangNamSinh", "format"),
            ("/MaXa", "enum"),
        ]


@pytest.mark.parametrize(
    "papers", ["<ExtentData>", "không phải XML", "<ExtentData><DanhsachTaiLieuNop>x</DanhsachTaiLieuNop></ExtentData>"]
)
def test_papers_that_are_none_are_a_broken_contract(papers: str) -> None:
    said = {"result": {"error_code": 0, "data": [{"certificateExtentData": papers}]}}
    with pytest.raises(BadAnswer):
        mapping.answer("LayKetQua", said, context())


@given(st.sampled_from(sorted(mapping.PUBLISHED)), st.none() | st.text(), st.sampled_from([0, 1, 3]))
def test_never_surprised(name: str, value: str | None, code: int) -> None:
    with suppress(LgspError):
        said = {
            "result": {"error_code": code, "message": value, "data": [{name: value, "certificateExtentData": value}]}
        }
        assert isinstance(mapping.answer("LayKetQua", said, context(SENT)), dict)
