"""Scenarios: what is read, that they tell the same story again, and what the report says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.cli.scenario import plan
from lgsp.cli.scenario.dossiers import draw, offices, time_of
from lgsp.cli.scenario.life import live
from lgsp.cli.scenario.page import page
from lgsp.cli.scenario.plan import Scenario
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
    with pytest.raises(plan.ScenarioError, match="sampel"):
        plan.load(str(file))


def test_as_many_dossiers_come_in_as_are_fed_in() -> None:
    scenario, _ = plan.load("hoa-binh-2022")
    drawn = list(draw(scenario, 20, random.Random(1)))
    assert sum(not each.carried for each in drawn) == 391_333 // 20
    assert sum(each.carried for each in drawn) == 22_677 // 20
    assert all(scenario.first <= each.received.date() <= scenario.last for each in drawn if not each.carried)
    assert time_of(scenario).of(drawn[-1].received) == drawn[-1].began
    assert set(offices(scenario, 20)) == {kind.id for kind in scenario.kinds}


def test_the_same_seed_tells_the_same_story_and_another_another(lgsp_loaded: Loaded) -> None:
    scenario = short("hoa-binh-2022", date(2022, 3, 11), date(2022, 3, 15), received=5_000, carried_in=2_000)
    one, same, other = (live(scenario, lgsp_loaded, seed=seed, sample=40).document(seed) for seed in (1, 1, 2))
    assert one == same
    assert one["results"] != other["results"]


def test_an_outage_makes_people_wait_and_without_it_nobody_does(lgsp_loaded: Loaded) -> None:
    scenario = short("population-outage", date(2022, 11, 14), date(2022, 11, 14), received=1_800, carried_in=0)
    away, well = (
        live(each, lgsp_loaded, sample=2).document(1)["results"] for each in (scenario, replace(scenario, outages=()))
    )
    assert away["waiting"]["dossiers_held"] > 0
    assert set(away["waiting"]["because_of"]) == {"population"}
    assert 0 < away["waiting"]["working_hours_most"] < 4
    assert well["waiting"]["dossiers_held"] == 0
    rows = {row["system"]: row for row in away["systems"]}
    assert rows["population"]["availability_percent"] < 95 < rows["civil-status"]["availability_percent"]


def test_with_submissions_nobody_waits_for_an_update_and_nothing_is_lost(lgsp_loaded: Loaded) -> None:
    outage = plan.load("hoa-binh-2022")[1][0]["outages"]
    day = short("hoa-binh-2022", date(2022, 11, 14), date(2022, 11, 14), received=3_000, carried_in=0)
    with_them = live(day.variant({"outages": outage}), lgsp_loaded, sample=5).document(1)["results"]
    without = live(day.variant({"outages": outage, "async": False}), lgsp_loaded, sample=5).document(1)["results"]
    assert with_them["submissions"]["most_waiting_at_once"] > 0
    assert with_them["submissions"]["lost"] == 0
    assert with_them["waiting"]["dossiers_held"] <= without["waiting"]["dossiers_held"]


def test_the_command_writes_json_and_a_page_and_keeps_inputs_and_results_apart(tmp_path: Path) -> None:
    file = tmp_path / "ngan.toml"
    text = (plan.FOLDER / "security-level-cut.toml").read_text("utf-8")
    text = re.sub(r"received = \d+", "received = 2000", text).replace("to = 2022-11-25", "to = 2022-11-15")
    text = re.sub(r"from = 2022-11-07", "from = 2022-11-14", text).replace("until = 2022-11-19", "until = 2022-11-15")
    file.write_text(text, "utf-8")
    out, html = tmp_path / "r.json", tmp_path / "r.html"
    done = CliRunner().invoke(
        main, ["simulate", str(file), "--sample", "20", "--json", str(out), "--html", str(html), "--what-if", "not-cut"]
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
