"""The power goes at every sync boundary of a run of submissions: what was acknowledged must be on the disk.

    python -m tests.faults powercut --submissions 200 [--synchronous NORMAL]

Before and after every sync the run's files are taken as they would be found after a power cut then, everything since their
last sync gone, and opened again. With `synchronous=NORMAL` the same must find losses, else the test would find nothing.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp_mocks import clock
from tests.faults.ground import Ground
from tests.faults.life import Life, observed, task_factory
from tests.faults.load import Calls
from tests.faults.schedule import Plan
from tests.faults.teeth import Tooth, planted
from tests.faults.world import World

NORMAL = Tooth("synchronous=NORMAL", "lgsp.store.sqlite.database:Database._connection", "synchronous=FULL", "synchronous=NORMAL")  # fmt: skip
SYSTEMS = ("budget-unit", "civil-status", "criminal-record")


@dataclass(slots=True)
class Report:
    submissions: int
    boundaries: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Acknowledged submissions, summed over all cuts, that were not on the disk after it."""
    lost_evidence: int = 0
    broken: int = 0
    """Cuts after which a file did not pass SQLite's own check."""
    first: str = ""

    @property
    def holds(self) -> bool:
        return self.boundaries > 0 and not (self.lost or self.lost_evidence or self.broken)


@dataclass(slots=True)
class Cutter:
    """Called at every boundary, inside SQLite's own sync: it only copies, and looks at the copy with another VFS."""

    ground: Ground
    folder: Path
    report: Report
    promised: list[str] = field(default_factory=list)
    answered: int = 0
    inside: bool = False

    def cut(self) -> None:
        if self.inside:
            return
        self.inside = True
        try:
            with tempfile.TemporaryDirectory(dir=self.folder.parent) as place:
                self._judge(Path(place))
        finally:
            self.inside = False

    def _judge(self, place: Path) -> None:
        self.report.boundaries += 1
        for file in self.folder.glob("*.db*"):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, place / file.name)
        self.ground.disk.as_if_cut(self.folder, place)
        held: set[str] = set()
        entries = 0
        for file in sorted(place.glob("*.db")):
            with apsw.Connection(str(file), vfs="unix") as reader:
                if reader.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    self.report.broken += 1
                if file.name == "lgsp.db":
                    held = {str(name) for (name,) in reader.execute("SELECT id FROM submission")}
                elif file.name.startswith("evidence-"):
                    entries += int(reader.execute("SELECT count(*) FROM entry").fetchone()[0])  # type: ignore[index]
        lost = [name for name in self.promised if name not in held]
        self.report.lost += len(lost)
        self.report.lost_evidence += max(0, self.answered - entries)
        if (lost or self.answered > entries) and not self.report.first:
            self.report.first = f"at boundary {self.report.boundaries}: {len(lost)} of {len(self.promised)} are gone"


def experiment(ground: Ground, submissions: int, *, normal: bool = False) -> Report:
    report = Report(submissions)
    with planted(NORMAL) if normal else nullcontext(), observed(), ground.data() as folder:
        cutter = Cutter(ground, folder, report)

        async def main(runtime: Runtime) -> None:
            asyncio.get_running_loop().set_task_factory(task_factory())
            world = World(ground, Plan(1, SYSTEMS), runtime, folder)
            await world.simulator.start()
            life: Life = world.life
            assert await life.start(world.watch.heard)
            await asyncio.sleep(2)
            ground.disk.before_sync = ground.disk.on_sync = cutter.cut
            calls = Calls(each for each in ground.examples if each["system"] in SYSTEMS)
            for number in range(submissions):
                call = calls.update(SYSTEMS[number % 3], 1000 + number)
                headers = {"content-type": "application/json", "x-api-key": ground.secrets["mot-cua"], **call.headers}
                if number % 4:
                    headers["prefer"] = "respond-async"
                answer = await life.ask(
                    HttpRequest("POST", f"/api/{call.system}/v1/{call.operation}", headers, call.body)
                )
                assert answer is not None
                assert answer.status in (200, 202), answer.body
                cutter.answered += 1
                if name := answer.headers.get("location", "").rpartition("/")[2]:
                    cutter.promised.append(name)
            await asyncio.sleep(60)
            cutter.cut()
            ground.disk.before_sync = ground.disk.on_sync = lambda: None
            await life.drain(10)
            await world.simulator.close()

        clock.run(main)
        report.acknowledged = len(cutter.promised)
    return report
