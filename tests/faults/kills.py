"""Ten thousand submissions while the gateway is killed: at random, and at every named crash point.

    python -m tests.faults kills --submissions 10000 --kills 20 [--store postgres | --store postgresql://…]

Callers repeat what was not answered under the same idempotency key, as agencies are told to, and are called back. The
simulator loses some answers. At the end every dossier is held against the simulator's effects, the submissions, the inbox,
the call-backs and the evidence; what a ministry was told to have been collected must lie in the inbox.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from lgsp.crash import POINTS
from tests.faults.load import Call, Calls
from tests.faults.processes import Bus
from tests.faults.receiver import Receiver

SYSTEMS = ("budget-unit", "civil-status", "criminal-record", "land-registry", "public-payment")
ALL = tuple(POINTS)
TOGETHER = 24
"""Callers at once; fewer in a short run, so that there is something left to be killed."""
COLLECTED = "criminal-record"
"""Its queues give out again whatever is not acknowledged."""
LOST = 0.01
"""Share of answers that the ministries lose: what makes outcomes unknown beside the kills."""


@dataclass(slots=True)
class Report:
    submissions: int = 0
    kills: int = 0
    crash_points: list[str] = field(default_factory=list)
    """Points at which the gateway did end."""
    not_passed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    failed: int = 0
    ever_unknown: int = 0
    settled: int = 0
    settled_wrong: int = 0
    open: int = 0
    evidence_ok: bool = False
    without_evidence: int = 0
    payments: int = 0
    confirmations_missing: int = 0
    collected: int = 0
    """Items that the ministry was told to have been taken."""
    collected_missing: int = 0
    """Of these, what does not lie in the inbox."""
    inbox_twice: int = 0
    callbacks: int = 0
    callbacks_repeated: int = 0
    callbacks_missing: int = 0
    callbacks_forged: int = 0

    @property
    def holds(self) -> bool:
        settled = self.settled >= 0.95 * self.ever_unknown
        bad = (self.lost, self.doubled, self.failed, self.settled_wrong, self.open, self.without_evidence,
               self.confirmations_missing, self.collected_missing, self.inbox_twice, self.callbacks_missing,
               self.callbacks_forged, len(self.not_passed))  # fmt: skip
        return settled and self.evidence_ok and not any(bad)


@dataclass(slots=True)
class Dossier:
    call: Call
    later: bool
    key: str
    state: str = ""
    """done, left, unknown or refused, as last heard."""
    submission: str | None = None
    ever_unknown: bool = False


class Kills:
    def __init__(
        self, bus: Bus, receiver: Receiver, submissions: int, kills: int, seed: int, points: tuple[str, ...], patience: float
    ) -> None:  # fmt: skip
        self.receiver, self.patience = receiver, patience
        self.bus, self.wanted, self.kills, self.points = bus, submissions, kills, list(points)
        self.random = Random(seed)
        self.dossiers: list[Dossier] = []
        self.report = Report(submissions=submissions)
        self.made = 0
        self._killing = asyncio.Event()

    async def run(self) -> Report:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._first_start()
        made = await self.bus.command("callback.set", id=self.bus.consumer, url=self.receiver.url)
        self.receiver.secret = made["secret"]
        calls = Calls(each for each in await self.bus.examples() if each["system"] in SYSTEMS)
        for number in range(self.wanted):
            call = calls.update(SYSTEMS[number % len(SYSTEMS)], 1000 + number // len(SYSTEMS))
            self.dossiers.append(Dossier(call, self.random.random() < 0.5, f"k{number}"))
        for system in SYSTEMS:
            await self.bus.fault(system, {"kind": "lost-answer", "when": {"probability": LOST, "seed": 3}})
        killer = asyncio.create_task(self._kill())
        waiting = iter(self.dossiers)
        await asyncio.gather(*(self._post(waiting) for _ in range(min(TOGETHER, max(2, self.wanted // 50)))))
        self._killing.set()
        await killer
        for system in SYSTEMS:
            await self.bus.fault(system)
        await self._settled()
        await self._called_back()
        await self._judge()
        self.report.seconds = round(loop.time() - began, 1)
        return self.report

    # -- callers -------------------------------------------------------------------------------------------------------

    async def _post(self, waiting: Any) -> None:
        for dossier in waiting:
            while not dossier.state:
                await self._try(dossier)
            self.made += 1

    async def _try(self, dossier: Dossier) -> None:
        headers = {
            "content-type": "application/json", "x-api-key": self.bus.key, "idempotency-key": dossier.key,
            **dossier.call.headers, **({"prefer": "respond-async"} if dossier.later else {}),
        }  # fmt: skip
        url = f"{self.bus.url}/api/{dossier.call.system}/v1/{dossier.call.operation}"
        try:
            async with self.bus.session.post(
                url, data=dossier.call.body, headers=headers, timeout=aiohttp.ClientTimeout(70)
            ) as answer:
                said = await answer.json(content_type=None)
                place = answer.headers.get("location", "")
                status = answer.status
        except (aiohttp.ClientError, ConnectionError, TimeoutError, ValueError):
            await asyncio.sleep(0.1)
            return
        dossier.submission = place.rpartition("/")[2] or dossier.submission
        if status in (200, 202):
            dossier.state = "done" if status == 200 else "left"
        elif status == 504 and not said.get("retryable") and place:
            dossier.state, dossier.ever_unknown = "unknown", True
        elif status in (409, 429, 502, 503, 504):
            await asyncio.sleep(0.2)  # as it is told: again, under the same key
        else:
            dossier.state = f"refused {said.get('code')}"

    # -- the killer ----------------------------------------------------------------------------------------------------

    async def _first_start(self) -> None:
        """A migration is the first thing that can be cut off."""
        if "migration.before-commit" in self.points:
            self.bus.gateway.start(LGSP_TEST="1", LGSP_CRASH_AT="migration.before-commit")
            assert self.bus.gateway.process is not None
            if await asyncio.to_thread(self.bus.gateway.process.wait, 60) == 137:
                self.report.crash_points.append("migration.before-commit")
            self.points.remove("migration.before-commit")
        await self.bus.start()

    async def _kill(self) -> None:
        """Random kills spread over the work; between them the process is told at which point to end."""
        share = self.wanted / (self.kills + len(self.points) + 1)
        ends = ["kill"] * self.kills + self.points
        self.random.shuffle(ends)
        for number, end in enumerate(ends):
            at = share * (number + self.random.uniform(0.3, 0.9))
            while self.made < at and not self._killing.is_set():  # noqa: ASYNC110  counted by many callers
                await asyncio.sleep(0.01)
            if end == "kill":
                self.bus.gateway.kill()
                self.report.kills += 1
                await self.bus.start()
                continue
            self.bus.gateway.end()
            seldom = self.wanted < 1000 or end in ("collector.read", "inbox.stored", "submission.settled")
            times = 1 if seldom else self.random.choice((1, 2, 5, 20))
            with suppress(ConnectionError, TimeoutError):
                await self.bus.start(LGSP_TEST="1", LGSP_CRASH_AT=f"{end}:{times}")
            await self._passed()
            (self.report.not_passed if self.bus.gateway.alive else self.report.crash_points).append(end)
            self.bus.gateway.kill()
            await self.bus.start()

    async def _passed(self, seconds: float = 60.0) -> None:
        """Until the process has ended by itself; not long where nobody posts any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.bus.gateway.alive and loop.time() < until:
            if self._killing.is_set():
                until = min(until, loop.time() + 10.0)
            await asyncio.sleep(0.02)

    # -- the end -------------------------------------------------------------------------------------------------------

    async def _state(self, dossier: Dossier) -> str:
        if dossier.submission is None:
            return "delivered"
        found = await self.bus.get(f"{self.bus.url}/submissions/{dossier.submission}")
        return str(found.get("state", found.get("code")))

    async def _settled(self) -> None:
        """Until every dossier has an end. "Not found" is believed after twice the operation's time limit, at least 30 s."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        left = [each for each in self.dossiers if each.state in ("left", "unknown")]
        while left and loop.time() < until:
            still = []
            for dossier in left:
                state = await self._state(dossier)
                dossier.ever_unknown |= state == "indeterminate"
                if state in ("delivered", "failed", "expired"):
                    dossier.state = f"ended {state}"
                else:
                    still.append(dossier)
            left = still
            await asyncio.sleep(1.0 if left else 0)

    async def _called_back(self) -> None:
        """Until everybody who left something with the bus has been told of its end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        left = [each for each in self.dossiers if each.later and each.state.startswith("ended ")]
        while left:
            left = [each for each in left if not self._told(each)]
            if loop.time() >= until:
                break
            await asyncio.sleep(0.5 if left else 0)
        self.report.callbacks_missing = len(left)
        self.report.callbacks, self.report.callbacks_repeated = len(self.receiver.told), self.receiver.repeated
        self.report.callbacks_forged = self.receiver.forged

    def _told(self, dossier: Dossier) -> bool:
        kind = dossier.state.replace("ended ", "submission.")
        return (kind, dossier.submission or "") in self.receiver.subjects

    async def _judge(self) -> None:
        report, effects = self.report, await self.bus.effects()
        for dossier in self.dossiers:
            times = effects.get(dossier.call.system, {}).get(dossier.call.key, 0)
            report.doubled += times > 1
            report.ever_unknown += dossier.ever_unknown
            if dossier.state in ("done", "ended delivered"):
                report.lost += times == 0 and not dossier.ever_unknown
                report.settled_wrong += times == 0 and dossier.ever_unknown
                report.settled += dossier.ever_unknown
            elif dossier.state in ("ended failed", "ended expired"):
                report.settled_wrong += times > 0
                report.settled += dossier.ever_unknown and times == 0
                report.failed += not dossier.ever_unknown
            elif dossier.state.startswith("refused"):
                report.failed += 1
            else:
                report.open += 1
        await self._inbox(effects)
        self.bus.gateway.end()
        verdict, asked = await self.bus.evidence()
        self.report.evidence_ok = bool(verdict["ok"])
        ours = [each for each in self.dossiers if each.submission and each.state == "ended delivered"]
        self.report.without_evidence = sum(each.submission not in asked for each in ours)

    async def _inbox(self, effects: dict[str, dict[str, int]]) -> None:
        """What ministries have brought, and what they were told to have been taken."""
        report = self.report
        paid = {dossier.call.key for dossier in self.dossiers if dossier.call.system == "public-payment"}
        paid &= set(effects.get("public-payment", {}))
        report.payments = len(paid)
        seen: Counter[tuple[str, str, str]] = Counter()
        cursor = ""
        for _ in range(60):
            while True:
                page = await self.bus.get(f"{self.bus.url}/inbox{cursor}")
                items = {item["id"]: item for item in page["items"]}
                seen.update((item["system"], item["operation"], item["key"]) for item in items.values())
                if not page.get("cursor"):
                    break
                cursor = f"?cursor={page['cursor']}"
            confirmed = {key.partition(":")[0] for _, operation, key in seen if operation == "CONFIRM"}
            if not paid - confirmed:
                break
            seen.subtract((item["system"], item["operation"], item["key"]) for item in items.values())
            await asyncio.sleep(1)
        report.confirmations_missing = len(paid - confirmed)
        report.inbox_twice = sum(times > 1 for times in seen.values())
        told = marked(await self.bus.effects())
        stored = {key for (system, _, key), times in seen.items() if system == COLLECTED and times}
        report.collected, report.collected_missing = len(told), len(told - stored)


def marked(effects: Mapping[str, Mapping[str, int]]) -> set[str]:
    """Keys of the items that the ministry whose queues are collected was told to have been taken."""
    return {key for key in effects.get(COLLECTED, {}) if ":" in key}


async def experiment(
    folder: Path, submissions: int, kills: int, *, seed: int = 1, points: tuple[str, ...] = ALL, store: str = "",
    patience: float = 600.0,
) -> Report:  # fmt: skip
    """`patience`: seconds to wait for the end of every dossier; what has none then is counted as open."""
    env = {"LGSP_STORE_URL": store} if store else {}
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        bus = await stack.enter_async_context(Bus(folder, env=env))
        return await Kills(bus, receiver, submissions, kills, seed, points, patience).run()


def printed(report: Report) -> str:
    return json.dumps(asdict(report) | {"holds": report.holds}, indent=1)
