"""What is proposed about submissions and decided by a second person. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass

from lgsp.store.port.corrections import CorrectionRecord
from lgsp.store.postgres.database import Database

_COLUMNS = "id, submission, kind, reason, paths, by, proposed, {}, state, closed, closed_by, became"
_LISTED, _WHOLE = _COLUMNS.format("''::bytea"), _COLUMNS.format("sealed")


@dataclass(frozen=True, slots=True)
class PostgresCorrections:
    database: Database

    async def propose(self, record: CorrectionRecord) -> bool:
        rows = await self.database.fetch(
            "INSERT INTO correction VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '', '')"
            " ON CONFLICT DO NOTHING RETURNING 1",
            record.id, record.submission, record.kind, record.reason, record.paths, record.by, record.proposed,
            record.sealed, record.state,
        )  # fmt: skip
        return bool(rows)

    async def close(self, record: CorrectionRecord) -> bool:
        rows = await self.database.fetch(
            "UPDATE correction SET state = $2, closed = $3, closed_by = $4, became = $5, sealed = ''"
            " WHERE id = $1 AND state = 'open' RETURNING 1",
            record.id, record.state, record.closed, record.closed_by, record.became,
        )  # fmt: skip
        return bool(rows)

    async def one(self, name: str) -> CorrectionRecord | None:
        row = await self.database.row(
            f"SELECT {_WHOLE} FROM correction WHERE id = $1",  # noqa: S608  columns of this module
            name,
        )
        return CorrectionRecord(*row) if row is not None else None

    async def of(self, submission: str) -> list[CorrectionRecord]:
        rows = await self.database.fetch(
            f"SELECT {_LISTED} FROM correction WHERE submission = $1 ORDER BY proposed DESC, id",  # noqa: S608  as above
            submission,
        )
        return [CorrectionRecord(*row) for row in rows]

    async def open(self, limit: int) -> list[CorrectionRecord]:
        rows = await self.database.fetch(
            f"SELECT {_LISTED} FROM correction WHERE state = 'open' ORDER BY proposed, id LIMIT $1",  # noqa: S608  as above
            limit,
        )
        return [CorrectionRecord(*row) for row in rows]
