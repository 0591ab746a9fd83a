"""`lgsp serve --workers N`: this process owns the data, starts and watches the workers, and speaks for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lgsp.cli.output import refuse, say
from lgsp.cli.serving import address, bind, on_signal, stopper, told
from lgsp.decisions import Refused
from lgsp.settings import Settings
from lgsp.store.port import StoreFailed
from lgsp.store.remote import Owner
from lgsp.store.remote.peer import Peer, RemoteFailure, packed
from lgsp.workers.crew import Crew, CrewFailed
from lgsp.workers.totals import Page, past, together

if TYPE_CHECKING:
    from lgsp.runtime import Runtime
    from lgsp.store import Store

_METRICS_SECONDS = 1.0


def serve_workers(settings: Settings, workers: int) -> None:
    """Until Ctrl-C or SIGTERM. SIGHUP reloads, SIGUSR2 replaces the workers one by one."""
    first = bind(settings.host, settings.port, "--port", shared=True)
    port = first.getsockname()[1]
    doors = [first, *(bind(settings.host, port, "--port", shared=True) for _ in range(1, workers))]
    from lgsp.runtime import run

    try:
        run(_serve(settings, doors))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _serve(settings: Settings, doors: Sequence[socket.socket]) -> None:
    from lgsp.endpoints.control import listen
    from lgsp.runtime import Runtime
    from lgsp.store import StoreBusy, StoreRefused, open_store
    from lgsp.store.sqlite.lock import OwnerLock
    from lgsp.store.sqlite.migrate import MigrationError

    stop = stopper()
    runtime = Runtime.system()
    settings.data.mkdir(parents=True, exist_ok=True)
    store, lock = None, None
    try:
        if settings.store.url:  # the database is the owner, and every worker asks it itself
            lock = OwnerLock.take(settings.data)
        else:
            store = await open_store(settings.data, runtime, writer="owner", settings=settings.store)
    except (StoreBusy, StoreRefused, MigrationError) as error:
        refuse(str(error))
    parent = Parent(settings, doors, store, runtime)
    listening = await listen(parent.perform, settings.data, parent.owner.protocol)
    try:
        on_signal(signal.SIGHUP, parent.by_signal)
        on_signal(signal.SIGUSR2, parent.restarted_by_signal)
        await parent.crew.begin()
        say(f"lgsp: gateway on {address(doors[0])} by {len(doors)} workers, data in {Path(settings.data)}")
        await stop.wait()
        say("lgsp: ending; exchanges under way are let through")
    except CrewFailed as error:
        refuse(str(error))
    finally:
        await parent.last_word()
        await parent.crew.close()
        await parent.owner.close()
        await listening.close()
        if store is not None:
            await store.close()
        if lock is not None:
            lock.release()


@dataclass(slots=True)
class Parent:
    settings: Settings
    doors: Sequence[socket.socket]
    store: Store | None
    runtime: Runtime
    owner: Owner = field(init=False)
    crew: Crew = field(init=False)
    _last: dict[str, Page] = field(default_factory=dict)
    """The numbers of each worker as they were last seen."""
    _reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One reload after the other: a second one's refusal would take away what the first has found sound."""
    _past: Page = field(default_factory=Page)
    """What the workers have counted that are gone."""

    def __post_init__(self) -> None:
        further = {"ready": self._ready, "metrics": self._metrics}
        self.owner = Owner(self.store, self.runtime.clock, further)
        self.crew = Crew(
            self.doors, self._start, self._mind, self.runtime.clock, self.settings.limits.drain_seconds, say
        )

    async def _start(self, name: str, door: int, descriptors: Sequence[int]) -> asyncio.subprocess.Process:
        """The same command once more, with its name and its doors. It ends when this process does: its line is cut."""
        command = [sys.executable, "-m", "lgsp", *sys.argv[1:], "--worker", name]
        own = [descriptors[door], *descriptors]
        command += ["--doors", ",".join(map(str, own))]
        if name == "w0" and not self.crew.deaths and not self.crew.workers:
            command += ["--first"]
        return await asyncio.create_subprocess_exec(*command, pass_fds=list(descriptors), start_new_session=True)

    # -- what workers say ---------------------------------------------------------------------------------------------

    async def _ready(self, peer: Peer, _: bytes) -> None:
        self.crew.ready(peer.name)

    async def _metrics(self, peer: Peer, body: bytes) -> str:
        """The numbers of all, asked by one that brings its own. Who does not answer counts as it was last seen."""
        self._last[peer.name] = Page.read(msgspec.msgpack.decode(body, type=str))
        others = [each for name, each in self.owner.peers.items() if name != peer.name]
        await asyncio.gather(*map(self._ask_numbers, others))
        for name in [name for name in self._last if name not in self.owner.peers]:
            self._past = together([self._past, past(self._last.pop(name))])
        return together([*self._last.values(), self._past]).written()

    async def _ask_numbers(self, peer: Peer) -> None:
        try:
            async with asyncio.timeout(_METRICS_SECONDS):
                page = await peer.call("metrics", packed(None))
        except (StoreFailed, RemoteFailure, TimeoutError):
            return
        self._last[peer.name] = Page.read(msgspec.msgpack.decode(page, type=str))

    async def _mind(self, name: str, door: int, on: bool) -> None:  # noqa: FBT001  what the crew hands on
        peer = self.owner.peers.get(name)
        if peer is not None:
            await _asked(peer, "mind", [door + 1, on])

    async def last_word(self) -> None:
        """The whole service ends: nobody follows, so the workers keep their doors open until nothing comes any more."""
        await self.crew.begin_close()
        with contextlib.suppress(StoreFailed, ValueError, TimeoutError):
            async with asyncio.timeout(_METRICS_SECONDS):
                await asyncio.gather(*(_asked(each, "last", None) for each in self.owner.peers.values()))
        for door in self.doors:
            door.close()

    # -- what commands ask --------------------------------------------------------------------------------------------

    async def perform(self, action: str, by: str, arguments: Mapping[str, Any]) -> Any:
        """By one of the workers; what it changes the others hear before it answers. Raises `Refused`, `StoreFailed`."""
        if action == "reload":
            return await self._restart() if arguments.get("restart") else await self._reload(by)
        ready = [name for name, each in self.crew.workers.items() if each.ready.is_set() and not each.expected]
        peer = next((self.owner.peers[name] for name in sorted(ready) if name in self.owner.peers), None)
        if peer is None:
            raise StoreFailed("no worker is ready")
        return await _asked(peer, "perform", [action, by, dict(arguments)])

    async def _reload(self, by: str) -> Any:
        """Sound in every worker, or taken over by none."""
        async with self._reloading:
            peers = [each for _, each in sorted(self.owner.peers.items())]
            reports = [await _asked(each, "reload.prepare", None) for each in peers]
            findings = list(dict.fromkeys(found for report in reports for found in report["findings"]))
            step = "reload.abandon" if findings else "reload.commit"
            for each in peers:
                await _asked(each, step, by)
        return {**reports[0], "findings": findings} if reports else {"findings": ["no worker is there"]}

    async def _restart(self) -> Any:
        try:
            return {"findings": [], "restarted": await self.crew.restart()}
        except CrewFailed as error:
            raise Refused(
                f"{error}; the others serve on as they were", f"{error}; the others serve on as they were"
            ) from error

    async def by_signal(self) -> None:
        told(await self._reload("signal:HUP"))

    async def restarted_by_signal(self) -> None:
        try:
            found = await self._restart()
        except Refused as error:
            say(f"lgsp: {error}")
        else:
            say(f"lgsp: {found['restarted']} workers replaced")


async def _asked(peer: Peer, name: str, body: Any) -> Any:
    try:
        return msgspec.msgpack.decode(await peer.call(name, packed(body)))
    except RemoteFailure as error:
        if error.kind == "Refused":
            raise Refused(error.text, error.text) from error
        if error.kind in ("KeyError", "TypeError", "ValueError"):
            raise ValueError(error.text) from error
        raise StoreFailed(error.kind) from error
