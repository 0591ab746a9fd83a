"""The index of exchanges in a file of its own, `exchanges.db`, read out of the evidence files beside it. SQLite's form."""
# ruff: noqa: S608  queries are put together from constants of this file, values are always bound

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

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
    wanted_series,
)
from lgsp.store.keys import Keys
from lgsp.store.port.exchanges import EntryOf, ExchangeQuery, ExchangeRow
from lgsp.store.sqlite.columns import from_moment
from lgsp.store.sqlite.database import Database
from lgsp.store.sqlite.evidence import SqliteEvidence

_SERIES = "face, consumer, system, operation, outcome, domain"
_SHOWN = "e.place, e.exchange, e.correlation, e.micros, e.attempts, e.series"
_NAMES = ("consumer", "system", "operation", "outcome", "domain")
_TABLES = ("reader", "series", "exchange", "mark")


@dataclass(frozen=True, slots=True)
class SqliteExchanges:
    database: Database
    keys: Keys
    evidence: SqliteEvidence
    """Of this process: all there is where no folder keeps the chains of others."""
    folder: Path | None

    async def gather(self, limit: int) -> int:
        own = [] if self.folder else await self._own(limit)

        def work(db: Any) -> int:
            taken = 0
            for writer, read in self._chains(own):
                if taken >= limit:
                    break
                number, start = _reader(db, writer)
                rows = read(start, limit - taken)
                if rows:
                    _put(db, number, found_in(rows, self.keys))
                    db.execute("UPDATE reader SET next = ? WHERE number = ?", (rows[-1][0] + 1, number))
                    taken += len(rows)
            return taken

        return await self.database.write(work)

    async def behind(self) -> int:
        own = [] if self.folder else await self._own(100_000)

        def work(db: Any) -> int:
            standing = dict(db.execute("SELECT writer, next FROM reader"))
            return sum(max(0, _last(read) - standing.get(writer, 0)) for writer, read in self._chains(own))

        return await self.database.read(work)

    async def find(self, query: ExchangeQuery, below: int | None, limit: int) -> list[ExchangeRow]:
        marks = marks_of(query, self.keys)

        def work(db: Any) -> list[ExchangeRow]:
            least, most = bounds(query, below)
            names, values = wanted_series(query)
            chosen = None
            if names:
                where = " AND ".join(f"{name} = ?" for name in names)
                chosen = db.execute(
                    f"SELECT number, last FROM series WHERE {where} ORDER BY last DESC", values
                ).fetchall()
            if marks:
                rows = _marked(db, marks, None if chosen is None else [each for each, _ in chosen], least, most, limit)
            elif chosen is not None:
                rows = _merged(db, chosen, least, most, limit)
            else:
                rows = db.execute(
                    f"SELECT {_SHOWN} FROM exchange e WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT ?",
                    (least, most, limit),
                ).fetchall()
            return _shown(db, rows)

        return await self.database.read(work)

    async def get(self, exchange: str) -> ExchangeRow | None:
        def work(db: Any) -> ExchangeRow | None:
            place, standing = _standing(db, exchange, place_of(exchange, from_moment(0)))
            rows = db.execute(f"SELECT {_SHOWN} FROM exchange e WHERE place = ?", (place,)).fetchall()
            return _shown(db, rows)[0] if standing else None

        return await self.database.read(work)

    async def entries(self, exchange: str) -> list[EntryOf]:
        def work(db: Any) -> tuple[str, list[int]]:
            place, standing = _standing(db, exchange, place_of(exchange, from_moment(0)))
            query = "SELECT writer, asked, answered FROM exchange JOIN reader ON reader.number = reader WHERE place = ?"
            writer, *numbers = db.execute(query, (place,)).fetchone() if standing else ("",)
            return writer, [each for each in numbers if each is not None]

        writer, numbers = await self.database.read(work)
        if self.folder is None:
            rows = [row for each in numbers for row in await self.evidence.rows(each, 1)]
            return [EntryOf(writer, row.index, row.body) for row in rows]

        path = self.folder / f"evidence-{writer}.db"

        def bodies(_: Any) -> list[EntryOf]:
            with _opened(path) as read:
                return [EntryOf(writer, index, body) for number in numbers for index, body in read(number, 1)]

        return await self.database.read(bodies) if numbers else []

    async def known(self) -> dict[str, list[str]]:
        def work(db: Any) -> dict[str, list[str]]:
            return {
                name: [each for (each,) in db.execute(f"SELECT DISTINCT {name} FROM series ORDER BY 1") if each]
                for name in _NAMES
            }

        return await self.database.read(work)

    async def prune(self, before: datetime, limit: int) -> int:
        end = first_place(before)

        def work(db: Any) -> int:
            query = "DELETE FROM exchange WHERE place IN (SELECT place FROM exchange WHERE place < ? ORDER BY place LIMIT ?)"
            gone = len(db.execute(f"{query} RETURNING 1", (end, limit)).fetchall())
            marks = """DELETE FROM mark WHERE (day, key, place) IN
                (SELECT day, key, place FROM mark WHERE day < ? ORDER BY day LIMIT ?) RETURNING 1"""
            return gone + len(db.execute(marks, (day_of(end), limit)).fetchall())

        return await self.database.write(work)

    async def reset(self) -> None:
        def work(db: Any) -> None:
            made = db.execute(
                "SELECT sql FROM sqlite_schema WHERE tbl_name IN (SELECT value FROM json_each(?)) AND sql IS NOT NULL"
                " ORDER BY type DESC", ('["' + '","'.join(_TABLES) + '"]',),
            ).fetchall()  # fmt: skip
            for name in _TABLES:
                db.execute(f"DROP TABLE {name}")
            for (sql,) in made:
                db.execute(sql)

        await self.database.write(work)

    async def _own(self, limit: int) -> list[tuple[int, bytes]]:
        """The chain in memory, from where this index has come to."""
        rows = await self.database.read(lambda db: db.execute("SELECT next FROM reader").fetchall())
        start = rows[0][0] if rows else 0
        return [(row.index, row.body) for row in await self.evidence.rows(start, limit)]

    def _chains(self, own: Sequence[tuple[int, bytes]]) -> Iterator[tuple[str, Read]]:
        """Each writer with a function from (start, limit) to its entries, or from -1 to its last one."""
        if self.folder is None:
            yield self.evidence.writer, lambda start, limit: list(own[-1:] if start < 0 else own[:limit])
            return
        for path in sorted(self.folder.glob("evidence-*.db")):
            with _opened(path) as read:
                yield path.stem.removeprefix("evidence-"), read


