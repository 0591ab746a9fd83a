"""The gateway as a process: a bound port, the application on it, an orderly end."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lgsp.cli.output import Exit, refuse, say
from lgsp.settings import Settings

if TYPE_CHECKING:
    from lgsp.app import Gateway


def bind(host: str, port: int, option: str) -> socket.socket:
    """A listening socket. Ends the command (2) where the port is taken, naming the option that chooses another."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            refuse(f"port {port} on {host} is taken; choose another with {option}", Exit.USAGE)
        if error.errno == errno.EACCES:
            refuse(f"port {port} on {host} is not allowed to this user; choose another with {option}", Exit.USAGE)
        refuse(f"cannot listen on {host}:{port}: {error.strerror or error}", Exit.USAGE)


def address(listener: socket.socket) -> str:
    """http://host:port of a bound socket, loopback where it listens everywhere."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def stopper() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM; the second Ctrl-C no longer waits."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ask)
    return stop


@asynccontextmanager
async def running(settings: Settings, listener: socket.socket) -> AsyncIterator[Gateway]:
    """A built gateway; `await serve(gateway, …)` inside opens its door. Everything is closed on the way out."""
    from lgsp.app import build
    from lgsp.manifest import RegistryError
    from lgsp.runtime import Runtime
    from lgsp.store import StoreBusy
    from lgsp.store.sqlite.migrate import MigrationError

    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        gateway = await build(settings, Runtime.system())
    except (RegistryError, StoreBusy, MigrationError) as error:
        listener.close()
        refuse(str(error))
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def open_door(gateway: Gateway, settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """Serves the application on the socket; on the way out no new connection, and what is under way may end."""
    from aiohttp import web

    from lgsp.runtime import settle

    runner = web.AppRunner(
        gateway.application,
        access_log=None,  # paths of the native face carry identifiers (RULES 25); events are the log
        handle_signals=False,
        keepalive_timeout=settings.limits.keepalive_seconds,
        shutdown_timeout=settings.limits.drain_seconds,
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    settle()
    try:
        yield
    finally:
        await runner.cleanup()


def serve_gateway(settings: Settings, province: str) -> None:
    """`lgsp serve`: until Ctrl-C or SIGTERM."""
    listener = bind(settings.host, settings.port, "--port")
    from lgsp.runtime import hurry, run

    hurry()
    try:
        run(_serve(settings, province, listener))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _serve(settings: Settings, province: str, listener: socket.socket) -> None:
    from lgsp.cli.demo import furnish, of_province

    if settings.sim is not None:
        settings = of_province(settings, province)
    elif not settings.province.code:
        refuse("province.code is not set; write [province] code, name_vi and name_en into lgsp.toml", Exit.USAGE)
    stop = stopper()
    url = address(listener)
    async with running(settings, listener) as gateway:
        if settings.sim is not None:
            await furnish(gateway, province, settings.data / "demo.json", url, settings.sim)
        await gateway.start()
        async with open_door(gateway, settings, listener):
            say(f"lgsp: gateway on {url}, data in {Path(settings.data)}")
            await stop.wait()
            say("lgsp: ending; exchanges under way are let through")
