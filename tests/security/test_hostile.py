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
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from lgsp import manifest
from lgsp.contract.model import Contract
from lgsp.home import builtin
from lgsp.registry import Operation, Registry
from lgsp.runtime import Runtime
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator
from tests.security.hostile import backend as backends
from tests.security.hostile import framing, messages, rig
from tests.security.hostile.backend import Backend
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


async def test_afterwards_everything_is_as_before(stage: Stage) -> None:
    """Honest again: every example is answered, no task is left over, nothing stays open."""
    await stage.house.say("forget")
    replies: list[rig.Reply] = []

    async def one(example: dict[str, Any]) -> None:
        replies.append(await stage.ask(example, seconds=30.0))

    await each([example for example in stage.examples if example["kind"] == "query"], one, at_once=4)
    assert {reply.status for reply in replies} == {200}, [reply for reply in replies if reply.status != 200][:3]
    assert await stage.house.say("tasks") < 40
