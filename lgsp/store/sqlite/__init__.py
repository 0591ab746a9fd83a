"""The embedded store: `lgsp.db` with the shared records and one `evidence-<writer>.db`, in one data folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from lgsp.runtime import Runtime
from lgsp.store.hub import Alone, Hub
from lgsp.store.keys import Keys, load_keys
from lgsp.store.port import StoreRefused
from lgsp.store.sqlite.alerts import SqliteAlerts
from lgsp.store.sqlite.callbacks import SqliteCallbacks
from lgsp.store.sqlite.corrections import SqliteCorrections
from lgsp.store.sqlite.database import Database
from lgsp.store.sqlite.evidence import SqliteEvidence
from lgsp.store.sqlite.exchanges import SqliteExchanges
from lgsp.store.sqlite.facts import SqliteHealth, SqliteMeta, SqliteStages
from lgsp.store.sqlite.journal import Journal
from lgsp.store.sqlite.lock import OwnerLock
from lgsp.store.sqlite.memory import begin, fresh
from lgsp.store.sqlite.migrate import migrate, migrations
from lgsp.store.sqlite.parties import SqliteConsumers, SqliteGrants, SqliteOperators, SqliteTokens
from lgsp.store.sqlite.payloads import SqlitePayloads
from lgsp.store.sqlite.pruning import SqlitePruning
from lgsp.store.sqlite.replays import SqliteReplays
from lgsp.store.sqlite.reports import SqliteReports
from lgsp.store.sqlite.search import SqliteSearch
from lgsp.store.sqlite.sessions import SqliteSessions
from lgsp.store.sqlite.stewardship import SqliteStewardship
from lgsp.store.sqlite.work import SqliteCursors, SqliteInbox, SqliteSubmissions

RESTORING, MOVED = ".restoring", "moved.json"
"""Marks in a data folder that is not to be opened."""


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """Every group stands on the shared file, but the evidence, which has its own and so its own commits."""

    keys: Keys
    consumers: SqliteConsumers
    grants: SqliteGrants
    tokens: SqliteTokens
    stages: SqliteStages
    health: SqliteHealth
    operators: SqliteOperators
    submissions: SqliteSubmissions
    inbox: SqliteInbox
    cursors: SqliteCursors
    meta: SqliteMeta
    replays: SqliteReplays
    sessions: SqliteSessions
    evidence: SqliteEvidence
    changes: Alone
    leases: Alone
    allowances: Alone
    pruning: SqlitePruning
    payloads: SqlitePayloads
    callbacks: SqliteCallbacks
    search: SqliteSearch
    exchanges: SqliteExchanges
    stewardship: SqliteStewardship
    corrections: SqliteCorrections
    reports: SqliteReports
    alerts: SqliteAlerts
    shared: Database
    lock: OwnerLock | None

    async def image(self) -> bytes:
        """The shared records as they are now, from which another store in memory may begin."""
        return await self.shared.read(lambda connection: bytes(connection.serialize("main")))

    @property
    def waiting(self) -> tuple[int, int]:
        each = [it.waiting for it in (self.shared, self.evidence.database, self.exchanges.database)]
        return sum(now for now, _ in each), sum(most for _, most in each)

    async def close(self) -> None:
        await self.exchanges.database.close()
        await self.evidence.database.close()
        await self.shared.close()
        if self.lock is not None:
            self.lock.release()


async def open_store(
    where: Path | None,
    runtime: Runtime,
    *,
    inline: bool = False,
    writer: str = "w0",
    image: bytes | None = None,
    journal: Path | None = None,
) -> SqliteStore:
    """The store of a data folder, made where it is missing; None keeps everything in memory, and `image` is what it begins with.

    `inline` commits on the loop, for the simulated world; `journal` is the folder of a second copy of all that is committed.
    Raises `StoreBusy` where another process owns the folder, `StoreRefused` where it is not to be opened and `MigrationError`
    where a newer version has made it.
    """
    lock = None
    if where is not None:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240  once, at the start
        lock = OwnerLock.take(where)
    try:
        if where is not None:
            may_open(where, journal)
        keys = load_keys(where / "keys" if where else None, runtime.ids)
        records = where / "lgsp.db" if where else None
        shared = await _opened(records, "shared", runtime, inline=inline, image=image, journal=journal)
        try:
            file = where / f"evidence-{writer}.db" if where else None
            chain = await _opened(file, "evidence", runtime, inline=inline, journal=journal)
            evidence = SqliteEvidence(chain, writer)
            try:
                index = await open_index(where, runtime, inline=inline)
            except BaseException:
                await evidence.database.close()
                raise
        except BaseException:
            await shared.close()
            raise
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    alone = Alone(Hub(runtime.clock), writer)
    store = SqliteStore(
        keys=keys,
        consumers=SqliteConsumers(shared),
        grants=SqliteGrants(shared),
        tokens=SqliteTokens(shared, runtime.clock),
        stages=SqliteStages(shared),
        health=SqliteHealth(shared),
        operators=SqliteOperators(shared),
        submissions=SqliteSubmissions(shared),
        inbox=SqliteInbox(shared),
        cursors=SqliteCursors(shared),
        meta=SqliteMeta(shared),
        replays=SqliteReplays(shared),
        sessions=SqliteSessions(shared),
        evidence=evidence,
        changes=alone,
        leases=alone,
        allowances=alone,
        pruning=SqlitePruning(shared),
        payloads=SqlitePayloads(shared),
        callbacks=SqliteCallbacks(shared),
        search=SqliteSearch(shared),
        exchanges=SqliteExchanges(index, keys, evidence, where),
        stewardship=SqliteStewardship(shared),
        corrections=SqliteCorrections(shared),
        reports=SqliteReports(shared),
        alerts=SqliteAlerts(shared),
        shared=shared,
        lock=lock,
    )
    if await store.meta.get(f"evidence-writer:{writer}") is None:
        await store.meta.put(f"evidence-writer:{writer}", runtime.clock.now().isoformat())
    return store


async def open_evidence(where: Path, runtime: Runtime, writer: str, journal: Path | None = None) -> SqliteEvidence:
    """One writer's own chain, beside shared records that another process owns."""
    path = where / f"evidence-{writer}.db"
    return SqliteEvidence(await _opened(path, "evidence", runtime, inline=False, journal=journal), writer)


