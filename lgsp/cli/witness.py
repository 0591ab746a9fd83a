"""`lgsp witness`: the outside witness of somebody else's evidence, on a machine that is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgsp.cli.output import Exit, refuse, say

if TYPE_CHECKING:
    import socket

    from aiohttp import web

    from lgsp.audit.witness import Witness

_BODY = 64 * 1024
_BODY_SECONDS = 10.0
_CONNECTIONS = 256


@click.group()
def witness() -> None:
    """Co-sign the evidence of other installations, so that nobody there can rewrite it unnoticed (C2SP tlog-witness)."""


_STATE = click.option(
    "--state", type=click.Path(path_type=Path), required=True, help="Folder with the key and what was seen."
)
_NAME = click.option(
    "--name", required=True, help="By which callers know this witness, e.g. witness.dien-bien.invalid."
)


@witness.command()
@_NAME
@_STATE
@click.option("--log", "logs", multiple=True, required=True, help="A verifier key of `lgsp audit key`; repeatable.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, required=True)
def serve(name: str, state: Path, logs: tuple[str, ...], host: str, port: int) -> None:
    """Answer `POST /add-checkpoint` until Ctrl-C."""
    from lgsp.cli.serving import address, bind
    from lgsp.runtime import run

    opened = _open(name, state, logs)
    listener = bind(host, port, "--port")
    say(f"witnessing {len(opened.logs)} logs on {address(listener)} as {opened.key}")
    run(_serve(opened, listener))


async def _serve(opened: Witness, listener: socket.socket) -> None:
    """With the same shell as the bus: connections counted, slow ones let go, nothing of a caller in a log."""
    from aiohttp import web

    from lgsp.cli.serving import stopper
    from lgsp.endpoints.sockets import Runner, patient
    from lgsp.log import silent

    stop = stopper()
    runner = Runner(
        application(opened), _CONNECTIONS, access_log=None, handle_signals=False, logger=silent(), auto_decompress=False,
        keepalive_timeout=15, read_bufsize=16 * 1024, shutdown_timeout=_BODY_SECONDS,
    )  # fmt: skip
    await runner.setup()
    patient(listener)
    await web.SockSite(runner, listener).start()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


@witness.command()
@_NAME
@_STATE
def key(name: str, state: Path) -> None:
    """The verifier key that callers are told."""
    click.echo(str(_open(name, state, ()).key))


def application(opened: Witness) -> web.Application:
    """One address. A request is small, so is everything it costs."""
    import asyncio

    from aiohttp import web

    lock = asyncio.Lock()

    async def add_checkpoint(request: web.Request) -> web.Response:
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return _said(415, "a checkpoint is not compressed\n")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            late = _said(408, "the request does not come to its end\n")
            late.force_close()
            return late
        except web.HTTPRequestEntityTooLarge:
            return _said(413, "a checkpoint is small\n")
        async with lock:  # two callers must not both carry on from the same tree
            reply = opened.add_checkpoint(body)
        return _said(reply.status, reply.body, reply.content_type)

    async def dress(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "lgsp"})

    made = web.Application(client_max_size=_BODY)
    made.router.add_post("/add-checkpoint", add_checkpoint)
    made.on_response_prepare.append(dress)
    return made


def _said(status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> web.Response:
    from aiohttp import web

    return web.Response(status=status, body=text.encode(), headers={"content-type": content_type})


def _open(name: str, state: Path, logs: tuple[str, ...]) -> Witness:
    from lgsp.audit.notes import LOG, NoteRefused, VerifierKey
    from lgsp.audit.witness import Witness
    from lgsp.runtime import SystemClock

    if not name or "+" in name or any(each.isspace() for each in name):
        refuse("a witness's name has no blank and no plus", Exit.USAGE)
    try:
        keys = [VerifierKey.parse(each) for each in logs]
    except NoteRefused as error:
        refuse(str(error), Exit.USAGE)
    if any(each.kind != LOG for each in keys):
        refuse("--log takes the key of a log", Exit.USAGE)
    clock = SystemClock()
    return Witness.open(name, state, {each.name: each for each in keys}, lambda: int(clock.now().timestamp()))
