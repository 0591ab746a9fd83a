"""Who may call and who may look: consumers with their secrets, grants, tokens, operators. SQLite's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.model import Consumer, Grant
from lgsp.runtime import Clock
from lgsp.store.port import OperatorRecord, SecretKind, SecretRecord, TokenRecord
from lgsp.store.sqlite.columns import from_moment, from_text, moment, optional_from_moment, optional_moment, to_text
from lgsp.store.sqlite.database import Database

_SECRET = "SELECT consumer, kind, key_id, hash, created, expires FROM secret"  # noqa: S105  a query
_TOKEN = "SELECT hash, consumer, scope, expires FROM token"  # noqa: S105  a query
_OPERATOR = "SELECT name, role, hash, created, active FROM operator"


@dataclass(frozen=True, slots=True)
class SqliteConsumers:
    database: Database

    async def put(self, consumer: Consumer) -> None:
        row = (consumer.id, to_text(consumer))
        await self.database.write(
            lambda db: db.execute(
                "INSERT INTO consumer VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record", row
            ).fetchall()
        )

    async def get(self, consumer: str) -> Consumer | None:
        row = await self.database.read(
            lambda db: db.execute("SELECT record FROM consumer WHERE id = ?", (consumer,)).fetchone()
        )
        return None if row is None else from_text(row[0], Consumer)

    async def all(self) -> list[Consumer]:
        rows = await self.database.read(lambda db: db.execute("SELECT record FROM consumer ORDER BY id").fetchall())
        return [from_text(record, Consumer) for (record,) in rows]

    async def put_secret(self, secret: SecretRecord) -> None:
        row = (secret.kind, secret.key_id, secret.consumer, secret.hash)
        dates = (moment(secret.created), optional_moment(secret.expires))
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO secret VALUES (?, ?, ?, ?, ?, ?)", row + dates).fetchall()
        )

    async def by_key(self, kind: SecretKind, key_id: str) -> SecretRecord | None:
        row = await self.database.read(
            lambda db: db.execute(f"{_SECRET} WHERE kind = ? AND key_id = ?", (kind, key_id)).fetchone()
        )
        return None if row is None else _secret(row)

    async def secrets(self, consumer: str | None = None) -> list[SecretRecord]:
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_SECRET} WHERE ?1 IS NULL OR consumer = ?1 ORDER BY consumer, kind, created", (consumer,)
            ).fetchall()
        )
        return [_secret(row) for row in rows]

    async def revoke(self, kind: SecretKind, key_id: str) -> bool:
        rows = await self.database.write(
            lambda db: db.execute(
                "DELETE FROM secret WHERE kind = ? AND key_id = ? RETURNING 1", (kind, key_id)
            ).fetchall()
        )
        return bool(rows)


@dataclass(frozen=True, slots=True)
class SqliteGrants:
    database: Database

    async def put(self, grant: Grant) -> None:
        row = (grant.consumer, grant.system, grant.operation, to_text(grant))
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?)", row).fetchall()
        )

    async def of(self, consumer: str) -> list[Grant]:
        rows = await self.database.read(
            lambda db: db.execute(
                "SELECT record FROM grants WHERE consumer = ? ORDER BY system, operation", (consumer,)
            ).fetchall()
        )
        return [from_text(record, Grant) for (record,) in rows]

    async def all(self) -> list[Grant]:
        rows = await self.database.read(
            lambda db: db.execute("SELECT record FROM grants ORDER BY consumer, system, operation").fetchall()
        )
        return [from_text(record, Grant) for (record,) in rows]

    async def delete(self, consumer: str, system: str, operation: str) -> bool:
        key = (consumer, system, operation)
        rows = await self.database.write(
            lambda db: db.execute(
                "DELETE FROM grants WHERE consumer = ? AND system = ? AND operation = ? RETURNING 1", key
            ).fetchall()
        )
        return bool(rows)


@dataclass(frozen=True, slots=True)
class SqliteTokens:
    database: Database
    clock: Clock

    async def put(self, hash: bytes, consumer: str, scope: str, expires: datetime) -> None:  # noqa: A002  the word for it
        row = (hash, consumer, scope, moment(expires))
        now = moment(self.clock.now())

        def work(db: Any) -> None:
            db.execute("DELETE FROM token WHERE expires <= ?", (now,))
            db.execute("INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)", row)

        await self.database.write(work)

    async def get(self, hash: bytes) -> TokenRecord | None:  # noqa: A002
        row = await self.database.read(lambda db: db.execute(f"{_TOKEN} WHERE hash = ?", (hash,)).fetchone())
        return None if row is None else TokenRecord(row[0], row[1], row[2], from_moment(row[3]))

    async def revoke(self, hash: bytes) -> bool:  # noqa: A002
        rows = await self.database.write(
            lambda db: db.execute("DELETE FROM token WHERE hash = ? RETURNING 1", (hash,)).fetchall()
        )
        return bool(rows)

    async def live_for(self, consumer: str) -> list[TokenRecord]:
        now = moment(self.clock.now())
        rows = await self.database.read(
            lambda db: db.execute(
                f"{_TOKEN} WHERE consumer = ? AND expires > ? ORDER BY expires", (consumer, now)
            ).fetchall()
        )
        return [TokenRecord(row[0], row[1], row[2], from_moment(row[3])) for row in rows]


@dataclass(frozen=True, slots=True)
class SqliteOperators:
    database: Database

    async def put(self, operator: OperatorRecord) -> None:
        row = (operator.user, operator.role, operator.hash, moment(operator.created), int(operator.active))
        await self.database.write(
            lambda db: db.execute("INSERT OR REPLACE INTO operator VALUES (?, ?, ?, ?, ?)", row).fetchall()
        )

    async def get(self, user: str) -> OperatorRecord | None:
        row = await self.database.read(lambda db: db.execute(f"{_OPERATOR} WHERE name = ?", (user,)).fetchone())
        return None if row is None else _operator(row)

    async def all(self) -> list[OperatorRecord]:
        rows = await self.database.read(lambda db: db.execute(f"{_OPERATOR} ORDER BY name").fetchall())
        return [_operator(row) for row in rows]

    async def disable(self, user: str) -> bool:
        rows = await self.database.write(
            lambda db: db.execute("UPDATE operator SET active = 0 WHERE name = ? RETURNING 1", (user,)).fetchall()
        )
        return bool(rows)


def _secret(row: Any) -> SecretRecord:
    consumer, kind, key_id, digest, created, expires = row
    return SecretRecord(consumer, kind, key_id, digest, from_moment(created), optional_from_moment(expires))


def _operator(row: Any) -> OperatorRecord:
    name, role, digest, created, active = row
    return OperatorRecord(name, role, digest, from_moment(created), bool(active))
