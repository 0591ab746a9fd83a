"""Scenarios: what is read, that they tell the same story again, and what the report says."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.cli.scenario import plan
from lgsp.cli.scenario.dossiers import Office, draw, offices, time_of
from lgsp.cli.scenario.life import live
from lgsp.cli.scenario.month import spearman
from lgsp.cli.scenario.page import page
from lgsp.cli.scenario.pictures import bars, number, periods
from lgsp.cli.scenario.plan import Scenario
from lgsp.cli.scenario.rows import ScenarioError
from lgsp.cli.scenario.words import sentence
from lgsp.runtime import HANOI
from lgsp.simulate import Loaded

import random  # isort: skip


def short(name: str, first: date, last: date, **changed: object) -> Scenario:
    scenario, _ = plan.load(name)
    return replace(scenario, first=first, last=last, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", plan.known())
def test_every_scenario_and_its_what_ifs_can_be_read(name: str) -> None:
    scenario, others = plan.load(name)
    assert sum(kind.share for kind in scenario.kinds) == pytest.approx(1.0)
    assert scenario.first < scenario.last
    for other in others:
        assert scenario.variant(other) != scenario


def test_the_issues_scenarios_are_there() -> None:
    assert set(plan.known()) >= {
        "hoa-binh-2022", "dien-bien-2022", "population-outage", "civil-status-upgrade-2025", "merger-2025",
        "security-level-cut",
    }  # fmt: skip


def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text((plan.FOLDER / "security-level-cut.toml").read_text("utf-8").replace("sample = 2", "sampel = 2"))
    with pytest.raises(ScenarioError, match="sampel"):
        plan.load(str(file))


OUTAGE = """
[[outages]]
where = "population"
kind = "hang"
from = 2022-11-14T08:30:00
minutes = 5
"""
WHAT_IF = """
[[what_if]]
id = "khac"
title = { vi = "Khác", en = "Other" }
"""


@pytest.mark.parametrize(
    ("was", "wrong", "said"),
    [
        ("population", "populatoin", "no system 'populatoin'; nearest: population"),
        ('"hang"', '"hangs"', "no fault 'hangs'"),
        ("minutes = 5", "minutes = -5", "minutes of the outage of population is -5"),
        ("minutes = 5", 'minutes = "5"', "expected `float`, got `str`"),
        ("minutes = 5", "minutes = 5\nprobabilty = 0.5", "no condition probabilty"),
        ("minutes = 5", "", "outages lacks minutes"),
        ("2022-11-14T08:30:00", "2023-11-14T08:30:00", "is outside of what is told (2022-11-14 to 2022-11-15)"),
        ("2022-11-14T08:30:00", '"thứ hai"', "neither a day nor a moment"),
        ("[[outages]]", "[outages]", "outages are tables, [[outages]]"),
        (WHAT_IF, WHAT_IF + "braker = false", "no what-if 'braker'"),
        (WHAT_IF, WHAT_IF + 'breaker = "off"', "breaker is 'off': expected `bool`"),
        (WHAT_IF, WHAT_IF + "stale = 0.1", "stale needs a [switch]"),
        ("hoa-binh", "hoa-bin", "known are dien-bien, hoa-binh"),
        ("= 200", '= "200"', "received is '200': expected `int`"),
        ("= 200", "= -4", "received is -4, not 0 or more"),
        ("to = 2022-11-15", "", "the scenario lacks to"),
        ("to = 2022-11-15", "to = 2022-11-13", "to (2022-11-13) is before from (2022-11-14)"),
        ("carried_in", "carry_in", "no key 'carry_in'; nearest: carried_in"),
        ("= 200", "= ", "no TOML"),
    ],
)
def test_a_mistake_in_a_file_is_said_before_anything_is_told(tmp_path: Path, was: str, wrong: str, said: str) -> None:
    """A telling whose outage can never strike would say that nobody waits."""
    file = tmp_path / "x.toml"
    text = (
        'title = { vi = "Ngắn", en = "Short" }\nprovince = "hoa-binh"\nfrom = 2022-11-14\nto = 2022-11-15\n'
        f"received = 200\ncarried_in = 10\nsample = 1\n{OUTAGE}{WHAT_IF}"
    )
    assert was in text
    file.write_text(text.replace(was, wrong, 1), "utf-8")
    done = CliRunner().invoke(main, ["simulate", str(file)])
    assert done.exit_code == 2, done.output
    assert said in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outage=ngspp:hang:2022-11-14T09:00:30", "no system 'ngspp'; nearest: ngsp"),
        ("outage=ngsp:hang:2022-11-14", "is not WHERE:KIND:FROM:MINUTES"),
        ("outage=ngsp:hang:2022-12-14T09:00:30", "outside of what is told"),
        ("async=maybe", "async is 'maybe'"),
        ("capacity=0", "capacity is 0, not from 0.01"),
    ],
)
def test_a_mistake_in_a_what_if_is_said_before_anything_is_told(text: str, said: str) -> None:
    done = CliRunner().invoke(main, ["simulate", "ngsp-monday", "--what-if", text])
    assert done.exit_code == 2, done.output
    assert said in done.output


def test_as_many_dossiers_come_in_as_are_fed_in() -> None:
    scenario, _ = plan.load("hoa-binh-2022")
    drawn = list(draw(scenario, 20, random.Random(1)))
    assert sum(not each.carried for each in drawn) == 391_333 // 20
    assert sum(each.carried for each in drawn) == 22_677 // 20
    assert all(scenario.first <= each.received.date() <= scenario.last for each in drawn if not each.carried)
    assert time_of(scenario).of(drawn[-1].received) == drawn[-1].began
    assert set(offices(scenario, 20)) == {kind.id for kind in scenario.kinds}


def test_a_sample_waits_at_the_desk_as_the_whole_does() -> None:
    """Every n-th dossier at an n-th of the pace: what is done within the day is no queue, what is more than that is one."""
    for sample in (1, 20):
        office = Office(100.0 * sample, a_day=27_000.0)
        assert [office.finished(0.0, 600.0) for _ in range(200 // sample)] == [600.0] * (200 // sample)
        late = [office.finished(0.0, 0.0) for _ in range(400 // sample)]
        assert late[-1] == 600 * 100.0 - 27_000.0
    begun, whole = (Office(1_000.0) for _ in range(2))
    assert begun.finished(0.0, 0.0, effort=0.25) == 250.0
    assert whole.finished(0.0, 0.0) == 1_000.0


@pytest.mark.parametrize("name", ["hoa-binh-2022", "dien-bien-2022"])
def test_a_coarse_sample_is_on_time_as_a_fine_one_is(name: str) -> None:
    """The desks alone, without a bus: who wants a quick answer gets the same one, only rougher."""
    scenario, _ = plan.load(name)
    start = time_of(scenario).of(datetime.combine(scenario.first, datetime.min.time(), HANOI))

    def on_time(sample: int) -> float:
        desks, there = offices(scenario, sample), list(draw(scenario, sample, random.Random(1)))
        done = [desks[d.kind.id].finished(max(d.began, start), d.desk, d.effort) + d.ministry <= d.due for d in there]
        return 100 * sum(done) / len(done)

    assert on_time(40) == pytest.approx(on_time(400), abs=1.5)


def test_the_same_seed_tells_the_same_story_and_another_another(lgsp_loaded: Loaded) -> None:
    scenario = short("hoa-binh-2022", date(2022, 3, 11), date(2022, 3, 15), received=5_000, carried_in=2_000)
    one, same, other = (live(scenario, lgsp_loaded, seed=seed, sample=80).document(seed) for seed in (1, 1, 2))
    assert one == same
    assert one["results"] != other["results"]


def test_an_outage_makes_people_wait_and_without_it_nobody_does(lgsp_loaded: Loaded) -> None:
    scenario = short("population-outage", date(2022, 11, 14), date(2022, 11, 14), received=1_800, carried_in=0)
    tallies = [live(each, lgsp_loaded, sample=6) for each in (scenario, replace(scenario, outages=()))]
    ours, theirs = (
        [(each.number, each.kind.id, each.received, each.desk) for each in told.dossiers] for told in tallies
    )
    assert ours == theirs, "side by side, it is the same dossiers"
    away, well = (told.document(1)["results"] for told in tallies)
    assert away["waiting"]["dossiers_held"] > 0
    assert set(away["waiting"]["because_of"]) == {"population"}
    (incident,) = away["incidents"]
    assert incident["systems"] == ["population"]
    assert "timed out" in incident["cause"]["en"]
    assert incident["minutes"] > 60
    assert away["in_vain"]["calls"] > 0
    assert away["in_vain"]["minutes"] > 0
    assert well["incidents"] == []
    assert well["in_vain"] == {"calls": 0, "minutes": 0.0, "retries": 0}
    assert 0 < away["waiting"]["working_hours_most"] < 4
    assert well["waiting"]["dossiers_held"] == 0
    rows = {row["system"]: row for row in away["systems"]}
    assert rows["population"]["availability_percent"] < 95 < rows["civil-status"]["availability_percent"]
    assert rows["population"]["dossiers_held"] == away["waiting"]["dossiers_held"]
    assert 0 < rows["population"]["working_hours_mean"] <= rows["population"]["working_hours_most"]
    assert rows["civil-status"]["dossiers_held"] == 0


def test_with_submissions_nobody_waits_for_an_update_and_nothing_is_lost(lgsp_loaded: Loaded) -> None:
    outage = plan.load("hoa-binh-2022")[1][0]["outages"]
    (births,) = [each for each in plan.load("hoa-binh-2022")[0].kinds if each.id == "ho-tich"]
    births = replace(births, share=1.0, a_day=100_000, desk=(0.1, 0.2))
    day = short("hoa-binh-2022", date(2022, 11, 14), date(2022, 11, 14), received=3_000, carried_in=0, kinds=(births,))
    with_them = live(day.variant({"outages": outage}), lgsp_loaded, sample=15).document(1)["results"]
    without = live(day.variant({"outages": outage, "async": False}), lgsp_loaded, sample=15).document(1)["results"]
    assert with_them["submissions"]["most_waiting_at_once"] > 0
    assert with_them["submissions"]["lost"] == 0
    assert without["submissions"]["waited"] == {}, "nothing is kept where there are none"
    assert with_them["waiting"]["dossiers_held"] < without["waiting"]["dossiers_held"]


def test_a_merger_is_told_in_two_provinces_and_old_codes_are_refused_there(lgsp_loaded: Loaded) -> None:
    """Before the day everything is written as it is read; from then on who writes as before is refused, or misread."""
    first, last = date(2025, 6, 30), date(2025, 7, 2)
    scenario = short("merger-2025", first, last, received=4_500, carried_in=1_500, outages=())
    assert scenario.switch is not None
    ready = scenario.variant({"stale": 0.0})
    told, well = (live(each, lgsp_loaded, sample=30).document(1)["results"] for each in (scenario, ready))
    assert well["codes_of_before"] == {}
    assert {row["outcome"] for row in well["failures"]} <= {"record-not-found"}
    refused = {system: row["put_right"] for system, row in told["codes_of_before"].items() if row["put_right"]}
    assert "civil-status" in refused, "the ministry's own unit codes went with the districts"
    assert told["waiting"]["put_right_by_hand"]["civil-status"] >= refused["civil-status"]
    assert not told["waiting"]["dossiers_held"], "nobody's system failed"
    assert told["submissions"]["lost"] == 0


def test_the_share_of_old_codes_falls_to_none() -> None:
    switch = plan.load("merger-2025")[0].switch
    assert switch is not None
    assert switch.share(switch.at) == switch.stale
    assert 0 < switch.share(switch.until - (switch.until - switch.at) / 4) == switch.stale / 4
    assert switch.share(switch.until) == switch.share(switch.at - (switch.until - switch.at)) == 0.0


def test_a_telling_in_a_sentence() -> None:
    held = {"title": {"vi": "Hộ tịch", "en": "Civil status"}, "dossiers_held": 40, "working_hours_mean": 1.5,
            "working_hours_most": 2.0}  # fmt: skip
    waited = {"civil-status": {"submissions": 60, "minutes_most": 121.0}}
    results = {"waiting": {"offices": [held]}, "submissions": {"waited": waited, "lost": 0, "messages_lost": {}},
               "codes_of_before": {}}  # fmt: skip
    said = sentence(results, "en")
    assert said == (
        "Civil status: 40 dossiers wait 1.5 working hours on average, 2.0 at most; "
        "the bus keeps 60 submissions, 121.0 minutes at most; nobody is lost."
    )
    assert sentence(results, "vi") == (
        "Hộ tịch: 40 hồ sơ chờ trung bình 1,50 giờ làm việc, lâu nhất 2; trục giữ giúp 60 lượt gửi nhờ, lâu nhất 121 phút; "
        "không ai bị mất."
    )
    nothing = {"waiting": {"offices": []}, "submissions": {"waited": {}, "lost": 1, "messages_lost": {"so-mau": 2}},
               "codes_of_before": {"so-mau": {"put_right": 4, "taken_as_they_were": 5}}}  # fmt: skip
    assert sentence(nothing, "en") == (
        "no dossier waits for a system; 4 messages with old codes are refused and put right, 5 taken as they are; "
        "3 messages are lost."
    )


def test_pictures() -> None:
    rows = [{"from": "2022-11-14", "to": "2022-11-14", "received": 100, "settled": 90, "open": 40},
            {"from": "2022-11-15", "to": "2022-11-15", "received": 0, "settled": 0, "open": 40}]  # fmt: skip
    outage = {"where": "ngsp", "kind": "hang", "from": "2022-11-14T09:00:00+07:00", "minutes": 120}
    drawn = periods(rows, [outage])
    assert drawn.count("<polyline") == 3
    assert "<title>ngsp: hang</title>" in drawn
    assert "sự cố" not in periods(rows, [])
    assert bars([("a", 10.0), ("b", 1_000_000.0)]).index("1.000.000") < bars([("a", 10.0), ("b", 1_000_000.0)]).index(
        ">a<"
    )
    assert (number(1_234_567), number(2.5)) == ("1.234.567", "2,50")


def test_rank_correlation() -> None:
    assert spearman([1, 2, 3], [10, 20, 30]) == 1.0
    assert spearman([3, 2, 1], [10, 20, 30]) == -1.0


@pytest.mark.slow
@pytest.mark.skipif("LGSP_LONG" not in os.environ, reason="some two minutes on one core: LGSP_LONG=1 make test")
def test_the_year_of_hoa_binh_at_one_in_twenty(lgsp_loaded: Loaded) -> None:
    """What emerges lies near what was published; nothing is lost; the flows that carry the most are predicted within three."""
    scenario, _ = plan.load("hoa-binh-2022")
    document = live(scenario, lgsp_loaded, seed=1).document(1)
    results = document["results"]
    errors = {row["figure"]: row["error_percent"] for row in results["published"]}
    assert abs(errors["settled"]) < 2
    assert abs(errors["on_time_percent"]) < 2
    assert results["submissions"]["lost"] == 0
    assert {outage["where"] for outage in document["inputs"]["outages"]} == {"ngsp", "civil-status"}
    large = [row for row in results["month"]["rows"] if row["real_month"] > 1_000]
    assert large
    assert all(row["error_factor"] <= 3 for row in large)


def test_the_command_writes_json_and_a_page_and_keeps_inputs_and_results_apart(tmp_path: Path) -> None:
    file = tmp_path / "ngan.toml"
    text = (plan.FOLDER / "security-level-cut.toml").read_text("utf-8")
    text = re.sub(r"received = \d+", "received = 2000", text).replace("to = 2022-11-25", "to = 2022-11-15")
    text = re.sub(r"from = 2022-11-07", "from = 2022-11-14", text).replace("until = 2022-11-19", "until = 2022-11-15")
    file.write_text(text, "utf-8")
    out, html = tmp_path / "r.json", tmp_path / "r.html"
    done = CliRunner().invoke(
        main, ["simulate", str(file), "--sample", "40", "--json", str(out), "--html", str(html), "--what-if", "not-cut"]
    )
    assert done.exit_code == 0, done.output
    document = json.loads(out.read_text("utf-8"))
    assert {"inputs", "results", "what_if"} == document.keys()
    assert document["inputs"]["dossiers_received"] == 2_000
    assert "on_time_percent" in document["results"]["dossiers"]
    text = html.read_text("utf-8")
    assert text == page(document)
    assert text.count("<svg") == 2
    assert not re.search(r"(?:src|href)=|@import|url\(", text), "nothing is fetched"


def test_what_does_not_exist_is_refused_with_what_does() -> None:
    done = CliRunner().invoke(main, ["simulate", "khong-co"])
    assert done.exit_code == 2
    assert "hoa-binh-2022" in done.output
    done = CliRunner().invoke(main, ["simulate", "hoa-binh-2022", "--what-if", "gi-do"])
    assert done.exit_code == 2
    assert "monday" in done.output
