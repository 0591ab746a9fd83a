"""Authenticate and Authorize: every dialect to one consumer, every reason to refuse in its order."""

from __future__ import annotations

import base64
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from lgsp.errors import (
    Forbidden,
    LgspError,
    PurposeRequired,
    QuotaExceeded,
    SecurityLevelNotApproved,
    Suspended,
    Unauthenticated,
)
from lgsp.exchange import Exchange
from lgsp.model import Consumer, Data, Evidence, Face, Grant, HttpRequest, Stage, StageEntry, Text
from lgsp.pipeline.authenticate import Authenticate
from lgsp.pipeline.authorize import Authorize
from lgsp.policy import NewSecrets, Policy
from lgsp.runtime import Runtime, SeededIds, SystemClock
from lgsp.store import open_store
from tests.submissions.house import operation

PORTAL = Consumer("portal", Text("Một cửa", "One-stop"), security_level=2)
GRANT = Grant("portal", "register", "*")


@dataclass
class Case:
    policy: Policy
    secrets: NewSecrets
    runtime: Runtime
    now: Stage | None = Stage.OFFICIAL

    def stage(self, system: str) -> StageEntry | None:
        if self.now is None:
            return None
        at = self.runtime.clock.now()
        return StageEntry(system, self.now, date(2022, 11, 1), "QĐ", "a", "b", Evidence.DECLARED, at)

    def exchange(self, face: Face = Face.REST, headers: Mapping[str, str] | None = None) -> Exchange:
        clock = self.runtime.clock
        request = HttpRequest("POST", "/", headers or {})
        made = Exchange("i", face, request, clock.now(), clock.monotonic(), "c")
        made.operation = operation("push")
        return made

    async def authorized(self, exchange: Exchange) -> Exchange:
        async def handler(_: Exchange) -> Data:
            return {}

        exchange.consumer = self.policy.consumer("portal")
        await Authorize(self.policy, self, self.runtime.clock)(exchange, handler)
        return exchange


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    clock = SystemClock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    policy = Policy(store, runtime)
    await policy.load()
    yield Case(policy, await policy.create_consumer(PORTAL, [GRANT]), runtime)
    await store.close()


async def authenticated(case: Case, exchange: Exchange) -> str | None:
    async def handler(inner: Exchange) -> Data:
        return {"id": inner.consumer.id if inner.consumer else None}

    found: str | None = (await Authenticate(case.policy)(exchange, handler))["id"]
    return found


async def test_every_header_dialect_leads_to_the_consumer(case: Case) -> None:
    token = await case.policy.issue("portal", case.secrets.client_secret)
    packed = base64.b64encode(b'{"AccessKey":"portal","SecretKey":"%s"}' % case.secrets.client_secret.encode()).decode()
    for headers in (
        {"authorization": f"Bearer {token.access_token}"},
        {"x-api-key": case.secrets.api_key},
        {"lgspaccesstoken": packed},
        {"x-systemid": "portal", "x-secretkey": case.secrets.client_secret},
    ):
        assert await authenticated(case, case.exchange(headers=headers)) == "portal"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic cG9ydGFsOng="},
        {"authorization": "Bearer x", "x-api-key": "y"},
        {"lgspaccesstoken": "not base64"},
        {"lgspaccesstoken": base64.b64encode(b"[]").decode()},
        {"x-systemid": "portal"},
    ],
)
async def test_what_proves_nobody_is_refused(case: Case, headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        await authenticated(case, case.exchange(headers=headers))


async def test_the_bus_itself_needs_no_credential_and_no_grant(case: Case) -> None:
    assert await authenticated(case, case.exchange(Face.INTERNAL)) is None
    await case.policy.delete_grant("portal", "register", "*")
    await case.authorized(case.exchange(Face.INTERNAL))
    case.now = Stage.SUSPENDED  # what was accepted before waits: to a suspended system nothing goes
    with pytest.raises(Suspended):
        await case.authorized(case.exchange(Face.INTERNAL))


async def test_granted(case: Case) -> None:
    exchange = await case.authorized(case.exchange())
    assert exchange.grant == GRANT
    assert set(exchange.headers_out) == {"RateLimit", "RateLimit-Policy"}
    assert exchange.timings["policy"] >= 0


@pytest.mark.parametrize(
    ("now", "consumer", "grant", "face", "error"),
    [
        (Stage.SUSPENDED, {}, {}, Face.REST, Suspended),
        (Stage.PLANNED, {}, {}, Face.REST, Forbidden),
        (Stage.RETIRED, {}, {}, Face.REST, Forbidden),
        (None, {}, {}, Face.REST, Forbidden),
        (Stage.TRIAL, {"admits_trial": False}, {}, Face.REST, Forbidden),
        (Stage.TRIAL, {}, {"admits_trial": False}, Face.REST, Forbidden),
        (Stage.OFFICIAL, {"security_level": None}, {}, Face.REST, SecurityLevelNotApproved),
        (Stage.OFFICIAL, {}, {"operation": "other"}, Face.REST, Forbidden),
        (Stage.OFFICIAL, {}, {"purposes": ("1.001193",)}, Face.REST, PurposeRequired),
        (Stage.OFFICIAL, {}, {"needs_case": True}, Face.REST, PurposeRequired),
        (Stage.OFFICIAL, {}, {"fields": ("a",)}, Face.NATIVE, Forbidden),
        (Stage.OFFICIAL, {}, {"quota_per_minute": 0}, Face.SOAP, QuotaExceeded),
    ],
)
async def test_refused(
    case: Case, now: Stage | None, consumer: dict[str, Any], grant: dict[str, Any], face: Face, error: type[LgspError]
) -> None:
    case.now = now
    await case.policy.delete_grant("portal", "register", "*")
    await case.policy.put_consumer(replace(PORTAL, **consumer))
    await case.policy.put_grant(replace(GRANT, **grant))
    with pytest.raises(error):
        await case.authorized(case.exchange(face))


async def test_a_trial_says_so_to_whom_it_is_open(case: Case) -> None:
    case.now = Stage.TRIAL
    assert (await case.authorized(case.exchange())).headers_out["X-LGSP-Stage"] == "trial"
