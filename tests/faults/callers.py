"""The agency systems of the simulated world: what they ask, what they are told, and what that obliges the bus to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lgsp.model import HttpRequest, HttpResponse
from tests.faults.load import Call, Calls
from tests.faults.schedule import Act
from tests.faults.watch import EVIDENCE_PATIENCE, GRACE

if TYPE_CHECKING:
    from tests.faults.world import World

SOON = 5.0
"""Within so many seconds a well system has what was left with the bus for it."""
CALM = 90.0
BUSINESS = ("provider-fault", "record-not-found")
"""The ministry's own refusal: the one reason for which something accepted may fail."""


@dataclass(slots=True)
class UnderWay:
    """A call that has not been answered yet."""

    system: str
    operation: str
    until: float
    correlation: str

    def __str__(self) -> str:
        return f"{self.correlation} {self.system} {self.operation}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a caller was told; status 0 where the bus ended first."""

    status: int
    code: str
    data: Any
    location: str | None
    retryable: bool = False

    @property
    def known(self) -> str:
        """`done`, `left` (with the bus), `unknown`, `refused …`: what a caller may believe of his update."""
        if self.status == 0:
            return "unknown"
        if self.status == 202:
            return "left"
        if self.status < 300:
            return "done"
        if self.code == "timeout" and not self.retryable:
            return "unknown"
        if self.code in ("conflict", "idempotency-mismatch"):
            return "unknown"
        return f"refused {self.code}"


