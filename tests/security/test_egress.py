"""Where the bus may go: names that resolve to this machine or its neighbours are refused each time they are resolved, also when
the first answer was good (DNS rebinding)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from lgsp.errors import ConnectFailed
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest
from lgsp.names import AddressRefused, checked
from lgsp.runtime import Runtime
from lgsp.transport import AiohttpTransport


class Names(AbstractResolver):
    """A name server that says what it is told to."""

    def __init__(self, say: Callable[[str], list[str]]) -> None:
        self.say, self.asked = say, 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[Any]:
        self.asked += 1
        return [
            {"hostname": host, "host": each, "port": port, "family": socket.AF_INET6 if ":" in each else socket.AF_INET,
             "proto": 0, "flags": 0}
            for each in self.say(host)
        ]  # fmt: skip

    async def close(self) -> None:
        pass


async def outcome(names: Names, host: str, port: int) -> tuple[int | None, str]:
    runtime = Runtime.system()
    wire = AiohttpTransport(runtime, resolver=names)
    try:
        until = Deadline(runtime.clock.monotonic() + 5)
        return (await wire.send("register", f"http://{host}:{port}", HttpRequest("GET", "/"), until)).status, ""
    except ConnectFailed as error:
        return None, error.detail.en if error.detail is not None else ""
    finally:
        await wire.close()


@pytest.fixture
async def ministry() -> Any:
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield heard, server.sockets[0].getsockname()[1]
    server.close()


REFUSED = [
    "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255",
    "240.0.0.1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "100.100.100.200",
    "fd00:ec2::254", "192.0.0.192", "168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
async def test_bent_names_are_refused_before_a_byte_leaves(ministry: Any, address: str) -> None:
    heard, port = ministry
    found = await outcome(Names(lambda _: [address]), "ministry.mau.invalid", port)
    assert found == (None, "The host's name leads to an address that no upstream may have")
    both = await outcome(Names(lambda _: ["10.255.255.1", address]), "ministry.mau.invalid", port)
    assert both == found
    assert heard == []


async def test_this_machine_by_its_own_names(ministry: Any) -> None:
    heard, port = ministry
    assert (await outcome(Names(lambda _: ["127.0.0.1"]), "localhost", port))[0] == 200
    unasked = Names(lambda _: [])
    assert (await outcome(unasked, "127.0.0.1", port))[0] == 200
    assert unasked.asked == 0
    assert len(heard) == 2
    assert (await outcome(Names(lambda _: ["169.254.169.254"]), "localhost", port))[0] is None


async def test_a_name_that_is_bent_later(ministry: Any) -> None:
    """The first answer passes, the second does not: each resolution is judged by itself."""
    heard, _ = ministry
    answers = iter((["10.1.2.3"], ["127.0.0.1"]))
    names = checked(Names(lambda _: next(answers)))
    assert [each["host"] for each in await names.resolve("ministry.mau.invalid", 80)] == ["10.1.2.3"]
    with pytest.raises(AddressRefused):
        await names.resolve("ministry.mau.invalid", 80)
    assert heard == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost.localdomain"])
async def test_other_spellings_of_this_machine(ministry: Any, host: str) -> None:
    """By the machine's own resolver: whichever of these it knows, none gets through."""
    heard, port = ministry
    runtime = Runtime.system()
    wire = AiohttpTransport(runtime)
    until = Deadline(runtime.clock.monotonic() + 5)
    try:
        with pytest.raises(ConnectFailed):
            await wire.send("register", f"http://{host}:{port}", HttpRequest("GET", "/"), until)
    finally:
        await wire.close()
    assert heard == []


async def test_names_whose_servers_never_answer_keep_no_other_system_waiting(
    ministry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, port = ministry
    answered, asked, known = threading.Event(), list[str](), socket.getaddrinfo

    def look_up(host: str, *rest: Any) -> Any:
        if host == "localhost":
            return known(host, *rest)
        asked.append(host)
        answered.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    runtime = Runtime.system()
    wire = AiohttpTransport(runtime)

    async def ask(system: str, host: str, seconds: float) -> int:
        until = Deadline(runtime.clock.monotonic() + seconds)
        return (await wire.send(system, f"http://{host}:{port}", HttpRequest("GET", "/"), until)).status

    silent = [asyncio.create_task(ask(f"s{each}", f"s{each}.mau.invalid", 60)) for each in range(40)]
    greedy = [asyncio.create_task(ask("greedy", f"g{each}.mau.invalid", 60)) for each in range(40)]
    try:
        await asyncio.sleep(0.05)
        assert await ask("register", "localhost", 5) == 200
        assert len([each for each in asked if each.startswith("g")]) == 4, "one system has so many look-ups and no more"
        assert sum(each.done() for each in greedy) == 36
    finally:
        answered.set()
        said = await asyncio.gather(*silent, *greedy, return_exceptions=True)
        await wire.close()
    assert {type(each) for each in said} == {ConnectFailed}
    assert len(heard) == 1


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".mau.invalid", "127.1", "0"])
async def test_what_is_no_name_has_reached_nobody(host: str) -> None:
    runtime = Runtime.system()
    wire = AiohttpTransport(runtime)
    with pytest.raises(ConnectFailed) as caught:
        await wire.send("s", f"http://{host}", HttpRequest("POST", "/"), Deadline(runtime.clock.monotonic() + 5))
    assert not caught.value.reached
    await wire.close()
