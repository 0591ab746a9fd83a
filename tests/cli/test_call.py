"""`lgsp call`: without a version the newest that has the operation, as the bus says it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.demonstration import LGSP

SYSTEMS = [
    {
        "id": "only-two", "version": "v2", "operations": [{"name": "moi"}],
        "versions": [{"version": "v2"}],
    },
    {
        "id": "both", "version": "v3", "operations": [{"name": "moi"}],
        "versions": [{"version": "v3"}, {"version": "v1", "operations": [{"name": "cu"}, {"name": "moi"}]}],
    },
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("only-two", "moi"), "/api/only-two/v2/moi"),
        (("both", "moi"), "/api/both/v3/moi"),
        (("both", "cu"), "/api/both/v1/cu"),
        (("both", "moi", "--version", "v1"), "/api/both/v1/moi"),
        (("strange", "moi"), "/api/strange/v1/moi"),
    ],
)
async def test_the_version_is_the_bus_s(words: tuple[str, ...], path: str, tmp_path: Path) -> None:
    called: list[str] = []

    async def systems(_: web.Request) -> web.Response:
        return web.json_response(SYSTEMS)

    async def call(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.json_response({})

    application = web.Application()
    application.add_routes([web.get("/api/systems", systems), web.post("/{rest:.*}", call)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    profile = tmp_path / "profile.json"
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    profile.write_text(json.dumps({"gateway": url, "consumers": [{"id": "a", "api_key": "k"}]}))
    try:
        process = await asyncio.create_subprocess_exec(*LGSP, "call", *words, "--profile", str(profile), stderr=-1)
        _, said = await process.communicate()
    finally:
        await runner.cleanup()
    assert process.returncode == 0, said
    assert called == [path]
