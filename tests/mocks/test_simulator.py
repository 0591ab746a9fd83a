"""The simulator in memory: platform, adapter, dialects, faults, journal, later work, calls back, memory."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lgsp.model import HttpRequest, HttpResponse
from lgsp_mocks.faults import KINDS
from tests.mocks.simulated import BASIC, DESTINATION, FORWARD, Caller, play


def text(response: HttpResponse | None) -> str:
    assert response is not None
    assert isinstance(response.body, bytes)
    return response.body.decode("utf-8", "replace")


# the platform


def test_tokens_in_their_dialects() -> None:
    async def story(caller: Caller) -> None:
        import base64

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


# the dialects


def test_each_dialect_answers_from_the_world() -> None:
    async def story(caller: Caller) -> None:
        mother = caller.sim.world.actor("mother-hoa")
        found = json.loads(text((await caller.look_up(mother.cccd)).response))
        assert found["ten"] == mother.full_name
        soap = await caller.soap()
        assert soap.status == 200
        assert "Mẫu 1 của lgsp" in text(soap)
        assert soap.headers["content-type"].startswith("text/xml")

    play(story)


def test_a_ministrys_own_refusals() -> None:
    async def story(caller: Caller) -> None:
        missing = await caller.look_up("LOI-404")
        assert missing.response is not None
        assert missing.response.status == 404
        fault = await caller.soap("LOI")
        assert fault.status == 500
        assert "faultcode>soap:Client<" in text(fault)
        broken = await caller.response("POST", "/apiSoMau/ghiNhan", {"noiDung": "thiếu mã"})
        assert broken.status == 400
        assert "ma" in text(broken)

    play(story)


def test_a_handlers_defect_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    async def story(caller: Caller) -> None:
        outcome = await caller.look_up("HONG")
        assert outcome.response is not None
        assert outcome.response.status == 500
        assert "defect: RuntimeError" in (caller.sim.journal.calls("so-mau")[-1].fault or "")

    play(story)
    assert "on purpose" in capsys.readouterr().err


def test_a_soap_ministry_serves_its_wsdl() -> None:
    async def story(caller: Caller) -> None:
        served = await caller.response("GET", "/apiSoMauSoap?wsdl")
        assert served.status == 200
        assert "definitions" in text(served)

    play(story)


# journal, effects, desk


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


# what comes later


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


# faults, each kind at least once


async def put(caller: Caller, kind: str, name: str = "so-mau", **params: Any) -> HttpResponse:
    return await caller.response("PUT", f"/_sim/faults/{name}", {"kind": kind, **params})


SEEN: dict[str, Any] = {
    "latency": lambda o, s: s == 2 and o.response.status == 200,
    "hang": lambda o, s: s == 3_600 and o.response is None,
    "refuse": lambda o, _: o.response is None and o.broken == "refused",
    "reset": lambda o, _: o.response is None and o.broken == "reset",
    "lost-answer": lambda o, _: o.response is None and o.broken == "reset",
    "slow-close": lambda o, _: o.linger == 30 and o.response.status == 200,
    "dribble": lambda o, _: (o.pieces, o.seconds) == (30, 30),
    "bandwidth": lambda o, _: o.seconds == len(o.response.body) / 1024,
    "truncate": lambda o, _: o.cut == len(o.response.body) // 2,
    "suspend-303001": lambda o, _: o.response.status == 503 and "303001" in text(o.response),
    "xml-fault": lambda o, _: o.response.status == 500 and "<ams:code>101503<" in text(o.response),
    "token-expired": lambda o, _: o.response.status == 401 and "900901" in text(o.response),
    "http-status": lambda o, _: o.response.status == 500,
    "html-200": lambda o, _: o.response.status == 200 and "<html>" in text(o.response),
    "empty": lambda o, _: o.response.body == b"",
    "garbage": lambda o, _: o.response.body.startswith(b"\x00\xff"),
    "soap-fault": lambda o, _: o.response.status == 500 and ":Fault>" in text(o.response),
    "fault-200": lambda o, _: o.response.status == 200 and ":Fault>" in text(o.response),
    "business-error": lambda o, _: "từ chối" in text(o.response),
    "duplicate": lambda o, _: "đã được tiếp nhận" in text(o.response),
    "entity-bomb": lambda o, _: "<!ENTITY" in text(o.response),
    "schema-invalid": lambda o, _: json.loads(text(o.response))["status"] == [[1]],
    "charset": lambda o, _: o.response.body.startswith(b"\xff\xfe"),
    "nfd": lambda o, _: "Hoa" in text(o.response) and "ị" not in text(o.response),
    "unknown-code": lambda o, _: json.loads(text(o.response))["danToc"] == "99",
    "bad-base64": lambda o, _: len(json.loads(text(o.response))["tep"]) % 4 != 0,
    "oversized": lambda o, _: len(o.response.body) > 8 << 20,
    "old-contract": lambda o, _: "cu_status" in text(o.response),
}


@pytest.mark.parametrize("kind", SEEN)
def test_each_fault_strikes_once_and_the_system_recovers(kind: str) -> None:
    async def story(caller: Caller) -> None:
        ma = caller.sim.world.actor("mother-hoa").cccd
        assert (await put(caller, kind, when={"times": 1})).status == 200
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = await caller.look_up(ma)
        assert SEEN[kind](outcome, loop.time() - began), (outcome, text(outcome.response) if outcome.response else "")
        assert caller.sim.journal.calls("so-mau")[-1].fault == kind
        await caller.sign_in()
        healed = await caller.look_up(ma)
        assert healed == type(healed)(healed.response)
        assert json.loads(text(healed.response))["status"] == 1

    play(story)


SOAP_SEEN: dict[str, Any] = {
    "must-understand": lambda t: ":mustUnderstand=" in t and ":Header>" in t,
    "version-mismatch": lambda t: "http://www.w3.org/2003/05/soap-envelope" in t,
    "wrong-namespace": lambda t: '/sai"' in t or ':sai"' in t or "/sai" in t,
    "schema-invalid": lambda t: "khongCoTrongHopDong" in t,
    "old-contract": lambda t: "/0.9" in t,
    "soap-fault": lambda t: "Internal error" in t,
    "nfd": lambda t: "Mẫu" not in t,
}


@pytest.mark.parametrize("kind", SOAP_SEEN)
def test_faults_of_a_soap_answer(kind: str) -> None:
    async def story(caller: Caller) -> None:
        await put(caller, kind, when={"times": 1})
        assert SOAP_SEEN[kind](text(await caller.soap()))
        assert "Mẫu 1" in text(await caller.soap())

    play(story)


def test_the_other_kinds_have_tests_of_their_own() -> None:
    assert set(KINDS) == {*SEEN, *SOAP_SEEN, "token-down", "session-expired"}


def test_an_expired_session_is_said_in_a_good_answer() -> None:
    async def story(caller: Caller) -> None:
        await put(caller, "session-expired", when={"times": 1})
        assert (await caller.forward())["error_code"] == "401"
        assert (await caller.forward())["error_code"] == "401"
        await caller.sign_in()
        assert (await caller.forward())["error_code"] == "0"

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


def test_a_lost_answer_has_had_its_effect() -> None:
    async def story(caller: Caller) -> None:
        await put(caller, "lost-answer", when={"operation": "ghiNhan"})
        assert (await caller.ask("POST", "/apiSoMau/ghiNhan", {"ma": "D-1"})).response is None
        assert caller.sim.journal.effects == {"so-mau": {"D-1": 1}}
        await put(caller, "reset", when={"operation": "ghiNhan"})
        assert (await caller.ask("POST", "/apiSoMau/ghiNhan", {"ma": "D-2"})).response is None
        assert caller.sim.journal.effects == {"so-mau": {"D-1": 1}}
        await put(caller, "html-200", effect=True)
        await caller.ask("POST", "/apiSoMau/ghiNhan", {"ma": "D-3"})
        assert caller.sim.journal.effects["so-mau"]["D-3"] == 1

    play(story)


def test_two_faults_at_once() -> None:
    async def story(caller: Caller) -> None:
        spec = [{"kind": "latency", "seconds": 5}, {"kind": "http-status", "status": 502}]
        assert (await caller.response("PUT", "/_sim/faults/so-mau", spec)).status == 200
        began = asyncio.get_running_loop().time()
        assert (await caller.look_up()).response.status == 502  # type: ignore[union-attr]
        assert asyncio.get_running_loop().time() - began == 5

    play(story)


def test_wrong_faults_are_refused_with_a_reason() -> None:
    async def story(caller: Caller) -> None:
        assert (await put(caller, "khong-co")).status == 400
        assert (await put(caller, "latency", "khong-co")).status == 404
        assert (await put(caller, "business-error", "ngsp")).status == 400
        assert (await caller.response("PUT", "/_sim/faults/so-mau", b"{")).status == 400
        assert (await caller.response("DELETE", "/_sim/faults/khong-co")).status == 404
        listed = await caller.json("GET", "/_sim/faults")
        assert listed == {}

    play(story)


def test_a_fault_by_header_only_where_it_is_enabled() -> None:
    async def story(caller: Caller) -> list[int]:
        wanted = ("html-200", '{"kind": "http-status", "status": 418}', "suspend-303001", "khong-co")
        asked = [caller.response("GET", "/apiSoMau/traCuu/1", None, {"x-sim-fault": said}) for said in wanted]
        return [response.status for response in await asyncio.gather(*asked)]

    assert play(story) == [200, 200, 200, 200]
    assert play(story, header_faults=True) == [200, 418, 503, 400]
