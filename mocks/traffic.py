"""The simulated agency systems: clients of the province's bus at realistic rates, and the way to it over a socket."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any, Literal

import aiohttp
from yarl import URL

from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import HANOI, Runtime
from lgsp_mocks.calendar import Calendar
from lgsp_mocks.clock import EPOCH

SECONDS = 20.0
TOGETHER = 64
"""Calls under way at most; what would come on top is left out and counted: a client of ours never piles up on a bus."""
PLAN = Path(__file__).with_name("traffic.toml")
_DAY = 86_400.0
_DOSSIER = re.compile(r"([A-Z][0-9]{2}(?:\.[0-9]+)*)-[0-9]{6}-[0-9]{4,6}")
_DAY_TEXT = re.compile(r"(?<![0-9])20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")
_NEAR_DAYS = 60
"""Days of an example this near to its own day are moved along with it; a grandfather's birthday is not."""
_BURSTS = ((11, 30), (16, 30))
_BURST_MINUTES = 20

Send = Callable[[HttpRequest], Awaitable[HttpResponse]]
When = Literal["work", "poll", "burst"]


@dataclass(frozen=True, slots=True)
class Flow:
    """One kind of call that one agency system makes."""

    system: str
    operation: str
    a_day: float
    consumer: str = "mot-cua"
    when: When = "work"
    fresh: bool = False
    moment: str = ""
    """The field that says when it happened, with its offset: nobody reports the same step twice."""


@dataclass(frozen=True)
class Plan:
    """Who calls what how often: `traffic.toml`, or a file of the same shape."""

    calendar: Calendar
    flows: tuple[Flow, ...]
    levels: Mapping[str, float]

    @classmethod
    def load(cls, file: Path = PLAN) -> Plan:
        table = tomllib.loads(file.read_text("utf-8"))
        flows = tuple(Flow(**row) for row in table["flows"])
        return cls(Calendar.of(table["calendar"]), flows, table["levels"])

    def rate(self, flow: Flow, now: datetime) -> float:
        """Calls a second of one flow at this moment, at `typical`."""
        if flow.when == "poll":
            return flow.a_day / _DAY
        if flow.when == "burst":
            return flow.a_day / (len(_BURSTS) * _BURST_MINUTES * 60) if self._bursting(now) else 0.0
        return flow.a_day / self.calendar.seconds_a_day * self.calendar.intensity(now)

    def _bursting(self, now: datetime) -> bool:
        here = now.astimezone(HANOI)
        minute = here.hour * 60 + here.minute
        starts = (hour * 60 + past for hour, past in _BURSTS)
        return self.calendar.works(here.date()) and any(0 <= minute - start < _BURST_MINUTES for start in starts)

    def of_level(self, level: str) -> tuple[float, float | None]:
        """(factor, calls a second whatever the hour) of `calm`, `typical` or a number. Raises `ValueError`."""
        if level in self.levels:
            return self.levels[level], None
        try:
            a_second = float(level)
        except ValueError:
            a_second = 0.0
        if not 0 < a_second <= 10_000:
            raise ValueError(f"off, {', '.join(self.levels)}, or calls a second (0 to 10000)")
        return 1.0, a_second


@dataclass
class Requests:
    """Messages for the plan's flows, made of the simulator's own examples."""

    examples: Mapping[tuple[str, str], Mapping[str, Any]]
    random: Random
    _serial: int = 0

    @classmethod
    def of(cls, examples: Iterable[Mapping[str, Any]], source: Random) -> Requests:
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for example in examples:
            if example["expect"] == "ok":
                found.setdefault((example["system"], example["operation"]), example)
        return cls(found, source)

    def knows(self, flow: Flow) -> bool:
        return (flow.system, flow.operation) in self.examples

    def request(self, flow: Flow, api_key: str, now: datetime, **headers: str) -> HttpRequest:
        """One REST call; a fresh one carries a dossier code that nobody has used."""
        example = self.examples[flow.system, flow.operation]
        text = json.dumps(example["request"], ensure_ascii=False)
        if flow.fresh:
            text = self.renamed(text, now)
        if flow.moment:
            said = now.astimezone(HANOI).isoformat(timespec="seconds")
            text = re.sub(rf'("{flow.moment}": *")[^"]*"', rf'\g<1>{said}"', text)
        named = {name.lower(): value for name, value in example.get("headers", {}).items()}
        return HttpRequest(
            "POST",
            f"/api/{flow.system}/{example['version']}/{flow.operation}",
            {"content-type": "application/json", "x-api-key": api_key, **named, **headers},
            text.encode(),
        )

    def renamed(self, text: str, now: datetime) -> str:
        """The same message as if it were of today: dossier codes of its own, days as far from now as from the examples' day."""
        made: dict[str, str] = {}
        passed = now.astimezone(HANOI).date() - EPOCH.date()

        def fresh(found: re.Match[str]) -> str:
            if found[0] not in made:
                self._serial += 1
                made[found[0]] = f"{found[1]}-{now.astimezone(HANOI):%y%m%d}-{self._serial % 10_000:04d}"
            return made[found[0]]

        def moved(found: re.Match[str]) -> str:
            day = date.fromisoformat(found[0])
            return (day + passed).isoformat() if abs((day - EPOCH.date()).days) <= _NEAR_DAYS else found[0]

        return _DAY_TEXT.sub(moved, _DOSSIER.sub(fresh, text))


