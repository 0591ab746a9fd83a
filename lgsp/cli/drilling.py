"""One exercise played: a simulated country and a real bus on loopback, trouble in it, and every moment that counts noted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgsp.cli.output import refuse, say
from lgsp.drill import CAUSES, EXERCISES, Record
from lgsp.events import Event, SecurityAlert
from lgsp.settings import Limits, Settings

if TYPE_CHECKING:
    import aiohttp

    from lgsp.app import Gateway
    from lgsp_mocks.simulator import Simulator

PROVINCE = "hoa-binh"
PEOPLE = 2_000
SUBJECTS = 20
"""People of one key in an hour before the alert: an exercise need not read a town."""
_TINY = 4096
"""Bytes that a file of this process may have while its disk is full."""


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    port: int
    after: float | None
    repair: float
    limit: float
    people: tuple[str, ...]
    script: bool
    seed: int

    @property
    def pace(self) -> float:
        """Seconds between two calls of the counter."""
        return 0.1 if self.script else 2.0


@dataclass(slots=True)
class Stage:
    """`counter` is a call that the one-stop counter makes again and again; `key` is what it shows."""

    plan: Plan
    record: Record
    gateway: Gateway
    simulator: Simulator
    session: aiohttp.ClientSession
    url: str
    consumer: str
    key: str
    counter: dict[str, Any]
    statuses: list[int] = field(default_factory=list)
    thief: list[int] = field(default_factory=list)
    alerts: list[SecurityAlert] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def exercise(self) -> Any:
        return self.record.exercise

    # -- calls --------------------------------------------------------------------------------------------------------

    async def call(self, request: Any = None) -> tuple[int, Any]:
        url = f"{self.url}/api/{self.counter['system']}/{self.counter['version']}/{self.counter['operation']}"
        headers = {"X-API-Key": self.key, **self.counter.get("headers", {})}
        try:
            async with self.session.post(url, json=request or self.counter["request"], headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)
        except (OSError, TimeoutError, ValueError):
            return 0, {}

    async def status(self) -> Any:
        async with self.session.get(f"{self.url}/status", headers={"Accept": "application/json"}) as answer:
            return await answer.json()

    async def serve_the_counter(self) -> None:
        while True:
            self.statuses.append((await self.call())[0])
            await asyncio.sleep(self.plan.pace)

    async def steal(self) -> None:
        """Somebody reads people one after the other with the counter's key."""
        operation = self.gateway.registry.operation(self.counter["system"], self.counter["operation"])
        field_name = operation.subject[0] if operation and operation.subject else ""
        number = 0
        while True:
            number += 1
            request = {**self.counter["request"], field_name: f"01799{number:05d}"}
            self.thief.append((await self.call(request))[0])
            await asyncio.sleep(self.plan.pace / 4)

    # -- trouble ------------------------------------------------------------------------------------------------------

    async def strike(self) -> None:
        now = self.gateway.runtime.clock.now()
        match self.exercise.kind:
            case "fault":
                self.simulator.set_fault(self.exercise.where or self.counter["system"], dict(self.exercise.fault))
            case "approval":
                consumer = self.gateway.policy.consumer(self.consumer)
                assert consumer is not None
                ended = (now - timedelta(days=1)).date()
                await self.gateway.policy.put_consumer(replace(consumer, security_level=2, security_expires=ended))
            case "disk":
                resource.setrlimit(resource.RLIMIT_FSIZE, (_TINY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        self.record.mark("struck", now)

    async def repair(self) -> None:
        """What somebody else does, or the script in the team's place."""
        match self.exercise.kind:
            case "fault":
                self.simulator.faults.delete(self.exercise.where or self.counter["system"])
            case "disk":
                free_disk()
            case "approval":
                until = (self.gateway.runtime.clock.now() + timedelta(days=365)).date().isoformat()
                facts = {"id": self.consumer, "level": 2, "decision": "DIỄN TẬP", "until": until}
                await self.gateway.perform("consumer.approve", "drill", facts)
            case "theft":
                await self.gateway.perform("consumer.active", "drill", {"id": self.consumer, "active": False})

    async def recovered(self) -> bool:
        """Nobody is refused any more, and the board says so; a stolen key opens nothing."""
        if self.exercise.kind == "theft":
            return bool(self.thief) and self.thief[-1] in (401, 403)
        if self.statuses[-2:] != [200, 200]:
            return False
        shown = await self.status()
        mine = [each for each in shown["systems"] if each["id"] == self.counter["system"]]
        return not any(each["health"] in ("down", "degraded") for each in (*shown["upstreams"], *shown["house"], *mine))

    # -- people -------------------------------------------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        if isinstance(event, SecurityAlert):
            self.alerts.append(event)

    def typed(self, words: str) -> None:
        """A line of the terminal: a cause, or anything else for "we have seen it"."""
        now, known = self.gateway.runtime.clock.now(), list(CAUSES)
        cause = known[int(words) - 1] if words.isdigit() and 0 < int(words) <= len(known) else words
        if cause not in CAUSES:
            self.record.mark("looked", now)
            return
        if "struck" not in self.record.marks:
            say("chưa có gì xảy ra / nothing has happened yet")
        elif self.record.answer(cause, now):
            say("đúng / right")
            self.answered.set()
        else:
            say("chưa đúng / not so")

    async def watch_alerts(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            with contextlib.suppress(Exception):  # a full disk is part of the exercise
                for row in await self.gateway.store.alerts.standing():
                    if row.acknowledged is not None:
                        self.record.mark("acknowledged", row.acknowledged)


async def played(plan: Plan, folder: Path) -> Record:
    """The whole exercise; what it started ends with it."""
    async with _stage(plan, folder) as stage:
        tasks = [asyncio.create_task(each) for each in (stage.serve_the_counter(), stage.watch_alerts())]
        try:
            async with asyncio.timeout(plan.limit):
                await _play(stage, tasks)
        except TimeoutError:
            say("lgsp: hết giờ / the time is over")
        finally:
            free_disk()
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        stage.record.ended = stage.gateway.runtime.clock.now()
        return stage.record


async def _play(stage: Stage, tasks: list[asyncio.Task[None]]) -> None:
    plan = stage.plan
    while len(stage.statuses) < 3:  # noqa: ASYNC110  what is waited for is asked for
        await asyncio.sleep(plan.pace)
    if stage.statuses[-1] != 200:
        refuse(f"the demonstration does not serve (HTTP {stage.statuses[-1]})")
    wait = (
        plan.after if plan.after is not None else 0.2 if plan.script else stage.gateway.runtime.random.uniform(60, 300)
    )
    if not plan.script:
        _welcome(stage)
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), lambda: _lines(stage))
    await asyncio.sleep(wait)
    await stage.strike()
    if stage.exercise.kind == "theft":
        tasks.append(asyncio.create_task(stage.steal()))
    if plan.script:
        tasks.append(asyncio.create_task(_actor(stage)))
    await stage.answered.wait()
    if plan.script or not stage.exercise.by_team:
        await asyncio.sleep(min(plan.repair, 0.2) if plan.script else plan.repair)
        await stage.repair()
    while not await stage.recovered():  # noqa: ASYNC110  what is waited for is asked for
        await asyncio.sleep(plan.pace)
    stage.record.mark("recovered", stage.gateway.runtime.clock.now())


def _lines(stage: Stage) -> None:
    """All that was typed at once: what stayed in a buffer nobody would be told of."""
    raw = os.read(sys.stdin.fileno(), 4096)
    if not raw:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    for words in raw.decode("utf-8", "replace").splitlines():
        stage.typed(words.strip())


def _welcome(stage: Stage) -> None:
    say(f"\n{stage.exercise.told.vi}\n{stage.exercise.told.en}\n\n{stage.url}/ · {stage.url}/console/")
    say(f"người dùng, mật khẩu / users, passwords: {stage.gateway.settings.data / 'demo.json'}")
    say("Enter: đã thấy / seen it · nguyên nhân / cause:")
    for number, (name, text) in enumerate(CAUSES.items(), 1):
        say(f"  {number} {name}: {text.vi} / {text.en}")


async def _actor(stage: Stage) -> None:
    """Looks when something shows, reads the cause off the board as a person would, and says it."""
    while (cause := await _shown(stage)) is None:  # noqa: ASYNC110  what is waited for is asked for
        await asyncio.sleep(stage.plan.pace)
    async with stage.session.get(f"{stage.url}/", headers={"Accept": "text/html"}) as answer:
        await answer.read()
    stage.typed(cause)


async def _shown(stage: Stage) -> str | None:
    """What the bus itself says is wrong; None while it says nothing. It never looks into the exercise."""
    if stage.alerts:
        return "theft"
    shown = await stage.status()
    if any(each["health"] == "down" for each in shown["upstreams"]):
        return "platform"
    for each in (*shown["house"], *shown["systems"]):
        if each["health"] in ("down", "degraded"):
            return {"contract": "contract", "disk": "disk", "evidence": "disk"}.get(each["layer"] or "", "slow")
    status, said = await stage.call()
    if status == 403 and said.get("code") == "security-level-not-approved":
        return "approval"
    return None


def free_disk() -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@asynccontextmanager
async def _stage(plan: Plan, folder: Path) -> AsyncIterator[Stage]:
    import aiohttp
    from aiohttp import web

    from lgsp.cli.demo import furnish, of_province
    from lgsp.cli.serving import address, bind, open_door, running
    from lgsp.home import builtin
    from lgsp.runtime import Runtime
    from lgsp_mocks.server import serve
    from lgsp_mocks.simulator import Simulator

    runtime = Runtime.system()
    simulator = Simulator(
        [builtin()], runtime=runtime, province=PROVINCE, seed=plan.seed, size=PEOPLE, state=folder / "sim"
    )
    listener = bind("127.0.0.1", plan.port, "--port")
    server = await serve(simulator)
    settings = Settings(
        data=folder / "data", demo=True, sim=server.url, log_level="error", bulk_subjects_per_hour=SUBJECTS,
        limits=Limits(drain_seconds=1.0),
    )  # fmt: skip
    settings = of_province(settings, PROVINCE)
    record = Record(EXERCISES[plan.name], runtime.clock.now(), plan.people, plan.script)
    try:
        async with running(settings, listener) as gateway:
            url = address(listener)
            consumers = await furnish(gateway, PROVINCE, settings.data / "demo.json", url, server.url)

            @web.middleware
            async def look(
                request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
            ) -> web.StreamResponse:
                if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
                    record.mark("looked", runtime.clock.now())
                return await handler(request)

            gateway.application.middlewares.append(look)
            await gateway.start()
            limit = aiohttp.ClientTimeout(total=15)
            async with (
                open_door(gateway, settings, listener),
                aiohttp.ClientSession(timeout=limit) as session,
            ):
                await gateway.ready.wait()
                counter = _counter(gateway, simulator, plan.seed)
                first = consumers[0]
                stage = Stage(plan, record, gateway, simulator, session, url, first.id, first.api_key, counter)
                gateway.events.subscribe(stage.heard)
                yield stage
    finally:
        free_disk()
        await server.close()


def _counter(gateway: Gateway, simulator: Simulator, seed: int) -> dict[str, Any]:
    """A look-up about one person by the platform of today, in JSON: what counters do all day. Which one, the seed says."""
    found = []
    for example in simulator.admin.examples():
        operation = gateway.registry.operation(example["system"], example["operation"])
        if operation is None or example["kind"] != "query" or example["expect"] != "ok" or operation.probe is None:
            continue
        backend = operation.routes[0].backend
        one = len(operation.subject) == 1 and isinstance(example["request"].get(operation.subject[0]), str)
        if backend.adapter == "rest" and backend.upstream == EXERCISES["platform-down"].where and one:
            found.append(json.loads(json.dumps(example)))
    if not found:
        refuse("no system can be asked about a person here")
    found.sort(key=lambda each: (each["system"], each["operation"]))
    chosen: dict[str, Any] = found[seed % len(found)]
    return chosen
