"""Backup, verification, restore and drill of an installation with ten million exchanges; and what the journal costs.

    python -m bench.backup [--exchanges 10000000] [--data DIR] [--keep] [--fill-only]
    python -m bench.backup --journal

The chain has two entries an exchange and the index one row, both as the bus writes them; every tenth exchange is a submission.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from bench import evidence, exchanges
from lgsp.audit import Audit
from lgsp.backup.checking import check
from lgsp.backup.making import create
from lgsp.backup.manifest import read
from lgsp.backup.restoring import restore
from lgsp.model import SubmissionState
from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import SubmissionRow, open_store
from lgsp.store.keys import folder_keys, load_keys
from lgsp.store.sqlite import open_index
from lgsp.store.sqlite.exchanges import _reader

_TOGETHER, _SECONDS, _ROUNDS = 64, 3.0, 3
_BODY = 900
"""Bytes of a sealed message."""


def fill(data: Path, count: int) -> None:
    """What is missing of it: it takes some minutes, so it may be done in turns."""
    data.mkdir(parents=True, exist_ok=True)
    runtime = Runtime.system()
    keys = load_keys(data / "keys", runtime.ids)
    if not (data / "evidence-w0.db").exists():
        evidence.fill(data, 2 * count, max(1000, count // 10))
        return
    if not (data / "exchanges.db").exists():
        asyncio.run(_index(data, count))
        return
    if (data / "lgsp.db").exists():
        return
    asyncio.run(_opened(data))
    db = apsw.Connection(str(data / "lgsp.db"))
    db.execute("PRAGMA synchronous=OFF")
    with db:
        for number in range(count // 10):
            name = f"01GKJ3V5Z8{number:016d}"
            row = (name, "mot-cua", "public-payment", "push", "v1", 1, "delivered", 1, number, number, number, b"d" * 32, name,
                   keys.digest(name.encode()) * (_BODY // 32))  # fmt: skip
            db.execute(
                "INSERT INTO submission (id, consumer, system, operation, version, queued, state, attempts, accepted, changed,"
                " expires, digest, correlation, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row,
            )  # fmt: skip
    db.close()


async def _opened(data: Path) -> None:
    store = await open_store(data, Runtime.system())
    await store.close()


async def _index(data: Path, count: int) -> None:
    runtime = Runtime.system()
    index = await open_index(data, runtime)
    await index.write(lambda db: _reader(db, "w0")[0])
    keys = load_keys(data / "keys", runtime.ids)
    await index.write(lambda db: exchanges.prepared(db, keys))
    for day in range(exchanges.DAYS):
        await index.write(lambda db, day=day: exchanges.in_bulk(db, count, keys, day))  # type: ignore[misc]  # default binds now
    await index.write(lambda db: db.execute("UPDATE reader SET next = ?", (2 * count,)).fetchall())
    await index.close()


def measure(data: Path, place: Path) -> dict[str, Any]:
    clock, keys = Runtime.system().clock, folder_keys(data / "keys")
    assert keys is not None
    took: dict[str, Any] = {}
    with _timed(took, "create"):
        manifest = create(data, place / "backup", keys, None, clock)
    took["bytes"] = sum(each.size for each in manifest.files.values())
    with _timed(took, "verify"):
        assert check(place / "backup", None).ok
    with _timed(took, "restore"):
        restored = restore(place / "backup", read(place / "backup"), keys, place / "new", clock)
    assert restored.evidence["ok"], restored.evidence
    with _timed(took, "first start"):
        asyncio.run(_opened(place / "new"))
    took["submissions"] = sum(restored.submissions.values())
    took["entries"] = restored.evidence["entries"]
    return took


def journal() -> dict[str, Any]:
    """Accepted and proved submissions a second, with the journal on the same disk and without, in turn."""
    rates: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(_ROUNDS):
        for name, found in rates.items():
            with tempfile.TemporaryDirectory(prefix="lgsp-journal-") as folder:
                second = Path(folder) / "journal" if name == "with" else None
                found.append(asyncio.run(_rate(Path(folder) / "data", second)))
    middle = {name: round(median(found)) for name, found in rates.items()}
    return {"accepted_per_second": middle, "ratio": round(middle["with"] / middle["without"], 2), "callers": _TOGETHER}


async def _rate(data: Path, second: Path | None) -> float:
    runtime = Runtime.system()
    store = await open_store(data, runtime, settings=StoreSettings(journal=second))
    audit = Audit(store, runtime, patience=30.0)
    began, made = time.monotonic(), 0

    async def caller() -> None:
        nonlocal made
        while time.monotonic() - began < _SECONDS:
            now, name = runtime.clock.now(), runtime.ids.new()
            row = SubmissionRow(
                name, "agency", "s1", "push", "v1", queued=True, state=SubmissionState.QUEUED, attempts=0, accepted=now,
                changed=now, next_at=now, expires=now + timedelta(days=7), order_key=None, digest=b"d" * 32,
                correlation_id=name, sealed=b"x" * _BODY,
            )  # fmt: skip
            await store.submissions.accept(row, None)
            await audit.note("accepted", "bench", submission=name)
            made += 1

    await asyncio.gather(*(caller() for _ in range(_TOGETHER)))
    rate = made / (time.monotonic() - began)
    await store.close()
    return rate


@contextmanager
def _timed(took: dict[str, Any], name: str) -> Iterator[None]:
    began, worked = time.monotonic(), _work()
    yield
    took[f"{name}_seconds"], took[f"{name}_cpu"] = round(time.monotonic() - began, 1), round(_work() - worked, 1)
    print(f"{name}: {took[f'{name}_seconds']} s, processor {took[f'{name}_cpu']} s", file=sys.stderr, flush=True)


def _work() -> float:
    """Seconds of processor, children too: what a machine that is busy with other things does not lengthen much."""
    return sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--exchanges", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--fill-only", action="store_true", help="one part of what is missing: chain, index, records")
    parser.add_argument("--journal", action="store_true")
    given = parser.parse_args()
    if given.journal:
        print(json.dumps(journal(), indent=2))
        return
    data = given.data or Path(tempfile.mkdtemp(prefix="lgsp-backup-"))
    try:
        if given.fill_only:
            fill(data, given.exchanges)
            return
        for _ in range(3):
            fill(data, given.exchanges)
        with tempfile.TemporaryDirectory(prefix="lgsp-restore-", dir=data.parent) as place:
            print(json.dumps({"exchanges": given.exchanges, **measure(data, Path(place))}, indent=2))
    finally:
        if not given.keep:
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