@dataclass
class Traffic:
    """Calls a bus for as long as it runs; `done` counts what came of it, by (system, operation, outcome)."""

    plan: Plan
    requests: Requests
    keys: Mapping[str, str]
    """API key by consumer."""
    send: Send
    runtime: Runtime
    level: str = "typical"
    done: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: int = 0
    """Calls that were due while `TOGETHER` were under way."""
    _under_way: int = 0

    async def run(self, seconds: float | None = None) -> None:
        """Until cancelled, or for so many seconds."""
        factor, a_second = self.plan.of_level(self.level)
        flows = [flow for flow in self.plan.flows if flow.consumer in self.keys and self.requests.knows(flow)]
        clock = self.runtime.clock
        ends = None if seconds is None else clock.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while ends is None or clock.monotonic() < ends:
                now = clock.now()
                rates = [self._rate(flow, now, factor, steady=a_second is not None) for flow in flows]
                total = sum(rates)
                if a_second is not None and total:
                    rates, total = [rate * a_second / total for rate in rates], a_second
                # the pause of a Poisson stream; looked at again after ten seconds, when the hour may be another one
                pause = self.requests.random.expovariate(total) if total else 10.0
                await asyncio.sleep(min(pause, 10.0))
                if pause >= 10.0:
                    continue
                flow = self.requests.random.choices(flows, rates)[0]
                if self._under_way >= TOGETHER:
                    self.left_out += 1
                else:
                    self._under_way += 1
                    group.create_task(self._call(flow))

    def _rate(self, flow: Flow, now: datetime, factor: float, *, steady: bool) -> float:
        return flow.a_day if steady else self.plan.rate(flow, now) * factor

    async def _call(self, flow: Flow) -> None:
        request = self.requests.request(flow, self.keys[flow.consumer], self.runtime.clock.now())
        try:
            answer = await self.send(request)
            outcome = "ok" if answer.status < 400 else code_of(answer)
        except (OSError, TimeoutError):
            outcome = "unreachable"
        finally:
            self._under_way -= 1
        self.done[flow.system, flow.operation, outcome] += 1


def code_of(answer: HttpResponse) -> str:
    """The error code that the bus gives, or the status where it gives none."""
    try:
        document = json.loads(answer.body if isinstance(answer.body, bytes) else b"")
    except ValueError:
        return str(answer.status)
    return str(document.get("code", answer.status)) if isinstance(document, dict) else str(answer.status)


class HttpGateway:
    """A `Gateway` for `Simulator.gateway`: raises `OSError` or `TimeoutError` where the bus cannot be reached, and once it is
    closed: a simulator may outlive the bus that it calls back."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._closed:
            raise ConnectionRefusedError("closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=False)
        body = request.body if isinstance(request.body, bytes) else b""
        try:
            async with self._session.request(
                request.method,
                URL(self._url + request.target, encoded=True),
                headers=dict(request.headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return HttpResponse(answer.status, headers, await answer.content.read(1 << 20))
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None


async def as_agencies(
    to_bus: Send, profile: Path, examples: Iterable[Mapping[str, Any]], runtime: Runtime, level: str
) -> None:
    """The traffic of `lgsp up --traffic`: waits for the bus and its `demo.json`, then calls until cancelled."""
    while not await _ready(to_bus):  # noqa: ASYNC110  another process: nothing here could be waited for
        await asyncio.sleep(0.25)
    keys = _keys(profile)
    requests = Requests.of(examples, runtime.random)
    await Traffic(Plan.load(), requests, keys, to_bus, runtime, level).run()


def _keys(profile: Path) -> dict[str, str]:
    """API keys by consumer. The bus writes the file before it is ready."""
    known = json.loads(profile.read_text("utf-8"))
    return {each["id"]: each["api_key"] for each in known["consumers"]}


async def _ready(to_bus: Send) -> bool:
    try:
        return (await to_bus(HttpRequest("GET", "/readyz"))).status == 200
    except (OSError, TimeoutError):
        return False
