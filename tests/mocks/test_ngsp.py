"""The platform: tokens in their dialects, calls with and without one, its own fault documents."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from tests.mocks.simulated import BASIC, Caller, play, put, text


def test_tokens_in_their_dialects() -> None:
    async def story(caller: Caller) -> None:
        async def token(body: Any, headers: dict[str, str], *, form: bool) -> Any:
            return await caller.json("POST", "/token", body, headers, form=form)

        first = await token("grant_type=client_credentials", {"authorization": BASIC}, form=True)
        assert first["token_type"] == "Bearer"
        assert first["scope"] == "am_application_scope default"
        await asyncio.sleep(600)
        again = await token("grant_type=client_credentials", {"authorization": BASIC}, form=True)
        assert again["access_token"] == first["access_token"]
        assert again["expires_in"] == first["expires_in"] - 600
        await asyncio.sleep(3_600)
        assert (await token("", {"authorization": BASIC}, form=True))["access_token"] != first["access_token"]
        dialect = base64.b64encode(b'{"AccessKey": "a2", "SecretKey": "demo-2"}').decode()
        a2 = await token("grant_type=client_credentials", {"authorization": "", "lgspaccesstoken": dialect}, form=True)
        a4 = await token({"client_id": "a4", "client_secret": "demo-4"}, {"authorization": ""}, form=False)
        assert len({first["access_token"], a2["access_token"], a4["access_token"]}) == 3
        wrong = await caller.response(
            "POST", "/token", {"client_id": "x", "client_secret": "real"}, {"authorization": ""}
        )
        assert (wrong.status, json.loads(text(wrong))["error"]) == (401, "invalid_client")

    play(story)


def test_a_call_needs_a_token_that_lives() -> None:
    async def story(caller: Caller) -> None:
        assert text(await caller.response("GET", "/apiSoMau/traCuu/1")).startswith("{")
        none = await caller.response("GET", "/apiSoMau/traCuu/1", None, {"authorization": ""})
        assert (none.status, json.loads(text(none))["fault"]["code"]) == (401, 900902)
        await asyncio.sleep(3_601)
        late = await caller.response("GET", "/apiSoMau/traCuu/1")
        assert (late.status, json.loads(text(late))["fault"]["code"]) == (401, 900901)
        xml = await caller.response("GET", "/apiSoMau/traCuu/1", None, {"accept": "application/xml"})
        assert "<ams:code>900901</ams:code>" in text(xml)
        nowhere = await caller.response("GET", "/khongCo")
        assert (nowhere.status, json.loads(text(nowhere))["fault"]["code"]) == (404, 900906)

    play(story)


def test_a_dead_token_endpoint_signs_everybody_out() -> None:
    async def story(caller: Caller) -> None:
        await put(caller, "token-down", when={"times": 2})
        assert (await caller.look_up()).response.status == 401  # type: ignore[union-attr]
        for status in (503, 503, 200):
            sent = await caller.response("POST", "/token", "", {"authorization": BASIC}, form=True)
            assert sent.status == status

    play(story)


def test_a_fault_of_the_upstream_strikes_all_behind_it_and_the_door() -> None:
    async def story(caller: Caller) -> None:
        await put(caller, "http-status", "ngsp", status=502)
        assert (await caller.look_up()).response.status == 502  # type: ignore[union-attr]
        assert (await caller.soap()).status == 502
        assert (await caller.response("POST", "/token", "", {"authorization": BASIC}, form=True)).status == 502
        assert (await caller.forward())["error_code"] == "0"
        assert (await caller.response("DELETE", "/_sim/faults/ngsp")).status == 204
        assert (await caller.look_up()).response.status == 200  # type: ignore[union-attr]

    play(story)
