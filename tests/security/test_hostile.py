"""A running gateway under everything hostile that we can think of, on real sockets: at every face, and from every backend.

No death of the process, no hang past the deadline, no `bus-fault`, at most 64 MiB more memory than after the first true calls,
the loop never stands for more than 250 ms. The gateway is a process of its own, measured from outside, so the order of the
tests and what runs beside them change nothing. `make hostile` runs the whole form; here every n-th case of the large sets,
and all of the small ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from lgsp import manifest
from lgsp.audit.chain import leaf
from lgsp.audit.proofs import root_of
from lgsp.audit.witness import request
from lgsp.audit.witnessing import log_key, signed_note
from lgsp.contract.model import Contract
from lgsp.home import builtin
from lgsp.registry import Operation, Registry
from lgsp.runtime import Runtime
from lgsp.store.keys import load_keys
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator
from tests.security.hostile import backend as backends
from tests.security.hostile import doors, framing, messages, rig
from tests.security.hostile.backend import Backend
from tests.security.hostile.house import OPERATORS, PASSWORD
from tests.security.hostile.messages import JSON, XML, Message
from tests.security.hostile.rig import MIB, House

GROWTH = 64 * MIB

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("hostile"),
]

STALL = 0.25
"""Seconds that the loop's own thread may compute without a pause: what other processes do adds nothing to that."""
STOOD = 0.25 if "PYTEST_XDIST_WORKER" not in os.environ else 1.0
"""Seconds that it may stand while some thread of ours computes. Beside other tests that may also be the machine's doing."""
WHOLE = os.environ.get("HOSTILE") == "whole"
SECONDS = 1.0
"""The deadline that every call of these tests asks for."""
GRACE = 4.0
"""What an answer may come later on a busy machine."""
_REFUSED = frozenset({400, 401, 403, 404, 405, 406, 413, 414, 415, 431})
T = TypeVar("T")


