"""`control.sock`: commands of this machine's command line, carried out by the process that owns the data.

The socket stands in the data folder with mode 0600: who may open it may read the database as well, so it asks for no key.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
from aiohttp import web

from lgsp.decisions import Refused
from lgsp.errors import EvidenceUnavailable
from lgsp.office import Office, perform
from lgsp.store import StoreFailed


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """`by` is the person, as the operating system names them."""

    by: str
    arguments: dict[str, object]


def control(office: Office) -> web.Application:
    """`POST /{action}` with a `Command`: 200 {"result"}, or 409 {"error"} with the sentence."""

    async def answer(request: web.Request) -> web.Response:
        try:
            command = msgspec.json.decode(await request.read(), type=Command)
            result = await perform(office, request.match_info["action"], command.by, command.arguments)
        except Refused as error:
            return web.json_response({"error": str(error)}, status=409)
        except (StoreFailed, EvidenceUnavailable):
            return web.json_response({"error": "the store does not take it; is the disk full?"}, status=503)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return web.json_response({"error": "not a command of this version"}, status=400)
        return web.json_response({"result": result})

    application = web.Application(client_max_size=1 << 16)
    application.router.add_post("/{action}", answer)
    return application


async def listen(office: Office, data: Path) -> web.AppRunner:
    """Serves until the runner's `cleanup`. A socket left by a process that was killed is replaced: the owner's lock is ours."""
    path = data / "control.sock"
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        _bind(listener, path)
    finally:
        os.umask(before)
    listener.listen(16)
    runner = web.AppRunner(control(office), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


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
