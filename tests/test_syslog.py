"""Security events by syslog: to real receivers on loopback, by datagram, stream and TLS; and to receivers that are not there."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lgsp.events import SecurityAlert
from lgsp.runtime import SystemClock
from lgsp.syslog import Syslog, Target, Wire, _Stream, message
from tests.test_alerts import NOW

LINE = re.compile(rb"<(8[0-9])>1 \S+Z?\S* bus-mau lgsp - CEF - CEF:0\|lgsp\|data-bus\|0\|([a-z-]+)\|.*cnt=([0-9]+)")


def alert(number: int, severity: int = 8) -> SecurityAlert:
    return SecurityAlert("bulk-reading", "x", number, severity, NOW)


@asynccontextmanager
async def sending(target: Target | Narrow, **more: int) -> AsyncIterator[Syslog]:
    found = Syslog(target, SystemClock(), "0", "bus-mau", **more)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def frames(raw: bytes) -> list[bytes]:
    """Octet counting, undone strictly."""
    found = []
    while raw:
        size, _, rest = raw.partition(b" ")
        found.append(rest[: int(size)])
        raw = rest[int(size) :]
    return found


class Receiver:
    """Hears streams; `until` waits for so many whole messages."""

    def __init__(self) -> None:
        self.raw, self.more = b"", asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while piece := await reader.read(65536):
            self.raw += piece
            self.more.set()
        writer.close()

    async def until(self, enough: Callable[[bytes], bool]) -> None:
        async with asyncio.timeout(10):
            while not enough(self.raw):
                self.more.clear()
                await self.more.wait()


@asynccontextmanager
async def receiver(port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Receiver, int]]:
    heard = Receiver()
    server = await asyncio.start_server(heard.hear, "127.0.0.1", port, ssl=tls)
    try:
        yield heard, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in heard.writers:
            writer.close()


def numbers(raw: bytes) -> list[tuple[str, int]]:
    matches = [LINE.fullmatch(each) for each in frames(raw)]
    assert all(matches), raw
    return [(each[2].decode(), int(each[3])) for each in matches if each]


async def test_by_stream() -> None:
    async with receiver() as (heard, port), sending(Target.parse(f"tcp://127.0.0.1:{port}")) as soc:
        for number in range(5):
            soc(alert(number))
        await heard.until(lambda raw: raw.count(b"CEF:0") == 5)
        assert numbers(heard.raw) == [("bulk-reading", number) for number in range(5)]


async def test_by_datagram() -> None:
    found: asyncio.Queue[bytes] = asyncio.Queue()

    class Hearing(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            found.put_nowait(data)

    loop = asyncio.get_running_loop()
    listening, _ = await loop.create_datagram_endpoint(Hearing, local_addr=("127.0.0.1", 0))
    port = listening.get_extra_info("sockname")[1]
    async with sending(Target.parse(f"udp://127.0.0.1:{port}")) as soc:
        soc(alert(7))
        async with asyncio.timeout(5):
            assert LINE.fullmatch(await found.get())
    listening.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "soc.mau.invalid")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = folder / "soc.pem", folder / "soc.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


async def test_by_tls_and_only_to_whom_is_trusted(tmp_path: Path) -> None:
    context, ca = certificate(tmp_path)
    async with receiver(tls=context) as (heard, port):
        async with sending(Target.parse(f"tls://localhost:{port}", ca)) as soc:
            soc(alert(1))
            await heard.until(lambda raw: b"cnt=1" in raw)
        with pytest.raises(ssl.SSLCertVerificationError):
            await Target.parse(f"tls://localhost:{port}").open()


async def test_a_receiver_that_is_away_costs_nothing_and_hears_how_many_it_missed() -> None:
    async with receiver() as (_, port):
        pass  # now nobody listens there
    async with sending(Target.parse(f"tcp://127.0.0.1:{port}"), bound=10) as soc:
        for number in range(25):
            soc(alert(number))
        assert soc.dropped == 15
        assert len(soc._waiting) == 10
        async with receiver(port) as (heard, _):
            await heard.until(lambda raw: b"events-dropped" in raw and raw.endswith(b"cnt=15"))
            said = numbers(heard.raw)
        assert said == [*(("bulk-reading", number) for number in range(10)), ("events-dropped", 15)]


async def test_a_receiver_that_hangs_up_is_asked_again() -> None:
    async with receiver() as (heard, port), sending(Target.parse(f"tcp://127.0.0.1:{port}")) as soc:
        soc(alert(1))
        await heard.until(lambda raw: b"cnt=1" in raw)
        heard.writers[0].close()
        await heard.writers[0].wait_closed()
        soc(alert(2))
        soc(alert(3))
        await heard.until(lambda raw: b"cnt=3" in raw)
        assert [number for _, number in numbers(heard.raw)][-1] == 3


@dataclass
class Narrow:
    """A way on which the kernel holds next to nothing, so that it is full at once."""

    target: Target
    opened: list[_Stream] = field(default_factory=list)

    async def open(self) -> Wire:
        made = await self.target.open()
        assert isinstance(made, _Stream)
        made.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.opened.append(made)
        return made


async def test_a_receiver_that_never_reads_keeps_no_socket_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try that ends lets go of everything: what was not taken waits in the queue, not in a connection given up."""
    monkeypatch.setattr("lgsp.syslog._SECONDS", 0.1)
    monkeypatch.setattr("lgsp.syslog._PAUSES", (0.01,))
    with socket.socket() as deaf:  # the kernel opens each connection, and nobody takes it
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        narrow = Narrow(Target.parse(f"tcp://127.0.0.1:{deaf.getsockname()[1]}"))
        async with sending(narrow, bound=800) as soc:
            for number in range(800):
                soc(alert(number))
            async with asyncio.timeout(30):
                while len(narrow.opened) < 4:  # noqa: ASYNC110  each try ends by its own time
                    await asyncio.sleep(0.01)
            given_up = [each.writer.get_extra_info("socket").fileno() for each in narrow.opened[:-1]]
            assert given_up == [-1] * 3
            assert soc._waiting


def test_severities_and_addresses() -> None:
    levels = [message("x", severity, NOW, "h").split(b">")[0] for severity in range(11)]
    assert levels == [b"<86"] * 3 + [b"<85"] * 2 + [b"<84"] * 2 + [b"<83"] * 2 + [b"<82"] * 2
    assert message("CEF x\n", 3, NOW, "tên máy").startswith(
        b"<85>1 2022-12-06T01:00:00.000+00:00 tnmy lgsp - CEF - CEF x"
    )
    assert Target.parse("udp://soc.mau.invalid") == Target("udp", "soc.mau.invalid", 514)
    assert Target.parse("tls://soc.mau.invalid").port == 6514
    for wrong in ("", "soc", "http://soc", "tcp://", "tcp://a/b", "udp://u:p@a:1", "tcp://a:x"):
        with pytest.raises(ValueError):
            Target.parse(wrong)
