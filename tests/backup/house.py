"""What tests of backups ask of a data folder: who is in it, in which state, and whether its evidence knows of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

from lgsp.audit import verify
from lgsp.backup.making import create
from lgsp.backup.manifest import Manifest
from lgsp.runtime import Runtime
from lgsp.store.keys import folder_keys

RUNTIME = Runtime.system()
ORDER = ("queued", "delivering", "delivered")


def keys(data: Path) -> dict[str, bytes]:
    found = folder_keys(data / "keys")
    assert found is not None
    return found


def backed_up(data: Path, into: Path) -> Manifest:
    return create(data, into, keys(data), None, RUNTIME.clock)


def rows(path: Path, query: str) -> list[Any]:
    with apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) as db:
        return db.execute(query).fetchall()


def states(data: Path) -> dict[str, str]:
    return dict(rows(data / "lgsp.db", "SELECT id, state FROM submission"))


def witnessed(data: Path) -> set[str]:
    """Submissions that the evidence tells of; it stands as a whole."""
    verdict = verify(data)
    assert verdict.ok, verdict.first_bad
    bodies = [
        json.loads(body) for file in data.glob("evidence-*.db") for (body,) in rows(file, "SELECT body FROM entry")
    ]
    return {entry["facts"]["submission"] for entry in bodies if entry["kind"] == "note"}


def missing(told: dict[str, str], data: Path) -> list[str]:
    """Of what somebody was told, what is not so in this folder, in its records or in its evidence."""
    there, evidence = states(data), witnessed(data)
    return [
        name
        for name, state in told.items()
        if name not in evidence or name not in there or ORDER.index(there[name]) < ORDER.index(state)
    ]
