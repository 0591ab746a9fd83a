"""Stages: an append-only ledger of decisions. Who decided what, when, on which evidence; never an observation of health.

planned ──> trial ──> official ──> retired
   │          │ ^        │ ^          ^
   │          v └──┐     v └──┐       │
   └──────> retired <── suspended ────┘
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from lgsp.events import Events, StageChanged
from lgsp.model import Evidence, Stage, StageEntry, Text
from lgsp.persons import same_person
from lgsp.registry import Connector
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store

MOVES: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        Stage.PLANNED: frozenset({Stage.TRIAL, Stage.RETIRED}),
        Stage.TRIAL: frozenset({Stage.OFFICIAL, Stage.SUSPENDED, Stage.RETIRED}),
        Stage.OFFICIAL: frozenset({Stage.SUSPENDED, Stage.RETIRED}),
        Stage.SUSPENDED: frozenset({Stage.TRIAL, Stage.OFFICIAL, Stage.RETIRED}),
        Stage.RETIRED: frozenset(),
    }
)
"""What may follow what. A suspended system goes back to where it was; official only where it was official before."""


NAMES: Mapping[Stage, Text] = MappingProxyType(
    {
        Stage.PLANNED: Text("dự kiến", "planned"),
        Stage.TRIAL: Text("thử nghiệm", "trial"),
        Stage.OFFICIAL: Text("chính thức", "official"),
        Stage.SUSPENDED: Text("tạm dừng", "suspended"),
        Stage.RETIRED: Text("đã ngừng", "retired"),
    }
)
"""As they are called in a sentence."""


def moves(entry: StageEntry) -> frozenset[Stage]:
    """Where a system may go. One that is official by declaration alone may be official once more, on proof."""
    again = entry.stage is Stage.OFFICIAL and entry.evidence is Evidence.DECLARED
    return MOVES[entry.stage] | {Stage.OFFICIAL} if again else MOVES[entry.stage]


class StageRefused(Exception):
    """The move is not made; `reason` says what is missing."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found when a system was looked at for promotion: `holds`, or `missing` says what does not."""

    holds: bool
    missing: tuple[Text, ...] = ()


Prove = Callable[[str], Awaitable[Proof]]
"""Collects a system's evidence for becoming official."""


async def no_proof(_system: str) -> Proof:
    """Where no promotion workflow is wired, nothing is proven."""
    return Proof(
        False,
        (Text("Chưa có hồ sơ kiểm thử và đối soát của kết nối", "No test and conformance record of the connection"),),
    )


class Ledger:
    """The current entry of each system is held in memory, so that asking for a stage costs nothing."""

    def __init__(self, store: Store, runtime: Runtime, events: Events, prove: Prove = no_proof) -> None:
        self._rows, self._runtime, self._events, self._prove = store.stages, runtime, events, prove
        self._current: dict[str, StageEntry] = {}
        self.changed: Callable[[str], Awaitable[None]] | None = None
        """Told of every move, after it is durable: other processes read the system's entry again."""

    async def load(self, connectors: Iterable[Connector]) -> None:
        """Reads the ledger. A system that has no entry gets its manifest's, evidence `declared`."""
        self._current = await self._rows.current()
        for connector in connectors:
            if connector.name not in self._current:
                entry = StageEntry(
                    system=connector.name,
                    stage=connector.stage_now,
                    since=connector.stage_since,
                    decision=connector.stage_decision,
                    by="manifest",
                    approved_by="manifest",
                    evidence=Evidence.DECLARED,
                    recorded=self._runtime.clock.now(),
                )
                if await self._rows.append(entry, only_first=True):
                    self._current[connector.name] = entry
                else:
                    self._current[connector.name] = (await self._rows.entries(connector.name))[-1]

    def stage(self, system: str) -> StageEntry | None:
        """The entry that stands; None for a system that the ledger does not know."""
        return self._current.get(system)

    def all(self) -> dict[str, StageEntry]:
        return dict(self._current)

    async def entries(self, system: str) -> list[StageEntry]:
        """The whole history, oldest first."""
        return await self._rows.entries(system)

    async def move(
        self,
        system: str,
        stage: Stage,
        *,
        decision: str,
        by: str,
        approved_by: str,
        since: date | None = None,
    ) -> StageEntry:
        """A decision, entered. Raises `StageRefused`: unknown system, a move that does not exist, one person alone, no
        decision, or a promotion to official without its evidence."""
        current = self._current.get(system)
        if current is None:
            raise StageRefused(Text(f"Không có hệ thống {system}", f"There is no system {system}"))
        by, approved_by, decision = by.strip(), approved_by.strip(), decision.strip()
        if not decision:
            raise StageRefused(Text("Thiếu số quyết định", "The decision's number is missing"))
        if not by or not approved_by or same_person(by, approved_by):
            raise StageRefused(
                Text("Người đề nghị và người phê duyệt phải là hai người", "Two different people must ask and approve")
            )
        if stage not in moves(current):
            raise StageRefused(
                Text(
                    f"Không chuyển từ {NAMES[current.stage].vi} sang {NAMES[stage].vi}",
                    f"There is no way from {current.stage} to {stage}",
                )
            )
        now = self._runtime.clock.now()
        entry = StageEntry(
            system=system,
            stage=stage,
            since=since or (current.since if stage is current.stage else now.astimezone(HANOI).date()),
            decision=decision,
            by=by,
            approved_by=approved_by,
            evidence=await self._evidence(system, current, stage),
            recorded=now,
        )
        await self._rows.append(entry)
        self._current[system] = entry
        self._events.publish(StageChanged(system, current.stage, stage, decision, now))
        if self.changed is not None:
            await self.changed(system)
        return entry

    async def refresh(self, system: str) -> StageChanged | None:
        """Another process has moved this system: its entry is read again; what has changed, where anything has."""
        was, entries = self._current.get(system), await self._rows.entries(system)
        if not entries or entries[-1] == was:
            return None
        entry = self._current[system] = entries[-1]
        return StageChanged(system, was.stage if was else None, entry.stage, entry.decision, entry.recorded)

    async def _evidence(self, system: str, current: StageEntry, stage: Stage) -> Evidence:
        """Back to official after a suspension rests on what it rested on before; into official for the first time, on proof."""
        if stage is not Stage.OFFICIAL:
            return Evidence.DECLARED
        if current.stage is Stage.SUSPENDED:
            before = [entry for entry in await self._rows.entries(system) if entry.stage is Stage.OFFICIAL]
            if before:
                return before[-1].evidence
        proof = await self._prove(system)
        if not proof.holds:
            raise StageRefused(
                Text(
                    "Chưa đủ chứng cứ để lên chính thức: " + "; ".join(each.vi for each in proof.missing),
                    "The evidence for official is missing: " + "; ".join(each.en for each in proof.missing),
                )
            )
        return Evidence.PROVEN
