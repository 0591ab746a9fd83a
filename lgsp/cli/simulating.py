"""The simulator as a process: the seeded province behind one socket."""

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from lgsp import runtime
from lgsp.cli.output import Exit, refuse
from lgsp.cli.serving import address, bind, stopper


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What the province is and how its ministries behave."""

    province: str
    seed: int
    realism: str
    time_factor: float | None
    header_faults: bool


def serve_simulator(
    host: str,
    port: int,
    fd: int | None,
    state: Path | None,
    gateway: str,
    homes: tuple[Path, ...],
    world: WorldOptions,
    *,
    with_parent: bool,
    traffic: tuple[str, Path] | None = None,
) -> None:
    """`lgsp sim`: until Ctrl-C or SIGTERM; `with_parent`: until standard input ends. `fd`: a socket bound by the parent.

    `traffic`: the level of the agency systems' calls, and the file with their keys.
    """
    listener = socket.socket(fileno=fd) if fd is not None else bind(host, port, "--port")
    try:
        runtime.run(_serve(listener, state, gateway, homes, world, with_parent=with_parent, traffic=traffic))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _serve(
    listener: socket.socket,
    state: Path | None,
    gateway: str,
    homes: tuple[Path, ...],
    world: WorldOptions,
    *,
    with_parent: bool,
    traffic: tuple[str, Path] | None,
) -> None:
    runtime.hurry()
    from lgsp.home import Home, builtin
    from lgsp_mocks.server import serve
    from lgsp_mocks.simulator import CALM_FACTOR, Simulator
    from lgsp_mocks.traffic import HttpGateway, as_agencies

    url = address(listener)
    try:
        simulator = Simulator(
            (builtin(), *(Home.at(home) for home in homes)),
            runtime=runtime.Runtime.system(),
            province=world.province,
            seed=world.seed,
            state=state,
            realism="typical" if world.realism == "typical" else "calm",
            time_factor=world.time_factor or CALM_FACTOR,
            header_faults=world.header_faults,
        )
    except FileNotFoundError as error:
        listener.close()
        refuse(str(error), Exit.USAGE)
    stop = stopper()
    if with_parent:
        await _watch_parent(stop)
    simulator.gateway = bus = HttpGateway(gateway)
    server = await serve(simulator, listener=listener)
    runtime.settle()
    agencies = HttpGateway(gateway)
    calling: asyncio.Task[None] | None = None
    if traffic:
        level, profile = traffic
        calls = as_agencies(agencies, profile, simulator.admin.examples(), simulator.runtime, level)
        calling = asyncio.create_task(calls, name="traffic")
    try:
        click.echo(url)
        sys.stdout.flush()
        await stop.wait()
    finally:
        if calling is not None:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        await agencies.close()
        await server.close()
        await bus.close()


async def _watch_parent(stop: asyncio.Event) -> None:
    """Whoever started this process holds the other end of standard input; when they are gone, however, so are we."""

    class Pipe(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            del exc
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Pipe, sys.stdin)
