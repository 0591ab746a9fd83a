"""Where a telling takes place: the province with its bus and its ministries, and the one that follows it where eras change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random

from lgsp.app import Gateway
from lgsp.cli.scenario.plan import Scenario
from lgsp.health.breaker import BreakerPolicy
from lgsp.model import HttpResponse
from lgsp.runtime import Runtime
from lgsp.simulate import Loaded, Province
from lgsp_mocks.traffic import Flow, Requests, code_of

AWAY = frozenset(
    {"timeout", "connect-failed", "bad-answer", "overloaded", "circuit-open", "maintenance", "unreachable", "bus-fault"}
)
"""Codes after which an agency asks again by itself."""
REFUSED_BY_NOBODY = 1_000_000_000
"""Calls that a breaker would have to see first: more than any telling makes."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One era. `requests` are messages as its own agencies write them, with the codes of its day."""

    since: datetime
    province: Province
    requests: Requests
    keys: Mapping[str, str]
    """API key by consumer."""

    @property
    def gateway(self) -> Gateway:
        return self.province.gateway

    async def call(self, flow: Flow, now: datetime, written: Requests | None = None, **headers: str) -> str:
        """One call by an agency, and what came of it; `written`: by whom, where the message is not of this era."""
        request = (written or self.requests).request(flow, self.keys[flow.consumer], now, **headers)
        try:
            return outcome(await self.province.door.send(request))
        except (OSError, TimeoutError):
            return "unreachable"

    def busy(self) -> bool:
        return any(self.gateway.bulkhead.inflight().values())


async def stand(
    stack: AsyncExitStack,
    runtime: Runtime,
    scenario: Scenario,
    loaded: Loaded,
    seed: int,
    source: Random,
    start: datetime,
) -> list[Stand]:
    """The province of the scenario, and the one after its switch, both running until the stack is closed."""
    told = [(scenario.province, start)]
    if scenario.switch:
        told.append((scenario.switch.province, scenario.switch.at))
    found = []
    for name, since in told:
        province = await stack.enter_async_context(
            Province(runtime, seed=seed, province=name, loaded=loaded, watched=False)
        )
        if not scenario.policy.breaker:
            never = BreakerPolicy(minimum=REFUSED_BY_NOBODY, timeouts_alone=REFUSED_BY_NOBODY)
            province.gateway.health.policy = never
        requests = Requests.of(province.simulator.admin.examples(), source)
        keys = {consumer: secrets.api_key for consumer, secrets in province.secrets.items()}
        found.append(Stand(since, province, requests, keys))
    return found


def outcome(answer: HttpResponse) -> str:
    """ "ok", "accepted", an error code, or "unknown" where an update's outcome is for the bus to find out."""
    if answer.status < 400:
        return "accepted" if answer.status == 202 else "ok"
    code = code_of(answer)
    return "unknown" if code == "timeout" and "location" in answer.headers else code