def some(cases: list[T], short: int) -> list[T]:
    """All of them in the whole form, else about `short`, spread over the list."""
    step = 1 if WHOLE else max(1, len(cases) // short)
    return cases[::step]


async def each(cases: Iterable[T], work: Callable[[T], Awaitable[Any]], at_once: int = 8) -> None:
    """Several at a time; all failures are told together, one line each."""
    waiting, failed = iter(cases), []

    async def worker() -> None:
        for case in waiting:
            try:
                await work(case)
            except (AssertionError, TimeoutError, OSError) as error:
                failed.append(f"{type(error).__name__} {error}"[:400])

    await asyncio.gather(*(worker() for _ in range(at_once)))
    assert not failed, f"{len(failed)} failed:\n" + "\n".join(failed[:15])


class Stage:
    """Gateway, lying backend and the examples of every operation."""

    def __init__(self, house: House, backend: Backend, examples: list[dict[str, Any]], registry: Registry) -> None:
        self.house, self.backend, self.registry = house, backend, registry
        self.native = sorted({
            (route.operation.http.method, route.backend.path + route.operation.http.path)
            for connector in registry.connectors.values()
            for operation in connector.operations.values()
            for route in operation.routes
            if route.backend.adapter == "rest" and route.backend.dstcode is None
        })  # fmt: skip
        self.examples = [each for each in examples if each["expect"] == "ok"]
        self.turn = 0

    def next(self, kind: str | None = None) -> dict[str, Any]:
        fitting = [each for each in self.examples if kind is None or each["kind"] == kind]
        self.turn += 1
        return fitting[self.turn % len(fitting)]

    def headers(self, example: dict[str, Any], kind: str = JSON) -> dict[str, str]:
        return {
            **self.house.key,
            "Content-Type": kind,
            "X-LGSP-Timeout": str(SECONDS),
            **(example.get("headers") or {}),
        }

    async def ask(self, example: dict[str, Any], body: Any = None, seconds: float = SECONDS) -> rig.Reply:
        raw = json.dumps(example["request"] if body is None else body).encode("utf-8", "surrogatepass")
        path = f"/api/{example['system']}/{example['version']}/{example['operation']}"
        fields = {**self.headers(example), "X-LGSP-Timeout": str(seconds)}
        reply = await self.house.send("POST", path, raw, fields)
        self.judge(reply, example["operation"], seconds)
        return reply

    async def ask_soap(self, example: dict[str, Any], body: Any = None) -> rig.Reply:
        namespace = self.contract(example).namespace
        inner = f'<o:{example["operation"]} xmlns:o="{namespace}">{_xml(example["request"] if body is None else body)}</o:{example["operation"]}>'
        raw = messages.envelope(inner.encode("utf-8", "surrogatepass"))
        path = f"/soap/{example['system']}/{example['version']}"
        reply = await self.house.send("POST", path, raw, self.headers(example, XML))
        self.judge(reply, (path, body))
        return reply

    async def takes_nothing(self) -> str:
        """The path of an operation that answers an empty question: refused there means refused for its framing."""
        for example in self.examples:
            if example["kind"] == "query" and (await self.ask(example, {})).status == 200:
                return f"/api/{example['system']}/{example['version']}/{example['operation']}"
        raise LookupError

    def operation(self, example: dict[str, Any]) -> Operation:
        return self.registry.connectors[example["system"]].at(example["version"]).operations[example["operation"]]

    def contract(self, example: dict[str, Any]) -> Contract:
        return self.registry.connectors[example["system"]].public

    def judge(self, reply: rig.Reply, what: object, seconds: float = SECONDS) -> None:
        wrong = reply.code == "bus-fault" or reply.status == 0
        wrong |= reply.status == 500 and not reply.body.startswith(b"<")  # SOAP 1.1 says its faults with 500
        wrong |= reply.seconds > seconds + GRACE + self.house_patience
        if wrong:
            raise AssertionError(
                f"{what}: {reply.status} {reply.code} after {reply.seconds:.1f} s: {reply.body[:200]!r}"
            )

    house_patience = 2.0
    """The house's own limit for a body that does not come."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("hostile")
    simulator = Simulator([builtin()], runtime=Runtime.system(), seed=1, size=500, state=folder / "sim")
    server = await serve(simulator)
    registry = manifest.load([builtin()])
    try:
        async with backends.running(server.url) as backend, rig.gateway(folder, backend.url) as house:
            made = Stage(house, backend, simulator.admin.examples(), registry)
            each_once = {(each["system"], each["version"], each["operation"]): each for each in made.examples}.values()
            await each(each_once, made.ask)  # contracts are compiled at their first use, by whatever it is
            await each(each_once, made.ask_soap)
            await _opened(house)  # so are the console's pages, and what writes a report for people
            house.begin()
            yield made
            assert backend.trapped == [], "somebody asked where nobody may"
    finally:
        await server.close()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def unharmed(stage: Stage) -> AsyncIterator[None]:
    """What must hold after every test: alive, no defect told, memory and loop within their bounds."""
    house = stage.house
    await house.say("stalls")
    yield
    stalls = await house.say("stalls")
    assert house.process.returncode is None
    assert (await house.send("GET", "/livez")).status == 200
    assert house.faults() == []
    assert [each for each in stalls if each[0] > STALL or each[1] > STOOD] == []
    grown = house.peak() - house.before
    house.again()
    assert grown <= GROWTH, f"{grown / MIB:.0f} MiB more at the peak than at the beginning"


@pytest.fixture(scope="module")
def suite() -> list[Message]:
    """The W3C XML conformance suite."""
    files = messages.suite()
    if not files and not os.environ.get("REQUIRE_XML_SUITE"):
        pytest.skip("needs npm, which fetches the W3C XML suite into the cache of the tests")
    assert len(files) > 3000
    return [Message(path.name, path.read_bytes()) for path in files]


def faces(stage: Stage) -> list[tuple[str, str, dict[str, str]]]:
    """(method, path, headers) of every door that takes a body."""
    soap, rest = stage.next(), stage.next("query")
    method, path = stage.native[stage.turn % len(stage.native)]
    key = stage.house.key
    return [
        ("POST", f"/soap/{soap['system']}/{soap['version']}", key),
        ("POST", f"/soap/{soap['system']}/{soap['version']}", {}),
        (
            "POST",
            f"/api/{rest['system']}/{rest['version']}/{rest['operation']}",
            {**key, **(rest.get("headers") or {})},
        ),
        (method, f"/native{path}", key),
        ("POST", "/native/XrdAdapter/RestService/forward/mapi/login", {}),
        ("POST", "/inbound/public-payment/CONFIRM", {}),
        ("POST", "/inbound/land-registry/thongBaoThue", {"X-API-Key": "demo-land-registry"}),
        ("POST", "/token", {}),
        ("POST", "/revoke", {}),
        ("POST", "/native/token", {}),
        ("POST", "/status", {}),
        ("POST", "/console/sign-in", {}),
    ]


async def throw(stage: Stage, message: Message, *, everywhere: bool) -> None:
    """At the doors that read such bodies; the whole form knows no better and tries all."""
    doors = faces(stage)
    if not everywhere:
        doors = doors[:4] if message.content_type.startswith((XML, "multipart", "application/soap")) else doors[2:]
        doors = [doors[stage.turn % len(doors)], doors[(stage.turn + 3) % len(doors)]]
    for method, path, headers in doors:
        fields = {"Content-Type": message.content_type, "X-LGSP-Timeout": str(SECONDS), **headers}
        if message.coding:
            fields["Content-Encoding"] = message.coding
        stage.judge(await stage.house.send(method, path, message.body, fields), (message, path))


async def test_xml_at_every_face(stage: Stage) -> None:
    cases = messages.xml_messages(stage.backend.trap)
    await each(some(cases, 120), lambda message: throw(stage, message, everywhere=WHOLE))


async def test_json_at_every_face(stage: Stage) -> None:
    await each(some(messages.json_messages(), 40), lambda message: throw(stage, message, everywhere=WHOLE))


async def test_many_large_messages_at_once(stage: Stage) -> None:
    """Each within its operation's limit: what is too much together is refused as overloaded, whoever sends it."""
    wide = [each for each in stage.examples if stage.operation(each).max_body >= 5 * MIB]
    assert any(stage.operation(each).streamed for each in wide)
    assert any(not stage.operation(each).streamed for each in wide)
    before = stage.house.seen["503 overloaded"]

    async def one(case: tuple[Message, dict[str, Any], bool]) -> None:
        message, example, soap = case
        path = f"/api/{example['system']}/{example['version']}/{example['operation']}"
        path = f"/soap/{example['system']}/{example['version']}" if soap else path
        fields = {**stage.headers(example, message.content_type), "X-LGSP-Timeout": "5"}
        reply = await stage.house.send("POST", path, message.body, fields)
        if reply.status:  # else he was let go while he was still talking, and has not heard why
            stage.judge(reply, (message, path), seconds=5.0)

    cases = [
        (message, wide[number % len(wide)], message.content_type == XML)
        for number, message in enumerate(
            messages.large_messages(16 * MIB if WHOLE else 5 * MIB - 1000) * (4 if WHOLE else 1)
        )
    ]
    cases += [
        (message, stage.next("query"), message.content_type == XML)
        for message in messages.large_messages(MIB - 1000) * 4
    ]
    await each(cases, one, at_once=48)
    assert stage.house.seen["503 overloaded"] > before


async def test_the_largest_message_has_room_when_it_is_alone(stage: Stage) -> None:
    """It comes in many pieces: each of them is asked whether there is room."""
    example = max(
        (each for each in stage.examples if not stage.operation(each).streamed),
        key=lambda each: stage.operation(each).max_body,
    )
    most = stage.operation(example).max_body
    assert most >= 16 * MIB
    text = b"x" * (most - 200)
    rest = f"/api/{example['system']}/{example['version']}/{example['operation']}"
    soap = f"/soap/{example['system']}/{example['version']}"
    named = f'<o:{example["operation"]} xmlns:o="{stage.contract(example).namespace}">'.encode()
    body = messages.envelope(named + b"<x>" + text[:-400] + b"</x></o:" + example["operation"].encode() + b">")
    for path, kind, raw in ((rest, JSON, b'{"x":"' + text + b'"}'), (soap, XML, body)):
        reply = await stage.house.send(
            "POST", path, raw, {**stage.headers(example, kind), "X-LGSP-Timeout": "10"}, patience=60
        )
        assert reply.code == "invalid-message", (path, reply.status, reply.body[:200])


async def test_many_trees_at_once(stage: Stage) -> None:
    """Documents of half a megabyte whose trees take sixteen each, of operations that exist: none is turned away for its name."""
    wide = [each for each in stage.examples if stage.operation(each).max_body >= MIB]

    async def one(example: dict[str, Any]) -> None:
        named = f"{example['operation']}".encode()
        space = stage.contract(example).namespace.encode()
        inner = b"<o:" + named + b' xmlns:o="' + space + b'">' + b'<a b="1"/>' * 45_000 + b"</o:" + named + b">"
        path = f"/soap/{example['system']}/{example['version']}"
        fields = {**stage.headers(example, XML), "X-LGSP-Timeout": "5"}
        reply = await stage.house.send("POST", path, messages.envelope(inner), fields)
        if reply.status:
            stage.judge(reply, path, seconds=5.0)

    await each([wide[number % len(wide)] for number in range(300 if WHOLE else 60)], one, at_once=48)


async def test_many_large_answers_at_once(stage: Stage) -> None:
    said = [_said(message) for size in (MIB - 1000, 4 * MIB) for message in messages.large_messages(size)]
    stage.backend.answers.extend(said * (8 if WHOLE else 2))
    try:
        while stage.backend.answers:
            await each([stage.next("query") for _ in range(64)], stage.ask, at_once=32)
    finally:
        stage.backend.answers.clear()


async def test_the_w3c_suite_at_every_face(stage: Stage, suite: list[Message]) -> None:

    whole = some(suite, 150)
    wrapped = [Message(f"wrapped-{plain.name}", messages.envelope(plain.body)) for plain in whole]
    await each([*whole, *wrapped], lambda message: throw(stage, message, everywhere=False))


@pytest.mark.skipif(not messages.CORPORA, reason="needs CORPORA=FOLDER, files of one's own")
async def test_files_of_ones_own(stage: Stage) -> None:
    await each(messages.files_of_ones_own(), lambda message: throw(stage, message, everywhere=WHOLE))


@pytest.mark.parametrize("face", ["rest", "soap"])
async def test_spoiled_requests_of_every_operation(stage: Stage, face: str) -> None:
    """Valid but for a value or two: they get past the door, to contracts, mappings and backends."""
    chance = random.Random(7)
    cases = [
        (example, messages.spoiled(example["request"], chance))
        for example in stage.examples
        for _ in range(40 if WHOLE else 2)
    ]

    async def one(case: tuple[dict[str, Any], Any]) -> None:
        example, body = case
        await (stage.ask if face == "rest" else stage.ask_soap)(example, body)

    await each(cases, one)


def _xml(value: Any) -> str:
    """Data as elements without a namespace, right or wrong."""
    if isinstance(value, dict):
        return "".join(f"<{name or 'x'}>{_xml(inner)}</{name or 'x'}>" for name, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<i>{_xml(each)}</i>" for each in value)
    return str(value)


async def test_framing(stage: Stage) -> None:
    path = await stage.takes_nothing()

    async def one(case: framing.Raw) -> None:
        raw = await stage.house.raw(case.data)
        assert b"bus-fault" not in raw, case.name
        answers = re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", raw)
        if case.refused:
            assert set(answers) <= {b"400", b"413", b"414", b"431", b"501", b"505"}, (case.name, raw[:300])
            assert len(answers) <= 1, f"{case.name}: taken for two requests"

    await each(framing.requests(path, stage.house.api_key), one)


async def test_slow_callers_are_let_go(stage: Stage) -> None:
    """A byte a second, in the line, the headers, the body, the chunks; or nothing at all. Others are served meanwhile."""
    house = stage.house
    head = f"POST /api/x/v1/y HTTP/1.1\r\nHost: x\r\nX-API-Key: {house.api_key}\r\n".encode()
    example = stage.next("query")
    real = f"POST /api/{example['system']}/{example['version']}/{example['operation']} HTTP/1.1\r\nHost: x\r\nX-API-Key: {house.api_key}\r\nContent-Type: application/json\r\n".encode()
    starts = [b"", b"P", head, head + b"Content-Length: 900\r\n\r\n", real + b"Content-Length: 900\r\n\r\n{",
              real + b"Transfer-Encoding: chunked\r\n\r\n", b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n",
              b"POST /soap/civil-status/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 90\r\n\r\n<"]  # fmt: skip

    async def drip(start: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        try:
            async with asyncio.timeout(40):
                writer.write(start)
                reading = asyncio.ensure_future(reader.read())
                while not reading.done():
                    writer.write(b" " if start.endswith((b"{", b"<", b"\n\r\n")) else b"a")
                    await asyncio.wait({reading}, timeout=1)
                assert b"bus-fault" not in (reading.result() if not reading.exception() else b"")
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        for start in starts * (20 if WHOLE else 5):
            group.create_task(drip(start))
        for _ in range(20):
            assert (await house.send("GET", "/livez")).seconds < 2


async def test_backends_that_break_http(stage: Stage) -> None:
    cases = [*framing.answers("application/json"), *framing.answers("text/xml; charset=utf-8")]
    await told(stage, cases)


async def test_backends_that_say_hostile_things(stage: Stage) -> None:
    cases = some(messages.xml_messages(stage.backend.trap), 90) + some(messages.json_messages(), 40)
    await told(stage, [_said(message) for message in cases])


async def test_backends_that_say_the_w3c_suite(stage: Stage, suite: list[Message]) -> None:
    await told(stage, [_said(message) for message in some(suite, 100)])


async def test_backends_that_lie_to_native_callers(stage: Stage) -> None:
    """The same answers where nothing of ours reads them: they are the ministry's own bytes, or a clear refusal."""

    async def ask(call: tuple[str, str, dict[str, str], bytes]) -> rig.Reply:
        method, target, fields, body = call
        fields = {**stage.house.key, **fields, "X-LGSP-Timeout": str(SECONDS)}
        return await stage.house.send(method, f"/native{target}", body, fields)

    asked = [
        (
            method,
            target,
            {name: fields[name] for name in ("content-type", "accept", "soapaction") if name in fields},
            body,
        )
        for (method, target), (fields, body) in stage.backend.heard.items()
    ]
    calls = [call for call in asked if (await ask(call)).status == 200]
    assert len(calls) > 20

    async def one(call: tuple[str, str, dict[str, str], bytes]) -> None:
        reply = await ask(call)
        assert reply.status, (call[:2], "no answer")
        assert reply.code != "bus-fault", call[:2]
        assert reply.seconds < SECONDS + GRACE, (call[:2], reply.seconds)

    stage.backend.answers.extend([
        *framing.answers("application/json"),
        *framing.answers("text/xml; charset=utf-8"),
        *(_said(message) for message in some(messages.xml_messages(stage.backend.trap), 60)),
        *(_said(message) for message in some(messages.json_messages(), 30)),
    ])  # fmt: skip
    try:
        while stage.backend.answers:
            await each(calls, one)
    finally:
        stage.backend.answers.clear()


def _said(message: Message, kind: str | None = None) -> framing.Answer:
    coding = f"content-encoding: {message.coding}\r\n" if message.coding else ""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind or message.content_type}\r\n{coding}content-length: {len(message.body)}\r\n\r\n"

    async def pieces() -> AsyncIterator[bytes]:
        yield head.encode("latin-1", "replace") + message.body

    return framing.Answer(message.name, pieces)


async def told(stage: Stage, cases: list[framing.Answer]) -> None:
    """Questions of every query in turn, until each answer was given."""
    stage.backend.answers.extend(cases)
    given = stage.backend.given.total()
    try:
        while stage.backend.answers:
            await each([stage.next("query") for _ in range(16)], stage.ask)
        assert stage.backend.given.total() - given >= len(cases)
    finally:
        stage.backend.answers.clear()


async def test_true_answers_with_something_spoiled(stage: Stage) -> None:
    """Nearly right: what gets past parser and contract, into mappings."""
    stage.backend.spoil = 1.0
    try:
        before = stage.backend.given["spoiled"]
        await each(stage.examples * (30 if WHOLE else 2), stage.ask)
        assert stage.backend.given["spoiled"] > before + len(stage.examples) // 2
    finally:
        stage.backend.spoil = 0.0


async def test_backends_at_a_byte_a_second(stage: Stage) -> None:
    for kind in ("application/json", "text/xml"):
        for name, start in framing.slow_starts(kind).items():
            stage.backend.drip = start
            replies: list[rig.Reply] = []

            async def one(example: dict[str, Any], replies: list[rig.Reply] = replies) -> None:
                replies.append(await stage.ask(example))

            try:
                await each([stage.next("query") for _ in range(16)], one, at_once=16)
            finally:
                stage.backend.drip = None
            assert all(each.seconds < SECONDS + GRACE for each in replies), (
                name,
                max(each.seconds for each in replies),
            )
            if not WHOLE and kind == "text/xml":
                break


async def test_sign_ins_that_lie(stage: Stage) -> None:
    answers = [*framing.answers("application/json"), *(_said(message) for message in messages.json_messages())]
    try:
        for said in some([each for each in answers if WHOLE or not each.slow or "100s" in each.name], 25):
            stage.backend.sign_in = said
            assert await stage.house.say("forget") == "ok"
            await each([stage.next("query") for _ in range(4)], stage.ask, at_once=4)
    finally:
        stage.backend.sign_in = None
        await stage.house.say("forget")


async def test_collectors_and_the_witness_hear_lies(stage: Stage) -> None:
    bodies = [_said(message) for message in some(messages.json_messages(), 20)]
    lies = bodies + some([each for each in framing.answers("application/json") if WHOLE or not each.slow], 20)
    for place in range(0, len(lies), 5):
        stage.backend.answers.extend(lies[place : place + 5])
        found = await stage.house.say("collect")
        assert "bus-fault" not in found.values(), found
        stage.backend.answers.clear()
    for said in lies:
        stage.backend.answers.append(said)
        assert await stage.house.say("witness") != "ok"
        stage.backend.answers.clear()


async def test_query_strings(stage: Stage) -> None:
    """Of everything that is read, with and without a key: no defect, no page that repeats what was asked as it came."""
    house = stage.house
    cases = [(path, query) for path in doors.READ for query in some(doors.queries(), 12)]

    async def one(case: tuple[str, str]) -> None:
        path, query = case
        for headers in ({}, {**house.key, "Accept": "text/html"}):
            reply = await house.send("GET", f"{path}?{query}", headers=headers)
            fault = path.startswith("/soap") and reply.status == 500 and b"<faultcode>soap:Client<" in reply.body
            assert fault or reply.status in _REFUSED or reply.status < 400, (case, reply.status, reply.body[:200])
            assert reply.code != "bus-fault", case
            assert b"<script>alert" not in reply.body, case

    await each(cases, one, at_once=16)


async def test_the_token_endpoints_forms(stage: Stage) -> None:
    house = stage.house
    form = {"Content-Type": messages.FORM}
    cases: list[tuple[str, dict[str, str], bytes]] = []
    for name, body in some(doors.forms(), 60):
        cases.append((name, form, body))
        cases.append((name, {"Content-Type": JSON}, body))
    cases += [
        (value[:20], {**form, "Authorization": value}, b"grant_type=client_credentials") for value in doors.basics()
    ]

    async def one(case: tuple[str, dict[str, str], bytes]) -> None:
        name, headers, body = case
        for path in ("/token", "/revoke", "/native/token"):
            reply = await house.send("POST", path, body, headers)
            refused = reply.status in _REFUSED or reply.status in (401, 403, 413, 415, 422, 429)
            assert refused or (path == "/revoke" and reply.status == 200), (name, path, reply.status, reply.body[:200])

    await each(cases, one, at_once=16)
    assert (await house.send("GET", "/api/systems", headers=house.key)).status == 200, (
        "the key is no part of that lock-out"
    )


async def test_the_console_behind_its_sign_in(stage: Stage) -> None:
    """Every page with hostile addresses, every form that a person fills in with hostile fields; each role in turn."""
    house = stage.house
    for role in OPERATORS:
        headers = {"Cookie": await _signed_in(house, role), "Accept": "text/html"}
        found: dict[str, doors.Form] = {}
        asked = [(path, "") for path in doors.PAGES]
        turn = OPERATORS.index(role)
        asked += [(path, query) for path in doors.PAGES for query in some(doors.queries(), 9)[turn :: len(OPERATORS)]]

        async def page(
            case: tuple[str, str], headers: dict[str, str] = headers, found: dict[str, doors.Form] = found
        ) -> None:
            path, query = case
            reply = await house.send("GET", f"{path}?{query}" if query else path, headers=headers)
            assert reply.status < 500, (case, reply.status)
            assert b"<script>alert" not in reply.body, case
            if not query:
                for each in doors.forms_of(reply.body.decode("utf-8", "replace"), path):
                    found[f"{each.action} {each.open}"] = each

        await each(asked, page, at_once=6)
        cases = [(form, value) for form in found.values() for value in some(list(doors.VALUES), 4)]

        async def submit(case: tuple[doors.Form, str], headers: dict[str, str] = headers) -> None:
            form, value = case
            for hidden in (form.hidden, {**form.hidden, **dict.fromkeys(form.hidden.keys() - {"guard"}, value)}):
                body = urlencode({**hidden, **dict.fromkeys(form.open, value)}, errors="surrogateescape").encode()
                reply = await house.send("POST", form.action, body, {**headers, "Content-Type": messages.FORM})
                assert reply.status < 500, (form.action, value[:40], reply.status)
                assert b"<script>alert" not in reply.body, (form.action, value[:40])

        await each(cases, submit, at_once=6)
        assert len(found) >= (1 if role == "auditor" else 3), (role, sorted(found))


async def test_the_command_lines_socket(stage: Stage) -> None:
    """Only this machine's owner reaches it; a broken client of his must not harm the bus either."""
    path = str(stage.house.errors.parent / "gateway" / "control.sock")
    bodies = [each.body for each in some(messages.json_messages(), 15)]
    commands = [b'{"by":"local:x","arguments":%s}' % body for body in bodies if len(body) < 50_000]
    actions = ("consumer.list", "consumer.show", "grant.explain", "stage.move", "khong-co", "..%2f", "consumer.add")

    async def one(raw: bytes) -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            async with asyncio.timeout(20):
                with suppress(ConnectionError):
                    writer.write(raw)
                    writer.write_eof()
                    answer = await reader.read()
                    assert b"bus-fault" not in answer
        finally:
            writer.close()

    said = [
        b"POST /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % (action.encode(), len(body))
        + body
        for action in actions
        for body in (*bodies, *commands)
    ]
    frames = [bytes([0, *head]) + b"x" * 40 for head in ((0, 0, 0), (255, 255, 255, 255), (0, 0, 0, 5), (127,), ())]
    await each([*said, *frames, *(raw.data for raw in framing.requests("/consumer.list", "x"))], one)


async def test_the_witness_that_we_are_for_others(stage: Stage, tmp_path: Path) -> None:
    """A process of its own: bodies, framing, slow callers. It remembers nothing of them, and still witnesses after."""
    public = load_keys(tmp_path / "keys", Runtime.system().ids)
    log = log_key(public.public, "w0")
    address = "/add-checkpoint"
    async with rig.witness(tmp_path, str(log)) as house:
        genuine = signed_note(public, "w0", 1, root_of([leaf(b"{}")]))
        assert (await house.send("POST", address, request(0, [], genuine))).status == 200
        house.begin()
        chance = random.Random(3)
        bodies = [
            b"",
            b"\n\n",
            b"old 1\n\n",
            b"old 1\n" + b"AAAA\n" * 9000 + b"\n",
            b"old " + b"9" * 60_000 + b"\n\n" + genuine,
        ]
        bodies.append(request(0, [], genuine))  # from a tree that has grown meanwhile
        bodies += [_flipped(request(1, [bytes(32)], genuine), chance) for _ in range(2000 if WHOLE else 120)]
        bodies += [each.body for each in some(messages.json_messages(), 15)]
        statuses: set[int] = set()

        async def one(body: bytes) -> None:
            reply = await house.send("POST", address, body)
            statuses.add(reply.status)
            assert reply.status in (0, 400, 403, 404, 409, 413, 422), (reply.status, reply.body[:200], body[:80])

        await each(bodies, one)
        assert {400, 403, 409} <= statuses, statuses

        async def raw(case: framing.Raw) -> None:
            answers = re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", await house.raw(case.data, 40.0))
            assert not {each for each in answers if each.startswith(b"5")} - {b"501", b"505"}, (case.name, answers)

        await each(framing.requests(address, "x"), raw)
        grown = house.peak() - house.before
        assert grown <= GROWTH / 4, f"{grown / MIB:.0f} MiB"
        assert house.faults() == []
        assert (await house.send("POST", address, request(1, [], genuine))).status == 200, "the same tree again"


def _flipped(raw: bytes, chance: random.Random) -> bytes:
    made = bytearray(raw)
    for _ in range(chance.randrange(1, 4)):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


async def _signed_in(house: House, role: str) -> str:
    """The cookies of a session."""
    shown, cookies = await _with_cookies(house, "GET", "/console/sign-in", b"", "")
    guard = re.search(rb'name="guard" value="([0-9a-f]+)"', shown)
    assert guard
    form = {"guard": guard[1].decode(), "user": role, "password": PASSWORD, "next": ""}
    _, more = await _with_cookies(house, "POST", "/console/sign-in", urlencode(form).encode(), cookies)
    assert more, "not signed in"
    return more


async def _opened(house: House) -> None:
    """Every page of the console once, by everybody who may see it."""
    for role in OPERATORS:
        headers = {"Cookie": await _signed_in(house, role), "Accept": "text/html"}
        for path in doors.PAGES:
            assert (await house.send("GET", path, headers=headers)).status < 500, path


async def _with_cookies(house: House, method: str, path: str, body: bytes, cookies: str) -> tuple[bytes, str]:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: {messages.FORM}\r\n" + (f"Cookie: {cookies}\r\n" if cookies else "")
    raw = await house.raw(head.encode() + b"\r\n" + body)
    top, _, content = raw.partition(b"\r\n\r\n")
    found = re.findall(rb"[Ss]et-[Cc]ookie: ([^=]+=[^;]+);", top)
    return content, "; ".join(each.decode() for each in found)


async def test_afterwards_everything_is_as_before(stage: Stage) -> None:
    """Honest again: every example is answered, no task is left over, nothing stays open."""
    await stage.house.say("forget")
    replies: list[rig.Reply] = []

    async def one(example: dict[str, Any]) -> None:
        replies.append(await stage.ask(example, seconds=30.0))

    await each([example for example in stage.examples if example["kind"] == "query"], one, at_once=4)
    assert {reply.status for reply in replies} == {200}, [reply for reply in replies if reply.status != 200][:3]
    assert await stage.house.say("tasks") < 40
