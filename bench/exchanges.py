"""The index of exchanges at ten million: what a look-up takes, cold and warm, and that taking in stays as cheap as at first.

    python -m bench.exchanges [--rows 10000000] [--data DIR] [--keep] [--minutes M] [--url postgresql://…]

With `--minutes` filling stops after so long, and the same command goes on where it stopped (SQLite). A PostgreSQL database that
holds rows already is asked as it is.

What is timed is written by the index's own code, batch by batch as behind the chains; only the evidence itself is left out.
"""

# ruff: noqa: S608

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from lgsp.runtime import Runtime, sortable_id
from lgsp.store.exchange_rows import Found, Series, first_place, place_of
from lgsp.store.keys import Keys, load_keys
from lgsp.store.port.exchanges import ExchangeQuery
from lgsp.store.sqlite import open_index
from lgsp.store.sqlite.exchanges import SqliteExchanges, _put, _reader, _series

START = datetime(2022, 11, 1, tzinfo=UTC)
DAYS = 30
_BATCH, _TIMED, _PICKS, PEOPLE = 500, 20_000, 65_536, 1_000_000
SYSTEMS = [(f"system-{number:02}", f"operation-{each}") for number in range(17) for each in range(6)]
CONSUMERS = [f"consumer-{number:02}" for number in range(40)]
OUTCOMES = [("ok", "")] * 930 + [("record-not-found", "caller")] * 30 + [("invalid-message", "caller")] * 15 + [
    ("timeout", "network")] * 9 + [("circuit-open", "bus")] * 5 + [("overloaded", "bus")] * 4 + [
    ("provider-fault", "backend")] * 4 + [("forbidden", "policy")] * 2 + [("outcome-unknown", "network")]  # fmt: skip


def series_of(draw: random.Random) -> Series:
    """Few callers ask most, few databases are asked most, few calls fail."""
    consumer = CONSUMERS[min(int(draw.paretovariate(0.7)) - 1, len(CONSUMERS) - 1)]
    return ("rest", consumer, *SYSTEMS[int(len(SYSTEMS) * draw.random() ** 2)], *draw.choice(OUTCOMES))


def batches(rows: int, keys: Keys, draw: random.Random, start: datetime) -> Iterator[list[Found]]:
    """A third of a million rows a day."""
    step = timedelta(days=1) / 333_333
    for begin in range(0, rows, _BATCH):
        made = []
        for index in range(begin, min(rows, begin + _BATCH)):
            at = start + step * index
            name = sortable_id(at, draw.getrandbits(80))
            correlation = name if draw.random() < 0.7 else f"c-{draw.getrandbits(96):024x}"
            marks = {draw.randbytes(16), keys.subject(f"{draw.randrange(PEOPLE):012d}")[:16], draw.randbytes(16)}
            made.append(
                Found(
                    place_of(name, at), name, correlation, series_of(draw), 2 * index, 2 * index + 1, 150_000, 1, marks
                )
            )
        yield sorted(made, key=lambda each: each.place)


def case(keys: Keys, number: int) -> bytes:
    return keys.digest(b"case", f"H99-{number}".encode())[:16]


def queries(keys: Keys) -> dict[str, tuple[ExchangeQuery, int | None]]:
    middle = first_place(START + timedelta(days=DAYS / 2))
    a_day = {"first": START + timedelta(days=12), "before": START + timedelta(days=13)}
    named: dict[str, dict[str, Any]] = {
        "nothing": {},
        "consumer, lively": {"consumer": CONSUMERS[0]},
        "consumer, rare": {"consumer": CONSUMERS[-2]},
        "system": {"system": "system-00"},
        "system, rare": {"system": "system-16"},
        "operation": {"operation": "operation-3"},
        "outcome ok": {"outcome": "ok"},
        "outcome, 1 in 100,000": {"outcome": "bus-fault"},
        "domain": {"domain": "network"},
        "outcome that never was": {"outcome": "nothing-like-it"},
        "one day": a_day,
        "system, consumer": {"system": "system-16", "consumer": CONSUMERS[7]},
        "system, outcome": {"system": "system-03", "outcome": "outcome-unknown"},
        "consumer, outcome, one day": {"consumer": CONSUMERS[3], "outcome": "timeout", **a_day},
        "all four": {"system": "system-05", "operation": "operation-1", "consumer": CONSUMERS[1], "outcome": "timeout"},
        "dossier": {"case": "H99-77"},
        "dossier that never was": {"case": "H99-x"},
        "correlation that never was": {"correlation": "c-0"},
        "person": {"subject": keys.subject("000000004711")},
        "person, system": {"subject": keys.subject("000000004711"), "system": "system-02"},
        "person, one day": {"subject": keys.subject("000000000815"), **a_day},
    }
    found: dict[str, tuple[ExchangeQuery, int | None]] = {
        name: (ExchangeQuery(**each), None) for name, each in named.items()
    }
    for name in ("nothing", "outcome ok", "consumer, lively", "domain"):
        found[f"{name}, page from the middle"] = (found[name][0], middle)
    return found


