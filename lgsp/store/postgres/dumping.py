"""A copy of a database as files, of one moment, while every node serves; and the way back into an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lgsp.runtime import Clock
from lgsp.store.port import StoreFailed, StoreRefused
from lgsp.store.postgres.copies import copy_chains
from lgsp.store.postgres.database import Address, told
from lgsp.store.postgres.intake import OWN, opened, taken_in
from lgsp.store.postgres.migrate import migrations
from lgsp.store.sqlite.copying import facts_of, sync
from lgsp.store.sqlite.evidence import evidence_files

FOLDER, COLUMNS = "tables", "columns.json"
_FIRST = ("consumer", "payload_key")
"""What others refer to."""
_FOREIGN = frozenset({"keys", "taken-in"})


@dataclass(slots=True)
class Dumped:
    tables: dict[str, int] = field(default_factory=dict)
    migrations: dict[str, str] = field(default_factory=dict)
    submissions: dict[str, int] = field(default_factory=dict)


async def dump(url: str, into: Path, clock: Clock) -> Dumped:
    """Chains as evidence files, every other table in PostgreSQL's own binary form. Raises `StoreRefused`."""
    try:
        connection = await Address(url).connect(slow=True)
    except StoreFailed as error:
        raise StoreRefused(f"the database cannot be read: {error}") from error
    try:
        with told():
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                dumped = await _tables(connection, into / FOLDER)
                await copy_chains(connection, into, clock)
    finally:
        connection.terminate()
    for path in [*into.glob("*.db"), *(into / FOLDER).iterdir()]:  # noqa: ASYNC240  a command, not the bus
        path.chmod(0o600)
        sync(path)
    return dumped


async def load(url: str, keys: Mapping[str, bytes], place: Path, applied: Mapping[str, str], clock: Clock) -> None:
    """Into an empty database; cut off, it is called again. Raises `StoreRefused`, `StoreFailed`."""
    heads = {path.stem.removeprefix("evidence-"): facts_of(path) for path in evidence_files(place)}
    ends = {name: [each.entries, each.head] for name, each in heads.items()}
    earlier = await taken_in(url)
    if earlier is not None:
        if earlier.get("heads") != ends:
            raise StoreRefused("the database is not empty: it takes in nothing")
        return
    known = {str(step.number): step for step in migrations()}
    if unknown := sorted(set(applied) - set(known), key=int):
        raise StoreRefused(
            f"the backup has migration {unknown[-1]}, which this version lacks: restore with the newer one"
        )
    shapes = msgspec.json.decode((place / FOLDER / COLUMNS).read_bytes(), type=dict[str, list[str]])
    async with opened(url, keys, [known[number] for number in sorted(applied, key=int)], clock) as intake:
        for path in evidence_files(place):
            await intake.chain(path, clock.now())
            await intake.compared(path)
        async with intake.records({"heads": ends}):
            for table in sorted(shapes, key=lambda name: (name not in _FIRST, name)):
                await intake.connection.copy_to_table(
                    table, source=str(place / FOLDER / f"{table}.copy"), columns=shapes[table], format="binary"
                )


async def _tables(connection: Any, into: Path) -> Dumped:
    into.mkdir(mode=0o700)  # noqa: ASYNC240
    dumped, shapes = Dumped(), {}
    rows = await connection.fetch("SELECT number, sha256 FROM migration ORDER BY number")
    dumped.migrations = {str(number): sha for number, sha in rows}
    names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
    for (table,) in names:
        if table in OWN:
            continue
        columns = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1"
            " AND NOT (table_name = 'submission' AND column_name = 'node') ORDER BY ordinal_position",
            table,
        )
        shapes[table] = [name for (name,) in columns]
        listed = ", ".join(f'"{name}"' for name in shapes[table])
        where = f" WHERE name NOT IN ({', '.join(map(repr, sorted(_FOREIGN)))})" if table == "meta" else ""
        query = f'SELECT {listed} FROM "{table}"{where}'  # noqa: S608  of the schema
        said = await connection.copy_from_query(query, output=str(into / f"{table}.copy"), format="binary")
        dumped.tables[table] = int(said.rpartition(" ")[2])
    counts = await connection.fetch("SELECT state, count(*) FROM submission GROUP BY state ORDER BY state")
    dumped.submissions = dict(tuple(row) for row in counts)
    (into / COLUMNS).write_bytes(msgspec.json.encode(shapes))
    return dumped
