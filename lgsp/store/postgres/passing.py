"""A place that passes, in an empty database: for a rehearsal, which leaves nothing and can meet nobody's records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lgsp.store.port import StoreFailed, StoreRefused
from lgsp.store.postgres.database import Address, told

_SCHEMA = "lgsp_drill"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', $1)"


@asynccontextmanager
async def passing(url: str) -> AsyncIterator[str]:
    """The address of a schema of its own, gone at the end. What one that was cut off has left goes first.

    Raises `StoreRefused` where the database has tables: it may be somebody's.
    """
    try:
        await _made(url)
    except StoreFailed as error:
        raise StoreRefused(f"the database cannot be reached: {error}") from error
    try:
        yield f"{url}{'&' if '?' in url else '?'}search_path={_SCHEMA}"
    finally:
        await _run(url, f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")


async def _made(url: str) -> None:
    connection = await Address(url).connect(slow=True)
    try:
        with told():
            if count := await connection.fetchval(_TABLES, _SCHEMA):
                raise StoreRefused(f"the database has {count} tables: a rehearsal wants an empty one")
    finally:
        connection.terminate()
    await _run(url, f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE; CREATE SCHEMA {_SCHEMA}")


async def _run(url: str, script: str) -> None:
    connection = await Address(url).connect(slow=True)
    try:
        with told():
            await connection.execute(script)
    finally:
        connection.terminate()
