"""Every fault kind, and what the gateway makes of it: the error, whose turn it is, the system's health, and its recovery."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from lgsp.asking import a_question, ask
from lgsp.home import builtin
from lgsp.model import Health
from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks.faults import KINDS, SOAP_ONLY, FaultError

UP, DOWN, DEGRADED = Health.UP, Health.DOWN, Health.DEGRADED
BACKEND, NETWORK = "backend", "network"

# kind: (parameters, first answer, fault domain, health while it lasts)
REACTIONS: dict[str, tuple[dict[str, Any], str, str | None, Health]] = {
    "latency": ({}, "ok", None, UP),
    "hang": ({}, "timeout", BACKEND, DOWN),
    "refuse": ({}, "connect-failed", NETWORK, DOWN),
    "reset": ({}, "connect-failed", NETWORK, DOWN),
    "lost-answer": ({}, "connect-failed", NETWORK, DOWN),
    "slow-close": ({"seconds": 60}, "timeout", BACKEND, DOWN),
    "dribble": ({"seconds": 60}, "timeout", BACKEND, DOWN),
    "bandwidth": ({"bytes_per_second": 5}, "timeout", BACKEND, DOWN),
    "truncate": ({}, "bad-answer", BACKEND, DOWN),
    "token-down": ({}, "connect-failed", NETWORK, DOWN),
    "token-expired": ({}, "connect-failed", NETWORK, DOWN),
    "suspend-303001": ({}, "circuit-open", BACKEND, DOWN),
    "xml-fault": ({}, "connect-failed", NETWORK, DOWN),
    "http-status": ({}, "bad-answer", BACKEND, DOWN),
    "html-200": ({}, "bad-answer", BACKEND, DOWN),
    "empty": ({}, "bad-answer", BACKEND, DOWN),
    "garbage": ({}, "bad-answer", BACKEND, DOWN),
    "soap-fault": ({}, "bad-answer", BACKEND, DOWN),
    "fault-200": ({}, "bad-answer", BACKEND, DOWN),
    "business-error": ({}, "provider-fault", BACKEND, UP),
    "duplicate": ({}, "provider-fault", BACKEND, UP),
    "entity-bomb": ({}, "bad-answer", BACKEND, DOWN),
    "schema-invalid": ({}, "bad-answer", BACKEND, DOWN),
    "wrong-namespace": ({}, "bad-answer", BACKEND, DOWN),
    "charset": ({}, "bad-answer", BACKEND, DOWN),
    "oversized": ({"bytes": 128 << 20}, "bad-answer", BACKEND, DOWN),
    "old-contract": ({}, "bad-answer", BACKEND, DOWN),
    # what an agency need not notice: the data arrive, in composed letters, or as the ministry has them
    "nfd": ({}, "ok", None, UP),
    "unknown-code": ({}, "ok", None, UP),
    "bad-base64": ({}, "ok", None, UP),
    # read all the same: the Body is what was asked for
    "must-understand": ({}, "bad-answer", BACKEND, DOWN),
    "version-mismatch": ({}, "bad-answer", BACKEND, DOWN),
}
SIGN_IN = ("token-down", "session-expired")


def test_every_kind_is_here() -> None:
    assert {*REACTIONS, "session-expired"} == set(KINDS)


@pytest.mark.parametrize("kind", REACTIONS)
def test_the_error_its_domain_the_health_and_the_recovery(kind: str, lgsp_loaded: Loaded) -> None:
    """At a system that speaks SOAP, where every kind makes sense."""
    system = "budget-unit"
    given, code, domain, health = REACTIONS[kind]

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        question = a_question(province, system)
        plain = await ask(province, question)
        assert plain.code == "ok"
        assert province.gateway.health.system(system).health is UP
        narrowed = {} if kind in SIGN_IN else {"operation": question["operation"]}
        province.fail(system, kind, **narrowed, **given)
        reply = await ask(province, question)
        assert reply.code == code, reply.data
        if domain is not None:
            assert reply.data["fault_domain"] == domain, reply.data
            assert reply.headers["x-lgsp-fault-domain"] == domain
        for _ in range(5):
            await ask(province, question)
        seen = province.gateway.health.system(system)
        assert seen.health is health
        assert (seen.cause is not None) == (health is not UP), "an illness has a cause, health has none"
        province.heal(system)
        await asyncio.sleep(120)
        assert (await ask(province, question)).data == plain.data
        assert province.gateway.health.system(system).health is UP

    tell(story, loaded=lgsp_loaded.only(system), size=400)


def test_an_expired_session_is_renewed_behind_the_callers_back(lgsp_loaded: Loaded) -> None:
    system = "national-portal"

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        question = a_question(province, system)
        plain = await ask(province, question)
        province.fail(system, "session-expired", operation=question["operation"], times=1)
        assert (await ask(province, question)).data == plain.data
        assert province.gateway.health.system(system).health is UP

    tell(story, loaded=lgsp_loaded.only(system), size=400)


# -- the same at the other systems ------------------------------------------------------------------------------------

SYSTEMS = sorted(builtin().systems())
SHORT = ("national-portal", "population", "shared-catalogue")
"""One behind the adapter with its session, one of SOAP, one of REST: the others speak as one of these does."""
NOT_THERE: dict[str, frozenset[str]] = {
    # a sign-in that is not the platform's has no token that could end
    "token-expired": frozenset({"document-exchange", "national-portal"}),
    # what it says for a repeated update does not fit the question that is asked here
    "duplicate": frozenset({"document-exchange"}),
}
OTHERWISE: dict[tuple[str, str], tuple[str, str | None, Health]] = {
    ("civil-servants", "bad-base64"): ("bad-answer", BACKEND, DOWN),  # its contract says that the field is Base64
    ("shared-catalogue", "business-error"): ("record-not-found", BACKEND, UP),
    ("shared-catalogue", "duplicate"): ("record-not-found", BACKEND, UP),
}


@pytest.mark.parametrize(
    "system",
    [
        pytest.param(
            each,
            marks=pytest.mark.skipif(
                each not in SHORT and "LGSP_LONG" not in os.environ, reason="a minute for all: LGSP_LONG=1 make test"
            ),
        )
        for each in SYSTEMS
    ],
)
def test_every_kind_at_every_system_where_it_makes_sense(system: str, lgsp_loaded: Loaded) -> None:
    """The same error and domain everywhere; a system of which other operations go on well is degraded instead of down."""

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        question = a_question(province, system)
        assert (await ask(province, question)).code == "ok"
        met = 0
        for kind, (given, *expected) in REACTIONS.items():
            if system in NOT_THERE.get(kind, ()):
                continue
            try:
                province.fail(
                    system, kind, **({} if kind in SIGN_IN else {"operation": question["operation"]}), **given
                )
            except FaultError:
                assert kind in SOAP_ONLY, f"{kind} makes sense everywhere else"
                continue
            met += 1
            code, domain, health = OTHERWISE.get((system, kind), tuple(expected))
            reply = await ask(province, question)
            assert (reply.code, reply.headers.get("x-lgsp-fault-domain")) == (code, domain), kind
            for _ in range(5):
                await ask(province, question)
            seen = province.gateway.health.system(system)
            assert seen.health in ((UP,) if health is UP else (DOWN, DEGRADED)), kind
            assert (seen.cause is None) == (health is UP), kind
            province.heal(system)
            await asyncio.sleep(180)
            assert (await ask(province, question)).code == "ok", kind
            assert province.gateway.health.system(system).health is UP, kind
        assert met >= len(REACTIONS) - len(SOAP_ONLY) - 2

    tell(story, loaded=lgsp_loaded.only(system), size=400)


# -- an update, whose outcome has to be known ---------------------------------------------------------------------------

SAID_NO = {"business-error", "duplicate"}
NEVER_SENT = {"token-down", "token-expired", "suspend-303001", "xml-fault", "refuse"}
"""The platform itself said that it did not reach the ministry, or nobody took the connection."""
HARMLESS = {"latency", "nfd", "unknown-code", "bad-base64"}


def test_every_kind_at_an_update_that_nobody_may_send_twice(lgsp_loaded: Loaded) -> None:
    """Done, refused, never sent: said as such. Everything else leaves it open: 504 with a `Location`, never sent again."""
    system = "public-payment"

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        examples = province.simulator.admin.examples()
        update = next(e for e in examples if e["operation"] == "INIT" and e["system"] == system and e["expect"] == "ok")
        for kind, (given, *_) in REACTIONS.items():
            narrowed = {} if kind in SIGN_IN else {"operation": "INIT"}
            try:
                province.fail(system, kind, **narrowed, **{**given, "times": 1})
            except FaultError:
                continue  # it does not speak SOAP
            before = len(province.simulator.journal.calls(system, "INIT"))
            reply = await province.call(system, "INIT", update["request"], headers=update.get("headers"))
            sent = len(province.simulator.journal.calls(system, "INIT")) - before
            if kind in HARMLESS:
                assert reply.code == "ok", kind
            elif kind in SAID_NO:
                assert (reply.code, reply.data["fault_domain"]) == ("provider-fault", "backend"), kind
            elif kind in NEVER_SENT:
                assert reply.code in ("ok", "connect-failed", "circuit-open"), (kind, reply.data)
            else:
                assert (reply.status, reply.code, reply.data["retryable"]) == (504, "timeout", False), (
                    kind,
                    reply.data,
                )
                assert reply.headers["location"].startswith("/submissions/"), kind
                assert sent <= 1, f"{kind}: its outcome is unknown, and it was sent {sent} times"
            province.heal(system)
            await asyncio.sleep(180)

    tell(story, loaded=lgsp_loaded.only(system), size=400)


@pytest.mark.parametrize(
    ("when", "pattern"),
    [
        ({"always": True}, "xxxxxx"),
        ({"times": 2}, "xx...."),
        ({"every": 3}, "..x..x"),
        ({"after": 4}, "....xx"),
        ({"probability": 0.5, "seed": 10}, ".x.x.."),
        ({"window": [25, 45]}, "...xx."),
        ({"operation": "xacMinhThongTinNhanThan"}, "......"),
        ({"operation": "traCuuThongTinCongDan"}, "xxxxxx"),
        ({"consumer": "lgsp"}, "xxxxxx"),  # a ministry's caller is the bus, whichever agency asked it
        ({"after": 1, "every": 2, "times": 2}, "..x.x."),
        ({"consumer": "khac"}, "......"),
        ({"key": "017190999601"}, "xxxxxx"),
        ({"key": "001090999999"}, "......"),
    ],
)
def test_every_condition_is_met_through_the_bus(when: dict[str, Any], pattern: str, lgsp_loaded: Loaded) -> None:
    """An answer that is too late for nobody and too short for all: what is not repeated shows each strike by itself."""

    async def story(province: Province) -> str:
        question = a_question(province, "population")
        province.fail("population", "truncate", **when)
        said = ""
        for _ in range(6):
            said += "." if (await ask(province, question)).code == "ok" else "x"
            await asyncio.sleep(10)
        return said

    assert tell(story, loaded=lgsp_loaded.only("population"), size=400, watched=False) == pattern
