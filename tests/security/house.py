"""A bus of one's own settings on loopback, its simulator, and certificates; all invented."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lgsp.app import build
from lgsp.home import builtin
from lgsp.manifest import load
from lgsp.model import Consumer, Grant, Text
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Limits, Province, Settings
from lgsp.simulate import start_unwatched
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator
from tests.endpoints.bus import Bus

Change = Callable[[Settings], Settings]


@cache
def registry() -> Registry:
    """Read once: nothing in it changes."""
    return load([builtin()])


@asynccontextmanager
async def bus_of(
    data: Path,
    change: Change = lambda settings: settings,
    door: ssl.SSLContext | None = None,
    *,
    province: str = "hoa-binh",
    asks_by_itself: bool = True,
) -> AsyncIterator[Bus]:
    """`tester` may call everything; with `door` the bus speaks TLS. Without `asks_by_itself` no probe and no collector goes out."""
    runtime = Runtime.system()
    simulator = Simulator([builtin()], runtime=runtime, province=province, seed=1, size=300, state=data / "sim")
    server = await serve(simulator)
    home = Province("17", "H28", "Hoà Bình", "Hoa Binh", "2022-2024")
    limits = Limits(evidence_seconds=10.0)
    settings = change(Settings(data=data, sim=server.url, demo=True, province=home, log_level="error", limits=limits))
    gateway = await build(settings, runtime, registry=registry())
    tester = Consumer("tester", Text("Hệ thống thử", "Test system"), agency="H28.01", security_level=3)
    secrets = await gateway.policy.create_consumer(tester, [Grant("tester", "*", "*", legal_basis="test")])
    runner = web.AppRunner(gateway.application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=door).start()
    await (gateway.start() if asks_by_itself else start_unwatched(gateway))
    await gateway.ready.wait()
    url = f"{'http' if door is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield Bus(gateway, server.url, url, secrets, session)
    finally:
        await runner.cleanup()
        await gateway.close()
        await server.close()


@dataclass(frozen=True)
class Certified:
    """A key and its certificate as files."""

    key: Path
    file: Path
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


class Authority:
    """A certificate authority of the test."""

    def __init__(self, folder: Path, name: str = "CA mau") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        made = self._builder(self.name, self.key.public_key(), 0, 30).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(self, name: str, *, begin: int = -1, days: int = 30) -> Certified:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(_name(name), key.public_key(), begin, days).add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        certificate = made.sign(self.key, hashes.SHA256())
        number = f"{name.replace(' ', '-')}-{certificate.serial_number % 10_000}"
        files = self.folder / f"{number}.key", self.folder / f"{number}.pem"
        files[0].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        files[1].write_bytes(certificate.public_bytes(Encoding.PEM))
        return Certified(*files, certificate)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, begin: int, days: int
    ) -> x509.CertificateBuilder:
        start = Runtime.system().clock.now() + dt.timedelta(days=begin)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=days))
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def client(certified: Certified | None = None) -> ssl.SSLContext:
    """A caller's side; whom he talks to is not what these tests are about."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certified is not None:
        context.load_cert_chain(certified.file, certified.key)
    return context
