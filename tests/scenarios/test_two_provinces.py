"""Two provinces witness each other: two running gateways, each with a witness for the other, over real sockets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from click.testing import CliRunner

from lgsp.app import Gateway, build
from lgsp.audit import verify
from lgsp.audit.notes import Note, VerifierKey
from lgsp.audit.verify import Seen
from lgsp.audit.witness import Witness
from lgsp.audit.witnessing import log_key
from lgsp.cli.main import main
from lgsp.cli.witness import application
from lgsp.events import Event, EvidenceWitnessed
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Province, Settings, WitnessSettings
from lgsp.store.keys import load_keys


@dataclass
class House:
    """One province: its gateway, and the witness that it keeps for the other one."""

    folder: Path
    witness: Witness
    url: str
    runner: web.AppRunner
    gateway: Gateway | None = None
    outcomes: list[EvidenceWitnessed] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def __call__(self, event: Event) -> None:
        if isinstance(event, EvidenceWitnessed):
            self.outcomes.append(event)
            self.heard.set()

    async def write(self, count: int) -> None:
        assert self.gateway is not None
        for number in range(count):
            await self.gateway.audit.note("test", "nobody", number=number)
        await self.gateway.audit.checkpoint()

    async def until(self, outcome: str) -> None:
        """The gateway's own task has asked its witness and this came of it."""
        async with asyncio.timeout(20):
            while not self.outcomes or self.outcomes[-1].outcome != outcome:
                self.heard.clear()
                await self.heard.wait()


async def keeper(folder: Path, name: str, log: VerifierKey) -> House:
    runtime = Runtime.system()
    witness = Witness.open(name, folder / "witness", {log.name: log}, lambda: int(runtime.clock.now().timestamp()))
    runner = web.AppRunner(application(witness), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return House(folder, witness, f"http://127.0.0.1:{runner.addresses[0][1]}", runner)


@asynccontextmanager
async def provinces(tmp_path: Path) -> AsyncIterator[tuple[House, House]]:
    runtime = Runtime.system()
    names = ("hoa-binh", "dien-bien")
    logs = [log_key(load_keys(tmp_path / each / "data" / "keys", runtime.ids).public, "w0") for each in names]
    async with AsyncExitStack() as stack:
        houses = []
        for name, other in zip(names, reversed(logs), strict=True):
            house = await keeper(tmp_path / name, f"witness.{name}.invalid", other)
            stack.push_async_callback(house.runner.cleanup)
            houses.append(house)
        for house, other_house in zip(houses, reversed(houses), strict=True):
            place = WitnessSettings(other_house.url, str(other_house.witness.key))
            settings = Settings(
                data=house.data,
                province=Province("17", "H28"),
                port=0,
                log_level="error",
                witnesses={other_house.witness.name: place},
            )
            house.gateway = await build(settings, runtime, registry=Registry({}))
            house.gateway.events.subscribe(house)
            await house.write(5)
            await house.gateway.start()
            stack.push_async_callback(house.gateway.close)
        yield houses[0], houses[1]


def seen_by(house: House) -> Seen:
    (file,) = (house.folder / "witness").glob("*.checkpoint")
    point = Note.parse(file.read_bytes()).checkpoint
    return Seen("w0", point.size, point.root, house.witness.name)


async def test_each_has_the_others_word(tmp_path: Path) -> None:
    async with provinces(tmp_path) as (here, there):
        for house in (here, there):
            await house.until("ok")
            assert house.outcomes[-1].size >= 5
        name = there.witness.name
        await here.write(3)
        assert here.gateway is not None
        assert await here.gateway.witnessing.ask(name) == "ok"
        await there.runner.cleanup()  # the other province's machine is away: the bus goes on, the window grows
        await here.write(4)
        assert await here.gateway.witnessing.ask(name) == "connect-failed"
        said = CliRunner().invoke(main, ["audit", "verify", "--data", str(here.data)])
        assert said.exit_code == 0, said.output
        seen = seen_by(there).size
        assert f"witnessed by {name} up to entry {seen} at" in said.output
        written = verify(here.data).writers["w0"].entries
        assert written >= seen + 4, "the house may note something of its own meanwhile"
        assert re.search(r"window ([0-9]+) entries", said.output)[1] in {str(n) for n in range(4, written - seen + 1)}  # type: ignore[index]
    assert verify(here.data, [seen_by(there)]).ok
    assert verify(there.data, [seen_by(here)]).ok
    assert seen_by(there).size >= 8


async def test_a_thief_with_the_key_is_found_by_the_other_province(tmp_path: Path) -> None:
    async with provinces(tmp_path) as (here, there):
        await here.until("ok")
        await there.until("ok")
    (here.data / "evidence-w0.db").unlink()
    for beside in here.data.glob("evidence-w0.db-*"):
        beside.unlink()
    runtime = Runtime.system()
    settings = Settings(data=here.data, province=Province("17", "H28"), port=0, log_level="error")
    thief = await build(settings, runtime, registry=Registry({}))
    for number in range(9):
        await thief.audit.note("test", "somebody else", number=number)
    await thief.close()
    assert verify(here.data).ok, "the thief has the key"
    bad = verify(here.data, [seen_by(there)]).first_bad
    assert bad is not None
    assert there.witness.name in bad.reason
    (note,) = (there.folder / "witness").glob("*.checkpoint")
    command = [
        "audit",
        "verify",
        "--data",
        str(here.data),
        "--witness",
        str(note),
        "--witness-key",
        str(there.witness.key),
    ]
    assert CliRunner().invoke(main, command).exit_code == 1


async def test_without_a_witness_that_is_said(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, province=Province("17", "H28"), port=0, log_level="error")
    gateway = await build(settings, Runtime.system(), registry=Registry({}))
    await gateway.audit.note("test", "nobody")
    await gateway.close()
    said = CliRunner().invoke(main, ["audit", "verify", "--data", str(tmp_path)])
    assert said.exit_code == 0
    assert "it has no outside witness" in said.output