async def asked(exchanges: Any, query: ExchangeQuery, below: int | None) -> dict[str, Any]:
    """The first page, and once more five times."""
    took: list[float] = []
    rows: list[Any] = []
    for _ in range(6):
        began = time.perf_counter()
        rows = await exchanges.find(query, below, 50)
        took.append((time.perf_counter() - began) * 1000)
    return {"rows": len(rows), "first_ms": round(took[0], 1), "then_ms": round(median(took[1:]), 1)}


async def sqlite(data: Path, rows: int, minutes: float | None = None) -> dict[str, Any] | None:
    """Most rows come in bulk, those that are timed through the index's own writing: upon nothing, and upon all of them."""
    runtime = Runtime.system()
    keys = load_keys(data / "keys", runtime.ids)
    file = data / "exchanges.db"
    costs: dict[str, float] = {}
    index = await open_index(data, runtime)
    reader = await index.write(lambda db: _reader(db, "w0")[0])

    def write(batch: list[Found]) -> Awaitable[Any]:
        return index.write(lambda db: _put(db, reader, batch))

    done = await index.read(lambda db: db.execute("SELECT 1 FROM exchange LIMIT 1").fetchone() is not None)
    if not done:
        costs["upon nothing"] = await timed(keys, write, START - timedelta(days=1))
    began = time.perf_counter()
    await index.write(lambda db: prepared(db, keys))
    for day in range(DAYS):
        if minutes is not None and time.perf_counter() - began > minutes * 60:
            print(f"{day} of {DAYS} days: the same command goes on", file=sys.stderr, flush=True)
            await index.close()
            return None
        await index.write(partial(in_bulk, rows=rows, keys=keys, day=day))
    print(f"{rows} rows in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    costs[f"upon {rows}"] = await timed(keys, write, START + timedelta(days=DAYS))
    await index.close()
    told = {}
    nobody: Any = None  # no chain is asked here
    for name, query in queries(keys).items():
        _out_of_memory(file)
        index = await open_index(data, runtime)
        told[name] = await asked(SqliteExchanges(index, keys, nobody, data), *query)
        await index.close()
    return _report(rows, costs, file.stat().st_size, told)


async def timed(keys: Keys, write: Callable[[list[Found]], Awaitable[Any]], start: datetime) -> float:
    """Microseconds of writing a row, over a day's beginning."""
    took, count = 0.0, 0
    for batch in batches(_TIMED, keys, random.Random(2), start):
        began = time.perf_counter()
        await write(batch)
        took, count = took + time.perf_counter() - began, count + len(batch)
    return round(took / count * 1e6, 1)


def prepared(db: Any, keys: Keys) -> None:
    """What `in_bulk` draws from, as long as this connection stands."""
    draw = random.Random(1)
    db.execute("CREATE TEMP TABLE pick (number INTEGER PRIMARY KEY, series INTEGER)")
    picks = [series_of(draw) for _ in range(_PICKS)]
    end = first_place(START + timedelta(days=DAYS))
    standing = {each: _series(db, each, end) for each in set(picks)}
    db.executemany("INSERT INTO pick VALUES (?, ?)", [(number, standing[each]) for number, each in enumerate(picks)])
    db.execute("CREATE TEMP TABLE person (number INTEGER PRIMARY KEY, key BLOB)")
    people = ((number, keys.subject(f"{number:012d}")[:16]) for number in range(PEOPLE))
    db.executemany("INSERT INTO person VALUES (?, ?)", people)


def in_bulk(db: Any, rows: int, keys: Keys, day: int) -> None:
    """The same mixture as `batches`, made by the database itself; a day that is there already stays."""
    within = (first_place(START + timedelta(days=day)), first_place(START + timedelta(days=day + 1)))
    if db.execute("SELECT 1 FROM exchange WHERE place >= ? AND place < ? LIMIT 1", within).fetchone():
        return
    rare = _series(
        db, ("rest", CONSUMERS[0], *SYSTEMS[0], "bus-fault", "bus"), first_place(START + timedelta(days=DAYS))
    )
    a_day = rows // DAYS
    db.execute(
        f"""INSERT INTO exchange WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {a_day})
        SELECT ? + CAST(i * 86400000.0 / {a_day} AS INTEGER) * 2097152 + i % 2000000,
        iif(i % 100000 = 7, {rare}, (SELECT series FROM pick WHERE number = abs(random() + i) % {_PICKS})),
        hex(randomblob(13)), iif(i % 10 < 3, hex(randomblob(12)), NULL), 1, i * 2, i * 2 + 1, 150000, 1 FROM n""",
        within[:1],
    )
    about = f"(SELECT person.key FROM person WHERE number = abs(random() + place) % {PEOPLE})"
    for key in ("randomblob(16)", "randomblob(16)", about):
        db.execute(
            f"""INSERT OR IGNORE INTO mark SELECT place / 2097152 / 86400000, {key} AS named, place FROM exchange
            WHERE place >= ? AND place < ? ORDER BY named""",
            within,
        )
    if day != 9:
        return
    some = "SELECT place / 2097152 / 86400000, ?, place FROM exchange WHERE place >= ? ORDER BY place LIMIT 3"
    db.execute(f"INSERT INTO mark {some}", (case(keys, 77), first_place(START + timedelta(days=9))))


def _out_of_memory(file: Path) -> None:
    """None of its pages stays in the kernel's cache."""
    descriptor = os.open(file, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


async def postgres(url: str, data: Path, rows: int) -> dict[str, Any]:
    """As with SQLite: most rows in bulk, the timed ones through the index's own writing. `data` keeps the keys."""
    from bench.filling import filled
    from lgsp.store.postgres.database import Address, Database
    from lgsp.store.postgres.exchanges import PostgresExchanges
    from lgsp.store.postgres.exchanges import _put as put
    from lgsp.store.postgres.migrate import migrate, migrations

    runtime = Runtime.system()
    connection = await Address(url, seconds=3600).connect(slow=True)
    await connection.execute(
        "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0"
    )
    await migrate(connection, migrations(), runtime.clock.now())
    database = await Database.opened(Address(url, seconds=60))
    keys = load_keys(data / "keys", runtime.ids)

    def write(batch: list[Found]) -> Awaitable[Any]:
        return database.write(lambda db: put(db, 1, batch))

    costs: dict[str, float] = {}
    if await connection.fetchval("SELECT 1 FROM exchange LIMIT 1") is None:
        costs["upon nothing"] = await timed(keys, write, START - timedelta(days=1))
        await filled(connection, rows, keys)
    await connection.close()
    costs[f"upon {rows}"] = await timed(keys, write, START + timedelta(days=DAYS))
    exchanges = PostgresExchanges(database, keys)
    told = {name: await asked(exchanges, *query) for name, query in queries(keys).items()}
    size = (await database.row("SELECT pg_database_size(current_database()) AS size"))["size"]
    await database.close()
    return _report(rows, costs, size, told)


def _report(rows: int, costs: dict[str, float], size: int, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": rows,
        "bytes": size,
        "us_per_row": costs,
        "slowest_first_ms": max(each["first_ms"] for each in told.values()),
        "look_ups": told,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--url", help="an empty PostgreSQL database; without it SQLite")
    given = parser.parse_args()
    data = given.data or Path(tempfile.mkdtemp(prefix="lgsp-exchanges-"))
    data.mkdir(parents=True, exist_ok=True)
    try:
        found = asyncio.run(
            postgres(given.url, data, given.rows) if given.url else sqlite(data, given.rows, given.minutes)
        )
        if found is not None:
            print(json.dumps(found, indent=2))
    finally:
        if not given.keep and given.minutes is None:
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
