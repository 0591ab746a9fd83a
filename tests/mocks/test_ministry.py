"""A ministry's answer, and what each fault makes of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks.faults import KINDS
from tests.mocks.simulated import Caller, play, put, text


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


def test_an_answer_that_breaks_its_contract_is_a_defect(capsys: pytest.CaptureFixture[str]) -> None:
    async def story(caller: Caller) -> None:
        assert (await caller.soap("THIEU")).status == 500
        entry = caller.sim.journal.calls("so-mau")[-1]
        assert "defect: InvalidMessage" in (entry.fault or "")
        assert entry.answer is None, "it never left"

    play(story)
    assert "InvalidMessage" in capsys.readouterr().err


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


def test_what_a_ministry_says_of_a_business_fault_or_a_duplicate_keeps_its_contract(lgsp_loaded: Loaded) -> None:
    """Every operation of every system: a refusal that breaks the ministry's contract is a defect of the simulator."""

    async def story(province: Province) -> None:
        asked = [example for example in province.simulator.admin.examples() if example["expect"] == "ok"]
        for kind in ("business-error", "duplicate"):
            for system in province.simulator.systems:
                province.fail(system, kind)
            for example in asked:
                named = {name.lower(): value for name, value in example.get("headers", {}).items()}
                await province.call(
                    example["system"],
                    example["operation"],
                    example["request"],
                    headers=named,
                    version=example["version"],
                )
            assert not province.simulator.defects, kind
            for system in province.simulator.systems:
                province.heal(system)
        met = {
            entry.system
            for entry in province.simulator.journal.calls()
            if entry.fault in ("business-error", "duplicate")
        }
        assert met == set(province.simulator.systems)

    tell(story, loaded=lgsp_loaded, size=400)
