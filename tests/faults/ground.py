"""What every seed of the simulated world stands on, made once a process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lgsp.runtime import Runtime
from lgsp.simulate import Loaded, furnish
from lgsp.store.sqlite import open_store
from lgsp_mocks import clock
from lgsp_mocks.simulator import Simulator
from lgsp_mocks.world import Province as Folder
from lgsp_mocks.world import World as People
from tests.faults.disk import Disk
from tests.faults.schedule import SYSTEMS
from tests.faults.wire import Ministry

SIZE = 400
COLLECT_EVERY = 40.0
"""Seconds between two rounds of a collector: in ten minutes the manifest's five would be two rounds."""


class Ground:
    """What all seeds stand on: contracts, people, and a data folder that is furnished already. One per process."""

    def __init__(self, loaded: Loaded | None = None) -> None:
        self.loaded = (loaded or Loaded.read()).only(*SYSTEMS)
        self.ministry = Ministry(self.loaded.systems)
        self.folder = Folder.load("hoa-binh")
        self.people = People(self.folder, 1, SIZE)
        self.disk = Disk()
        self._place = tempfile.TemporaryDirectory(prefix="lgsp-faults-", dir=_fast())
        self.place = Path(self._place.name)
        self.secrets: dict[str, str] = {}
        self.examples: list[dict[str, Any]] = []
        clock.run(self._furnish)

    async def _furnish(self, runtime: Runtime) -> None:
        store = await open_store(self.place / "ground", runtime, inline=True)
        from lgsp.policy import Policy

        policy = Policy(store, runtime, 3600, 100_000)
        await policy.load()
        self.secrets = {name: made.api_key for name, made in (await furnish(policy, self.folder)).items()}
        await store.close()
        simulator = Simulator(self.ministry.systems, runtime=runtime, province=self.people)
        self.examples = simulator.admin.examples()

    def registry(self, systems: tuple[str, ...]) -> Any:
        """The systems of one plan, their collectors in a hurry."""
        chosen = []
        for name in systems:
            connector = self.loaded.registry.connectors[name]
            hurried = {key: replace(each, every=COLLECT_EVERY) for key, each in connector.collectors.items()}
            chosen.append(replace(connector, collectors=hurried))
        return type(self.loaded.registry).of(chosen)

    @contextmanager
    def data(self) -> Iterator[Path]:
        folder = self.place / "data"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.place / "ground", folder)
        self.disk.forget()
        self.disk.folder = str(folder)
        try:
            yield folder
        finally:
            self.disk.forget()

    def close(self) -> None:
        """The process's disk is again what it was."""
        self.disk.remove()
        self._place.cleanup()


def _fast() -> str | None:
    """A folder in memory where the machine has one: the disk's failures are our own."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
