"""What people decide about whole systems: maintenance windows, proposals for another stage. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import apsw

from lgsp.store.port.stewardship import MaintenanceRecord, ProposalRecord
from lgsp.store.sqlite.columns import from_moment, moment, optional_from_moment, optional_moment
from lgsp.store.sqlite.database import Database

_WINDOW = "id, system, begins, ends, reason, by, decided, past, closed, closed_by"
_PROPOSAL = "id, system, stage, decision, reason, documents, by, proposed, state, closed, closed_by"
_LEFT = "dossier, document, signature"


@dataclass(frozen=True, slots=True)
class SqliteStewardship:
    database: Database

    async def add_maintenance(self, record: MaintenanceRecord) -> None:
        row = (
            record.id, record.system, moment(record.begins), moment(record.ends), record.reason, record.by,
            moment(record.decided), int(record.past), optional_moment(record.closed), record.closed_by,
        )  # fmt: skip
        await self.database.write(
            lambda db: db.execute("INSERT INTO maintenance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).fetchall()
        )

    async def close_maintenance(self, name: str, at: datetime, by: str) -> bool:
        sql = (
            "UPDATE maintenance SET closed = ?, closed_by = ? WHERE id = ? AND closed IS NULL AND past = 0 RETURNING 1"
        )
        values = (moment(at), by, name)
        return bool(await self.database.write(lambda db: db.execute(sql, values).fetchall()))

    async def maintenance(self, since: datetime) -> list[MaintenanceRecord]:
        sql = f"SELECT {_WINDOW} FROM maintenance WHERE ends > ? ORDER BY begins, id"  # noqa: S608  columns of this module
        rows = await self.database.read(lambda db: db.execute(sql, (moment(since),)).fetchall())
        return [
            MaintenanceRecord(
                name, system, from_moment(begins), from_moment(ends), reason, by, from_moment(decided), bool(past),
                optional_from_moment(closed), closed_by,
            )
            for name, system, begins, ends, reason, by, decided, past, closed, closed_by in rows
        ]  # fmt: skip

    async def propose(self, record: ProposalRecord) -> bool:
        row = (
            record.id, record.system, record.stage, record.decision, record.reason, record.documents, record.by,
            moment(record.proposed), record.state, None, "", b"", b"", b"",
        )  # fmt: skip

        def work(db: Any) -> bool:
            try:
                db.execute(
                    "INSERT INTO stage_proposal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
                ).fetchall()
            except apsw.ConstraintError:
                return False
            return True

        return bool(await self.database.write(work))

    async def close_proposal(self, record: ProposalRecord) -> bool:
        sql = (
            "UPDATE stage_proposal SET state = ?, closed = ?, closed_by = ?, dossier = ?, document = ?, signature = ?"
            " WHERE id = ? AND state = 'open' RETURNING 1"
        )
        values = (
            record.state, optional_moment(record.closed), record.closed_by, record.dossier, record.document,
            record.signature, record.id,
        )  # fmt: skip
        return bool(await self.database.write(lambda db: db.execute(sql, values).fetchall()))

    async def proposal(self, name: str) -> ProposalRecord | None:
        sql = f"SELECT {_PROPOSAL}, {_LEFT} FROM stage_proposal WHERE id = ?"  # noqa: S608  columns of this module
        row = await self.database.read(lambda db: db.execute(sql, (name,)).fetchone())
        return _proposal(*row) if row else None

    async def proposals(self, system: str | None, limit: int) -> list[ProposalRecord]:
        where = "WHERE system = ?" if system is not None else ""
        sql = f"SELECT {_PROPOSAL} FROM stage_proposal {where} ORDER BY proposed DESC, id LIMIT ?"  # noqa: S608  as above
        values = (system, limit) if system is not None else (limit,)
        return [_proposal(*row) for row in await self.database.read(lambda db: db.execute(sql, values).fetchall())]


def _proposal(
    name: str, system: str, stage: str, decision: str, reason: str, documents: str, by: str, proposed: int, state: Any,
    closed: int | None, closed_by: str, *left: bytes,
) -> ProposalRecord:  # fmt: skip
    return ProposalRecord(
        name, system, stage, decision, reason, documents, by, from_moment(proposed), state, optional_from_moment(closed),
        closed_by, *left,
    )  # fmt: skip
