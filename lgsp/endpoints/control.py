"""`control.sock`: commands of this machine's command line, carried out by the process that owns the data.

The socket stands in the data folder with mode 0600: who may open it may read the database as well, so it asks for no key.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
from aiohttp import web

from lgsp.decisions import Refused
from lgsp.errors import EvidenceUnavailable
from lgsp.log import silent
from lgsp.store import StoreFailed


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """`by` is the person, as the operating system names them."""

    by: str
    arguments: dict[str, object]


CarryOut = Callable[[str, str, dict[str, object]], Awaitable[object]]
"""(action, who asks, arguments) -> an answer in JSON's types. Raises as `office.perform` does."""


def control(carry_out: CarryOut) -> web.Application:
    """`POST /{action}` with a `Command`: 200 {"result"}, or 409 {"error"} with the sentence."""

    async def answer(request: web.Request) -> web.Response:
        try:
            command = msgspec.json.decode(await request.read(), type=Command)
            result = await carry_out(request.match_info["action"], command.by, command.arguments)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=409)
        except (StoreFailed, EvidenceUnavailable):
            return web.json_response({"error": "the store does not take it; is the disk full?"}, status=503)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return web.json_response({"error": "not a command of this version"}, status=400)
        return web.json_response({"result": result})

    application = web.Application(client_max_size=1 << 20)
    application.router.add_post("/{action}", answer)
    return application


async def listen(carry_out: CarryOut, data: Path, framed: Callable[[], asyncio.Protocol] | None = None) -> Listening:
    """Serves until `close`. A socket left by a process that was killed is replaced: the owner's lock is ours.

    `framed` makes the other end for a worker, which speaks in frames: their first byte is nought, as no HTTP request's is.
    """
    path = data / "control.sock"
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        _bind(listener, path)
    finally:
        os.umask(before)
    # its own words quote what was sent
    runner = web.AppRunner(control(carry_out), access_log=None, handle_signals=False, logger=silent())
    await runner.setup()
    assert runner.server is not None
    http = runner.server
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: _Either(http, framed) if framed is not None else http(), sock=listener, backlog=64
    )
    return Listening(path, runner, server)


@dataclass(frozen=True, slots=True)
class Listening:
    path: Path
    runner: web.AppRunner
    server: asyncio.Server

    async def close(self) -> None:
        self.server.close()
        await self.runner.cleanup()
        self.path.unlink(missing_ok=True)


class _Either(asyncio.Protocol):
    """Until the first byte has come, either a worker or a command."""

    def __init__(self, http: Callable[[], asyncio.Protocol], framed: Callable[[], asyncio.Protocol]) -> None:
        self._http, self._framed = http, framed
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream's; uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        found = self._framed() if data[0] == 0 else self._http()
        self._transport.set_protocol(found)
        found.connection_made(self._transport)
        found.data_received(data)


def _bind(listener: socket.socket, path: Path) -> None:
    """The kernel takes at most 107 bytes of a path; a longer one goes by its folder's descriptor."""
    if len(os.fsencode(path)) <= 100:
        listener.bind(str(path))
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
