"""The disk with all records is gone, again and again, while agencies send: what is left are backups and the journal.

    python -m tests.faults.lost_disk [--submissions 2000] [--losses 5] [--seed 1] [--workers 2]

The same callers, ministries and judgement as in `kills`; but whoever ends the gateway takes its data folder along. Backups are made
all the while beside it; a new folder is restored from the newest whole one and the journal, and the gateway goes on there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lgsp.backup.manifest import NAME, read
from lgsp.backup.restoring import restore
from lgsp.runtime import Runtime
from lgsp.store.keys import folder_keys
from tests.faults.kills import Kills, Report, printed
from tests.faults.processes import LGSP, Bus, Half
from tests.faults.receiver import Receiver

POINTS = ("journal.appended", "store.after-commit", "submission.answered", "submission.accepted")
"""Beside those that come at random."""


@dataclass(slots=True)
class OnALostDisk(Half):
    """Its end is the end of its disk as well."""

    lost: Any = None

    def kill(self) -> None:
        """With everybody that it has started: a machine has no orphans."""
        if self.process is not None and self.process.poll() is None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii").split()
            for each in children:
                with suppress(ProcessLookupError):
                    os.kill(int(each), signal.SIGKILL)
        Half.kill(self)
        if self.lost is not None:
            self.lost()


@dataclass(slots=True)
class Safe:
    """What stands on the other disk, and how a gateway comes back from it."""

    bus: Bus
    folder: Path
    keys: dict[str, bytes] = field(default_factory=dict)
    made: int = 0
    losses: int = 0
    played: int = 0
    lost: int = 0

    async def save(self) -> None:
        """One backup after the other, as long as there is something to copy."""
        while True:
            into = self.folder / f"backup-{self.made:04}"
            command = [*LGSP, "backup", "create", str(into), "--without-keys", "--data", str(self.bus.data)]
            process = await asyncio.create_subprocess_exec(*command, stdout=-3, stderr=-3)
            await process.wait()
            self.made += 1
            await asyncio.sleep(0.5)

    def gone(self) -> None:
        whole = [path for path in sorted(self.folder.glob("backup-*")) if (path / NAME).exists()]
        old = self.bus.data
        if not whole or not self.keys:
            return
        self.losses += 1
        new = self.bus.folder / f"data-{self.losses}"
        wallet = (old / "demo.json").read_bytes()  # the agencies' own, not the bus's
        for path in old.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != "demo.json":
                path.unlink(missing_ok=True)
        found = restore(whole[-1], read(whole[-1]), self.keys, new, Runtime.system().clock, self.folder / "journal")
        self.played += sum(each.groups for each in found.journal)
        self.lost += found.lost
        (new / "demo.json").write_bytes(wallet)
        command = self.bus.gateway.command
        command[command.index("--data") + 1] = str(new)
        self.bus.data = new


async def experiment(folder: Path, submissions: int, losses: int, seed: int, workers: int = 1) -> tuple[Report, Safe]:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        safe = folder / "safe"
        safe.mkdir()
        options = ("--workers", str(workers)) if workers > 1 else ()
        bus = Bus(folder, *options, env={"LGSP_STORE__JOURNAL": str(safe / "journal")})
        found = Safe(bus, safe)
        bus.gateway = OnALostDisk(bus.gateway.command, bus.gateway.log, bus.gateway.env)
        await stack.enter_async_context(bus)
        points = POINTS if workers == 1 else ()  # there a point ends a worker, which is replaced
        kills = Kills(bus, receiver, submissions, losses, seed, points, 600.0)
        saving = asyncio.create_task(_saved(found, bus))
        try:
            report = await kills.run()
        finally:
            saving.cancel()
            bus.gateway.lost = None
        return report, found


async def _saved(safe: Safe, bus: Bus) -> None:
    while not (bus.data / "demo.json").exists():  # noqa: ASYNC110  another process writes it
        await asyncio.sleep(0.05)
    keys = folder_keys(bus.data / "keys")
    assert keys is not None
    safe.keys = keys
    bus.gateway.lost = safe.gone
    await safe.save()


def told(report: Report, safe: Safe) -> str:
    played = f"backups made {safe.made}, groups played from the journal {safe.played}"
    return f"{printed(report)}\ndisks lost {safe.losses}, {played}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--losses", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lgsp-lost-disk-") as folder:
        report, safe = asyncio.run(experiment(Path(folder), given.submissions, given.losses, given.seed, given.workers))
    print(told(report, safe))
    return 0 if report.holds and safe.losses else 1


if __name__ == "__main__":
    sys.exit(main())
