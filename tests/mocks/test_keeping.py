"""What survives a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.mocks.simulated import Caller, play, text


def test_a_restart_keeps_tokens_data_and_work(tmp_path: Path) -> None:
    async def before(caller: Caller) -> str:
        await caller.note("C-1")
        return caller.token

    async def after(caller: Caller) -> None:
        assert caller.token == token
        assert "tiếp nhận" in text((await caller.look_up("C-1")).response)
        assert await caller.json("GET", "/_sim/effects") == {"so-mau": {"C-1": 1}}
        await asyncio.sleep(5)
        assert "hoàn thành" in text((await caller.look_up("C-1")).response)

    async def another_world(caller: Caller) -> None:
        assert await caller.json("GET", "/_sim/effects") == {}

    token = play(before, state=tmp_path)
    play(after, state=tmp_path)
    play(another_world, state=tmp_path, seed=2)
