"""A life that is cut off: accepts, delivers, writes evidence, and says what it has told. Killed where it is told to be.

python -m tests.backup.life DATA JOURNAL|- POINT:N… prints, for each point, what one life had told before it ended there.
All lives of one call are children of one process, so that only one pays for its start.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from lgsp.audit import Audit
from lgsp.crash import crash_point
from lgsp.model import SubmissionState
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import Move, Store, SubmissionRow, open_store

TOGETHER = 4
ENOUGH = 32
"""Submissions after which a life that nothing ends by itself does."""


async def live(data: Path, journal: Path | None, told: Any, first: int = 0, count: int = ENOUGH) -> None:
    """`told` hears what is durable: the id of a submission, and the state that somebody was told."""
    runtime = Runtime.system()
    store = await open_store(data, runtime, settings=StoreSettings(journal=journal))
    audit = Audit(store, runtime, patience=30.0)
    await audit.checkpoint()
    await asyncio.gather(
        *(each(store, audit, runtime, range(first + lane, first + count, TOGETHER), told) for lane in range(TOGETHER))
    )
    await audit.checkpoint()
    await store.close()


async def each(store: Store, audit: Audit, runtime: Runtime, numbers: range, told: Any) -> None:
    S = SubmissionState
    for number in numbers:
        now = runtime.clock.now()
        name = runtime.ids.new()
        row = SubmissionRow(
            name, "agency", "s1", "push", "v1", queued=True, state=S.QUEUED, attempts=0, accepted=now, changed=now,
            next_at=now, expires=now + timedelta(days=7), order_key=None, digest=b"d", correlation_id=name,
            sealed=store.keys.seal(b"body", name),
        )  # fmt: skip
        await store.submissions.accept(row, None)
        await audit.note("accepted", "test", submission=name)
        told(name, "queued")
        if number % 3 == 0:
            await store.submissions.take(runtime.clock.now(), {}, 1)
        if number % 2 == 0:
            moved = await store.submissions.move(
                name, Move((S.QUEUED, S.DELIVERING), S.DELIVERED, runtime.clock.now(), 1, outcome=b"ok")
            )
            await audit.note("delivered", "test", submission=name)
            told(name, "delivered" if moved else "queued")


def ends(data: Path, journal: Path | None, points: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """One life a point, one after the other on the same data: how it ended, and what it had told."""
    command = [sys.executable, "-m", "tests.backup.life", str(data), str(journal or "-"), *points]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return [(code, dict(told)) for code, told in map(json.loads, done.stdout.splitlines())]


def _one(data: Path, journal: Path | None, point: str) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        name, _, times = point.partition(":")
        crash_point._name, crash_point._left = name, int(times or 1)
        try:
            asyncio.run(live(data, journal, lambda *said: os.write(write, (json.dumps(said) + "\n").encode())))
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)
    os.close(write)
    with os.fdopen(read) as lines:
        told = [json.loads(line) for line in lines]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps((code, told)), flush=True)


if __name__ == "__main__":
    place, second = Path(sys.argv[1]), None if sys.argv[2] == "-" else Path(sys.argv[2])
    for wanted in sys.argv[3:]:
        _one(place, second, wanted)
