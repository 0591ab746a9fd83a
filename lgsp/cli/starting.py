"""How `lgsp up` starts and ends: the simulator as a process of its own, the gateway in this one, in that order."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import click

from lgsp.cli.output import refuse, say
from lgsp.cli.serving import address, bind, open_door, running, stopper
from lgsp.settings import Settings

_END_SECONDS = 10.0


def start(settings: Settings, sim_port: int, world: dict[str, Any], traffic: str = "off") -> None:
    """Both halves until Ctrl-C or SIGTERM. The agency systems of `traffic` are clients in the simulator's process."""
    listener = bind(settings.host, settings.port, "--port")
    door = bind("127.0.0.1", sim_port, "--sim-port")
    from lgsp.runtime import hurry, run

    hurry()
    try:
        run(_up(settings, listener, door, world, traffic))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _up(
    settings: Settings, listener: socket.socket, door: socket.socket, world: dict[str, Any], traffic: str
) -> None:
    stop = stopper()
    simulator_url = address(door)
    url = address(listener)
    calling = {**world, "traffic": traffic, "profile": settings.data / "demo.json"}
    async with _simulator(settings, door, url, calling) as simulator:
        settings = replace(settings, sim=simulator_url)
        from lgsp.cli.demo import furnish, of_province

        settings = of_province(settings, world["province"])
        async with running(settings, listener) as gateway:
            consumers = await furnish(gateway, world["province"], settings.data / "demo.json", url, simulator_url)
            await _first_line(simulator)
            await gateway.start()
            async with open_door(gateway, settings, listener):
                from lgsp.cli.welcome import welcome

                click.echo(await welcome(gateway, url, simulator_url, settings.data, consumers[0]))
                await _until(stop, simulator)
                say("lgsp: ending; exchanges under way are let through")


async def _until(stop: asyncio.Event, simulator: asyncio.subprocess.Process) -> None:
    """Ctrl-C, or the simulator's unexpected end."""
    asked, ended = asyncio.create_task(stop.wait()), asyncio.create_task(simulator.wait())
    try:
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and not asked.done():
            refuse("the simulator ended unexpectedly; its last words stand above")
    finally:
        asked.cancel()
        ended.cancel()


@asynccontextmanager
async def _simulator(
    settings: Settings, door: socket.socket, gateway: str, world: dict[str, Any]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The simulator as a process of its own, in a session of its own: Ctrl-C reaches it only after the gateway has drained.

    It inherits the bound socket, and ends by itself when this process does, however that ends (its standard input closes).
    """
    options = [f"--{name.replace('_', '-')}={value}" for name, value in world.items() if value is not None]
    options += [f"--home={home}" for home in settings.homes]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lgsp", "sim", f"--fd={door.fileno()}", f"--state={settings.data / 'simulator'}",
        f"--gateway={gateway}", "--with-parent", *options,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=[door.fileno()], start_new_session=True,
    )  # fmt: skip
    door.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _first_line(process: asyncio.subprocess.Process) -> None:
    """The simulator prints its address once it listens."""
    assert process.stdout is not None  # a pipe, as asked for
    if not await process.stdout.readline():
        refuse("the simulator did not start; its last words stand above")
