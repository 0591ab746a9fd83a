"""Which upstream carries an operation now: moved and moved back per operation, by two people, while exchanges go on.

A manifest says where an operation lives; a switch says that it goes another way for the time being. The registry that is in
force is the manifests' with every switch applied, so the pipeline, the board, the prober and the diagnosis see one truth. An
exchange under way ends the way it began: its route stands in its own slots, so none is lost and none is sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.decisions import Refused, two_people
from lgsp.registry import Backend, BackendRoute, Connector, Operation, Registry
from lgsp.runtime import Runtime
from lgsp.store import Store
from lgsp.store.port import Change, StoreFailed
from lgsp.store.port.together import AGAIN, REGISTRY

PLACE = "upstream-switches"
BUS = "bus"
"""The upstream of a switch without an operation: a system behind `/through` that the bus serves itself."""
LOOK_SECONDS = 0.5
"""However the news of a switch is lost: within this every process has read it again."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One operation of one system that goes through `upstream` instead of what its manifest names."""

    system: str
    operation: str
    upstream: str
    by: str
    approved_by: str
    decision: str
    at: str


# -- the registry in force -----------------------------------------------------------------------------------------------


def applied(registry: Registry, switches: Iterable[Switch]) -> Registry:
    """The same systems with the switched operations on their way. A switch of what is no longer there changes nothing."""
    ways: dict[str, dict[str, str]] = {}
    for each in switches:
        if each.operation:
            ways.setdefault(each.system, {})[each.operation] = each.upstream
    if not ways:
        return registry
    return Registry.of(
        _moved(connector, ways[name]) if name in ways else connector for name, connector in registry.connectors.items()
    )


def _moved(connector: Connector, ways: Mapping[str, str]) -> Connector:
    operations = {
        name: _turned(operation, ways[name]) if name in ways else operation
        for name, operation in connector.operations.items()
    }
    used = {id(route.backend) for each in operations.values() for route in each.routes}
    used |= {id(each.backend) for each in connector.inbound.values()}
    backends: dict[str, Backend] = {name: each for name, each in connector.backends.items() if id(each) in used}
    for operation in operations.values():
        for route in operation.routes:
            if not any(route.backend is each for each in backends.values()):
                backends[f"{route.backend.name}@{route.backend.upstream}"] = route.backend
    older = {version: _moved(each, ways) for version, each in connector.older.items()}
    return replace(connector, operations=operations, backends=backends, older=older)


def _turned(operation: Operation, upstream: str) -> Operation:
    """The backend keeps its name: its mapping asks by it, and its secrets are found by it."""
    return replace(
        operation,
        routes=tuple(
            BackendRoute(replace(each.backend, upstream=upstream), each.operation) for each in operation.routes
        ),
    )


# -- what a process holds ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Switchboard:
    """The switches as this process knows them. `take` puts a registry in force; `known` are upstreams that are set."""

    store: Store
    runtime: Runtime
    base: Registry
    take: Callable[[Registry], None]
    known: Callable[[], Collection[str]]
    passed: Mapping[str, str] = field(default_factory=dict)
    """Path at an old gateway -> system, as `[passthrough.paths]` has it."""
    held: tuple[Switch, ...] = ()
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self) -> None:
        """Hears from now on what other processes decide."""

        async def heard(_: Change) -> None:
            await self.refresh()

        self.store.changes.subscribe(REGISTRY, heard)
        self.store.changes.subscribe(AGAIN, heard)

    async def refresh(self) -> None:
        """Reads what is decided, and acts upon it. Raises `StoreFailed`."""
        async with self._lock:
            rows = await self.store.meta.get(PLACE) or []
            switches = tuple(Switch(**row) for row in rows)
            if switches != self.held:
                fresh = await self.runtime.offload(lambda: applied(self.base, switches))
                self.held = switches
                self.take(fresh)

    def reloaded(self, base: Registry) -> None:
        """Manifests have been read again; what was switched stays so."""
        self.base = base
        if self.held:
            self.take(applied(base, self.held))

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.refresh()
            except StoreFailed:
                continue

    def by_bus(self, system: str) -> bool:
        """Whether calls that came for the old gateway are served here."""
        return any(each.system == system and each.upstream == BUS and not each.operation for each in self.held)

    async def put(self, switches: Iterable[Switch]) -> None:
        """Durable, in force here, and told to every other process before it returns."""
        await self.store.meta.put(PLACE, [asdict(each) for each in switches])
        await self.refresh()
        if not self.store.changes.alone:
            await self.store.changes.publish(REGISTRY, b"switches")


# -- what people decide --------------------------------------------------------------------------------------------------


class SwitchDesk(Protocol):
    """What an action may touch here."""

    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def switchboard(self) -> Switchboard | None:
        """None where no bus runs: nobody could say whether the upstream is set."""


