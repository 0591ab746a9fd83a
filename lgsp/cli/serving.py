"""The gateway as a process: a bound port, the application on it, an orderly end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from lgsp.cli.output import Exit, refuse, say
from lgsp.settings import Settings

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

    from lgsp.app import Gateway
    from lgsp.store import Store

NOTICE_SECONDS = 2.0
"""While calls still come and nobody else takes them, the door stays open so long: who balances the load asks `/readyz`."""


@dataclass(frozen=True, slots=True)
class Door:
    """An open door: what serves on it, and its TLS."""

    runner: AppRunner
    tls: SSLContext | None


def bind(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    """A listening socket; `shared`: one of several on the same port, among which the kernel spreads connections.

    Ends the command (2) where the port is taken, naming the option that chooses another.
    """
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024, reuse_port=shared
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
async def running(settings: Settings, listener: socket.socket, store: Store | None = None) -> AsyncIterator[Gateway]:
    """A built gateway; `open_door` inside opens its door. Everything is closed on the way out. `store`: a worker's."""
    from lgsp.app import build
    from lgsp.manifest import RegistryError
    from lgsp.runtime import Runtime
    from lgsp.selfcheck import unsafe
    from lgsp.store import StoreBusy, StoreRefused
    from lgsp.store.sqlite.migrate import MigrationError

    settings.data.mkdir(parents=True, exist_ok=True)
    if found := unsafe(settings, os.environ):
        listener.close()
        refuse("unsafe settings; put them right, or answer for them by accept_unsafe:\n" + "\n".join(map(str, found)))
    try:
        gateway = await build(settings, Runtime.system(), store=store)
    except (RegistryError, StoreBusy, StoreRefused, MigrationError) as error:
        listener.close()
        refuse(str(error))
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def open_door(gateway: Gateway, settings: Settings, listener: socket.socket) -> AsyncIterator[Door]:
    """Serves the application on the socket. On the way out `/readyz` says no, every answer is the last of its connection,
    and when nothing comes any more (2 s at most where it does) the door closes and what is under way may end.
    """

    from lgsp.endpoints.sockets import Runner, Site, patient
    from lgsp.log import silent
    from lgsp.runtime import settle

    runner = Runner(
        gateway.application,
        settings.limits.connections,
        access_log=None,  # paths of the native face carry identifiers (RULES 25); events are the log
        handle_signals=False,
        logger=silent(),
        auto_decompress=False,  # the door refuses compressed bodies; unpacking one to throw it away would be the harm itself
        keepalive_timeout=settings.limits.keepalive_seconds,
        read_bufsize=16 * 1024,  # of each connection, before a door reads it: there are many
        shutdown_timeout=settings.limits.drain_seconds,
    )
    await runner.setup()
    gateway.metrics.watch(runner.gate)
    patient(listener)
    tls = tls_of(settings)
    if tls is not None:
        gateway.current.listeners.append(lambda now: renew(tls, now.settings))
    site = Site(runner, listener, ssl_context=tls)
    await site.start()
    settle()
    try:
        yield Door(runner, tls)
    finally:
        gateway.feed.close()
        taken: list[socket.socket] = []
        if gateway.last:
            await gateway.drain.quiet(NOTICE_SECONDS)
            taken = last_calls(listener)
        for each in list(runner.sites):  # else others accept from the same door, or the next worker what waits in it
            await each.stop()
        for connection in taken:
            assert runner.server is not None
            await asyncio.get_running_loop().connect_accepted_socket(runner.server, connection, ssl=tls)
        await gateway.drain.quiet(settings.limits.drain_seconds)
        gateway.drain.begun = True
        await runner.cleanup()


def last_calls(listener: socket.socket) -> list[socket.socket]:
    """Who waits at the door in the moment before it closes: the kernel would reset them."""
    found: list[socket.socket] = []
    listener.setblocking(False)
    try:
        while True:
            found.append(listener.accept()[0])
    except OSError:  # nobody more
        return found


def renew(context: SSLContext, settings: Settings) -> None:
    """A new certificate serves from the next handshake on; `lgsp.reload` has seen that its files can be used."""
    if settings.tls.certificate is not None:
        context.load_cert_chain(settings.tls.certificate, settings.tls.key)


def tls_of(settings: Settings) -> SSLContext | None:
    """The door's own TLS, None where it speaks plain HTTP. Ends the command (2) where its files cannot be used."""
    from lgsp.certificates import server_context

    tls = settings.tls
    if tls.certificate is None:
        return None
    try:
        return server_context(tls.certificate, tls.key, tls.client_ca)
    except OSError as error:  # an `SSLError` is one
        refuse(
            f"[tls] certificate, key or client_ca cannot be used: {error.strerror or type(error).__name__}", Exit.USAGE
        )


def serve_gateway(settings: Settings, province: str, read: Callable[[], Settings]) -> None:
    """`lgsp serve`: until Ctrl-C or SIGTERM. `read` reads the settings again, for a reload."""
    listener = bind(settings.host, settings.port, "--port")
    from lgsp.runtime import hurry, run

    hurry()
    try:
        run(_serve(settings, province, listener, read))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _serve(settings: Settings, province: str, listener: socket.socket, read: Callable[[], Settings]) -> None:
    from lgsp.cli.demo import furnish

    settings = placed(settings, province)
    stop = stopper()
    url = address(listener)
    async with running(settings, listener) as gateway:
        if settings.sim is not None:
            await furnish(gateway, province, settings.data / "demo.json", url, settings.sim)
        gateway.reload.read = lambda: placed(read(), province)
        on_signal(signal.SIGHUP, lambda: _reloaded(gateway))
        await gateway.start()
        async with open_door(gateway, settings, listener):
            say(f"lgsp: gateway on {url}, data in {Path(settings.data)}")
            await stop.wait()
            say("lgsp: ending; exchanges under way are let through")


async def _reloaded(gateway: Gateway) -> None:
    told(await gateway.perform("reload", "signal:HUP", {}))


def told(report: Mapping[str, Any]) -> None:
    """What a reload by signal has found, on stderr."""
    for finding in report["findings"]:
        say(f"lgsp: {finding}")
    if report["findings"]:
        say("lgsp: refused whole; everything goes on as it was")
    else:
        say(f"lgsp: {report['systems']} systems taken over")


def placed(settings: Settings, province: str) -> Settings:
    """With the province that it is of. Ends the command (2) where none is set."""
    from lgsp.cli.demo import of_province

    if settings.sim is not None:
        return of_province(settings, province)
    if not settings.province.code:
        refuse("province.code is not set; write [province] code, name_vi and name_en into lgsp.toml", Exit.USAGE)
    return settings


def on_signal(number: signal.Signals, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Carries out the work at each such signal, one at a time; a second one meanwhile is one with the first."""
    under_way: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def begin() -> None:
        if not under_way:
            task = loop.create_task(work(), name=f"signal {number.name}")
            under_way.add(task)
            task.add_done_callback(under_way.discard)

    loop.add_signal_handler(number, begin)
