"""What is proposed about submissions and decided by a second person. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from lgsp.store.port.corrections import CorrectionRecord
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment, optional_moment
from lgsp.store.sqlite.database import Database

_COLUMNS = "id, submission, kind, reason, paths, by, proposed, {}, state, closed, closed_by, became"
_LISTED, _WHOLE = _COLUMNS.format("x''"), _COLUMNS.format("sealed")


@dataclass(frozen=True, slots=True)
class SqliteCorrections:
    database: Database

    async def propose(self, record: CorrectionRecord) -> bool:
        row = (
            record.id, record.submission, record.kind, record.reason, record.paths, record.by, moment(record.proposed),
            record.sealed, record.state, None, "", "",
        )  # fmt: skip

        def work(db: Any) -> bool:
            try:
                db.execute("INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).fetchall()
            except apsw.ConstraintError:
                return False
            return True

        return bool(await self.database.write(work))

    async def close(self, record: CorrectionRecord) -> bool:
        sql = (
            "UPDATE correction SET state = ?, closed = ?, closed_by = ?, became = ?, sealed = x''"
            " WHERE id = ? AND state = 'open' RETURNING 1"
        )
        values = (record.state, optional_moment(record.closed), record.closed_by, record.became, record.id)
        return bool(await self.database.write(lambda db: db.execute(sql, values).fetchall()))

    async def one(self, name: str) -> CorrectionRecord | None:
        found = await self._rows(f"SELECT {_WHOLE} FROM correction WHERE id = ?", name)  # noqa: S608  columns of this module
        return found[0] if found else None

    async def of(self, submission: str) -> list[CorrectionRecord]:
        return await self._rows(
            f"SELECT {_LISTED} FROM correction WHERE submission = ? ORDER BY proposed DESC, id",  # noqa: S608  as above
            submission,
        )

    async def open(self, limit: int) -> list[CorrectionRecord]:
        return await self._rows(
            f"SELECT {_LISTED} FROM correction WHERE state = 'open' ORDER BY proposed, id LIMIT ?",  # noqa: S608  as above
            limit,
        )

    async def _rows(self, sql: str, value: str | int) -> list[CorrectionRecord]:
        rows = await self.database.read(lambda db: db.execute(sql, (value,)).fetchall())
        return [
            CorrectionRecord(
                name, submission, kind, reason, paths, by, from_moment(proposed), sealed, state,
                optional_from_moment(closed), closed_by, became,
            )
            for name, submission, kind, reason, paths, by, proposed, sealed, state, closed, closed_by, became in rows
        ]  # fmt: skip
