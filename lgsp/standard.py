"""The tests that every system gets free: they know a system by its manifest, contracts and simulator alone.

Each runs the real gateway against the simulated ministry in virtual time. Run for the built-in systems by
`tests/connectors/test_standard.py`, for one's own by `pytest --lgsp-home DIR`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from lgsp.adapters import soap, soap_fault
from lgsp.asking import a_question, ask, examples_of, recovers, story_of, under
from lgsp.contract import openapi
from lgsp.errors import LgspError, ProviderFault, by_code
from lgsp.model import Health, HttpResponse
from lgsp.simulate import Loaded, Province
from lgsp.spool import chunks_of

_FRESH = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")
STRANGE = "truongKhongCoTrongHopDong"


# what a system is


def test_manifest_contracts_and_simulator_fit(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    connector, simulated = lgsp_loaded.registry.connector(lgsp_system), lgsp_loaded.systems[lgsp_system]
    assert connector is not None
    assert connector.operations.keys() == connector.public.operations.keys()
    assert simulated.module is not None, f"mocks/{lgsp_system.replace('-', '_')}.py is missing"
    assert simulated.findings == ()


def test_every_operation_is_titled_and_its_origin_said(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    connector = lgsp_loaded.registry.connectors[lgsp_system]
    for operation in connector.public.operations.values():
        assert operation.title.vi, operation.name
        assert operation.title.en, operation.name
        assert operation.origin.startswith(("sourced", "reconstructed")), operation.name


def test_every_operation_is_documented_with_messages_that_are_valid(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    public = lgsp_loaded.registry.connectors[lgsp_system].public
    paths = openapi(public, "http://bus.example")["paths"]
    for path, each in paths.items():
        operation = public.operations[each["post"]["operationId"]]
        request = each["post"]["requestBody"]["content"]["application/json"]
        answer = each["post"]["responses"]["200"]["content"]["application/json"]
        operation.input.check(request["example"])
        operation.output.check(answer["example"])
        assert path.endswith(operation.name)


def test_every_operation_has_an_example(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        promised = {(example["version"], example["operation"]) for example in examples_of(province, lgsp_system)}
        versions = lgsp_loaded.registry.connectors[lgsp_system].versions()
        assert promised == {(each.version, name) for each in versions for name in each.operations}

    story_of(lgsp_loaded, lgsp_system, story)


# what it answers


def test_every_example_keeps_its_promise_in_any_order(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        examples = examples_of(province, lgsp_system)
        for example in [*examples, *reversed(examples)]:
            reply = await ask(province, example)
            assert reply.code == example["expect"], (example["operation"], reply.data)
        assert not province.simulator.unmatched
        assert not province.simulator.defects

    story_of(lgsp_loaded, lgsp_system, story)


def test_soap_gives_the_same_data(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    connector = lgsp_loaded.registry.connectors[lgsp_system]

    async def story(province: Province) -> None:
        for example in examples_of(province, lgsp_system):
            asked = connector.at(example["version"])
            assert asked is not None
            operation = asked.public.operations[example["operation"]]
            if example["expect"] == "invalid-message":
                continue  # a request that breaks the contract on purpose cannot be written by it
            rest = await ask(province, example)
            province.simulator.reset()
            sent = soap.encode_request(
                operation, example["request"], "1.1", target=f"/soap/{lgsp_system}/{example['version']}"
            )
            key = {"x-api-key": province.secrets["mot-cua"].api_key}
            named = {name.lower(): value for name, value in example.get("headers", {}).items()}
            body = sent.body if isinstance(sent.body, bytes) else b""
            reply = await province.send("POST", sent.target, {**sent.headers, **key, **named}, body)
            answer = HttpResponse(reply.status, reply.headers, reply.body)
            if example["expect"] == "ok":
                found = soap.decode_response(operation, answer)
                assert same(found, rest.data), (example["operation"], found, rest.data)
            else:
                with pytest.raises(soap_fault.SoapFaultReceived):
                    soap.decode_response(operation, answer)
                assert f">{example['expect']}<".encode() in reply.body, example["operation"]

    story_of(lgsp_loaded, lgsp_system, story)


def test_native_gives_the_ministrys_own_bytes(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    connector = lgsp_loaded.registry.connectors[lgsp_system]

    async def story(province: Province) -> None:
        await province.gateway.prober.first_round.wait()  # no probe's request is taken for the example's
        for example in examples_of(province, lgsp_system, expect="ok"):
            asked = connector.at(example["version"])
            assert asked is not None
            operation = asked.operations[example["operation"]]
            headers = [p for route in operation.routes for p in route.operation.http.parameters if p.place == "header"]
            if operation.native is False or any(header.required for header in headers):
                continue  # where a ministry's own credentials stand in headers, no agency could have sent this call
            province.simulator.reset()
            await ask(province, example)
            request = next(sent for system, sent, _ in reversed(province.transport.seen) if system == lgsp_system)
            bodies = []
            for _ in range(2):
                province.simulator.reset()
                outcome = await province.simulator.exchange(request)
                assert outcome.response is not None
                bodies.append(outcome.response.body)
            if bodies[0] != bodies[1]:
                continue  # the ministry itself says something new each time
            province.simulator.reset()
            own = {"x-api-key": province.secrets["mot-cua"].api_key}
            named = {name.lower(): value for name, value in example.get("headers", {}).items()}
            kept = {
                name: request.headers[name]
                for name in ("content-type", "accept", "soapaction")
                if name in request.headers
            }
            body = b"".join([chunk async for chunk in chunks_of(request.body, province.runtime)])
            reply = await province.send(request.method, f"/native{request.target}", {**kept, **named, **own}, body)
            assert reply.body == bodies[0], (example["operation"], reply.status, reply.body[:500])

    story_of(lgsp_loaded, lgsp_system, story)


def test_fields_that_the_contract_does_not_know_never_leave(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    def chatty(response: HttpResponse) -> HttpResponse:
        """A JSON object with one member more; XML is validated whole, so a strange element there is a broken contract."""
        body = response.body if isinstance(response.body, bytes) else b""
        if not body.lstrip().startswith(b"{") or body.strip() == b"{}":
            return response
        return replace(response, body=body.replace(b"{", b'{"' + STRANGE.encode() + b'":"1",', 1))

    async def story(province: Province) -> None:
        await province.gateway.prober.first_round.wait()
        province.transport.tamper = chatty
        for example in examples_of(province, lgsp_system):
            reply = await ask(province, example)
            assert STRANGE.encode() not in reply.body
            assert reply.code == example["expect"], (example["operation"], reply.data)

    story_of(lgsp_loaded, lgsp_system, story)


def test_an_update_takes_effect_once(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        for example in examples_of(province, lgsp_system, "update") * 2:
            await ask(province, example)
        counted = province.simulator.journal.effects.get(lgsp_system, {})
        assert all(times == 1 for times in counted.values()), counted

    story_of(lgsp_loaded, lgsp_system, story)


# what it says of its health


def test_the_probe_proves_health(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    operations = lgsp_loaded.registry.connectors[lgsp_system].operations.values()
    wanted = Health.UP if any(operation.probe is not None for operation in operations) else Health.UNKNOWN

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        assert province.gateway.health.system(lgsp_system).health == wanted

    story_of(lgsp_loaded, lgsp_system, story)


def test_a_business_fault_is_the_ministrys_word_and_no_illness(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    if not hasattr(lgsp_loaded.systems[lgsp_system].module, "business_error"):
        pytest.skip("needs business_error(ask) in the simulator's module")

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        province.fail(lgsp_system, "business-error")
        for example in examples_of(province, lgsp_system):
            if example["expect"] != "ok" and by_code(example["expect"]).fault_domain != "backend":
                continue  # it never reaches the ministry
            reply = await ask(province, example)
            assert issubclass(by_code(reply.code), ProviderFault), (example["operation"], reply.data)
        assert province.gateway.health.system(lgsp_system).health in (Health.UP, Health.UNKNOWN)

    story_of(lgsp_loaded, lgsp_system, story)


def test_a_repeated_update_is_done_or_refused_in_its_own_words(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    if not hasattr(lgsp_loaded.systems[lgsp_system].module, "duplicate"):
        pytest.skip("needs duplicate(ask) in the simulator's module")

    async def story(province: Province) -> None:
        province.fail(lgsp_system, "duplicate")
        for example in examples_of(province, lgsp_system, "update", "ok"):
            reply = await ask(province, example)
            assert reply.code == "ok" or issubclass(by_code(reply.code), ProviderFault), (
                example["operation"],
                reply.data,
            )

    story_of(lgsp_loaded, lgsp_system, story)


# what happens when it fails

FAILURES = {
    "hang": "timeout",
    "reset": "connect-failed",
    "refuse": "connect-failed",
    "truncate": "bad-answer",
    "html-200": "bad-answer",
    "garbage": "bad-answer",
    "empty": "bad-answer",
    "schema-invalid": "bad-answer",
    "entity-bomb": "bad-answer",
    "oversized": "bad-answer",
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_is_told_as_what_it_is_and_passes(lgsp_system: str, lgsp_loaded: Loaded, kind: str) -> None:
    given = {"bytes": 128 << 20} if kind == "oversized" else {}

    async def story(province: Province) -> None:
        reply = await under(province, lgsp_system, kind, **given)
        assert reply.code == FAILURES[kind], reply.data
        assert reply.data["fault_domain"] in ("backend", "network")
        await recovers(province, lgsp_system)

    story_of(lgsp_loaded, lgsp_system, story)


@pytest.mark.parametrize("kind", ["http-status", "suspend-303001", "xml-fault", "charset"])
def test_a_platforms_failure_is_no_business_fault(lgsp_system: str, lgsp_loaded: Loaded, kind: str) -> None:
    async def story(province: Province) -> None:
        reply = await under(province, lgsp_system, kind)
        error: type[LgspError] = by_code(reply.code)
        assert error.code == reply.code
        assert error.fault_domain in ("backend", "network"), reply.data
        assert not issubclass(error, ProviderFault), reply.data
        await recovers(province, lgsp_system)

    story_of(lgsp_loaded, lgsp_system, story)


@pytest.mark.parametrize("kind", ["token-expired", "session-expired", "nfd", "latency"])
def test_what_the_caller_need_not_notice(lgsp_system: str, lgsp_loaded: Loaded, kind: str) -> None:
    async def story(province: Province) -> None:
        question = a_question(province, lgsp_system)
        plain = await ask(province, question)
        province.fail(lgsp_system, kind, times=1, **({"seconds": 1} if kind == "latency" else {}))
        reply = await ask(province, question)
        assert reply.code == question["expect"], reply.data
        if plain.code == "ok" and kind != "nfd":
            assert reply.data == plain.data

    story_of(lgsp_loaded, lgsp_system, story)


def test_a_lost_answer_is_never_sent_again_unproved(lgsp_system: str, lgsp_loaded: Loaded) -> None:
    operations = lgsp_loaded.registry.connectors[lgsp_system].operations

    async def story(province: Province) -> None:
        for example in examples_of(province, lgsp_system, "update", "ok"):
            if operations[example["operation"]].keyed:
                continue
            province.simulator.reset()
            province.fail(lgsp_system, "lost-answer", operation=example["operation"], times=1)
            reply = await ask(province, example)
            await asyncio.sleep(900)
            calls = province.simulator.journal.calls(lgsp_system, example["operation"])
            assert len(calls) == 1, (example["operation"], len(calls))
            assert reply.code == "ok" or (reply.code == "timeout" and reply.data["retryable"] is False), reply.data

    story_of(lgsp_loaded, lgsp_system, story)


def same(one: Any, other: Any) -> bool:
    """Equal data. SOAP cannot tell an absent list from an empty one, and a name made anew for each call is another one."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str) and isinstance(other, str) and _FRESH.fullmatch(one):
        return bool(_FRESH.fullmatch(other))
    return one == other or (not one and not other and (one is None or other is None))
