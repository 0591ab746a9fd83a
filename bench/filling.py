"""Rows for PostgreSQL's index of exchanges in bulk, by COPY: a door that the bus itself does not have.

Keys and indexes are taken away first and made again at the end, from the server's own words for them, so that what is measured
upon is what the migrations made.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bench.exchanges import DAYS, PEOPLE, START, case, series_of
from lgsp.runtime import sortable_id
from lgsp.store.exchange_rows import Series, day_of, first_place, place_of
from lgsp.store.keys import Keys
from lgsp.store.postgres.exchanges import _series as numbered

_ROW = ("place", "series", "exchange", "correlation", "writer", "asked", "answered", "micros", "attempts")
_MARK = ("day", "key", "place")
_PICKS = 65_536
_RARE = 100_000
"""One row in so many has an outcome of its own."""


async def filled(connection: Any, rows: int, keys: Keys) -> None:
    """`connection` is a session with time: no statement of it may be cut off."""
    draw = random.Random(1)
    began = time.perf_counter()
    end = first_place(START + timedelta(days=DAYS))
    picks = [series_of(draw) for _ in range(_PICKS)]
    rare: Series = (*picks[0][:4], "bus-fault", "bus")
    number = {each: await numbered(connection, each, end) for each in {*picks, rare}}
    chosen = [number[each] for each in picks]
    people = [keys.subject(f"{person:012d}")[:16] for person in range(PEOPLE)]
    again = [await _taken_away(connection, table) for table in ("exchange", "exchange_mark")]
    for day in range(DAYS):
        marks: list[tuple[int, bytes, int]] = []
        made = _rows(rows // DAYS, day, draw, chosen, number[rare], people, marks)
        await connection.copy_records_to_table("exchange", records=made, columns=_ROW)
        if day == 9:
            marks += [(marks[0][0], case(keys, 77), marks[at][2]) for at in (0, 3, 6)]
        marks.sort()
        await connection.copy_records_to_table("exchange_mark", records=marks, columns=_MARK)
        print(f"day {day + 1} of {DAYS}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    for statements in again:
        for each in statements:
            await connection.execute(each)
    await connection.execute("VACUUM ANALYZE")
    print(f"{rows} rows in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def _rows(
    count: int, day: int, draw: random.Random, chosen: list[int], rare: int, people: list[bytes],
    marks: list[tuple[int, bytes, int]],
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    """A day's, in the order of time; `marks` gets theirs."""
    start, step, taken = START + timedelta(days=day), timedelta(days=1) / count, 0
    for index in range(count):
        at = start + step * index
        name = sortable_id(at, draw.getrandbits(80))
        place = taken = max(taken + 1, place_of(name, at))  # of one millisecond, the next that is free
        within, noise = day_of(place), draw.randbytes(32)
        marks += (
            (within, noise[:16], place),
            (within, noise[16:], place),
            (within, people[draw.randrange(PEOPLE)], place),
        )
        correlation = None if index % 10 < 7 else noise[:14].hex()
        series = rare if index % _RARE == 7 else chosen[draw.getrandbits(16)]
        yield place, series, name, correlation, 1, 2 * index, 2 * index + 1, 150_000, 1


async def _taken_away(connection: Any, table: str) -> list[str]:
    """What makes them again."""
    query = """SELECT conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint
        WHERE conrelid = $1::regclass AND contype = 'p'"""
    key = await connection.fetchrow(query, table)
    query = "SELECT indexname AS name, indexdef AS text FROM pg_indexes WHERE tablename = $1 AND indexname <> $2"
    indexes = await connection.fetch(query, table, key["name"])
    await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {key['name']}")
    for each in indexes:
        await connection.execute(f"DROP INDEX {each['name']}")
    return [f"ALTER TABLE {table} ADD CONSTRAINT {key['name']} {key['text']}", *(each["text"] for each in indexes)]