@dataclass(slots=True)
class Callers:
    world: World
    calls: Calls
    made: int = 0
    told: dict[str, str] = field(default_factory=dict)
    """By correlation: what was said of an update."""
    left: dict[str, Call] = field(default_factory=dict)
    """Submissions that were left with the bus, by id."""
    doubtful: dict[str, Call] = field(default_factory=dict)
    fetched: set[tuple[str, str, str]] = field(default_factory=set)
    inbound: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _serial: int = 0
    _marked: Counter[str] = field(default_factory=Counter)

    async def act(self, act: Act) -> None:
        given = act.given
        match act.what:
            case "query":
                await self.ask(self.calls.query(given["system"], act.number), patience=given["patience"])
            case "burst":
                call = self.calls.query(given["system"], act.number)
                await asyncio.gather(*(self.ask(call) for _ in range(given["calls"])))
            case "marks":
                await asyncio.gather(*(self.ask(self.calls.mark()) for _ in range(given["calls"])))
            case "leave":
                task = asyncio.create_task(self.ask(self.calls.query(given["system"], act.number)))
                await asyncio.sleep(0.01)
                task.cancel()
            case "inbox":
                await self._inbox()
            case "update":
                await self._update(**given)

    # -- one call ------------------------------------------------------------------------------------------------------

    async def ask(self, call: Call, *, patience: float | None = None, headers: dict[str, str] | None = None) -> Heard:
        world, watch = self.world, self.world.watch
        self.made += 1
        correlation = f"c{self.made}"
        operation = world.registry.connectors[call.system].operations[call.operation]
        limit = min(operation.timeout, patience or operation.timeout)
        sent = {
            "content-type": "application/json", "x-api-key": world.ground.secrets["mot-cua"],
            "x-correlation-id": correlation, **call.headers, **(headers or {}),
        }  # fmt: skip
        if patience is not None:
            sent["x-lgsp-timeout"] = str(patience)
        request = HttpRequest("POST", f"/api/{call.system}/v1/{call.operation}", sent, call.body)
        now = world.runtime.clock.monotonic()
        watch.calls[correlation] = UnderWay(call.system, call.operation, now + limit + GRACE, correlation)
        try:
            answer = await world.life.ask(request)
        finally:
            under_way = watch.calls.pop(correlation)
        heard = _heard(answer)
        world.say(
            f"{correlation} {call.system} {call.operation} {call.key} -> {heard.status} {heard.code} {heard.location or ''}"
        )
        late = world.runtime.clock.monotonic() - under_way.until
        if answer is not None and late > (EVIDENCE_PATIENCE if watch.disk_trouble > now - 1 else 0.0):
            watch.violated("past-deadline", f"{under_way} was answered {late:.2f} s late")
        if answer is not None:
            self._evidenced(heard, correlation)
            if heard.status in (429, 503) and "retry-after" not in answer.headers:
                watch.violated("retry-after", f"{heard.code} without Retry-After")
        if str(operation.kind) == "update":
            self._learned(call, correlation, heard)
        if heard.code == "circuit-open" and watch.calm(call.system, 120.0):
            watch.violated(
                "breaker-business", f"{call.system} {call.operation} is cut off, and nothing was wrong for two minutes"
            )
        return heard

    def _evidenced(self, heard: Heard, correlation: str) -> None:
        world = self.world
        if world.life.dead or heard.code == "evidence-unavailable" or heard.known == "unknown":
            return  # without evidence an answer is one of these two
        if not world.truth.answered(correlation):
            world.watch.violated(
                "evidence-before-release", f"{correlation} was answered {heard.code} without its entry"
            )

    def _learned(self, call: Call, correlation: str, heard: Heard) -> None:
        world, watch = self.world, self.world.watch
        self.told[correlation] = heard.known
        name = (heard.location or "").rpartition("/")[2]
        if name:
            watch.keys[name] = call.key
        if heard.known == "done" and not watch.performed[call.system, call.operation, call.key]:
            watch.violated("done-means-done", f"{call.operation} {call.key} was answered 200 and nobody has done it")
        if heard.known == "unknown" and name:
            self.doubtful[name] = call
        if heard.known == "left" and name not in self.left:
            self.left[name] = call
            if not world.life.dead and world.truth.submission(name) is None:
                watch.violated("accepted-after-commit", f"{name} was accepted and is not on the disk")
            operation = world.registry.connectors[call.system].operations[call.operation]
            if operation.deliver is not None and operation.deliver.order_by is not None:
                watch.order.setdefault((call.system, call.key), []).append(name)
            if watch.calm(call.system, CALM):
                asyncio.get_running_loop().create_task(self._soon(name, call, world.life.number), name="soon")

    async def _soon(self, name: str, call: Call, life: int) -> None:
        """Nothing is wrong, so nothing may take long."""
        world = self.world
        await asyncio.sleep(SOON)
        if world.life.dead or world.life.number != life or not world.watch.calm(call.system, CALM):
            return
        row = world.truth.submission(name)
        if (
            name not in world.watch.poison
            and row is not None
            and row["state"] == "queued"
            and len(world.truth.open_rows()) < 4
        ):
            world.watch.violated("wake-up", f"{name} {call.operation} still waits after {SOON:.0f} s of calm")

    # -- updates -------------------------------------------------------------------------------------------------------

    async def _update(
        self, system: str, manner: str, *, keyed: bool, patience: float | None, repeats: list[float], other_body: bool,
        mates: int, serial: int,
    ) -> None:  # fmt: skip
        call = self.calls.update(system, serial, large=manner == "large")
        headers = {"prefer": "respond-async"} if manner in ("later", "large") else {}
        if keyed or manner == "race":
            headers["idempotency-key"] = f"k-{serial}"
        if manner == "race":
            heard = await asyncio.gather(*(self.ask(call, headers=headers, patience=patience) for _ in range(5)))
            self._stable(call, [each for each in heard if each.known in ("done", "left")])
            first = next((each for each in heard if each.known in ("done", "left")), heard[0])
        else:
            first = await self.ask(call, headers=headers, patience=patience)
        if manner == "later":
            for mate in self.calls.mates(call, mates):
                await self.ask(mate, headers={"prefer": "respond-async"})
        if "idempotency-key" not in headers:
            return
        before = [first]
        for pause in repeats:
            await asyncio.sleep(pause)
            before.append(await self.ask(call, headers=headers, patience=patience))
            self._stable(call, before)
        if other_body and first.known in ("done", "left"):
            other = Call(call.system, call.operation, _changed(call), call.headers, call.key)
            heard_other = await self.ask(other, headers=headers)
            if heard_other.status not in (0, 422) and heard_other.code not in (
                "evidence-unavailable",
                "invalid-message",
                "overloaded",
            ):
                self.world.watch.violated(
                    "idempotency", f"another body under the key of {call.key} gave {heard_other.code}"
                )

    def _stable(self, call: Call, heard: list[Heard]) -> None:
        """What was said once under a key is said again."""
        firm = [each for each in heard if each.known in ("done", "left")]
        for one, other in pairwise(firm):
            same = one.data == other.data if one.known == "done" else one.location == other.location
            if one.known != other.known or not same:
                self.world.watch.violated(
                    "idempotency", f"{call.key}: first {one.status}, then {other.status}, other data"
                )

    # -- what ministries bring -----------------------------------------------------------------------------------------

    async def _inbox(self) -> None:
        """Reads what waits, takes it away, and never sees it again."""
        world, key = self.world, {"x-api-key": self.world.ground.secrets["mot-cua"], "accept": "application/json"}
        answer = await world.life.ask(HttpRequest("GET", "/inbox", key))
        if answer is None or answer.status != 200:
            return
        for item in json.loads(_bytes(answer))["items"]:
            name = (item["system"], item["operation"], item["key"])
            if name in self.fetched:
                world.watch.violated("inbox-once", f"{name} came twice")
            done = await world.life.ask(HttpRequest("DELETE", f"/inbox/{item['id']}", key))
            if done is not None and done.status in (200, 204):
                self.fetched.add(name)

    def inward(self, request: HttpRequest, answer: HttpResponse) -> None:
        """A ministry was told that its call was taken."""
        _, _, system, operation, *_ = request.target.partition("?")[0].split("/")
        if self.world.life.dead or not 200 <= answer.status < 300:
            return
        said = getattr(self.world.simulator.systems[system].module, "acknowledged", None)
        if said is not None and not said(operation, json.loads(_bytes(answer))):
            return
        taken = self.inbound.setdefault((system, operation), set())
        taken.add(_bytes(request).decode())
        stored = self.world.truth.handed_over(system, operation)
        if stored < len(taken):
            self.world.watch.violated(
                "inbound-durable", f"{len(taken)} calls of {operation} were taken, {stored} are stored"
            )

    # -- afterwards ----------------------------------------------------------------------------------------------------

    async def farewell(self) -> None:
        """Long after the last fault every question is answered, and the board says so."""
        world = self.world
        for system in world.plan.systems:
            for call in self.calls.queries(system):
                heard = await self.ask(call)
                if heard.code != "ok":
                    world.watch.violated(
                        "recovery", f"{system} {call.operation} gives {heard.code} long after the last fault"
                    )
            await self._collected(system)
            shown = world.life.gateway.health.system(system) if world.life.gateway else None
            if shown is None or shown.health != "up":
                world.watch.violated("recovery", f"{system} is {shown and shown.health} long after the last fault")

    async def _collected(self, system: str) -> None:
        """What a ministry has had for a while is handed over: a cursor that ran ahead would have left something behind."""
        world, store = self.world, self.world.life.store
        if any(act.what == "clock" and act.given["seconds"] < 0 for act in world.plan.acts):
            return  # the ministries' clock went back as well, and what they number by time came behind the cursor
        for collector in world.registry.connectors[system].collectors.values():
            if collector.cursor is None or store is None:
                continue
            first = Call(
                system, collector.operation, {collector.cursor: "0" * 24, **collector.request}, self._purpose(system)
            )
            await asyncio.sleep(60)
            heard = await self.ask(first)
            for item in heard.data.get(collector.items, ()) if heard.code == "ok" else ():
                if not world.truth.holds(store.keys.digest(b"item", str(item[collector.item_key]).encode())):
                    world.watch.violated("all-collected", f"{system} {item[collector.item_key]} was never handed over")

    def _purpose(self, system: str) -> Mapping[str, str]:
        return self.calls.query(system, 0).headers

    async def leaves(self) -> None:
        """An update in every system, left with the bus; whether it is done is nobody's question any more."""
        for number, system in enumerate(self.world.plan.systems):
            await self.ask(self.calls.update(system, 900 + number), headers={"prefer": "respond-async"})

    def after_restart(self) -> None:
        """What was promised before is on the disk still."""
        for name in [*self.left, *self.doubtful]:
            if self.world.truth.submission(name) is None:
                self.world.watch.violated("durable", f"{name} was promised and is gone")

    async def ended(self) -> None:
        """Accepted means delivered, or refused by the ministry, or in front of a human who alone can tell."""
        world = self.world
        self.after_restart()
        for name, call in {**self.left, **self.doubtful}.items():
            row = world.truth.submission(name)
            if row is None or name in world.watch.poison:
                continue
            operation = world.registry.connectors[call.system].operations[call.operation]
            settles = operation.proved_by is not None or operation.keyed
            if row["state"] == "indeterminate" and settles:
                world.watch.violated(
                    "all-settled", f"{name} {call.operation} waits for a human, and the manifest says how"
                )
            if row["state"] == "failed" and name in self.left:
                why = await self._why(name)
                if why not in BUSINESS:
                    world.watch.violated(
                        "accepted-is-kept", f"{name} {call.operation} was accepted and failed with {why}"
                    )

    async def _why(self, name: str) -> str:
        gateway = self.world.life.gateway
        found = await gateway.submissions.get(name) if gateway is not None else None
        return found.outcome.problem.code if found is not None and found.outcome.problem is not None else "nothing"


def _heard(answer: HttpResponse | None) -> Heard:
    if answer is None:
        return Heard(0, "gone", None, None)
    body = _bytes(answer)
    data = json.loads(body) if body else None
    code = "ok" if answer.status < 400 else str((data or {}).get("code", answer.status))
    retryable = bool(isinstance(data, dict) and data.get("retryable"))
    return Heard(answer.status, code, data, answer.headers.get("location"), retryable)


def _bytes(message: HttpRequest | HttpResponse) -> bytes:
    return message.body if isinstance(message.body, bytes) else b""


def _changed(call: Call) -> dict[str, Any]:
    """The same message with one word more."""
    data = json.loads(json.dumps(call.data))

    def change(value: Any) -> bool:
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, str) and " " in each:
                value[name] = each + " 2"
                return True
            if isinstance(each, dict | list) and change(each):
                return True
        return False

    change(data)
    return dict(data)
