"""The test of a connection stops at the first cause, whichever it is, within its time; through the registered address only."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lgsp.diagnosis import STEPS, Diagnoser, Diagnosis, Sockets, cause_of
from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, Overloaded, RecordNotFound, Timeout
from lgsp.exchange import Exchange, Handler
from lgsp.manifest import load
from lgsp.model import Data, FieldError, Text
from lgsp.names import AddressRefused
from lgsp.registry import Connector
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from lgsp.upstream import CredentialRefused, UpstreamUnavailable
from tests.manifest.small_home import write_home


@dataclass
class Line:
    """A wire that fails where it is told to."""

    fails: dict[str, OSError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self._step("dns", f"{host}:{port}")
        return ["192.0.2.1", "192.0.2.2"]

    async def connect(self, address: str, port: int) -> None:
        self._step("tcp", address)

    async def handshake(self, address: str, port: int, host: str, base: str) -> str:
        self._step("tls", address)
        return "TLSv1.3"

    def _step(self, name: str, what: str) -> None:
        self.asked.append(f"{name} {what}")
        if name in self.fails:
            raise self.fails[name]


def answering(error: Exception | None = None, asked: list[Exchange] | None = None) -> Handler:
    async def ask(exchange: Exchange) -> Data:
        if asked is not None:
            asked.append(exchange)
        if error is not None:
            raise error
        return {}

    return ask


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    return next(iter(load([write_home(tmp_path)]).connectors.values()))


async def diagnosed(
    connector: Connector, ask: Handler, line: Line | None = None, url: str = "https://truc.example:8443", **known: str
) -> Diagnosis:
    names = {each.upstream for each in connector.backends.values()}
    upstreams = {name: Upstream(manner=known.get("manner", "oauth2"), url=url) for name in names}
    if known.get("unset"):
        upstreams = {}
    return await Diagnoser(ask, lambda: upstreams, line or Line(), Runtime.system()).run(connector)


def states(found: Diagnosis) -> list[str]:
    assert [each.name for each in found.steps] == list(STEPS)
    return [each.state for each in found.steps]


async def test_a_well_connection_passes_every_step(connector: Connector) -> None:
    line, asked = Line(), list[Exchange]()
    found = await diagnosed(connector, answering(asked=asked), line)
    assert (states(found), found.failed) == (["passed"] * 6, "")
    assert line.asked == ["dns truc.example:8443", "tcp 192.0.2.1", "tls 192.0.2.1"]
    assert asked[0].operation is not None
    assert asked[0].operation.safe
    assert asked[0].data == asked[0].operation.probe


async def test_the_ministrys_no_is_an_answer(connector: Connector) -> None:
    assert (await diagnosed(connector, answering(RecordNotFound()))).failed == ""


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("dns", socket.gaierror()),
        ("dns", AddressRefused()),
        ("tcp", ConnectionRefusedError()),
        ("tcp", TimeoutError()),
        ("tls", ssl.SSLCertVerificationError()),
        ("tls", ssl.SSLError()),
        ("tls", ConnectionResetError()),
    ],
)
async def test_the_wire_breaks_and_nothing_further_is_asked(connector: Connector, step: str, error: OSError) -> None:
    line, asked = Line({step: error}), list[Exchange]()
    found = await diagnosed(connector, answering(asked=asked), line)
    place = STEPS.index(step)
    assert states(found) == ["passed"] * place + ["failed"] + ["not-run"] * (5 - place)
    assert asked == []
    assert found.steps[place].said.vi
    assert found.steps[place].said.en


def with_layer(error: LgspError, layer: str) -> LgspError:
    error.layer = layer  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("authentication", with_layer(UpstreamUnavailable(Text("a", "b")), "token")),
        ("authentication", CredentialRefused()),
        ("authentication", with_layer(ConnectFailed(), "account")),
        ("tls", with_layer(ConnectFailed(), "tls")),
        ("contract", BadAnswer(errors=(FieldError("/a", "required"),))),
        ("contract", InvalidMessage(errors=(FieldError("/a", "type: string"),))),
        ("sample", BadAnswer("HTTP 500")),
        ("sample", Timeout()),
        ("sample", Overloaded()),
        ("sample", ValueError("a defect")),
    ],
)
async def test_above_the_wire(connector: Connector, step: str, error: Exception) -> None:
    found = await diagnosed(connector, answering(error))
    assert found.failed == step
    place = STEPS.index(step)
    assert states(found) == ["passed"] * place + ["failed"] + ["not-run"] * (5 - place)
    if isinstance(error, LgspError):
        assert cause_of(error) == step


async def test_plain_http_has_no_tls_and_an_unset_upstream_no_name(connector: Connector) -> None:
    found = await diagnosed(connector, answering(), url="http://truc.example", manner="none")
    assert states(found) == ["passed", "passed", "skipped", "skipped", "passed", "passed"]
    assert (await diagnosed(connector, answering(), unset="yes")).failed == "dns"


async def test_real_sockets_tell_a_closed_port_and_no_tls() -> None:
    held: list[asyncio.StreamWriter] = []

    async def taken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no tls here\r\n\r\n")
        held.append(writer)

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    port, wire = server.sockets[0].getsockname()[1], Sockets(lambda _: None)
    assert await wire.resolve("127.0.0.1", port) == ["127.0.0.1"]
    await wire.connect("127.0.0.1", port)
    with pytest.raises(ssl.SSLError):
        await wire.handshake("127.0.0.1", port, "localhost", "")
    for each in held:
        each.close()
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await wire.connect("127.0.0.1", port)
