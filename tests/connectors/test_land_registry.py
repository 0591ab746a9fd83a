"""land-registry: moments without an offset, money with a fraction, success inside `status`, the tax notice that comes in."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import (
    BadAnswer,
    BusFault,
    ConnectFailed,
    InvalidMessage,
    LgspError,
    ProviderFault,
    RecordNotFound,
    Unauthenticated,
)
from lgsp.mapping import Context
from lgsp.runtime import HANOI
from tests.connectors.mappings import load

mapping = load("land-registry")
SENT: dict[str, Any] = {
    "TinhId": "17",
    "HuyenId": "148",
    "XaId": "04789",
    "SoBienNhan": "H28.148-221116-0007",
    "NguoiTiepNhan": "Cán bộ Mẫu",
    "NgayTiepNhan": "2022-11-16T01:00:00Z",
    "ThongTinNguoiNopDon": {"HoTen": "Bùi Văn Mẫu Bình"},
    "ThongTinQuyTrinh": {"MaQuyTrinh": "CNQSDD"},
    "ThongTinThuaDat": [{"DienTich": "120.5"}],
}
NOTICE: dict[str, Any] = {
    "CodeGet": "ma-mau",
    "SoBienNhan": "H28.148-221116-0007",
    "NguoiXuLy": "Chi cục Thuế Mẫu",
    "NgayCoKetQuaThue": "2022-11-17T09:00:00.1234567",
    "GhiChu": None,
    "DanhSachThongBaoThue": [{"HoVaChu": "Bùi Văn Mẫu Bình", "SoThongBaoThue": "LTB9900001"}],
}
FINE = {"success": True, "code": 200, "message": "Thành công", "time": "2022-11-16T08:00:05"}


def context(request: dict[str, Any] | None = None, code: str = "ma-mau") -> Context:
    now = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
    return Context(now, lambda: "0" * 26, "ilis", secrets={"codeGet": code}, request=request or {})


def test_moments_go_as_local_time_and_the_level_is_the_province() -> None:
    asked = mapping.ask("TiepNhanHoSo", SENT, context())
    assert asked["NgayTiepNhan"] == "2022-11-16T08:00:00"
    assert asked["LaQuyTrinhCapTinh"] is True
    assert mapping.ask("TiepNhanHoSo", SENT | {"LaQuyTrinhCapTinh": False}, context())["LaQuyTrinhCapTinh"] is False
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("TiepNhanHoSo", SENT | {"NgayHenTra": "mai"}, context())
    assert [error.path for error in caught.value.errors] == ["/NgayHenTra"]


def test_a_dossier_that_was_taken() -> None:
    found = mapping.answer("TiepNhanHoSo", {"data": 1, "status": FINE}, context(SENT))
    assert found == {
        "SoBienNhan": SENT["SoBienNhan"],
        "daTiepNhanTruoc": False,
        "moTa": "Thành công",
        "thoiGian": "2022-11-16T08:00:05+07:00",
    }


@pytest.mark.parametrize("words", ["Số biên nhận H28 đã tồn tại", "Hồ sơ ĐÃ ĐƯỢC TIẾP NHẬN"])
def test_a_repetition_is_known_by_its_words_alone(words: str) -> None:
    said = {"data": 0, "status": {"success": False, "code": 409, "message": words}}
    assert mapping.answer("TiepNhanHoSo", said, context(SENT))["daTiepNhanTruoc"] is True


@pytest.mark.parametrize(
    ("code", "error"), [(400, ProviderFault), (401, ConnectFailed), (403, ConnectFailed), (404, RecordNotFound)]
)
@pytest.mark.parametrize("operation", ["TiepNhanHoSo", "traCuuThuaDat", "ThongBaoThue"])
def test_a_refusal_is_told_by_its_code(operation: str, code: int, error: type[LgspError]) -> None:
    said = {"data": None, "status": {"success": False, "code": code, "message": "không"}}
    with pytest.raises(error) as caught:
        mapping.answer(operation, said, context(SENT))
    assert caught.value.provider == (str(code), "không")


def test_the_members_that_it_names_are_the_callers_own() -> None:
    words = "XaId không có trong danh mục; DienTich không đúng định dạng; HoTen bắt buộc"
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("TiepNhanHoSo", {"status": {"success": False, "code": 400, "message": words}}, context(SENT))
    assert [(error.path, error.rule) for error in caught.value.errors] == [
        ("/XaId", "enum"),
        ("/ThongTinThuaDat/0/DienTich", "format"),
        ("/ThongTinNguoiNopDon/HoTen", "required"),
    ]


@pytest.mark.parametrize(("area", "clean"), [(120.5, "120.5"), (96.0, "96"), ("88,25", "88.25")])
def test_a_parcel_in_clean_types(area: object, clean: str) -> None:
    asked = {"MaXa": "04789", "SoHieuBanDo": "7", "SoThuTuThua": "12"}
    theirs = {"DienTich": area, "MucDichSuDung": "ODT", "ChuSuDung": {"HoTen": "Bùi", "SoGiayTo": None}}
    found = mapping.answer("traCuuThuaDat", {"data": theirs, "status": FINE}, context(asked))
    assert found == asked | {"DienTich": clean, "MucDichSuDung": "ODT", "ChuSuDung": [{"HoTen": "Bùi"}]}
    with pytest.raises(RecordNotFound):
        mapping.answer("traCuuThuaDat", {"data": None, "status": FINE}, context(asked))


def test_notices_and_vouchers_in_clean_types() -> None:
    notice = {"HoSoId": "H", "Nguon": 1, "SoTien": 1250000.0, "NgayQuyetDinh": "2022-11-04T00:00:00", "MaSoThue": None}
    found = mapping.answer("ThongBaoThue", {"data": [notice], "status": FINE}, context())
    assert found == {"ThongBaoThue": [{"HoSoId": "H", "Nguon": "1", "SoTien": 1250000, "NgayQuyetDinh": "2022-11-04"}]}
    voucher = {"SoTien": 1250000, "ThoiGianThanhToan": "2022-11-05T02:00:00Z", "TrangThaiThanhToan": False}
    found = mapping.answer("ChungTuThue", {"data": [voucher], "status": FINE}, context())
    assert found["ChungTuThue"] == [
        {"SoTien": 1250000, "ThoiGianThanhToan": "2022-11-05T09:00:00+07:00", "TrangThaiThanhToan": False}
    ]
    assert mapping.answer("ThongBaoThue", {"data": [], "status": FINE}, context()) == {"ThongBaoThue": []}
    with pytest.raises(BadAnswer):
        mapping.answer("ThongBaoThue", {"data": None, "status": FINE}, context())


def test_a_tax_notice_is_proved_cleaned_and_acknowledged() -> None:
    received = mapping.receive("CapNhatKetQuaThongBaoThue", NOTICE, context())
    assert received.consumer is None, "whoever handed in this SoBienNhan"
    assert received.key == "H28.148-221116-0007:2022-11-17T09:00:00+07:00:LTB9900001"
    assert received.data == {
        "SoBienNhan": "H28.148-221116-0007",
        "NguoiXuLy": "Chi cục Thuế Mẫu",
        "NgayCoKetQuaThue": "2022-11-17T09:00:00+07:00",
        "DanhSachThongBaoThue": [{"HoVaChu": "Bùi Văn Mẫu Bình", "SoThongBaoThue": "LTB9900001"}],
    }
    assert received.reply == {"Result": 1, "Message": ""}


@pytest.mark.parametrize(("given_code", "ours"), [("khac", "ma-mau"), (None, "ma-mau"), ("", ""), (None, "")])
def test_without_the_code_it_is_nobodys(given_code: str | None, ours: str) -> None:
    with pytest.raises(Unauthenticated):
        mapping.receive("CapNhatKetQuaThongBaoThue", NOTICE | {"CodeGet": given_code}, context(code=ours))


@pytest.mark.parametrize("changed", [{"DanhSachThongBaoThue": []}, {"NgayCoKetQuaThue": "hôm qua"}])
def test_a_notice_that_says_nothing_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        mapping.receive("CapNhatKetQuaThongBaoThue", NOTICE | changed, context())


@pytest.mark.parametrize("error", [Unauthenticated(), RecordNotFound(), InvalidMessage(), BusFault()])
def test_a_refusal_never_acknowledges(error: LgspError) -> None:
    reply = mapping.refuse("CapNhatKetQuaThongBaoThue", {}, error, context())
    assert reply["Result"] == 0
    assert reply["Message"]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=6)  # fmt: skip


@given(st.sampled_from(["TiepNhanHoSo", "traCuuThuaDat", "ThongBaoThue", "ChungTuThue"]), JSON, JSON, st.booleans())
def test_never_surprised(operation: str, found: Any, words: Any, success: bool) -> None:
    with suppress(LgspError):
        said = {"data": found, "status": {"success": success, "message": words, "time": words}}
        assert isinstance(mapping.answer(operation, said, context(SENT)), dict)
