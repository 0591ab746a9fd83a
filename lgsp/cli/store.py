"""`lgsp store`: from the embedded store to PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from lgsp.cli.backup import own_keys, refusals
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, table
from lgsp.cli.place import loaded


@click.group()
def store() -> None:
    """Where the records are."""


@store.command()
@click.option("--to", "url", help="postgresql://user:password@host:port/database; empty, and ours.")
@click.option(
    "--to-file", "file", type=click.File("r", encoding="utf-8"), help="The same in a file, so that no password is seen."
)
@data_option
@json_option
def move(url: str | None, file: Any, data: Path | None, *, as_json_: bool) -> None:
    """All records and chains of the data folder into PostgreSQL; the folder stays as it is, and is marked as moved.

    Beside a running bus the chains come as far as they are, then it says what to do: stop the bus, run this again (the pause),
    set store.url, start. Cut off at any moment, it is simply run again.
    """
    import asyncio

    from lgsp.runtime import SystemClock
    from lgsp.store import StoreRefused

    settings = loaded(data=data).settings
    if (url is None) == (file is None):
        refuse("where to: --to URL or --to-file FILE", Exit.USAGE)
    address = url if url is not None else str(file.read()).strip()
    with refusals():
        try:
            from lgsp.store.postgres.moving import move as moved_to
        except ImportError as error:
            raise StoreRefused("PostgreSQL needs the extra `postgres`: pip install 'lgsp[postgres]'") from error
        keys = own_keys(settings)
        moved = asyncio.run(moved_to(settings.data, address, keys, _shown(address), SystemClock()))
    entries = ", ".join(f"{name} {count}" for name, count in moved.entries.items()) or "none"
    if as_json_:
        as_json({"done": moved.done, "entries": moved.entries, "tables": moved.tables, "pause": round(moved.pause, 2)})
    elif moved.done:
        click.echo(f"moved: entries {entries}; {sum(moved.tables.values())} records; pause {moved.pause:.1f} s")
        click.echo(
            "set store.url (docs/backup.md) and start; the folder keeps keys/, trust/ and the records as they were"
        )
    else:
        click.echo(f"so far: entries {entries}. The bus is running: stop it, run this again, set store.url, start it")


@store.command()
@data_option
@json_option
def schema(data: Path | None, *, as_json_: bool) -> None:
    """What this version will change in the records at its next start, and whether one can go back from it. Changes nothing."""
    from lgsp.store.sqlite.outlook import outlook

    settings = loaded(data=data).settings
    if settings.store.url:
        refuse("of a data folder; a database takes the same numbers: docs/decisions/upgrade.md", Exit.USAGE)
    with refusals():
        rows = outlook(settings.data)
    if as_json_:
        as_json([row.as_dict() for row in rows])
        return
    table(("database", "holds", "comes", "back"), [(row.database, str(row.holds), row.comes, row.back) for row in rows])


def _shown(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
