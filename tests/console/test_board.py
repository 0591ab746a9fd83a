"""The status page: words in both languages, shapes beside colours, one line a cause, right without script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lgsp.console.board import _MARKS, Pages, static
from lgsp.model import Health, Lang, Stage
from lgsp.xml import parse_xml

AT = "2022-11-16T03:42:18+00:00"


def system(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": name, "title": {"vi": f"Sổ {name}", "en": f"Register {name}"}, "owner": {"vi": "Bộ Mẫu", "en": "Ministry"},
        "stage": "official", "since": "2022-11-01", "decision": "QĐ", "evidence": "declared", "health": "up",
        "health_since": AT, "cause": None, "because": None, "checked_at": AT, "protocol": "REST", "upstream": "ngsp", "upstream_title": "NGSP",
        "operations": 3, "breaker": "closed", "latency_ms": {"p50": 12.0, "p95": 1234.5}, "success_rate": 0.991, "calls": 1204,
        **changed,
    }  # fmt: skip


def board(*systems: dict[str, Any], **changed: Any) -> dict[str, Any]:
    official = sum(each["stage"] == "official" for each in systems)
    return {
        "province": {"code": "17", "name": {"vi": "tỉnh Mẫu", "en": "Sample province"}}, "at": AT,
        "headline": {"vi": "Đã kết nối.", "en": "Connected."},
        "counts": {"total": len(systems), "official": official, "trial": len(systems) - official, "suspended": 0},
        "health": {"up": 1, "degraded": 0, "down": 1, "unknown": 0, "maintenance": 0},
        "upstreams": [{"id": "ngsp", "title": {"vi": "NGSP", "en": "NGSP"}, "health": "up", "health_since": AT,
                       "cause": None, "checked_at": AT}],
        "systems": list(systems), **changed,
    }  # fmt: skip


CAUSE = {
    "vi": "Sổ B: không hoạt động từ 09:12; trục NGSP vẫn thông. Việc cần làm: liên hệ Bộ Mẫu",
    "en": "Register B: down since 09:12; upstream NGSP is up. To do: contact the ministry",
}
BOARD = board(
    system("a"),
    system("b", health="down", cause=CAUSE, success_rate=None, latency_ms={"p50": None, "p95": None}),
    system("c", stage="trial", health="down", cause=CAUSE, because="ngsp"),
)


def page(shown: dict[str, Any], lang: Lang = "vi", *, demo: bool = False) -> str:
    return Pages().board(shown, lang, demo=demo)


def keys(table: Any, prefix: str = "") -> set[str]:
    if isinstance(table, dict):
        return {key for name, value in table.items() for key in keys(value, f"{prefix}.{name}")}
    return {f"{prefix}[{len(table)}]" if isinstance(table, list) else prefix}


def test_both_languages_have_every_word() -> None:
    words = Pages().words
    assert keys(words["vi"]) == keys(words["en"])
    for lang in ("vi", "en"):
        assert set(words[lang]["health"]) == set(words[lang]["count"]) == {each.value for each in Health} == set(_MARKS)
        assert set(words[lang]["stage"]) == {each.value for each in Stage}


def test_each_health_has_its_own_shape() -> None:
    assert len(set(_MARKS.values())) == len(_MARKS)


def test_the_causes_name_who_and_what_next_and_a_dead_platform_is_one() -> None:
    shown = page(BOARD)
    assert shown.count('<li class="down">') == 1
    assert "<b>Sổ B</b> không hoạt động từ 09:12; trục NGSP vẫn thông." in shown
    assert "Việc cần làm: liên hệ Bộ Mẫu" in shown


def test_vietnamese_and_english_numbers_and_moments() -> None:
    vi, en = page(BOARD), page(BOARD, "en")
    assert "99,1 %" in vi
    assert "1.204" in vi
    assert "1,23" in vi
    assert "Lúc 10:42:18, thứ Tư 16/11/2022" in vi
    assert "99.1%" in en
    assert "1,204" in en
    assert "Wednesday" in en
    assert '<html lang="en">' in en


def test_stage_groups_the_rows_and_the_demonstration_says_so() -> None:
    shown = page(BOARD, demo=True)
    assert re.findall(r'scope="rowgroup">(\S+ \S+) <span>(\d)', shown) == [("Chính thức", "2"), ("Thử nghiệm", "1")]
    assert "Mô phỏng" in shown
    assert "Mô phỏng" not in page(BOARD)


def test_an_empty_bus_says_what_to_do() -> None:
    shown = page(board(upstreams=[]))
    assert "--home" in shown
    assert "<table" not in shown


def test_nothing_from_outside_and_no_inline_script() -> None:
    shown = page(BOARD)
    assert "http:" not in shown.replace("http-equiv", "")
    assert "https:" not in shown
    assert re.findall(r"<script(?![^>]* src=\"/assets/)", shown) == []
    assert " style=" not in shown
    assert " onclick=" not in shown
    assert "noscript" in shown


def test_names_from_elsewhere_are_escaped() -> None:
    shown = page(board(system("a", title={"vi": "<script>x</script>", "en": "x"})))
    assert "<script>x" not in shown


def test_the_page_is_well_formed() -> None:
    body = page(BOARD)
    for void in ("meta", "link", "br"):
        body = re.sub(rf"<{void}([^>]*)>", rf"<{void}\1/>", body)
    parse_xml(re.sub(r" defer(?=>)", "", body.replace("<!doctype html>", "")).encode())


@pytest.mark.parametrize("name", ["board.css", "board.js"])
def test_assets_are_small_and_ask_nobody_else(name: str) -> None:
    found = static(name)
    assert found is not None
    assert len(found[0]) < 20_000
    assert b"http" not in found[0]
    assert static("../board.py") is None
