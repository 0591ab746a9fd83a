"""Which store an installation has: the embedded one of its data folder, or one PostgreSQL database of many nodes."""

from __future__ import annotations

import os
from pathlib import Path

from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store.port import Store, StoreRefused
from lgsp.store.sqlite import open_store as open_embedded


async def open_store(
    where: Path | None,
    runtime: Runtime,
    *,
    inline: bool = False,
    writer: str = "w0",
    settings: StoreSettings | None = None,
) -> Store:
    """The store that `settings.url` names; without one that of the data folder, and without a folder one in memory.

    `inline` commits on the loop, for the simulated world. Raises `StoreBusy` where another process owns the folder or the
    writer's chain, `StoreRefused` where the database cannot be used, `MigrationError` where a newer version has made it.
    """
    if settings is None or not settings.url or where is None:
        journal = settings.journal if settings is not None else None
        return await open_embedded(where, runtime, inline=inline, writer=writer, journal=journal)
    try:
        from lgsp.store.postgres import open_postgres
    except ImportError as error:
        raise StoreRefused("store.url needs the extra `postgres`: pip install 'lgsp[postgres]'") from error
    name = settings.node or os.uname().nodename
    return await open_postgres(where, runtime, settings, name=name, worker=writer)
