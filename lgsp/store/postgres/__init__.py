"""The store of many nodes: every record in one PostgreSQL database, a chain of evidence for each process that writes."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store.keys import Keys
from lgsp.store.port import Store, StoreFailed, StoreRefused
from lgsp.store.postgres.alerts import PostgresAlerts
from lgsp.store.postgres.callbacks import PostgresCallbacks
from lgsp.store.postgres.corrections import PostgresCorrections
from lgsp.store.postgres.database import Address, Database
from lgsp.store.postgres.evidence import PostgresEvidence
from lgsp.store.postgres.exchanges import PostgresExchanges
from lgsp.store.postgres.facts import PostgresHealth, PostgresMeta, PostgresReplays, PostgresStages
from lgsp.store.postgres.inbox import PostgresCursors, PostgresInbox
from lgsp.store.postgres.intake import MARK as INTAKE
from lgsp.store.postgres.keys import shared_keys
from lgsp.store.postgres.migrate import migrate, migrations
from lgsp.store.postgres.node import Node
from lgsp.store.postgres.parties import PostgresConsumers, PostgresGrants, PostgresOperators, PostgresTokens
from lgsp.store.postgres.payloads import PostgresPayloads
from lgsp.store.postgres.pruning import PostgresPruning
from lgsp.store.postgres.reports import PostgresReports
from lgsp.store.postgres.search import PostgresSearch
from lgsp.store.postgres.sessions import PostgresSessions
from lgsp.store.postgres.stewardship import PostgresStewardship
from lgsp.store.postgres.together import PostgresAllowances, PostgresLeases
from lgsp.store.postgres.work import PostgresSubmissions


@dataclass(frozen=True, slots=True)
class PostgresStore:
    keys: Keys
    consumers: PostgresConsumers
    grants: PostgresGrants
    tokens: PostgresTokens
    stages: PostgresStages
    health: PostgresHealth
    operators: PostgresOperators
    submissions: PostgresSubmissions
    inbox: PostgresInbox
    cursors: PostgresCursors
    meta: PostgresMeta
    replays: PostgresReplays
    sessions: PostgresSessions
    evidence: PostgresEvidence
    changes: Node
    leases: PostgresLeases
    allowances: PostgresAllowances
    pruning: PostgresPruning
    payloads: PostgresPayloads
    callbacks: PostgresCallbacks
    search: PostgresSearch
    exchanges: PostgresExchanges
    stewardship: PostgresStewardship
    corrections: PostgresCorrections
    reports: PostgresReports
    alerts: PostgresAlerts
    database: Database

    @property
    def waiting(self) -> tuple[int, int]:
        each = self.database.waiting, self.evidence.waiting
        return sum(now for now, _ in each), sum(most for _, most in each)

    async def close(self) -> None:
        """The chain first: until the node has left, nobody else may take it for gone."""
        await self.evidence.close()
        await self.changes.leave()
        await self.database.close()


async def open_postgres(where: Path, runtime: Runtime, settings: StoreSettings, *, name: str, worker: str) -> Store:
    """`name` is this node's among those that share the database. Raises `StoreRefused` where the server cannot be reached
    or other keys belong to the database, `StoreBusy` where another process has this name, `MigrationError`."""
    address = Address(settings.url, settings.pool, settings.seconds)
    try:
        return await _opened(where, runtime, address, settings.keys, f"{name}-{worker}")
    except StoreFailed as error:
        raise StoreRefused(f"the database at {_shown(settings.url)} cannot be used: {error}") from error


async def _opened(where: Path, runtime: Runtime, address: Address, secret: str, member: str) -> Store:
    now = runtime.clock.now()
    connection = await address.connect(slow=True)
    try:
        if await connection.fetchval("SHOW fsync") != "on":
            raise StoreRefused("the server runs with fsync off: what it says is durable is not")
        await migrate(connection, migrations(), now)
        if await connection.fetchval("SELECT value FROM meta WHERE name = $1", INTAKE):
            raise StoreRefused(
                "records are on their way into this database: run the move or the restore again, to its end"
            )
        keys = await shared_keys(connection, where / "keys", secret, runtime.ids)
    finally:
        with suppress(OSError):
            connection.terminate()
    async with AsyncExitStack() as undo:
        database = await Database.opened(address)
        undo.push_async_callback(database.close)
        evidence = await PostgresEvidence.open(address, database, member, now)
        undo.push_async_callback(evidence.close)
        node = Node(address, database, runtime.clock, member)
        await node.join()
        undo.pop_all()
    return PostgresStore(
        keys=keys,
        consumers=PostgresConsumers(database),
        grants=PostgresGrants(database),
        tokens=PostgresTokens(database, runtime.clock),
        stages=PostgresStages(database),
        health=PostgresHealth(database),
        operators=PostgresOperators(database),
        submissions=PostgresSubmissions(database, node),
        inbox=PostgresInbox(database),
        cursors=PostgresCursors(database),
        meta=PostgresMeta(database),
        replays=PostgresReplays(database),
        sessions=PostgresSessions(database),
        evidence=evidence,
        changes=node,
        leases=PostgresLeases(database, node),
        allowances=PostgresAllowances(database),
        pruning=PostgresPruning(database),
        payloads=PostgresPayloads(database),
        callbacks=PostgresCallbacks(database),
        search=PostgresSearch(database),
        exchanges=PostgresExchanges(database, keys),
        stewardship=PostgresStewardship(database),
        corrections=PostgresCorrections(database),
        reports=PostgresReports(database),
        alerts=PostgresAlerts(database),
        database=database,
    )


def _shown(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
