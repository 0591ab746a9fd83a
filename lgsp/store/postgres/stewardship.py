"""What people decide about whole systems: maintenance windows, proposals for another stage. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lgsp.store.port.stewardship import MaintenanceRecord, ProposalRecord
from lgsp.store.postgres.database import Database

_WINDOW = "id, system, begins, ends, reason, by, decided, past, closed, closed_by"
_PROPOSAL = "id, system, stage, decision, reason, documents, by, proposed, state, closed, closed_by"
_LEFT = "dossier, document, signature"


@dataclass(frozen=True, slots=True)
class PostgresStewardship:
    database: Database

    async def add_maintenance(self, record: MaintenanceRecord) -> None:
        await self.database.fetch(
            f"INSERT INTO maintenance ({_WINDOW}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",  # noqa: S608  columns of this module
            record.id, record.system, record.begins, record.ends, record.reason, record.by, record.decided, record.past,
            record.closed, record.closed_by,
        )  # fmt: skip

    async def close_maintenance(self, name: str, at: datetime, by: str) -> bool:
        return bool(
            await self.database.fetch(
                "UPDATE maintenance SET closed = $2, closed_by = $3"
                " WHERE id = $1 AND closed IS NULL AND NOT past RETURNING 1",
                name, at, by,
            )
        )  # fmt: skip

    async def maintenance(self, since: datetime) -> list[MaintenanceRecord]:
        rows = await self.database.fetch(
            f"SELECT {_WINDOW} FROM maintenance WHERE ends > $1 ORDER BY begins, id",  # noqa: S608  as above
            since,
        )
        return [MaintenanceRecord(*row) for row in rows]

    async def propose(self, record: ProposalRecord) -> bool:
        rows = await self.database.fetch(
            f"INSERT INTO stage_proposal ({_PROPOSAL}, {_LEFT})"  # noqa: S608  as above
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '', '', '', '') ON CONFLICT DO NOTHING RETURNING 1",
            record.id, record.system, record.stage, record.decision, record.reason, record.documents, record.by,
            record.proposed, record.state,
        )  # fmt: skip
        return bool(rows)

    async def close_proposal(self, record: ProposalRecord) -> bool:
        rows = await self.database.fetch(
            "UPDATE stage_proposal SET state = $2, closed = $3, closed_by = $4, dossier = $5, document = $6, signature = $7"
            " WHERE id = $1 AND state = 'open' RETURNING 1",
            record.id, record.state, record.closed, record.closed_by, record.dossier, record.document, record.signature,
        )  # fmt: skip
        return bool(rows)

    async def proposal(self, name: str) -> ProposalRecord | None:
        row = await self.database.row(
            f"SELECT {_PROPOSAL}, {_LEFT} FROM stage_proposal WHERE id = $1",  # noqa: S608  as above
            name,
        )
        return ProposalRecord(*row) if row is not None else None

    async def proposals(self, system: str | None, limit: int) -> list[ProposalRecord]:
        rows = await self.database.fetch(
            f"SELECT {_PROPOSAL} FROM stage_proposal WHERE $1::text IS NULL OR system = $1"  # noqa: S608  as above
            " ORDER BY proposed DESC, id LIMIT $2",
            system,
            limit,
        )
        return [ProposalRecord(*row) for row in rows]
