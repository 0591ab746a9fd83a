"""The X-Road adapter: login, session, expiry."""

from __future__ import annotations

import asyncio

from tests.mocks.simulated import DESTINATION, FORWARD, Caller, play, put


def test_the_adapter_knows_its_sessions() -> None:
    async def story(caller: Caller) -> None:
        assert await caller.forward() == {"error_code": "0", "message": "lgsp gửi 1"}
        header = await caller.json(
            "POST",
            f"{FORWARD}/mapi/g?dstcode={DESTINATION}",
            {"ma": "2"},
            {"session": caller.session, "authorization": ""},
        )
        assert header["error_code"] == "0"
        await asyncio.sleep(1_801)
        assert (await caller.forward())["error_code"] == "401"
        wrong = await caller.json(
            "POST", f"{FORWARD}/mapi/login?dstcode={DESTINATION}", {"username": "u", "password": "real"}
        )
        assert wrong["error_code"] != "0"
        assert (await caller.json("POST", f"{FORWARD}/mapi/login", {"username": "u", "password": "demo-"}))[
            "error_code"
        ] != "0"

    play(story)


def test_an_expired_session_is_said_in_a_good_answer() -> None:
    async def story(caller: Caller) -> None:
        await put(caller, "session-expired", when={"times": 1})
        assert (await caller.forward())["error_code"] == "401"
        assert (await caller.forward())["error_code"] == "401"
        await caller.sign_in()
        assert (await caller.forward())["error_code"] == "0"

    play(story)
