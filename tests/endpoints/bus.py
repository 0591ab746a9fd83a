"""A whole bus on loopback for tests of its doors: real gateway, real simulator, one demonstration consumer."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from lgsp.app import Gateway, build
from lgsp.endpoints.sockets import Runner
from lgsp.home import builtin
from lgsp.model import Consumer, Grant, Text
from lgsp.policy import NewSecrets
from lgsp.runtime import Runtime
from lgsp.settings import Limits, Province, Settings
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def data(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass(frozen=True, slots=True)
class Bus:
    """`secrets` are those of the consumer `tester`, which may call everything."""

    gateway: Gateway
    simulator: str
    url: str
    secrets: NewSecrets
    session: aiohttp.ClientSession

    @property
    def key(self) -> dict[str, str]:
        return {"X-API-Key": self.secrets.api_key}

    async def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """`body` bytes as they are, anything else as JSON."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(
            method,
            url,
            data=io.BytesIO(body) if body else None,
            headers=sent,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
        ) as response:
            found = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, found, await response.read())

    async def call(self, system: str, operation: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.send("POST", f"/api/{system}/v1/{operation}", body, {**self.key, **(headers or {})})

    async def examples(self) -> list[dict[str, Any]]:
        found = await self.send("GET", f"{self.simulator}/_sim/examples")
        examples: list[dict[str, Any]] = found.data
        return examples


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Bus]:
    runtime = Runtime.system()
    simulator = Simulator([builtin()], runtime=runtime, seed=1, size=500, state=data / "sim")
    server = await serve(simulator)
    settings = Settings(
        data=data,
        sim=server.url,
        demo=True,
        province=Province("17", "H28", "Hoà Bình", "Hoa Binh", "2022-2024"),
        log_level="error",
        limits=Limits(evidence_seconds=10.0),  # a busy machine's disk is not what these tests are about
    )
    gateway = await build(settings, runtime)
    tester = Consumer("tester", Text("Hệ thống thử", "Test system"), agency="H28.01", security_level=3)
    secrets = await gateway.policy.create_consumer(tester, [Grant("tester", "*", "*", legal_basis="test")])
    runner = Runner(gateway.application, 1000, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await gateway.start()
    await gateway.ready.wait()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield Bus(gateway, server.url, url, secrets, session)
    finally:
        await runner.cleanup()
        await gateway.close()
        await server.close()
