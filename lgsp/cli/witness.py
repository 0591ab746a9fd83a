"""`lgsp witness`: the outside witness of somebody else's evidence, on a machine that is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgsp.cli.output import Exit, refuse, say

if TYPE_CHECKING:
    from aiohttp import web

    from lgsp.audit.witness import Witness

_BODY = 64 * 1024


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
    from aiohttp import web

    opened = _open(name, state, logs)
    say(f"witnessing {len(opened.logs)} logs on http://{host}:{port} as {opened.key}")
    web.run_app(application(opened), host=host, port=port, print=None, access_log=None, keepalive_timeout=15)


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
        async with asyncio.timeout(10):
            body = await request.read()
        async with lock:  # two callers must not both carry on from the same tree
            reply = opened.add_checkpoint(body)
        return web.Response(status=reply.status, body=reply.body.encode(), headers={"content-type": reply.content_type})

    made = web.Application(client_max_size=_BODY)
    made.router.add_post("/add-checkpoint", add_checkpoint)
    return made


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
