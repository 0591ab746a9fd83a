"""The simulated world in its short form: some seeds, some planted bugs, a power cut at every sync. The long form is `make faults`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lgsp.simulate import Loaded
from tests.faults import powercut
from tests.faults.ground import Ground
from tests.faults.schedule import END, FAULTS_UNTIL, Plan
from tests.faults.teeth import TEETH, changed, planted
from tests.faults.world import play

KNOWN: tuple[int, ...] = ()
"""Seeds that once found a bug (RULES 32)."""

BITTEN = {
    "commits are not synced": 0,
    "asked after it was sent": 0,
    "two half-open probes": 4,
    "the doubtful is sent again": 0,
    "deliveries outlive their loop": 0,
    "a full disk makes a storm of questions": 1,
}
"""Planted bugs and a seed that finds each; all of them: `python -m tests.faults teeth`."""


@pytest.fixture(scope="module")
def ground(lgsp_loaded: Loaded) -> Iterator[Ground]:
    made = Ground(lgsp_loaded)
    yield made
    made.close()


@pytest.mark.parametrize("seed", [*range(3), *KNOWN])
def test_a_seed_violates_nothing(ground: Ground, seed: int) -> None:
    found = play(ground, seed)
    assert found.ok, "\n".join([*found.trace[-60:], *map(str, found.violations)])
    assert found.calls > 50
    assert found.effects > 5


def test_the_same_seed_is_the_same_story(ground: Ground) -> None:
    assert play(ground, 2).trace == play(ground, 2).trace


def test_a_plan_is_drawn_from_its_seed_and_ends_in_quiet() -> None:
    for seed in range(200):
        plan = Plan.of(seed)
        assert plan.acts == Plan.of(seed).acts
        for act in plan.acts:
            if act.what in ("fault", "disk"):
                assert act.at + act.given["lasts"] <= FAULTS_UNTIL + 0.01, (seed, act)
            assert act.what == "inbox" or act.at < END - 100, (seed, act)


@pytest.mark.parametrize("name", [tooth.name for tooth in TEETH])
def test_every_planted_bug_still_has_its_place_in_the_code(name: str) -> None:
    tooth = next(each for each in TEETH if each.name == name)
    assert changed(tooth).__code__.co_freevars == ()
    assert tooth.guard is None or changed(tooth.guard).__code__.co_freevars == ()


@pytest.mark.parametrize("name", BITTEN)
def test_a_planted_bug_is_found(ground: Ground, name: str) -> None:
    with planted(next(each for each in TEETH if each.name == name)):
        assert not play(ground, BITTEN[name]).ok


def test_a_storm_in_which_no_time_passes_is_found(ground: Ground) -> None:
    """Tried again at once, without any pause: nothing leaves, and the virtual clock stands."""
    tooth = next(each for each in TEETH if each.name == "a full disk makes a storm of questions")
    with planted(replace(tooth, new="pass")):
        found = play(ground, BITTEN[tooth.name])
    assert {each.name for each in found.violations} & {"no-storm", "goes-on"}


def test_no_power_cut_takes_what_was_acknowledged(ground: Ground) -> None:
    report = powercut.experiment(ground, 5)
    assert report.holds, report
    assert report.boundaries > 40


def test_with_less_than_full_sync_a_power_cut_does(ground: Ground) -> None:
    assert powercut.experiment(ground, 5, normal=True).lost, "else the test above would prove nothing"
