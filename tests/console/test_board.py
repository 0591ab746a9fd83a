"""The board: one line a cause, groups by stage, numbers of the language, strips that can be read; right without script."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lgsp.console.board import board
from lgsp.console.marks import MARKS
from lgsp.console.render import Frame, Pages
from lgsp.console.strips import strip
from lgsp.model import Health, Lang
from lgsp.xml import parse_xml
from tests.console.test_strips import PAST

AT = "2022-11-16T03:42:18+00:00"
PAGES = Pages()


def system(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": name, "title": {"vi": f"Sổ {name}", "en": f"Register {name}"}, "owner": {"vi": "Bộ Mẫu", "en": "Ministry"},
        "contact": {"vi": "Cục Mẫu", "en": "Department"},
        "stage": "official", "since": "2022-11-01", "decision": "QĐ", "evidence": "declared", "health": "up",
        "health_since": AT, "cause": None, "layer": None, "next": None, "because": None, "checked_at": AT,
        "protocol": "REST", "upstream": "ngsp", "upstream_title": "NGSP", "operations": 3, "breaker": "closed",
        "latency_ms": {"p50": 12.0, "p95": 1234.5}, "success_rate": 0.991, "calls": 1300, "calls_today": 1204,
        "calls_yesterday": 1190, "waiting": 0, **changed,
    }  # fmt: skip


def shown(*systems: dict[str, Any], **changed: Any) -> dict[str, Any]:
    official = sum(each["stage"] == "official" for each in systems)
    return {
        "province": {"code": "17", "name": {"vi": "tỉnh Mẫu", "en": "Sample province"}}, "at": AT,
        "headline": {"vi": "Đã kết nối.", "en": "Connected."},
        "counts": {"total": len(systems), "official": official, "trial": len(systems) - official, "suspended": 0},
        "proven": 1, "house": [], "notices": [],
        "health": {"up": 1, "degraded": 0, "down": 1, "unknown": 0, "maintenance": 0},
        "upstreams": [{"id": "ngsp", "title": {"vi": "NGSP", "en": "NGSP"}, "health": "up", "health_since": AT,
                       "cause": None, "layer": None, "next": None, "checked_at": AT, "systems": ["a", "b"]}],
        "systems": list(systems), **changed,
    }  # fmt: skip


CAUSE = {
    "vi": "Sổ B: không hoạt động từ 09:12; trục NGSP vẫn thông. Việc cần làm: gọi Cục Mẫu",
    "en": "Register B: down since 09:12; upstream NGSP is up. To do: call the department",
}
NEXT = {"vi": "gọi Cục Mẫu", "en": "call the department"}
BROKEN = {"health": "down", "cause": CAUSE, "next": NEXT, "layer": "backend"}
BOARD = shown(
    system("a"),
    system(
        "b",
        **BROKEN,
        success_rate=None,
        latency_ms={"p50": None, "p95": None},
        waiting=43,
        health_since="2022-11-16T02:12:00+00:00",
    ),
    system("c", **BROKEN, stage="trial", because="ngsp"),
)


def drawn(
    told: dict[str, Any], lang: Lang = "vi", *, demo: bool = False, inside: bool = False, template: str = "board.html"
) -> str:
    now = datetime.fromisoformat(AT)
    formats = PAGES.formats(lang, now)
    words = PAGES.words[lang]
    values = board(
        told, lambda each: strip(each["title"][lang], PAST, words, formats), words, formats, lang, inside=inside
    )
    return PAGES.render(template, lang, now, Frame("tỉnh Mẫu", "/status", demo), values)


def test_the_causes_name_who_since_when_what_waits_and_what_next_and_a_dead_platform_is_one() -> None:
    page = drawn(BOARD)
    assert page.count('<li class="down"') == 1
    assert "<b>Sổ B</b> không hoạt động từ 09:12; trục NGSP vẫn thông" in page
    assert "(1 giờ 30 phút)" in page
    assert "43 hồ sơ đang chờ gửi lại, chưa mất hồ sơ nào. Việc cần làm: gọi Cục Mẫu" in page
    assert 'data-layer="backend"' in page
    english = drawn(BOARD, "en")
    assert "<b>Register B</b> down since 09:12; upstream NGSP is up" in english
    assert "To do: call the department" in english


def test_the_worst_stands_first_and_notices_last() -> None:
    notice = {"system": "a", "title": {"vi": "Sổ a", "en": "a"}, "health": "note", "kind": "quota", "layer": "quota",
              "since": AT, "text": {"vi": "một đơn vị vượt hạn mức", "en": "x"}, "next": {"vi": "giãn nhịp", "en": "x"}}  # fmt: skip
    told = shown(system("a", health="maintenance"), system("b", **BROKEN), notices=[notice],
                 house=[{**BOARD["upstreams"][0], "id": "evidence", "health": "degraded"}])  # fmt: skip
    assert re.findall(r'<li class="(\w+)" data-layer', drawn(told)) == ["down", "degraded", "maintenance", "note"]
    assert "giãn nhịp" in drawn(told)


def test_only_those_who_are_signed_in_get_links_to_a_cause() -> None:
    assert "/console/systems/" not in drawn(BOARD)
    assert drawn(BOARD, inside=True).count('href="/console/systems/b"') == 2


def test_vietnamese_and_english_numbers_and_moments() -> None:
    vi, en = drawn(BOARD), drawn(BOARD, "en")
    for part in ("99,1 %", "1.204", ">+1 %<", "1,2", "Lúc 10:42:18, thứ Tư 16/11/2022", "1 trong 2 có đủ minh chứng"):
        assert part in vi, part
    for part in ("99.1%", "1,204", "Wednesday", '<html lang="en">', "1 of 2 with full evidence"):
        assert part in en, part


def test_stage_groups_the_rows_by_the_alphabet_and_the_demonstration_says_so() -> None:
    told = shown(*[system(each, title={"vi": each, "en": each}) for each in ("Đất", "Dân", "Cơ", "Cổng")])
    page = drawn(told, demo=True)
    assert re.findall(r'class="name">(\w+) ', page) == ["Cổng", "Cơ", "Dân", "Đất"]
    assert re.findall(r'scope="rowgroup">([\w ]+) <span>(\d)', drawn(BOARD)) == [
        ("Chính thức", "2"),
        ("Thử nghiệm", "1"),
    ]
    assert "Mô phỏng" in page
    assert "Mô phỏng" not in drawn(BOARD)


def test_an_empty_bus_says_what_to_do() -> None:
    page = drawn(shown(upstreams=[]))
    assert "--home" in page
    assert "<table" not in page


def test_nothing_from_outside_and_no_inline_script() -> None:
    page = drawn(BOARD)
    assert "http" not in page.replace("http-equiv", "")
    assert re.findall(r"<script(?![^>]* src=\"/assets/)", page) == []
    assert " style=" not in page
    assert "<noscript>" in page


def test_the_file_is_one_whole_and_asks_nobody() -> None:
    page = drawn(BOARD, template="board_file.html")
    assert "--down:" in page
    assert not re.search(r"(?:src|href)=|<script|url\(|@import", page.replace('href="#', ""))
    assert "không tự cập nhật" in page


def test_names_from_elsewhere_are_escaped() -> None:
    evil = {"vi": '"><script>x</script>', "en": "x"}
    assert "<script>x" not in drawn(shown(system("a", title=evil, owner=evil, decision=evil["vi"])))


def test_the_page_is_well_formed() -> None:
    body = drawn(BOARD, inside=True)
    for void in ("meta", "link", "br", "input"):
        body = re.sub(rf"<{void}([^>]*)>", rf"<{void}\1/>", body)
    parse_xml(re.sub(r" (defer|required)(?=[ >])", "", body.replace("<!doctype html>", "")).encode())


def test_each_health_has_its_own_shape() -> None:
    assert len(set(MARKS.values())) == len(MARKS) == len(Health)
