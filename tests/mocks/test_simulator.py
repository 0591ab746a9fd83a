"""The simulator as a whole: realism, the same seed, broken connections."""

from __future__ import annotations

import asyncio
import json

import pytest

from lgsp.model import HttpRequest
from lgsp_mocks.outcome import ConnectionBroken
from tests.mocks.simulated import Caller, play, text


def test_typical_realism_takes_its_time() -> None:
    async def story(caller: Caller) -> float:
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            await caller.look_up()
        return asyncio.get_running_loop().time() - began

    assert play(story, realism="typical") > 2
    assert play(story) == 0


def test_the_same_seed_gives_the_same_bytes() -> None:
    async def story(caller: Caller) -> list[str]:
        seen = [caller.token, caller.session]
        seen += [text((await caller.look_up(p.cccd)).response) for p in caller.sim.world.people(0, 20)]
        return seen

    assert play(story, seed=4) == play(story, seed=4)
    assert play(story, seed=4) != play(story, seed=5)


def test_handle_answers_or_says_that_nothing_came() -> None:
    async def story(caller: Caller) -> None:
        request = HttpRequest("GET", "/apiSoMau/traCuu/1", {"authorization": f"Bearer {caller.token}"})
        assert (await caller.sim.handle(request)).status == 200
        caller.sim.set_fault("so-mau", {"kind": "reset"})
        with pytest.raises(ConnectionBroken) as broken:
            await caller.sim.handle(request)
        assert broken.value.outcome.broken == "reset"

    play(story)


def test_a_hundred_calls_at_once_do_not_mix() -> None:
    async def story(caller: Caller) -> None:
        people = list(caller.sim.world.people(0, 100))
        answers = await asyncio.gather(*(caller.look_up(person.cccd) for person in people))
        assert [json.loads(text(answer.response))["ten"] for answer in answers] == [p.full_name for p in people]

    play(story)
