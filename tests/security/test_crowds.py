"""Many callers, and callers who invent something new each time, at a running gateway: nothing of what they invent is kept,
one too many is told so, and who does not read costs a bounded amount. `HOSTILE=whole` sends ten thousand of each kind.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from lgsp.home import builtin
from lgsp.runtime import Runtime
from lgsp.settings import Limits
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator
from tests.security.hostile import backend as backends
from tests.security.hostile import crowd, rig
from tests.security.hostile.messages import FORM
from tests.security.hostile.rig import MIB, House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("hostile"),
]
WHOLE = os.environ.get("HOSTILE") == "whole"
EACH = 10_000 if WHOLE else 600
KEPT = 300
"""The HTTP library's own memory of addresses has 128 places, and what is under way holds a little."""
STALL = 0.25
SOAP, REST = "/soap/civil-status/v1", "/api/civil-status/v1/traTrangThaiHoSo"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("crowds")
    simulator = Simulator([builtin()], runtime=Runtime.system(), seed=1, size=200, state=folder / "sim")
    server = await serve(simulator)
    try:
        async with backends.running(server.url) as backend, rig.gateway(folder, backend.url) as made:
            await made.send("GET", "/api/openapi.json", headers=made.key, patience=60)  # compiles every contract
            await made.send("GET", "/status")
            yield made
    finally:
        await server.close()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def unharmed(house: House) -> AsyncIterator[None]:
    house.begin()
    await house.say("stalls")
    yield
    assert house.process.returncode is None
    assert (await house.send("GET", "/livez")).status == 200
    assert house.faults() == []
    assert [each for each in await house.say("stalls") if each[0] > STALL] == []
    grown = house.peak() - house.before
    assert grown <= 64 * MIB, f"{grown / MIB:.0f} MiB more at the peak than at the beginning"


@pytest.mark.parametrize("kind", crowd.strangers("", "", "", b""))
async def test_nothing_is_kept_of_what_callers_invent(house: House, kind: str) -> None:
    """Names of systems, operations, keys, tokens, pages: no table, counter, label or log line grows with them."""
    make = crowd.strangers(REST, SOAP, house.api_key, b"{}")[kind]
    await crowd.pour(house.port, make, range(EACH // 10))
    seen = await crowd.pour(house.port, make, range(EACH, 2 * EACH))
    assert seen.total() == EACH
    assert not seen.keys() & {0, 502, 503, 504}, seen
    async with asyncio.timeout(60):  # what was still under way when the last answer had come
        while await house.say("invented") > KEPT:  # noqa: ASYNC110  another process, which tells nobody
            await asyncio.sleep(0.2)
    page = (await house.send("GET", "/metrics")).body
    assert crowd.PAD.encode() not in page
    assert crowd.PAD not in house.errors.read_text("utf-8", "replace")
    await house.say("stalls")  # those of the search itself


async def test_one_connection_too_many_is_told_so(house: House) -> None:
    """Also on the event loop that the bus runs on in operation."""
    opened = []
    try:
        for _ in range(Limits().connections + 40):
            opened.append(await asyncio.open_connection("127.0.0.1", house.port))  # noqa: PERF401  those before it are closed
        reader, _ = opened[-1]
        async with asyncio.timeout(60):
            said = await reader.read()
        assert said.startswith(b"HTTP/1.1 503 "), said
        assert b'"code":"overloaded"' in said
    finally:
        for _, writer in opened:
            writer.close()
    async with asyncio.timeout(60):
        while (await house.send("GET", "/livez")).status != 200:  # noqa: ASYNC110  a process of its own sets no event
            await asyncio.sleep(0.05)


async def test_who_asks_much_and_reads_nothing_costs_a_bounded_amount(house: House) -> None:
    """A document of some megabytes on each of many connections, several times."""
    ask = crowd.http("GET", "/api/openapi.json", house.key) * 20
    opened = []
    try:
        for _ in range(300 if WHOLE else 100):
            opened.append(await asyncio.open_connection("127.0.0.1", house.port, limit=1024))
            opened[-1][1].write(ask)
        for _ in range(5):
            assert (await house.send("GET", "/api/systems", headers=house.key)).status == 200
        whole = await house.send("GET", "/api/openapi.json", headers=house.key, patience=60)
        assert json.loads(whole.body)["paths"], "who reads gets it"
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def test_one_caller_has_no_endless_scopes(house: House) -> None:
    form = f"grant_type=client_credentials&client_id={house.client_id}&client_secret={house.client_secret}&scope="

    async def asked(scope: str) -> int:
        return (await house.send("POST", "/token", f"{form}{scope}".encode(), {"Content-Type": FORM})).status

    seen = [await asked(f"s{number}") for number in [*range(60), 0]]
    assert seen == [200] * 50 + [503] * 10 + [200], seen
    assert await asked("x" * 501) == 400


async def test_callers_who_go_in_the_middle(house: House) -> None:
    """Reset while the question comes, while it is answered, while the next ones wait behind it."""
    tasks = await house.say("tasks")
    ask = crowd.http("POST", REST, {**house.key, "Content-Type": "application/json"}, b"{}")
    large = crowd.http("GET", "/api/openapi.json", house.key)
    cases = [ask[:-1], ask, ask * 50, large, large * 3, large[:20], b""]

    async def one(number: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        with suppress(ConnectionError):
            writer.write(cases[number % len(cases)])
            await asyncio.sleep(0.002 * (number % 5))
        writer.transport.abort()

    for begin in range(0, 6000 if WHOLE else 420, 60):
        await asyncio.gather(*(one(begin + number) for number in range(60)))
    async with asyncio.timeout(60):
        while await house.say("tasks") > tasks + 5:  # noqa: ASYNC110  likewise
            await asyncio.sleep(0.1)


async def test_a_control_byte_in_a_head_is_refused_without_being_quoted(house: House) -> None:
    """Such a head is no HTTP: it has no address yet whose format could be spoken, so it is a problem document everywhere."""
    for path in (SOAP, REST, "/native/token", "/token"):
        said = await house.raw(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nX-A: a\x01{crowd.PAD}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert re.match(rb"HTTP/1\.[01] 400 ", said), said
        assert b"application/problem+json" in said
        assert crowd.PAD.encode() not in said
