"""government-reporting: their English members, our names; deadlines, indicators and periods that are refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lgsp.errors import BadAnswer, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import FieldError
from tests.connectors.mappings import load

mapping = load("government-reporting")
NOW = datetime(2022, 11, 16, 9, tzinfo=timezone(timedelta(hours=7)))
REPORT: dict[str, Any] = {
    "maBaoCao": "BC-MAU-09",
    "maCoQuan": "H28.05",
    "ky": "2022-11",
    "chiTieu": [
        {"maChiTieu": "CT-MAU-001", "loaiSoLieu": "3", "giaTri": "36120", "donViTinh": "hồ sơ"},
        {"maChiTieu": "CT-LA", "loaiSoLieu": "1", "giaTri": "-0.5", "ghiChu": "mẫu"},
    ],
    "nguoiKy": "Phạm Thị Mẫu Cán",
}


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(NOW, lambda: "0" * 26, "baocao", values={"officeCode": "H28"}, request=request or {})


def test_a_report_is_written_with_their_names() -> None:
    assert mapping.ask("submit", REPORT, context()) == {
        "maBaoCao": "BC-MAU-09",
        "officeCode": "H28.05",
        "ky": "2022-11",
        "indicators": {
            "indicator": [
                {"indicatorCode": "CT-MAU-001", "dataTypeId": 3, "value": "36120", "unit": "hồ sơ"},
                {"indicatorCode": "CT-LA", "dataTypeId": 1, "value": "-0.5", "note": "mẫu"},
            ]
        },
        "nguoiKy": "Phạm Thị Mẫu Cán",
    }


def test_questions_are_the_provinces_own_by_default() -> None:
    filters = {"maBaoCao": "BC", "daNop": True}
    assert mapping.ask("reports", {"ky": "2022-Q4"} | filters, context()) == {"period": "2022-Q4", "officeCode": "H28"}
    asked = mapping.ask("indicators", {"maCoQuan": "H28.05", "maChiTieu": "CT", "loaiSoLieu": "2"}, context())
    assert asked == {"officeCode": "H28.05", "indicatorCode": "CT", "dataTypeId": 2}


ROWS = [
    {"maBaoCao": "A", "tenBaoCao": "a", "kyBaoCao": "2022-11", "hanNop": "2022-11-25T17:00:00", "trangThai": 0},
    {"maBaoCao": "B", "tenBaoCao": "b", "kyBaoCao": "2022-11", "trangThai": 1, "transactionId": "GD-1"},
]


def test_reports_have_deadlines_with_an_offset_and_states_as_text() -> None:
    said = mapping.answer("reports", {"report": ROWS}, context({"ky": "2022-11"}))["baoCao"]
    assert [row["trangThai"] for row in said] == ["0", "1"]
    assert said[0]["hanNop"] == "2022-11-25T17:00:00+07:00"
    assert said[1]["maGiaoDich"] == "GD-1"
    assert mapping.answer("reports", {}, context({"ky": "2000"})) == {}


@pytest.mark.parametrize(
    ("code", "submitted", "found"), [("A", None, 1), ("A", True, 0), ("B", True, 1), ("C", None, 0)]
)
def test_one_report_is_proved_by_having_been_submitted(code: str, submitted: bool | None, found: int) -> None:
    ctx = context({"ky": "2022-11", "maBaoCao": code} | ({} if submitted is None else {"daNop": submitted}))
    if found:
        assert [row["maBaoCao"] for row in mapping.answer("reports", {"report": ROWS}, ctx)["baoCao"]] == [code]
    else:
        with pytest.raises(RecordNotFound):
            mapping.answer("reports", {"report": ROWS}, ctx)


def test_figures_stay_decimal_text() -> None:
    answer = {"unit": "%", "data": [{"period": "2022-10", "value": "97.25"}]}
    said = mapping.answer("indicators", answer, context({"maChiTieu": "CT"}))
    assert said == {"maChiTieu": "CT", "donViTinh": "%", "soLieu": [{"ky": "2022-10", "giaTri": "97.25"}]}
    with pytest.raises(RecordNotFound):
        mapping.answer("indicators", {"unit": "%"}, context())


@pytest.mark.parametrize(
    ("code", "text", "leaf", "errors"),
    [
        ("01", "Hết hạn nộp báo cáo", ProviderFault, (FieldError("/ky", "refused"),)),
        ("02", "Sai chỉ tiêu: CT-LA", ProviderFault, (FieldError("/chiTieu/1/maChiTieu", "refused"),)),
        ("03", "Trùng kỳ báo cáo", ProviderFault, (FieldError("/ky", "refused"),)),
        ("04", "maBaoCao không tồn tại", ProviderFault, (FieldError("/maBaoCao", "enum"),)),
        ("05", "officeCode không tồn tại", ProviderFault, (FieldError("/maCoQuan", "enum"),)),
        ("99", "Lỗi hệ thống", BadAnswer, ()),
        ("42", "mã mới", ProviderFault, ()),
    ],
)
def test_every_code_has_its_leaf(code: str, text: str, leaf: type[LgspError], errors: tuple[FieldError, ...]) -> None:
    with pytest.raises(LgspError) as caught:
        mapping.answer("submit", {"status": code, "message": text}, context(REPORT))
    assert type(caught.value) is leaf
    assert caught.value.provider == (code, text)
    assert caught.value.errors == errors


def test_the_very_same_report_again_is_success() -> None:
    answer = {"status": "03", "message": "Báo cáo đã được tiếp nhận", "transactionId": "GD-1"}
    assert mapping.answer("submit", answer, context(REPORT)) == {"maGiaoDich": "GD-1", "daTiepNhanTruoc": True}
    taken = mapping.answer("submit", {"status": "00", "transactionId": "GD-2"}, context(REPORT))
    assert taken == {"maGiaoDich": "GD-2", "daTiepNhanTruoc": False}
