"""Calls to the province, again and again until it acknowledges."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from lgsp.model import HttpRequest, HttpResponse
from tests.mocks.simulated import Caller, play, text


def test_a_ministry_works_later_and_calls_until_it_is_heard() -> None:
    async def story(caller: Caller) -> list[tuple[float, str]]:
        heard: list[tuple[float, str]] = []

        async def gateway(request: HttpRequest) -> HttpResponse:
            heard.append((round(asyncio.get_running_loop().time(), 2), request.target))
            assert request.headers["x-api-key"] == "demo-so-mau"
            if len(heard) == 1:
                raise ConnectionError
            if len(heard) == 2:
                return HttpResponse(503)
            return HttpResponse(200, {}, json.dumps({"nhan": "99" if len(heard) == 3 else "00"}).encode())

        caller.sim.gateway = gateway
        await caller.note("B-1")
        await asyncio.sleep(0.4)
        assert "tiếp nhận" in text((await caller.look_up("B-1")).response)
        await asyncio.sleep(60)
        assert "hoàn thành" in text((await caller.look_up("B-1")).response)
        return heard

    heard = play(story)
    assert [target for _, target in heard] == ["/inbound/so-mau/BAO"] * 4
    starts = [at for at, _ in heard]
    assert starts[0] == pytest.approx(3_600 / 8_640, abs=0.02)
    assert [round(b - a) for a, b in pairwise(starts)] == [2, 4, 8]
