"""A real gateway whose only upstream fails below HTTP: a name that does not resolve, a closed port, a strange certificate."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lgsp.app import Gateway, build
from lgsp.events import Event, HealthChanged
from lgsp.home import Home
from lgsp.manifest import load
from lgsp.model import Health
from lgsp.runtime import Runtime
from lgsp.settings import Limits, Settings, Upstream
from tests.manifest.small_home import write_home

Wire = Literal["dns", "tcp", "tls"]


@asynccontextmanager
async def on_the_wire(folder: Path, wire: Wire) -> AsyncIterator[Gateway]:
    """Running, with its one system asked until its upstream is known to be down."""
    async with contextlib.AsyncExitStack() as stack:
        url = await _address(stack, folder, wire)
        write_home(folder / "home")
        registry = load([Home.at(folder / "home")])
        upstreams = {
            name: Upstream("oauth2", url, "lgsp", "secret")
            for connector in registry.connectors.values()
            for name in {backend.upstream for backend in connector.backends.values()}
        }
        settings = Settings(
            data=folder / "data", upstreams=upstreams, log_level="error", limits=Limits(evidence_seconds=10.0)
        )
        gateway = await build(settings, Runtime.system(), registry=registry)
        stack.push_async_callback(gateway.close)
        down = asyncio.Event()

        def watch(event: Event) -> None:
            if isinstance(event, HealthChanged) and event.system == "upstream:ngsp" and event.now is Health.DOWN:
                down.set()

        gateway.events.subscribe(watch)
        await gateway.start()
        async with asyncio.timeout(20):
            await down.wait()
        yield gateway


async def _address(stack: contextlib.AsyncExitStack, folder: Path, wire: Wire) -> str:
    match wire:
        case "dns":
            return "http://khong-co-that.invalid"
        case "tcp":
            with socket.socket() as held:
                held.bind(("127.0.0.1", 0))
                return f"http://127.0.0.1:{held.getsockname()[1]}"
        case "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*_strange_certificate(folder))
            server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
            await stack.enter_async_context(server)
            return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _strange_certificate(folder: Path) -> tuple[Path, Path]:
    """Signed by itself, so nobody's chain leads to it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "khong-ai-biet.invalid")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
