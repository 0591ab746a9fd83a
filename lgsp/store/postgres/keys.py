"""The keys of many nodes: the same in all of them, which a fingerprint in the database makes sure of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from lgsp.runtime import Ids
from lgsp.store.columns import to_text
from lgsp.store.keys import Keys, fingerprints, folder_keys, keys_from, load_keys, strangers, written_keys
from lgsp.store.port import StoreRefused
from lgsp.store.postgres.database import told
from lgsp.store.postgres.locks import MIGRATIONS

_NAME = "keys"


async def shared_keys(connection: Any, folder: Path, text: str, ids: Ids) -> Keys:
    """Of the secret `text`, else of the folder. The first node of an empty database makes them; every other one must bring
    the same, or is refused before it can write what nobody else could read. Raises `StoreRefused`."""
    try:
        own = written_keys(text) if text else folder_keys(folder)
    except ValueError as error:
        raise StoreRefused(f"store.keys: {error}") from None
    with told():
        async with connection.transaction():
            await connection.execute(
                f"SELECT pg_advisory_xact_lock({MIGRATIONS}, 1)"
            )  # of two first nodes one makes them
            known = await connection.fetchval("SELECT value FROM meta WHERE name = $1", _NAME)
            if known is not None:
                own = _compared(own, marks := msgspec.json.decode(known, type=dict[str, str]), folder)
                if (
                    mine := fingerprints(own)
                ) != marks:  # rotated since: who comes without the fresh key is refused from now on
                    await connection.execute("UPDATE meta SET value = $2 WHERE name = $1", _NAME, to_text(mine))
            elif own is None:
                load_keys(folder, ids)
                own = folder_keys(folder)
            if own is None:
                raise StoreRefused(f"no keys in {folder}")
            if known is None:
                await connection.execute("INSERT INTO meta VALUES ($1, $2)", _NAME, to_text(fingerprints(own)))
    return keys_from(own, ids)


def _compared(own: dict[str, bytes] | None, known: dict[str, str], folder: Path) -> dict[str, bytes]:
    how = f"copy the keys of another node to {folder}, or hand them to every node as store.keys"
    if own is None:
        raise StoreRefused(f"this database belongs to keys that are not here: {how}")
    if differing := strangers(own, known):
        raise StoreRefused(f"this database belongs to other keys ({', '.join(differing)}): {how}")
    return own