Read = Callable[[int, int], list[tuple[int, bytes]]]


@contextmanager
def _opened(path: Path) -> Iterator[Read]:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(500)

        def read(start: int, limit: int) -> list[tuple[int, bytes]]:
            order = "DESC" if start < 0 else "ASC"
            query = f"SELECT number, body FROM entry WHERE number >= ? ORDER BY number {order} LIMIT ?"
            rows: Any = db.execute(query, (start, limit)).fetchall()
            return list(rows)

        yield read


def _last(read: Read) -> int:
    rows = read(-1, 1)
    return rows[0][0] + 1 if rows else 0


# -- writing -----------------------------------------------------------------------------------------------------------


def _reader(db: Any, writer: str) -> tuple[int, int]:
    row = db.execute("SELECT number, next FROM reader WHERE writer = ?", (writer,)).fetchone()
    if row is None:
        row = db.execute("INSERT INTO reader (writer, next) VALUES (?, 0) RETURNING number, next", (writer,)).fetchone()
    return row[0], row[1]


def _put(db: Any, reader: int, found: Sequence[Found]) -> None:
    """All by place, marks by day and key: what is near in the file is written together."""
    last: dict[Series, int] = {}
    for each in found:
        last[each.series] = max(last.get(each.series, 0), each.place)
    number = {series: _series(db, series, place) for series, place in last.items()}
    marks = []
    for each in found:
        place, standing = _standing(db, each.exchange, each.place)
        if standing:
            query = """UPDATE exchange SET series = ?, asked = coalesce(?, asked), answered = coalesce(?, answered),
                micros = coalesce(?, micros), attempts = max(?, attempts) WHERE place = ?"""
            db.execute(query, (number[each.series], each.asked, each.answered, each.micros, each.attempts, place))
        else:
            correlation = None if each.correlation == each.exchange else each.correlation
            db.execute(
                "INSERT INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (place, number[each.series], each.exchange, correlation, reader, each.asked, each.answered, each.micros,
                 each.attempts),
            )  # fmt: skip
        marks += [(day_of(place), mark, place) for mark in each.marks]
    db.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?, ?)", sorted(marks))


