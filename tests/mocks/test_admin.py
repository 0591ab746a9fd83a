"""The simulator's desk: systems, examples, people, journal, effects, faults, reset."""

from __future__ import annotations

import json

from tests.mocks.simulated import Caller, play, put


def test_journal_effects_and_reset() -> None:
    async def story(caller: Caller) -> None:
        assert (await caller.note("A-1"))["status"] == 1
        assert "đã được tiếp nhận" in (await caller.note("A-1"))["thongBao"]
        assert await caller.json("GET", "/_sim/effects") == {"so-mau": {"A-1": 1}}
        calls = await caller.json("GET", "/_sim/journal?system=so-mau&operation=ghiNhan")
        assert [(c["operation"], c["consumer"], c["status"], c["request"]["ma"]) for c in calls] == [
            ("ghiNhan", "lgsp", 200, "A-1")
        ] * 2
        assert (await caller.response("POST", "/_sim/reset")).status == 204
        assert await caller.json("GET", "/_sim/effects") == {}
        assert (await caller.note("A-1"))["status"] == 1

    play(story)


def test_the_desk_tells_what_there_is() -> None:
    async def story(caller: Caller) -> None:
        systems = await caller.json("GET", "/_sim/systems")
        assert [s["name"] for s in systems] == ["so-mau"]
        assert systems[0]["findings"] == []
        examples = await caller.json("GET", "/_sim/examples")
        assert {e["operation"] for e in examples} == set(systems[0]["operations"])
        assert examples[1]["headers"] == {"X-LGSP-Purpose": "1.001193"}
        assert examples[1]["kind"] == "update"
        people = await caller.json("GET", "/_sim/people")
        assert len(people) >= 12
        mother = next(p for p in people if p["role"] == "mother-hoa")
        assert (mother["outcomes"], mother["household"]) == (
            {"so-mau": "found"},
            caller.sim.world.actor("mother-hoa").household,
        )
        assert (await caller.response("GET", "/_sim/khong-co")).status == 404

    play(story)


def test_wrong_faults_are_refused_with_a_reason() -> None:
    async def story(caller: Caller) -> None:
        assert (await put(caller, "khong-co")).status == 400
        assert (await put(caller, "latency", "khong-co")).status == 404
        assert (await put(caller, "business-error", "ngsp")).status == 400
        assert (await caller.response("PUT", "/_sim/faults/so-mau", b"{")).status == 400
        elsewhere = b'{"kind": "hang", "when": {"operation": ["ghiNhan", "ghiNhann"]}}'
        refused = await caller.response("PUT", "/_sim/faults/so-mau", elsewhere)
        assert refused.status == 400
        assert "so-mau has no operation 'ghiNhann'; nearest: ghiNhan" in json.loads(refused.body)["error"]
        assert (await caller.response("DELETE", "/_sim/faults/khong-co")).status == 404
        listed = await caller.json("GET", "/_sim/faults")
        assert listed == {}

    play(story)
