"""The minutes of an exercise ("biên bản"): the paper of Decree 30/2020/NĐ-CP as for the report, and the same as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lgsp.drill.exercises import CAUSES
from lgsp.drill.record import Record
from lgsp.report.model import Paper, Table
from lgsp.runtime import HANOI
from lgsp.settings import ReportSettings


def as_json(record: Record) -> dict[str, Any]:
    """Times in seconds from the beginning of the trouble."""
    return {
        "exercise": record.exercise.id,
        "title": record.exercise.title.as_dict(),
        "script": record.script,
        "people": list(record.people),
        "began": record.began.isoformat(),
        "ended": record.ended.isoformat() if record.ended else None,
        "done": record.done,
        "cause": record.exercise.cause,
        "seconds": {
            "to_notice": record.seconds(record.noticed),
            "to_acknowledge": record.seconds(record.marks.get("acknowledged")),
            "to_cause": record.seconds(record.marks.get("cause")),
            "to_recovery": record.seconds(record.marks.get("recovered")),
        },
        "answers": [
            {"seconds": record.seconds(each.at), "cause": each.cause, "right": each.right} for each in record.answers
        ],
        "marks": {name: at.isoformat() for name, at in record.marks.items()},
    }


def paper(record: Record, around: ReportSettings) -> Paper:
    """In Vietnamese: it is filed in the province. `around` is the letterhead of the report."""
    exercise, day = record.exercise, (record.ended or record.began).astimezone(HANOI)
    marks = record.marks
    rows = (
        _row("Sự cố bắt đầu", record, marks.get("struck")),
        _row("Nhận ra (xem bảng hoặc nhận cảnh báo)", record, record.noticed),
        _row("Nhận cảnh báo", record, marks.get("acknowledged")),
        _row("Nêu đúng nguyên nhân", record, marks.get("cause")),
        _row("Khắc phục xong", record, marks.get("recovered")),
    )
    answers = tuple(
        (_clock(each.at), CAUSES[each.cause].vi, "đúng" if each.right else "chưa đúng") for each in record.answers
    )
    return Paper(
        motto=("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
        body=(around.superior, around.body),
        number=f"Số:          /BB-{around.symbol}",
        dateline=f"{around.place or '…'}, ngày {day:%d} tháng {day:%m} năm {day:%Y}",
        kind="BIÊN BẢN",
        title=f"Diễn tập: {exercise.title.vi}",
        to=(),
        demonstration="Diễn tập trên hệ thống mô phỏng với dữ liệu hư cấu; không phải sự cố thật",
        opening=(
            f"Thời gian: từ {_clock(record.began)} đến {_clock(record.ended)} ngày {day:%d/%m/%Y}.",
            "Thành phần: " + (", ".join(record.people) or "…") + (" (kịch bản tự động)." if record.script else "."),
            f"Tình huống được thông báo: {exercise.told.vi}",
        ),
        sentence=_sentence(record),
        tables=(
            Table("marks", "1. Diễn biến", ("Mốc", "Thời điểm", "Phút kể từ sự cố"), rows, frozenset({2}), ""),
            Table("answers", "2. Nguyên nhân tổ trực nêu", ("Thời điểm", "Nguyên nhân", "Kết quả"), answers, frozenset(),
                  "Chưa nêu nguyên nhân nào."),
        ),
        closing=f"Nguyên nhân đúng: {CAUSES[exercise.cause].vi}. Kết thúc khi {exercise.done.vi}.",
        signature=("TỔ TRƯỞNG TRỰC", ""),
        recipients=("Như trên",),
        name=f"bien-ban-{exercise.id}-{record.began.astimezone(HANOI):%Y%m%d-%H%M}",
    )  # fmt: skip


def _sentence(record: Record) -> str:
    found = [
        f"{words} sau {_minutes(seconds)} phút"
        for words, seconds in (
            ("nhận ra", record.seconds(record.noticed)),
            ("nêu đúng nguyên nhân", record.seconds(record.marks.get("cause"))),
            ("khắc phục xong", record.seconds(record.marks.get("recovered"))),
        )
        if seconds is not None
    ]
    said = ", ".join(found) or "chưa đạt mốc nào"
    return f"Kết quả: {said}" + ("" if record.done else "; chưa hoàn thành")


def _row(words: str, record: Record, at: datetime | None) -> tuple[str, str, str]:
    seconds = record.seconds(at)
    return words, _clock(at), "—" if seconds is None else _minutes(seconds)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}".replace(".", ",")


def _clock(at: datetime | None) -> str:
    return "—" if at is None else f"{at.astimezone(HANOI):%H:%M:%S}"
