"""The bar of official: every criterion by itself, and what breaks it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lgsp.compliance import Approval
from lgsp.criteria import WINDOW, Bar, Criterion, Findings, breaches, criteria, since_of
from lgsp.health.counts import BOUNDS
from lgsp.model import Evidence, Stage, StageEntry
from lgsp.store.port import CountRow

NOW = datetime(2026, 3, 20, 3, tzinfo=UTC)
ENTRY = StageEntry("births", Stage.TRIAL, date(2026, 3, 1), "01/QĐ", "a", "b", Evidence.DECLARED, NOW)
QUICK = tuple(200 if place == 5 else 0 for place in range(len(BOUNDS) + 1))
SLOW = tuple(200 if place == 19 else 0 for place in range(len(BOUNDS) + 1))
PAPERS = {"security": "7/QĐ-CĐ", "agreement": "3/BB", "sign_off": "4/BB"}


def counts(outcome: str, calls: int, buckets: tuple[int, ...] = (), back: int = 1) -> CountRow:
    return CountRow("births", "op", "x", NOW - timedelta(hours=back), outcome, calls, 1.0, buckets)


GOOD = Findings(
    ENTRY, {"score": 99.8, "answers": 500}, [counts("ok", 200, QUICK)], {}, Approval("births", "", "", None)
)


def missing(found: tuple[Criterion, ...]) -> list[str]:
    return [each.name for each in found if not each.holds]


def of(known: Findings, papers: dict[str, str] = PAPERS) -> list[str]:
    return missing(criteria(known, papers, NOW, Bar()))


def test_all_there() -> None:
    assert of(GOOD) == []


@pytest.mark.parametrize(
    ("known", "papers", "lacks"),
    [
        (replace(GOOD, conformance={"score": 98.0, "answers": 500}), PAPERS, ["conformance"]),
        (replace(GOOD, conformance={"score": 100.0, "answers": 3}), PAPERS, ["conformance"]),
        (replace(GOOD, conformance={"score": None, "answers": 0}), PAPERS, ["conformance"]),
        (replace(GOOD, entry=replace(ENTRY, since=date(2026, 3, 15))), PAPERS, ["days"]),
        (replace(GOOD, rows=[*GOOD.rows, counts("timeout", 10)]), PAPERS, ["success"]),
        (replace(GOOD, rows=[counts("ok", 20, QUICK)]), PAPERS, ["success"]),
        (replace(GOOD, rows=[counts("ok", 200, SLOW)]), PAPERS, ["p95"]),
        (replace(GOOD, rows=[]), PAPERS, ["success", "p95"]),
        (replace(GOOD, rows=[counts("ok", 200, QUICK, back=24 * 30)]), PAPERS, ["success", "p95"]),
        (replace(GOOD, shadow={"births/op": {"same": 9, "differs": 1}}), PAPERS, ["agreement"]),
        (GOOD, {**PAPERS, "agreement": " "}, ["agreement"]),
        (GOOD, {**PAPERS, "security": ""}, ["security"]),
        (replace(GOOD, level=Approval("births", "", "", 3, "7/QĐ", date(2020, 1, 1), date(2021, 1, 1))), PAPERS, ["security"]),
        (GOOD, {**PAPERS, "sign_off": ""}, ["sign_off"]),
        (GOOD, {}, ["agreement", "security", "sign_off"]),
    ],
)  # fmt: skip
def test_one_thing_missing_is_told(known: Findings, papers: dict[str, str], lacks: list[str]) -> None:
    assert of(known, papers) == lacks


def test_a_callers_own_mistakes_are_not_held_against_the_system() -> None:
    assert of(replace(GOOD, rows=[*GOOD.rows, counts("invalid-message", 900), counts("quota-exceeded", 900)])) == []


def test_breaches_of_an_official_one_only() -> None:
    bad = replace(
        GOOD, rows=[counts("ok", 90, QUICK), counts("timeout", 30)], conformance={"score": 90.0, "answers": 99}
    )
    assert breaches(bad, NOW, Bar()) == ()
    official = replace(bad, entry=replace(ENTRY, stage=Stage.OFFICIAL))
    assert len(breaches(official, NOW, Bar())) == 2
    assert breaches(replace(GOOD, entry=official.entry), NOW, Bar()) == ()


def test_a_long_trial_is_judged_by_its_last_days() -> None:
    old = replace(ENTRY, since=date(2025, 1, 1))
    assert since_of(old, NOW.date()) == NOW.date() - timedelta(days=WINDOW)
    assert since_of(ENTRY, NOW.date()) == ENTRY.since
    bad_once = [counts("ok", 200, QUICK), counts("timeout", 900, back=24 * (WINDOW + 2))]
    assert of(replace(GOOD, entry=old, rows=bad_once)) == []


def test_an_official_one_is_judged_by_the_same_bar() -> None:
    assert of(replace(GOOD, entry=replace(ENTRY, stage=Stage.OFFICIAL))) == []
    assert of(replace(GOOD, entry=replace(ENTRY, stage=Stage.SUSPENDED))) == ["days"]


def test_figures_are_written_as_each_language_does() -> None:
    found = {each.name: each for each in criteria(GOOD, {}, NOW, Bar())}
    assert (found["conformance"].found.vi, found["conformance"].found.en) == (
        "99,80 điểm / 500 trả lời", "score 99.80 of 500 answers",
    )  # fmt: skip
    assert (found["success"].wanted.vi, found["success"].wanted.en) == (
        "≥ 99,0 % / 100 cuộc gọi",
        "≥ 99.0 % of 100 calls",
    )
    assert found["agreement"].found.vi == "chưa có biên bản; chưa đối chiếu"
