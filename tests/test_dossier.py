"""The dossier on paper: every fact of the JSON, in words that a committee reads."""

from __future__ import annotations

import io
from typing import Any

from docx import Document

from lgsp.dossier import docx_of

WHOLE: dict[str, Any] = {
    "system": "births", "title": {"vi": "Khai sinh", "en": "Births"}, "from": "trial", "to": "official", "since": "2026-03-20",
    "decision": "9/QĐ-UBND", "reason": "", "documents": {"security": "7/QĐ-CĐ", "agreement": "3/BB", "sign_off": "4/BB"},
    "proposed_by": "an", "approved_by": "binh", "approved": "2026-03-20T03:00:00+00:00", "evidence": "proven",
    "criteria": [
        {"name": "days", "title": {"vi": "Thời gian thử nghiệm", "en": "Days in trial"}, "holds": True,
         "found": {"vi": "19 ngày", "en": "19 days"}, "wanted": {"vi": "≥ 14 ngày", "en": "≥ 14 days"}},
    ],
}  # fmt: skip


def test_every_fact_in_vietnamese() -> None:
    document = Document(io.BytesIO(docx_of(WHOLE)))
    assert [each.text for each in document.paragraphs[1:]] == [
        "Hệ thống: Khai sinh (births)", "Từ giai đoạn: thử nghiệm", "Sang giai đoạn: chính thức", "Từ ngày: 20/03/2026",
        "Quyết định: 9/QĐ-UBND", "Lý do: —", "Quyết định cấp độ an toàn: 7/QĐ-CĐ", "Biên bản đối soát dữ liệu: 3/BB",
        "Biên bản ký xác nhận mẫu: 4/BB", "Người đề nghị: an", "Người phê duyệt: binh",
        "Thời điểm phê duyệt: 10:00:00 20/03/2026", "Chứng cứ: có minh chứng",
    ]  # fmt: skip
    assert [cell.text for cell in document.tables[0].rows[1].cells] == [
        "Thời gian thử nghiệm",
        "19 ngày",
        "≥ 14 ngày",
        "đạt",
    ]


def test_a_move_without_criteria_has_no_table() -> None:
    assert Document(io.BytesIO(docx_of({**WHOLE, "criteria": [], "to": "suspended"}))).tables == []
