"""The index of exchanges, read out of the chains of every node. PostgreSQL's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.exchange_rows import (
    BROAD,
    GLANCE,
    Found,
    Newest,
    Series,
    bounds,
    day_of,
    first_place,
    found_in,
    glanced,
    marks_of,
    place_of,
    row_of,
    time_of,
    wanted_series,
)
from lgsp.store.keys import Keys
from lgsp.store.port.exchanges import EntryOf, ExchangeQuery, ExchangeRow
from lgsp.store.postgres.database import Database
from lgsp.store.postgres.locks import EXCHANGES

_SERIES = "face, consumer, system, operation, outcome, domain"
_SHOWN = f"""SELECT e.place, e.exchange, e.correlation, e.micros, e.attempts, {_SERIES}
    FROM exchange e JOIN exchange_series s ON s.number = e.series"""
_NAMES = ("consumer", "system", "operation", "outcome", "domain")
_TOGETHER = 64
"""Series asked for in one statement."""
_MANY = 30
"""Days of marks looked through in one statement."""


@dataclass(frozen=True, slots=True)
class PostgresExchanges:
    database: Database
    keys: Keys

    async def gather(self, limit: int) -> int:
        async def work(db: Any) -> int:
            if not await db.fetchval(f"SELECT pg_try_advisory_xact_lock({EXCHANGES}, 0)"):
                return 0  # another node is at it
            taken = 0
            query = """SELECT number, coalesce(next, 0) AS next FROM writer
                LEFT JOIN exchange_reader ON exchange_reader.writer = number ORDER BY number"""
            for writer, start in await db.fetch(query):
                query = "SELECT number, body FROM entry WHERE writer = $1 AND number >= $2 ORDER BY number LIMIT $3"
                rows = await db.fetch(query, writer, start, limit - taken) if taken < limit else ()
                if rows:
                    await _put(db, writer, found_in(rows, self.keys))
                    query = """INSERT INTO exchange_reader VALUES ($1, $2)
                        ON CONFLICT (writer) DO UPDATE SET next = excluded.next"""
                    await db.execute(query, writer, rows[-1][0] + 1)
                    taken += len(rows)
            return taken

        return await self.database.write(work)

    async def behind(self) -> int:
        query = """SELECT coalesce(sum(greatest(0, coalesce(last, -1) + 1 - coalesce(next, 0))), 0)::bigint AS behind
            FROM writer LEFT JOIN exchange_reader ON exchange_reader.writer = writer.number, LATERAL
            (SELECT max(number) AS last FROM entry WHERE entry.writer = writer.number) AS chain"""
        return int((await self.database.row(query))["behind"])

    async def find(self, query: ExchangeQuery, below: int | None, limit: int) -> list[ExchangeRow]:
        least, most = bounds(query, below)
        names, values = wanted_series(query)
        marks = marks_of(query, self.keys)
        if marks:
            return await self._marked(marks, names, values, least, most, limit)
        if names:
            where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(names, 1))
            chosen = await self.database.fetch(
                f"SELECT number, last FROM exchange_series WHERE {where} ORDER BY last DESC", *values
            )
            return await self._merged(chosen, least, most, limit)
        rows = await self.database.fetch(
            f"{_SHOWN} WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT $3", least, most, limit
        )
        return [_shown(row) for row in rows]

    async def get(self, exchange: str) -> ExchangeRow | None:
        row = await self._one(exchange)
        return None if row is None else _shown(row)

    async def entries(self, exchange: str) -> list[EntryOf]:
        row = await self._one(exchange)
        if row is None:
            return []
        query = """SELECT name, entry.number, body FROM exchange e JOIN writer ON writer.number = e.writer
            JOIN entry ON entry.writer = e.writer AND entry.number IN (e.asked, e.answered)
            WHERE place = $1 ORDER BY entry.number"""
        return [EntryOf(*each) for each in await self.database.fetch(query, row["place"])]

    async def known(self) -> dict[str, list[str]]:
        return {
            name: [each[0] for each in await self.database.fetch(
                f"SELECT DISTINCT {name} FROM exchange_series WHERE {name} <> '' ORDER BY 1"
            )]
            for name in _NAMES
        }  # fmt: skip

    async def prune(self, before: datetime, limit: int) -> int:
        end = first_place(before)

        async def work(db: Any) -> int:
            query = """DELETE FROM exchange WHERE place IN
                (SELECT place FROM exchange WHERE place < $1 ORDER BY place LIMIT $2) RETURNING 1"""
            gone = len(await db.fetch(query, end, limit))
            query = """DELETE FROM exchange_mark WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM exchange_mark WHERE day < $1 ORDER BY day LIMIT $2)) RETURNING 1"""
            return gone + len(await db.fetch(query, day_of(end), limit))

        return await self.database.write(work)

    async def reset(self) -> None:
        async def work(db: Any) -> None:
            await db.execute(f"SELECT pg_advisory_xact_lock({EXCHANGES}, 0)")
            await db.execute("TRUNCATE exchange, exchange_mark, exchange_series, exchange_reader")

        await self.database.write(work)

    async def _one(self, exchange: str) -> Any:
        place = place_of(exchange, time_of(0))
        while True:
            row = await self.database.row(f"{_SHOWN} WHERE place = $1", place)
            if row is None or row["exchange"] == exchange:
                return row
            place += 1

    async def _merged(self, chosen: Sequence[Any], least: int, most: int, limit: int) -> list[ExchangeRow]:
        places = None
        if len(chosen) > BROAD:
            query = "SELECT place, series FROM exchange WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT $3"
            newest = await self.database.fetch(query, least, most, GLANCE)
            places = glanced(newest, {each["number"] for each in chosen}, limit)
        if places is None:
            places = await self._of_series(chosen, least, most, limit)
        rows = await self.database.fetch(f"{_SHOWN} WHERE place = ANY ($1) ORDER BY place DESC", places)
        return [_shown(row) for row in rows]

    async def _of_series(self, chosen: Sequence[Any], least: int, most: int, limit: int) -> list[int]:
        newest = Newest(limit)
        query = """SELECT found.place FROM unnest($1::integer[]) AS wanted (number), LATERAL (SELECT place FROM exchange
            WHERE series = wanted.number AND place >= $2 AND place < $3 ORDER BY place DESC LIMIT $4) AS found"""
        for begin in range(0, len(chosen), _TOGETHER):
            least = newest.least(least)
            group = [each["number"] for each in chosen[begin : begin + _TOGETHER] if each["last"] >= least]
            if not group:
                break  # they come by their last: none of the others reaches up here
            for each in await self.database.fetch(query, group, least, most, limit):
                newest.put(each["place"])
        return newest.best

    async def _marked(
        self, marks: Sequence[bytes], names: Sequence[str], values: Sequence[str], least: int, most: int, limit: int
    ) -> list[ExchangeRow]:
        """Days by days backwards, until there are enough."""
        ends = await self.database.row("SELECT min(place) AS first, max(place) AS last FROM exchange")
        if ends["first"] is None:
            return []
        given = [*marks[1:], *values]
        also = "".join(
            " AND EXISTS (SELECT FROM exchange_mark o WHERE o.day = wanted.day AND o.place = m.place"
            f" AND o.key = ${place})"
            for place in range(6, 5 + len(marks))
        )
        also += "".join(f" AND s.{name} = ${place}" for place, name in enumerate(names, 5 + len(marks)))
        query = f"""SELECT e.place, e.exchange, e.correlation, e.micros, e.attempts, {_SERIES}
            FROM unnest($1::integer[]) AS wanted (day) JOIN exchange_mark m ON m.day = wanted.day AND m.key = $2
            JOIN exchange e ON e.place = m.place JOIN exchange_series s ON s.number = e.series
            WHERE m.place >= $3 AND m.place < $4{also} ORDER BY m.place DESC LIMIT $5"""
        rows: list[Any] = []
        days = range(day_of(min(most, ends["last"])), day_of(max(least, ends["first"])) - 1, -1)
        for begin in range(0, len(days), _MANY):
            group = list(days[begin : begin + _MANY])
            rows += await self.database.fetch(query, group, marks[0], least, most, limit - len(rows), *given)
            if len(rows) >= limit:
                break
        return [_shown(row) for row in rows]


async def _put(db: Any, writer: int, found: Sequence[Found]) -> None:
    last: dict[Series, int] = {}
    for each in found:
        last[each.series] = max(last.get(each.series, 0), each.place)
    number = {series: await _series(db, series, place) for series, place in last.items()}
    standing = {
        row["exchange"]: row["place"]
        for row in await db.fetch(
            "SELECT place, exchange FROM exchange WHERE place = ANY ($1)", [each.place for each in found]
        )
    }
    rows, marks, taken = [], [], set(standing.values())
    for each in found:
        place = standing.get(each.exchange, each.place)
        if each.exchange not in standing and place in taken:
            place = await _free(db, each.exchange, place, taken)
        taken.add(place)
        correlation = None if each.correlation == each.exchange else each.correlation
        rows.append((place, number[each.series], each.exchange, correlation, writer, each.asked, each.answered,
                     each.micros, each.attempts))  # fmt: skip
        marks += [(day_of(place), mark, place) for mark in each.marks]
    await db.execute(
        """INSERT INTO exchange SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::integer[],
        $6::bigint[], $7::bigint[], $8::bigint[], $9::integer[]) ON CONFLICT (place) DO UPDATE SET
        series = excluded.series, asked = coalesce(excluded.asked, exchange.asked),
        answered = coalesce(excluded.answered, exchange.answered), micros = coalesce(excluded.micros, exchange.micros),
        attempts = greatest(excluded.attempts, exchange.attempts)""",
        *(list(column) for column in (zip(*rows, strict=True) if rows else [()] * 9)),
    )
    await db.execute(
        """INSERT INTO exchange_mark SELECT * FROM unnest($1::integer[], $2::bytea[], $3::bigint[])
        ON CONFLICT DO NOTHING""",
        *(list(column) for column in (zip(*sorted(marks), strict=True) if marks else [()] * 3)),
    )


async def _free(db: Any, exchange: str, place: int, taken: set[int]) -> int:
    """Where others stand already: the next place that is free, or where it stands itself."""
    while True:
        place += 1
        there = await db.fetchval("SELECT exchange FROM exchange WHERE place = $1", place)
        if there == exchange or (there is None and place not in taken):
            return place


async def _series(db: Any, series: Series, place: int) -> int:
    query = f"""INSERT INTO exchange_series ({_SERIES}, last) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT ({_SERIES}) DO UPDATE SET last = greatest(exchange_series.last, excluded.last) RETURNING number"""
    return int(await db.fetchval(query, *series, place))


def _shown(row: Any) -> ExchangeRow:
    return row_of(tuple(row)[:5], tuple(row)[5:])
