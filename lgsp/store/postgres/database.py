"""The PostgreSQL server behind a bounded pool: nothing waits for ever, and what the server cannot do is `StoreFailed`.

A connection that was lost, timed out or left in the middle is thrown away, never reused; the next work opens another, so
the store recovers by itself when the server is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from lgsp.crash import crash_point
from lgsp.store.port import StoreFailed

T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]
"""A function of a connection, inside a transaction, that may run twice. Untyped: a column is what its table says."""

_WAITING = 20_000
_TRIES = 3
"""Of a transaction that the server breaks off to end a deadlock: it is as if the earlier ones had never been."""

_SERVER = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InvalidCatalogNameError,
)
"""What the server or the way to it refuses. Anything else that it raises is a defect of our statements and stays itself."""


@contextmanager
def told() -> Iterator[None]:
    """The server's refusals as `StoreFailed`: the class's name says what broke, its text may quote a value."""
    try:
        yield
    except _SERVER as error:
        if isinstance(error, ValueError):  # asyncpg's own word for a value of the wrong type
            raise
        raise StoreFailed(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is."""

    url: str = field(repr=False)
    pool: int = 8
    seconds: float = 2.0
    """Longest that one work may take, waiting for a connection included."""

    async def connect(self, *, slow: bool = False) -> Any:
        """A connection of its own. `slow` is for migrations, which may take their time, but not for ever."""
        limit = 600.0 if slow else self.seconds
        with told():
            return await asyncpg.connect(
                self.url, timeout=self.seconds, command_timeout=limit + 1, server_settings=_session(limit)
            )


class Database:
    """Open it with `opened`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._pool: Any = None
        self._waiting = 0

    @classmethod
    async def opened(cls, address: Address) -> Database:
        database = cls(address)
        with told():
            database._pool = await asyncpg.create_pool(
                address.url, min_size=1, max_size=address.pool, timeout=address.seconds,
                command_timeout=address.seconds + 1, server_settings=_session(address.seconds), reset=_as_it_is,
            )  # fmt: skip
        return database

    async def write(self, work: Work[T]) -> T:
        """One transaction, durable when it returns."""
        with told():
            for _ in range(_TRIES - 1):
                try:
                    return await self._written(work)
                except asyncpg.TransactionRollbackError:
                    continue
            return await self._written(work)

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """One statement, reading or writing: a transaction of its own."""
        with told():
            async with self._connection() as connection:
                rows: list[Any] = await connection.fetch(query, *values)
                return rows

    async def row(self, query: str, *values: Any) -> Any:
        with told():
            async with self._connection() as connection:
                return await connection.fetchrow(query, *values)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(self._address.seconds):
                    await pool.close()
            except _SERVER:
                pool.terminate()

    @property
    def waiting(self) -> tuple[int, int]:
        """Works that wait for a connection or are under way, and how many may."""
        return self._waiting, _WAITING

    async def _written(self, work: Work[T]) -> T:
        async with self._connection() as connection:
            await connection.execute("BEGIN")
            value = await work(connection)
            crash_point("store.before-commit")
            await connection.execute("COMMIT")
            crash_point("store.after-commit")
            return value

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        pool = self._pool
        if pool is None or self._waiting >= _WAITING:
            raise StoreFailed("closed" if pool is None else "too many works are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._address.seconds):
                connection = await pool.acquire(timeout=self._address.seconds)
                try:
                    yield connection
                except BaseException as error:
                    await _cleaned(connection, error)
                    raise
                finally:
                    await pool.release(connection)
        finally:
            self._waiting -= 1


async def _cleaned(connection: Any, error: BaseException) -> None:
    """After an answer of the server the connection can be used again; after a silence nobody knows how far it came."""
    if isinstance(error, Exception) and not connection.is_closed():
        if not connection.is_in_transaction():
            return
        with suppress(*_SERVER):
            await connection.execute("ROLLBACK")
            return
    connection.terminate()


async def _as_it_is(_: Any) -> None:
    """No work of ours changes its session, so there is nothing to set back between two of them."""


def _session(limit: float) -> dict[str, str]:
    milliseconds = str(int(limit * 1000))
    return {
        "application_name": "lgsp",
        "timezone": "UTC",
        "synchronous_commit": "on",  # RULES 1, 2: durable when it returns, whatever the server's own default
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": "10000",
        "tcp_keepalives_idle": "2",  # a node without power is missed within seconds
        "tcp_keepalives_interval": "1",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "5000",
    }
