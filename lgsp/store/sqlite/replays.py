"""Signed messages count once: what was admitted, durably. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.store.sqlite.columns import moment
from lgsp.store.sqlite.database import Database


@dataclass(frozen=True, slots=True)
class SqliteReplays:
    database: Database

    async def admit(self, key: bytes, now: datetime, until: datetime) -> bool:
        """Look and remember are one transaction; what is over goes with it."""

        def work(db: Any) -> bool:
            db.execute("DELETE FROM replay WHERE until <= ?", (moment(now),))
            row = (key, moment(until))
            return bool(db.execute("INSERT OR IGNORE INTO replay VALUES (?, ?) RETURNING 1", row).fetchall())

        return await self.database.write(work)
