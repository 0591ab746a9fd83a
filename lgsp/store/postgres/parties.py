"""Who may call and who may look: consumers with their secrets, grants, tokens, operators. PostgreSQL's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lgsp.model import Consumer, Grant
from lgsp.runtime import Clock
from lgsp.store.columns import from_text, to_text
from lgsp.store.port import OperatorRecord, SecretKind, SecretRecord, TokenRecord
from lgsp.store.postgres.database import Database

_SECRET = "SELECT consumer, kind, key_id, hash, created, expires FROM secret"  # noqa: S105  a query
_TOKEN = "SELECT hash, consumer, scope, expires FROM token"  # noqa: S105  a query
_OPERATOR = "SELECT name, role, hash, created, active FROM operator"


@dataclass(frozen=True, slots=True)
class PostgresConsumers:
    database: Database

    async def put(self, consumer: Consumer) -> None:
        await self.database.fetch(
            "INSERT INTO consumer VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            consumer.id, to_text(consumer),
        )  # fmt: skip

    async def get(self, consumer: str) -> Consumer | None:
        row = await self.database.row("SELECT record FROM consumer WHERE id = $1", consumer)
        return None if row is None else from_text(row["record"], Consumer)

    async def all(self) -> list[Consumer]:
        rows = await self.database.fetch("SELECT record FROM consumer ORDER BY id")
        return [from_text(row["record"], Consumer) for row in rows]

    async def put_secret(self, secret: SecretRecord) -> None:
        await self.database.fetch(
            "INSERT INTO secret VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, key_id) DO UPDATE SET"
            " consumer = excluded.consumer, hash = excluded.hash, created = excluded.created, expires = excluded.expires",
            secret.kind, secret.key_id, secret.consumer, secret.hash, secret.created, secret.expires,
        )  # fmt: skip

    async def by_key(self, kind: SecretKind, key_id: str) -> SecretRecord | None:
        row = await self.database.row(f"{_SECRET} WHERE kind = $1 AND key_id = $2", kind, key_id)
        return None if row is None else SecretRecord(*row)

    async def secrets(self, consumer: str | None = None) -> list[SecretRecord]:
        rows = await self.database.fetch(
            f"{_SECRET} WHERE $1::text IS NULL OR consumer = $1 ORDER BY consumer, kind, created", consumer
        )
        return [SecretRecord(*row) for row in rows]

    async def revoke(self, kind: SecretKind, key_id: str) -> bool:
        return bool(
            await self.database.fetch("DELETE FROM secret WHERE kind = $1 AND key_id = $2 RETURNING 1", kind, key_id)
        )


@dataclass(frozen=True, slots=True)
class PostgresGrants:
    database: Database

    async def put(self, grant: Grant) -> None:
        await self.database.fetch(
            "INSERT INTO grants VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (consumer, system, operation) DO UPDATE SET record = excluded.record",
            grant.consumer, grant.system, grant.operation, to_text(grant),
        )  # fmt: skip

    async def of(self, consumer: str) -> list[Grant]:
        rows = await self.database.fetch(
            "SELECT record FROM grants WHERE consumer = $1 ORDER BY system, operation", consumer
        )
        return [from_text(row["record"], Grant) for row in rows]

    async def all(self) -> list[Grant]:
        rows = await self.database.fetch("SELECT record FROM grants ORDER BY consumer, system, operation")
        return [from_text(row["record"], Grant) for row in rows]

    async def delete(self, consumer: str, system: str, operation: str) -> bool:
        return bool(
            await self.database.fetch(
                "DELETE FROM grants WHERE consumer = $1 AND system = $2 AND operation = $3 RETURNING 1",
                consumer, system, operation,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostgresTokens:
    database: Database
    clock: Clock

    async def put(self, hash: bytes, consumer: str, scope: str, expires: datetime) -> None:  # noqa: A002  the word for it
        now = self.clock.now()

        async def work(db: Any) -> None:
            await db.execute(
                "DELETE FROM token WHERE hash IN"
                " (SELECT hash FROM token WHERE expires <= $1 ORDER BY hash LIMIT 1000 FOR UPDATE SKIP LOCKED)",
                now,
            )
            await db.execute(
                "INSERT INTO token VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO UPDATE SET"
                " consumer = excluded.consumer, scope = excluded.scope, expires = excluded.expires",
                hash, consumer, scope, expires,
            )  # fmt: skip

        await self.database.write(work)

    async def get(self, hash: bytes) -> TokenRecord | None:  # noqa: A002
        row = await self.database.row(f"{_TOKEN} WHERE hash = $1", hash)
        return None if row is None else TokenRecord(*row)

    async def revoke(self, hash: bytes) -> bool:  # noqa: A002
        return bool(await self.database.fetch("DELETE FROM token WHERE hash = $1 RETURNING 1", hash))

    async def live_for(self, consumer: str) -> list[TokenRecord]:
        rows = await self.database.fetch(
            f"{_TOKEN} WHERE consumer = $1 AND expires > $2 ORDER BY expires", consumer, self.clock.now()
        )
        return [TokenRecord(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class PostgresOperators:
    database: Database

    async def put(self, operator: OperatorRecord) -> None:
        await self.database.fetch(
            "INSERT INTO operator VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET role = excluded.role,"
            " hash = excluded.hash, created = excluded.created, active = excluded.active",
            operator.user, operator.role, operator.hash, operator.created, operator.active,
        )  # fmt: skip

    async def get(self, user: str) -> OperatorRecord | None:
        row = await self.database.row(f"{_OPERATOR} WHERE name = $1", user)
        return None if row is None else OperatorRecord(*row)

    async def all(self) -> list[OperatorRecord]:
        return [OperatorRecord(*row) for row in await self.database.fetch(f"{_OPERATOR} ORDER BY name")]

    async def disable(self, user: str) -> bool:
        return bool(await self.database.fetch("UPDATE operator SET active = false WHERE name = $1 RETURNING 1", user))
