"""The dossier of a decision about a stage, for people: every fact of the signed JSON, in Vietnamese."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from lgsp.lifecycle import NAMES
from lgsp.runtime import HANOI, tidy

_STAGES = {stage.value: name.vi for stage, name in NAMES.items()}
_EVIDENCE = {"declared": "khai báo", "proven": "có minh chứng"}
_DOCUMENTS = (
    ("security", "Quyết định cấp độ an toàn"), ("agreement", "Biên bản đối soát dữ liệu"),
    ("sign_off", "Biên bản ký xác nhận mẫu"),
)  # fmt: skip


def docx_of(whole: Mapping[str, Any]) -> bytes:
    """The dossier for people: every fact of the JSON, in Vietnamese."""
    raw = _built(whole)
    tidy()  # a document refers to itself
    return raw


def _built(whole: Mapping[str, Any]) -> bytes:
    from docx import Document  # a tenth of a second to import, and seldom wanted

    document: Any = Document()
    document.add_heading("Hồ sơ chuyển giai đoạn kết nối", 0)
    approved = datetime.fromisoformat(whole["approved"]).astimezone(HANOI)
    for name, value in (
        ("Hệ thống", f"{whole['title']['vi']} ({whole['system']})"),
        ("Từ giai đoạn", _STAGES.get(whole["from"] or "")), ("Sang giai đoạn", _STAGES.get(whole["to"])),
        ("Từ ngày", f"{date.fromisoformat(whole['since']):%d/%m/%Y}"), ("Quyết định", whole["decision"]),
        ("Lý do", whole["reason"]), *((said, whole["documents"].get(key)) for key, said in _DOCUMENTS),
        ("Người đề nghị", whole["proposed_by"]), ("Người phê duyệt", whole["approved_by"]),
        ("Thời điểm phê duyệt", f"{approved:%H:%M:%S %d/%m/%Y}"), ("Chứng cứ", _EVIDENCE.get(whole["evidence"])),
    ):  # fmt: skip
        document.add_paragraph(f"{name}: {value or '—'}")
    if whole["criteria"]:
        table = document.add_table(rows=1, cols=4)
        table.style = "Table Grid"
        for cell, word in zip(table.rows[0].cells, ("Tiêu chí", "Kết quả", "Yêu cầu", "Đạt"), strict=True):
            cell.text = word
        for each in whole["criteria"]:
            words = (
                each["title"]["vi"],
                each["found"]["vi"],
                each["wanted"]["vi"],
                "đạt" if each["holds"] else "chưa đạt",
            )
            for cell, word in zip(table.add_row().cells, words, strict=True):
                cell.text = word
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
