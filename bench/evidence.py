"""Evidence in bulk: "who read this person's data" over millions of entries, and the one-file verifier's pace.

    python -m bench.evidence [--entries 10000000] [--people 1000000] [--data DIR] [--keep]

A data folder is filled as the bus would have filled it (same bytes, same chain, same index), then asked as the command line asks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import apsw

from lgsp.audit import verifier, who
from lgsp.audit.chain import Frontier, canonical, genesis, leaf, link, statement
from lgsp.audit.export import export
from lgsp.runtime import Runtime
from lgsp.store.keys import load_keys
from lgsp.store.sqlite.migrate import migrate, migrations

WRITER = "w0"
AT = "2022-12-06T01:02:03.456789+00:00"
_STEP = 20_000


def fill(data: Path, entries: int, people: int) -> None:
    """Asked and answered in turn; each person is asked about equally often, in no order that an index could like."""
    runtime = Runtime.system()
    keys = load_keys(data / "keys", runtime.ids)
    db = apsw.Connection(str(data / f"evidence-{WRITER}.db"))
    migrate(db, migrations("evidence"), runtime.clock.now())
    db.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
    head, tree, named = genesis(WRITER), Frontier(), []
    hashes = [keys.subject(f"{number:012d}") for number in range(people)]
    for begin in range(0, entries, _STEP):
        rows = []
        for index in range(begin, min(entries, begin + _STEP)):
            asked = index % 2 == 0
            person = hashes[index // 2 * 2_654_435_761 % people]
            body = _body(index, person if asked else None)
            head = link(head, body)
            tree.add(leaf(body))
            rows.append((index, body, head))
            if asked:
                named.append((person, index))
        with db:
            db.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
    named.sort()
    with db:
        db.executemany("INSERT INTO subject VALUES (?, ?)", named)
    root = tree.root()
    signature = keys.sign(statement(WRITER, tree.size, root, head, AT))
    with db:
        db.execute(
            "INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)", (tree.size, root, head, AT, signature, tree.to_bytes())
        )
    db.close()


def _body(index: int, person: bytes | None) -> bytes:
    """An entry of the usual length; only what differs is made anew."""
    said = {
        b"@index": str(index),
        b"@mark": hashlib.sha256(index.to_bytes(8, "big")).hexdigest(),
        b'"@about"': f'["{person.hex()}"]' if person is not None else "[]",
        b"@kind": "asked" if person is not None else "answered",
    }
    body = _TEMPLATE
    for place, text in said.items():
        body = body.replace(place, text.encode())
    return body


_TEMPLATE = canonical({
    "kind": "@kind", "at": AT, "exchange": "01GKJ3V5Z8@index", "correlation": "01GKJ3V5Z8@index", "face": "rest",
    "system": "population", "operation": "traCuuCongDan", "consumer": "mot-cua", "officer": "canbo.mau",
    "purpose": "1.001193", "case": "H28.01-221206-0001",
    "legal_basis": "QĐ 1/QĐ-UBND", "submission": None, "backend": "dancu", "request": "@mark", "subjects": "@about", "v": 1,
    "writer": WRITER, "index": "#",
}).replace(b'"#"', b"@index")  # fmt: skip


def _asked(data: Path, people: int, *, cold: bool) -> list[dict[str, float]]:
    """The command's own function, about people at the index's ends, in its middle, and one whom nobody asked about."""
    took = []
    for number in (0, people // 3, people - 1, people + 5):
        if cold:
            _forget(data)
        began = time.monotonic()
        about = who(data, f"{number:012d}")
        took.append({"entries": len(about), "seconds": round(time.monotonic() - began, 4)})
    return took


def _forget(data: Path) -> None:
    """The kernel keeps nothing of these files in memory: as after a start of the machine."""
    for path in data.glob("evidence-*.db*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    data = given.data or Path(tempfile.mkdtemp(prefix="lgsp-evidence-"))
    try:
        began = time.monotonic()
        if not (data / f"evidence-{WRITER}.db").exists():
            data.mkdir(parents=True, exist_ok=True)
            fill(data, given.entries, given.people)
        found = {"entries": given.entries, "fill_seconds": round(time.monotonic() - began, 1)}
        found["bytes"] = (data / f"evidence-{WRITER}.db").stat().st_size
        found["who_cold"] = _asked(data, given.people, cold=True)
        found["who_warm"] = _asked(data, given.people, cold=False)
        began = time.monotonic()
        export(data, data / "out")
        found["export_seconds"] = round(time.monotonic() - began, 1)
        began, work = time.monotonic(), time.process_time()
        verdict = verifier.verify(data / "out")
        assert verdict["ok"], verdict
        found["verify_seconds"] = round(time.monotonic() - began, 1)
        found["verify_entries_per_cpu_second"] = int(verdict["entries"] / (time.process_time() - work))
        print(json.dumps(found, indent=2))
    finally:
        if not given.keep:
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