def may_open(where: Path, journal: Path | None) -> None:
    """Raises `StoreRefused` for a folder that is half restored, or whose records have moved elsewhere, and for a journal that
    would be lost with it."""
    if journal is not None and journal.resolve().is_relative_to(where.resolve()):
        raise StoreRefused("store.journal stands in the data folder and would be lost with it: name another disk")
    if (where / RESTORING).exists():
        raise StoreRefused(f"{where} is half restored: run `lgsp backup restore` again")
    if (where / MOVED).exists():
        raise StoreRefused(
            f"the records of {where} have moved to PostgreSQL (see {MOVED} in it): set store.url; to go back to what they were "
            "before, remove that file"
        )


async def open_index(where: Path | None, runtime: Runtime, *, inline: bool = False) -> Database:
    """The index of exchanges. A broken one is thrown away: the evidence has all of it."""
    path = where / "exchanges.db" if where else None
    try:
        return await _opened(path, "exchanges", runtime, inline=inline)
    except (apsw.NotADBError, apsw.CorruptError):
        for name in ("exchanges.db", "exchanges.db-wal", "exchanges.db-shm"):
            (where or Path()).joinpath(name).unlink(missing_ok=True)
        return await _opened(path, "exchanges", runtime, inline=inline)


async def _opened(
    path: Path | None,
    family: str,
    runtime: Runtime,
    *,
    inline: bool,
    image: bytes | None = None,
    journal: Path | None = None,
) -> Database:
    prepare = _prepared(path, family, runtime, image)
    second = Journal(journal, path.name, runtime.ids) if journal is not None and path is not None else None
    return await Database.opened(path, inline=inline or path is None, name=family, prepare=prepare, journal=second)


def _prepared(
    path: Path | None, family: str, runtime: Runtime, image: bytes | None
) -> Callable[[apsw.Connection], None]:
    def prepare(connection: apsw.Connection) -> None:
        if path is None:
            begin(connection, image or fresh(family))
        else:
            migrate(connection, migrations(family), runtime.clock.now())
        if family == "exchanges":  # derived: what a power cut takes is read from the chains once more
            connection.execute("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384")

    return prepare