def _series(db: Any, series: Series, place: int) -> int:
    query = f"""INSERT INTO series ({_SERIES}, last) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT ({_SERIES}) DO UPDATE SET last = max(last, excluded.last) RETURNING number"""
    return int(db.execute(query, (*series, place)).fetchone()[0])


def _standing(db: Any, exchange: str, place: int) -> tuple[int, bool]:
    """Its place, or the free one next to where others stand already; and whether it stands there."""
    while True:
        row = db.execute("SELECT exchange FROM exchange WHERE place = ?", (place,)).fetchone()
        if row is None or row[0] == exchange:
            return place, row is not None
        place += 1


# -- reading -----------------------------------------------------------------------------------------------------------


def _merged(db: Any, chosen: Sequence[tuple[int, int]], least: int, most: int, limit: int) -> list[Any]:
    places = None
    if len(chosen) > BROAD:
        query = "SELECT place, series FROM exchange WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT ?"
        places = glanced(db.execute(query, (least, most, GLANCE)), {number for number, _ in chosen}, limit)
    if places is None:
        places = _of_series(db, chosen, least, most, limit)
    query = f"SELECT {_SHOWN} FROM exchange e WHERE place = ?"
    return [db.execute(query, (place,)).fetchone() for place in places]


def _of_series(db: Any, chosen: Sequence[tuple[int, int]], least: int, most: int, limit: int) -> list[int]:
    newest = Newest(limit)
    query = "SELECT place FROM exchange WHERE series = ? AND place >= ? AND place < ? ORDER BY place DESC LIMIT ?"
    for series, last in chosen:
        least = newest.least(least)
        if last < least:
            break  # they come by their last: none of the others reaches up here
        for (place,) in db.execute(query, (series, least, most, limit)):
            if not newest.put(place):
                break
    return sorted(newest.best, reverse=True)


def _marked(
    db: Any, marks: Sequence[bytes], series: Sequence[int] | None, least: int, most: int, limit: int
) -> list[Any]:
    """Day by day backwards, until there are enough."""
    ends = db.execute("SELECT (SELECT min(place) FROM exchange), (SELECT max(place) FROM exchange)").fetchone()
    if ends[0] is None:
        return []
    also = " AND EXISTS (SELECT 1 FROM mark o WHERE o.day = m.day AND o.key = ? AND o.place = m.place)" * (
        len(marks) - 1
    )
    within = "" if series is None else f" AND e.series IN ({', '.join(map(str, series)) or 'NULL'})"
    query = f"""SELECT {_SHOWN} FROM mark m CROSS JOIN exchange e ON e.place = m.place
        WHERE m.day = ? AND m.key = ? AND m.place >= ? AND m.place < ?{also}{within} ORDER BY m.place DESC LIMIT ?"""
    rows: list[Any] = []
    for day in range(day_of(min(most, ends[1])), day_of(max(least, ends[0])) - 1, -1):
        rows += db.execute(query, (day, marks[0], least, most, *marks[1:], limit - len(rows))).fetchall()
        if len(rows) >= limit:
            break
    return rows


def _shown(db: Any, rows: Sequence[Any]) -> list[ExchangeRow]:
    known: dict[int, Series] = {}
    for row in rows:
        if row[-1] not in known:
            known[row[-1]] = db.execute(f"SELECT {_SERIES} FROM series WHERE number = ?", (row[-1],)).fetchone()
    return [row_of(row[:-1], known[row[-1]]) for row in rows]
