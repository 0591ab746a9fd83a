"""The picture of connections: the break on its own line, one for a dead platform; as much in the table as in the picture."""

from __future__ import annotations

from itertools import pairwise

from lgsp.console.pages.topology import WIDTH, picture, table
from lgsp.console.wording import load
from tests.console.test_board import BROKEN, shown, system

W = load("vi")
CALLERS = [(f"c{place}", f"Hệ thống {place:02}") for place in range(25)]
PLATFORM = {"health_since": None, "cause": None, "layer": None, "next": None, "checked_at": None, "systems": []}


def platform(name: str, health: str = "up") -> dict[str, object]:
    return {"id": name, "title": {"vi": name.upper(), "en": name}, "health": health, **PLATFORM}


def test_a_broken_system_breaks_its_line_and_no_other() -> None:
    told = shown(system("a"), system("b", **BROKEN), upstreams=[platform("ngsp")])
    made = picture(told, CALLERS[:2], {("c1", "a"): 30}, W, "vi")
    broken = [line for line in made["lines"] if line.broken]
    assert [line.health for line in broken] == ["down"]
    assert [line.health for line in made["lines"]].count("down") == 1


def test_a_dead_platform_is_broken_once_before_its_systems() -> None:
    told = shown(*[system(each, **BROKEN, because="ngsp") for each in "abc"], upstreams=[platform("ngsp", "down")])
    made = picture(told, [], {}, W, "vi")
    broken = [line for line in made["lines"] if line.broken]
    assert len(broken) == 1
    assert broken[0].x < min(box.x for box in made["systems"]) - 200, "between the bus and the platform"
    assert [line.health for line in made["lines"]].count("down") == 4, "what hangs on it is drawn as down"


def test_a_system_of_two_platforms_has_two_lines() -> None:
    told = shown(system("a", upstream="ngsp, xroad"), upstreams=[platform("ngsp"), platform("xroad")])
    assert len(picture(told, [], {}, W, "vi")["lines"]) == 4


def test_many_callers_share_a_box_and_those_who_call_stand_first() -> None:
    made = picture(shown(system("a")), CALLERS, {("c20", "a"): 9, ("c3", "a"): 100}, W, "vi")
    titles = [box.title for box in made["callers"]]
    assert titles[:2] == ["Hệ thống 03", "Hệ thống 20"]
    assert titles[-1] == "và 9 hệ thống khác"
    weights = {line.weight for line in made["lines"]}
    assert max(weights) > 1
    ys = [box.y for box in made["callers"]]
    assert all(later - sooner >= 15 for sooner, later in pairwise(ys)), "no two on one another"


def test_everything_is_inside_the_picture() -> None:
    made = picture(shown(*[system(f"s{place}") for place in range(17)]), CALLERS, {}, W, "vi")
    for box in (*made["callers"], *made["upstreams"], *made["systems"]):
        assert 0 < box.x < WIDTH
        assert 0 < box.y < made["height"]


def test_the_table_says_the_same_in_words() -> None:
    told = shown(system("a"), system("b", **BROKEN))
    rows = table(told, {("c1", "a"): 30, ("c2", "a"): 2}, "vi")
    assert [(row["id"], row["health"], row["calls"]) for row in rows] == [("a", "up", 32), ("b", "down", 0)]
    assert "không hoạt động" in rows[1]["cause"]
