"""May it ask this, now: stage, security level, grant, purpose, quota, in that order. Deny by default (RULES 24)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from lgsp.errors import Forbidden, Suspended
from lgsp.exchange import Exchange, Handler
from lgsp.gate import check_case
from lgsp.model import Consumer, Data, Face, Grant, Stage, StageEntry, Text
from lgsp.policy import Policy
from lgsp.quota import Quota
from lgsp.runtime import Clock


class Stages(Protocol):
    """What is asked of the ledger of decisions."""

    def stage(self, system: str) -> StageEntry | None: ...


class Authorize:
    def __init__(self, policy: Policy, ledger: Stages, clock: Clock) -> None:
        self._policy, self._ledger, self._clock = policy, ledger, clock

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        """What an exchange of the bus itself delivers was authorized when it was accepted; to a suspended system nothing goes."""
        if exchange.face is Face.INTERNAL:
            if exchange.operation is not None:
                self._stage(exchange.operation.system)
            return handler(exchange)
        consumer, grant = self._checked(exchange)
        quota = self._policy.spend(grant, sandbox=consumer.sandbox)
        if quota is None:
            return self._drawn(exchange, handler, consumer, grant)
        self._admitted(exchange, quota)
        return handler(exchange)

    async def _drawn(self, exchange: Exchange, handler: Handler, consumer: Consumer, grant: Grant) -> Data:
        """This process's part of the common minute is used up: the others are asked."""
        self._admitted(exchange, await self._policy.draw(grant, sandbox=consumer.sandbox))
        return await handler(exchange)

    def _admitted(self, exchange: Exchange, quota: Quota) -> None:
        exchange.headers_out.update(quota_headers(quota))
        exchange.timings["policy"] = self._clock.monotonic() - exchange.started

    def _checked(self, exchange: Exchange) -> tuple[Consumer, Grant]:
        consumer, operation = exchange.consumer, exchange.operation
        if consumer is None or operation is None:
            raise Forbidden()
        policy = self._policy
        stage = self._stage(operation.system)
        policy.check_security_level(consumer)
        grant = exchange.grant = policy.check_grant(consumer, operation.system, operation.name)
        if stage is Stage.TRIAL:
            _admit_trial(consumer, grant)
            exchange.headers_out["X-LGSP-Stage"] = "trial"
        if exchange.face is Face.NATIVE and grant.fields is not None:
            raise Forbidden(_whole_answer())  # the ministry's own bytes cannot be cut to the granted fields
        policy.check_purpose(grant, exchange.purpose)
        if grant.needs_case:
            check_case(grant, exchange.case, policy.today())
        return consumer, grant

    def _stage(self, system: str) -> Stage:
        entry = self._ledger.stage(system)
        stage = Stage.PLANNED if entry is None else entry.stage
        if stage is Stage.SUSPENDED:
            raise Suspended()
        if stage not in (Stage.TRIAL, Stage.OFFICIAL):
            raise Forbidden(Text("Hệ thống chưa hoặc không còn được kết nối", "The system is not connected"))
        self._policy.check_system_level(system)
        return stage


def quota_headers(quota: Quota) -> dict[str, str]:
    """The IETF draft `RateLimit` fields: what the window allows and what is left of it."""
    return {
        "RateLimit-Policy": f'"minute";q={quota.limit};w=60',
        "RateLimit": f'"minute";r={quota.remaining};t={max(1, round(quota.reset))}',
    }


def _admit_trial(consumer: Consumer, grant: Grant) -> None:
    if not (consumer.admits_trial and grant.admits_trial):
        raise Forbidden(Text("Kết nối thử nghiệm không mở cho hệ thống này", "The trial is not open to this consumer"))


def _whole_answer() -> Text:
    return Text(
        "Quyền được cấp theo trường dữ liệu, hãy gọi bằng REST hoặc SOAP", "Granted by fields: call by REST or SOAP"
    )
