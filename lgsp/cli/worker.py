"""One worker of `lgsp serve --workers N`: a gateway on a door that was handed down, its shared records the owner's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lgsp.cli.output import refuse
from lgsp.cli.serving import Door, address, open_door, placed, running, stopper
from lgsp.settings import Settings

if TYPE_CHECKING:
    from lgsp.app import Gateway
    from lgsp.endpoints.sockets import Site
    from lgsp.store.remote import Line as Connection


def work(settings: Settings, province: str, name: str, doors: tuple[int, ...], read: Callable[[], Settings]) -> None:
    """Until SIGTERM, or until the owner is gone. `doors` are descriptors of bound sockets, its own first."""
    from lgsp.runtime import hurry, run

    hurry()
    sockets = [socket.socket(fileno=os.dup(each)) for each in doors]
    for each in set(doors):
        os.close(each)
    run(_work(settings, province, name, sockets, read))


async def _work(
    settings: Settings, province: str, name: str, doors: list[socket.socket], read: Callable[[], Settings]
) -> None:
    from lgsp.runtime import Runtime
    from lgsp.store import StoreBusy, StoreFailed, StoreRefused, open_store
    from lgsp.store.remote import Line, open_remote

    stop = stopper()
    settings = placed(settings, province)
    runtime = Runtime.system()
    try:
        if settings.store.url:
            line = await Line.open(settings.data, name)
            store = await open_store(settings.data, runtime, writer=name, settings=settings.store)
        else:
            store, line = await open_remote(settings.data, runtime, name, settings.store.journal)
    except (StoreFailed, StoreBusy, StoreRefused) as error:
        refuse(str(error))
    listener = doors[0].dup()
    with contextlib.suppress(StoreFailed):  # the owner is gone: what is durable is durable, the rest nobody takes
        async with running(settings, listener, store) as gateway:
            gateway.commanded = gateway.last = False
            gateway.reload.read = lambda: placed(read(), province)
            if settings.sim is not None and "--first" in sys.argv:
                from lgsp.cli.demo import furnish

                await furnish(gateway, province, settings.data / "demo.json", address(doors[0]), settings.sim)
            minding = Minding(doors)
            line.asked.update(asked_of(gateway, minding))
            gateway.collected = lambda page: _collected(line, page)
            await gateway.start()
            async with open_door(gateway, settings, listener) as door:
                minding.door = door
                await gateway.ready.wait()
                await line.ask("ready", None)
                await _first(stop, line.cut)


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(each.wait()) for each in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()


async def _collected(line: Connection, page: str) -> str:
    return str(msgspec.msgpack.decode(await line.ask("metrics", page)))


class Minding:
    """Doors of others that this worker accepts from while they have nobody."""

    def __init__(self, doors: list[socket.socket]) -> None:
        self._doors = doors
        self._sites: dict[int, Site] = {}
        self.door: Door | None = None

    async def mind(self, door: int, *, on: bool) -> None:
        from lgsp.endpoints.sockets import Site

        if self.door is None or self.door.runner.server is None:
            return
        if on and door not in self._sites:
            site = Site(self.door.runner, self._doors[door].dup(), ssl_context=self.door.tls)
            self._sites[door] = site
            await site.start()
        elif not on and (gone := self._sites.pop(door, None)) is not None:
            await gone.stop()

    def leave(self) -> None:
        """The whole service ends: what is not accepted from is let go, so that nobody waits in it."""
        for each in self._doors:
            each.close()


def asked_of(gateway: Gateway, minding: Minding) -> dict[str, Callable[[bytes], Any]]:
    """What the owner may ask of a worker."""

    async def perform(body: bytes) -> Any:
        action, by, arguments = msgspec.msgpack.decode(body)
        return await gateway.perform(action, by, arguments)

    async def prepare(_: bytes) -> Any:
        return await gateway.reload.prepare()

    async def commit(body: bytes) -> None:
        await gateway.take_over(msgspec.msgpack.decode(body))

    async def abandon(_: bytes) -> None:
        gateway.reload.abandon()

    async def metrics(_: bytes) -> str:
        counts = {state.value: count for state, count in (await gateway.submissions.counts()).items()}
        return (await gateway.metrics.render(gateway.runtime.offload, counts)).decode()

    async def mind(body: bytes) -> None:
        door, on = msgspec.msgpack.decode(body)
        await minding.mind(door, on=on)

    async def last(_: bytes) -> None:
        gateway.last = True
        minding.leave()

    return {
        "last": last,
        "perform": perform,
        "reload.prepare": prepare,
        "reload.commit": commit,
        "reload.abandon": abandon,
        "metrics": metrics,
        "mind": mind,
    }
