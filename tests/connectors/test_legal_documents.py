"""legal-documents: dd/MM/yyyy days, errors inside the answer, and whose turn each of them is."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import FieldError
from tests.connectors.mappings import load

mapping = load("legal-documents")
NOW = datetime(2022, 11, 16, 9, tzinfo=timezone(timedelta(hours=7)))


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(NOW, lambda: "0" * 26, "vbqppl", request=request or {})


def test_a_search_is_paged_and_its_days_are_theirs() -> None:
    asked = mapping.ask("timKiem", {"tuNgayBanHanh": "2022-01-31", "tinhTrangHieuLuc": "2"}, context())
    assert asked == {"trang": 1, "soDong": 20, "tuNgayBanHanh": "31/01/2022", "tinhTrangHieuLuc": 2}
    assert mapping.ask("timKiem", {"soDong": 5, "trang": 3}, context()) == {"trang": 3, "soDong": 5}
    assert mapping.ask("chiTiet", {"itemId": 990001}, context()) == {"itemId": 990001}


def test_a_document_without_a_name_is_called_by_its_number() -> None:
    sent = mapping.ask("capNhatVanBanDiaPhuong", {"soKyHieu": "9/2022/QĐ-UBND", "ngayBanHanh": "2022-11-10"}, context())
    assert sent == {"tenVanBan": "9/2022/QĐ-UBND", "soKyHieu": "9/2022/QĐ-UBND", "ngayBanHanh": "10/11/2022"}


def test_a_day_that_does_not_exist_is_the_callers_fault() -> None:
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("timKiem", {"denNgayBanHanh": "2022-02-30"}, context())
    assert caught.value.errors == (FieldError("/denNgayBanHanh", "date"),)


def test_documents_have_iso_days_and_codes_as_text() -> None:
    row = {"itemId": 1, "ngayBanHanh": "20/10/2022", "ngayHieuLuc": "2022", "ngayHetHieuLuc": "", "tinhTrangHieuLuc": 3}
    said = mapping.answer("timKiem", {"status": 1, "tongSo": 7, "danhSach": [row]}, context())
    assert said == {"tongSo": 7, "danhSach": [{"itemId": 1, "ngayBanHanh": "2022-10-20", "tinhTrangHieuLuc": "3"}]}


def test_nothing_found_by_number_is_not_there_and_else_an_answer() -> None:
    nothing = {"status": 1, "tongSo": 0}
    assert mapping.answer("timKiem", nothing, context({"tuKhoa": "xyz"})) == {"tongSo": 0}
    with pytest.raises(RecordNotFound):
        mapping.answer("timKiem", nothing, context({"soKyHieu": "1/1900/QĐ-UBND"}))
    assert mapping.answer("vanBanLienQuan", {"status": 1}, context()) == {}
    with pytest.raises(BadAnswer):
        mapping.answer("chiTiet", {"status": 1}, context())


@pytest.mark.parametrize(
    ("code", "text", "leaf", "errors"),
    [
        ("01", "Không tìm thấy văn bản", RecordNotFound, ()),
        ("02", "Đã có văn bản cùng số", ProviderFault, (FieldError("/soKyHieu", "refused"),)),
        ("03", "ngayHieuLuc không đúng định dạng", ProviderFault, (FieldError("/ngayHieuLuc", "format"),)),
        ("04", "không phải cơ quan của địa phương", ProviderFault, (FieldError("/maCoQuanBanHanh", "refused"),)),
        ("99", "Lỗi hệ thống", BadAnswer, ()),
        (None, "?", ProviderFault, ()),
    ],
)
def test_every_code_has_its_leaf(
    code: str | None, text: str, leaf: type[LgspError], errors: tuple[FieldError, ...]
) -> None:
    request = {"soKyHieu": "9/2022/QĐ-UBND", "maCoQuanBanHanh": "G22"}
    with pytest.raises(LgspError) as caught:
        mapping.answer("capNhatVanBanDiaPhuong", {"status": 0, "maLoi": code, "moTaLoi": text}, context(request))
    assert type(caught.value) is leaf
    assert caught.value.provider == (code or "", text)
    assert caught.value.errors == errors


def test_the_very_same_document_again_is_success() -> None:
    answer = {"status": 0, "maLoi": "02", "moTaLoi": "Văn bản 9 đã được tiếp nhận", "itemId": 991001}
    said = mapping.answer("capNhatVanBanDiaPhuong", answer, context({"soKyHieu": "9"}))
    assert said == {"itemId": 991001, "soKyHieu": "9", "daTiepNhanTruoc": True}
    with pytest.raises(ProviderFault):
        mapping.answer("timKiem", answer, context())


@given(st.dictionaries(st.sampled_from(["ngayBanHanh", "ngayHieuLuc", "soKyHieu"]), st.text(), max_size=3))
def test_answers_never_surprise(row: dict[str, str]) -> None:
    with suppress(LgspError):
        mapping.answer("chiTiet", {"status": 1, "vanBan": row}, context())