async def upstream_list(desk: SwitchDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Every operation with the upstream that carries it now, and the one that its manifest names."""
    del by
    board = _board(desk)
    switches = {(each.system, each.operation): each for each in board.held if each.operation}
    return [
        {
            "system": connector.name,
            "operation": operation.name,
            "manifest": sorted({route.backend.upstream for route in operation.routes}),
            "now": [each.upstream] if (each := switches.get((connector.name, operation.name))) else
            sorted({route.backend.upstream for route in operation.routes}),
            "switch": asdict(each) if each else None,
        }
        for connector in board.base.connectors.values()
        if arguments.get("system") in (None, "", connector.name)
        for operation in connector.operations.values()
    ]  # fmt: skip


async def upstream_cutover(desk: SwitchDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Evidence first: nothing goes another way that nobody can account for."""
    board, upstream = _board(desk), str(arguments["to"])
    if upstream not in board.known():
        raise Refused(f"Chưa cấu hình upstreams.{upstream}", f"[upstreams.{upstream}] is not set")
    asked, approved, decision = _people(arguments)
    now = desk.runtime.clock.now().isoformat()
    names = _operations(board, arguments)
    system = str(arguments["system"])
    fresh = {
        (system, name): Switch(system, name, upstream, asked, approved, decision, now)
        for name in names
        if board.base.connectors[system].operations[name].routes[0].backend.upstream != upstream
    }
    if not fresh:
        raise Refused(
            f"{system} vốn ở {upstream} theo cấu hình; hãy trả về bằng rollback",
            f"{system} lives at {upstream} by its manifest; roll back instead",
        )
    standing = {(each.system, each.operation): each for each in board.held}
    for each in fresh.values():
        await desk.audit.note("upstream-cut-over", by, **_facts(each), was=_was(board, each))
    await board.put({**standing, **fresh}.values())
    return [asdict(each) for each in fresh.values()]


async def upstream_rollback(desk: SwitchDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Back to where the manifest says, at once."""
    board = _board(desk)
    asked, approved, decision = _people(arguments)
    system, names = str(arguments["system"]), set(_operations(board, arguments, switched=True))
    gone = [each for each in board.held if each.system == system and each.operation and each.operation in names]
    if not gone:
        raise Refused(f"{system} không có thao tác nào đang chuyển", f"{system} has no operation that was cut over")
    for each in gone:
        facts = {"system": each.system, "operation": each.operation, "was": each.upstream}
        await desk.audit.note(
            "upstream-rolled-back", by, **facts, asked_by=asked, approved_by=approved, decision=decision
        )
    await board.put(each for each in board.held if each not in gone)
    return [asdict(each) for each in gone]


async def through_list(desk: SwitchDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The systems behind `/through`: who serves each now."""
    del by, arguments
    board = _board(desk)
    held = {each.system: asdict(each) for each in board.held if not each.operation}
    return [
        {"path": path, "system": system, "now": "bus" if board.by_bus(system) else "old", "switch": held.get(system)}
        for path, system in board.passed.items()
    ]


async def through_switch(desk: SwitchDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """One system to the bus, or back to the old gateway. Evidence first."""
    board, system, to = _board(desk), str(arguments["system"]), str(arguments["to"])
    asked, approved, decision = _people(arguments)
    if system not in board.passed.values():
        raise Refused(f"Không có đường dẫn của {system}", f"[passthrough.paths] names no {system}")
    if board.base.connector(system) is None:
        raise Refused(f"Không có hệ thống {system}", f"no system {system}")
    others = [each for each in board.held if each.operation or each.system != system]
    if (to == BUS) is board.by_bus(system):
        raise Refused(f"{system} đã ở đó", f"{system} is there already")
    await desk.audit.note(
        "through-switched", by, system=system, to=to, asked_by=asked, approved_by=approved, decision=decision
    )
    now = desk.runtime.clock.now().isoformat()
    await board.put([*others, *([Switch(system, "", BUS, asked, approved, decision, now)] if to == BUS else [])])
    return {"system": system, "now": to, "by": asked, "approved_by": approved, "decision": decision, "at": now}


def _board(desk: SwitchDesk) -> Switchboard:
    if desk.switchboard is None:
        raise Refused("Chưa có trục nào chạy", "no bus runs here; start it first")
    return desk.switchboard


def _people(arguments: Mapping[str, Any]) -> tuple[str, str, str]:
    asked, approved = str(arguments.get("by") or ""), str(arguments.get("approved_by") or "")
    two_people(asked, approved)
    decision = str(arguments.get("decision") or "").strip()
    if not decision:
        raise Refused("Cần nêu quyết định hoặc lý do", "name the decision or the reason")
    return asked, approved, decision[:300]


def _operations(board: Switchboard, arguments: Mapping[str, Any], *, switched: bool = False) -> list[str]:
    """The operation that is named, or every one for `*`."""
    system, wanted = str(arguments["system"]), str(arguments["operation"])
    connector = board.base.connectors.get(system)
    known = list(connector.operations) if connector is not None else []
    if switched:
        known += [each.operation for each in board.held if each.system == system]
    if not known:
        raise Refused(f"Không có hệ thống {system}", f"no system {system}")
    if wanted != "*" and wanted not in known:
        raise Refused(f"{system} không có thao tác {wanted}", f"{system} has no operation {wanted}")
    return list(dict.fromkeys(known)) if wanted == "*" else [wanted]


def _was(board: Switchboard, each: Switch) -> str:
    before = next((old for old in board.held if (old.system, old.operation) == (each.system, each.operation)), None)
    if before is not None:
        return before.upstream
    return board.base.connectors[each.system].operations[each.operation].routes[0].backend.upstream


def _facts(each: Switch) -> dict[str, str]:
    return {
        "system": each.system, "operation": each.operation, "upstream": each.upstream, "asked_by": each.by,
        "approved_by": each.approved_by, "decision": each.decision,
    }  # fmt: skip


SWITCHING: Mapping[str, Callable[[SwitchDesk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "upstream.list": upstream_list,
        "upstream.cutover": upstream_cutover,
        "upstream.rollback": upstream_rollback,
        "through.list": through_list,
        "through.switch": through_switch,
    }
)
