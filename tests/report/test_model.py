"""The document: the sentence, the rows, both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lgsp.health.cause import Cause
from lgsp.model import Stage, Text
from lgsp.report.facts import CallerFacts, Period
from tests.report.samples import facts, system, written


@pytest.mark.parametrize(("official", "trial"), [(9, 8), (10, 7), (0, 3)])
def test_the_sentence_counts_stages(official: int, trial: int) -> None:
    total = official + trial
    said = f"Đã kết nối chính thức {official}/{total} hệ thống, {trial}/{total} đang kết nối thử nghiệm"
    assert written(facts(official, trial)).sentence == said


def test_a_suspended_system_is_said() -> None:
    found = facts(8, 8)
    found = replace(found, systems=(*found.systems, system(16, Stage.SUSPENDED)))
    assert written(found).sentence.endswith("8/17 đang kết nối thử nghiệm; 1/17 đang tạm dừng")


def test_rows_are_text_in_the_language() -> None:
    vi, en = written(), written(lang="en")
    assert vi.tables[0].rows[0] == (
        "1", "Hệ thống 0", "Chính thức", "16/11/2022", "714/QĐ-UBND", "99,99 %", "1.204", "99,10 %", "420"
    )  # fmt: skip
    assert en.tables[0].rows[0][6] == "1,204"
    assert en.sentence == "9 of 17 systems officially connected, 8 of 17 in trial"
    assert [len(each.rows) for each in en.tables] == [len(each.rows) for each in vi.tables]
    assert [len(each.head) for each in en.tables] == [len(each.head) for each in vi.tables]


def test_agencies_are_summed() -> None:
    assert written().tables[1].rows == (
        ("1", "H28.01", "Cổng dịch vụ công; Một cửa", "150", "93,33 %"),
        ("2", "—", "=cmd|'/c calc'!A1", "7", "—"),
    )


def test_what_ministries_call_with_is_no_agency_of_the_province() -> None:
    found = facts()
    calls = CallerFacts("system:s1", "", "system:s1", 8, 6, 2), CallerFacts("system:s0", "", "system:s0", 9, 0, 0)
    paper = written(replace(found, callers=(*found.callers, *calls)))
    assert paper.tables[1].rows == written().tables[1].rows
    assert [each.name for each in paper.tables[:4]] == ["systems", "agencies", "inbound", "incidents"]
    assert paper.tables[2].rows == (("1", "Hệ thống 0", "9", "—"), ("2", "Hệ thống 1", "8", "75,00 %"))
    assert "inbound" not in [each.name for each in written().tables], "nobody has called: no empty table"


def test_a_cause_on_paper_says_what_was_and_not_what_to_do() -> None:
    found = facts()
    told = Cause("backend", Text("A: quá thời hạn", "A: timed out"), Text("gọi B", "call B")).text
    filed = replace(found, incidents=(replace(found.incidents[0], cause=told),))
    assert [written(filed, lang=lang).tables[2].rows[0][6] for lang in ("vi", "en")] == [
        "A: quá thời hạn",
        "A: timed out",
    ]


def test_an_incident_that_goes_on() -> None:
    row = written().tables[2].rows[1]
    assert row[1] == "NGSP"
    assert row[4:] == ("còn tiếp diễn", "1 giờ", "chưa xác định")


def test_a_period_that_goes_on_says_until_when() -> None:
    assert not any("chưa kết thúc" in line for line in written().opening)
    open_ = replace(facts(), until=datetime(2023, 1, 10, 3, tzinfo=UTC))
    assert any("10:00 10/01/2023" in line for line in written(open_).opening)


def test_nothing_of_planned_or_retired_systems() -> None:
    assert len(written().tables[0].rows) == 17


def test_the_decree_is_the_one_of_the_period() -> None:
    assert "47/2020/NĐ-CP" in written().opening[0]
    later = replace(facts(), period=Period(date(2025, 10, 1), date(2025, 10, 31)))
    assert "278/2025/NĐ-CP" in written(later).opening[0]
    assert "47/2020" not in written(later).opening[0]
