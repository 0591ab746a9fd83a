"""Who gets what, through the HTTP doors: consumers x operations x fields x purposes x faces, 0 wrong either way, over both provinces.

The predicate is of this file alone: days as numbers, plain tuples, sets of leaf paths. Every call goes over a socket; a refused
one must not reach a ministry, which the simulator's journal says. `LGSP_MATRIX=whole` asks every operation of all systems.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from lgsp.adapters import soap, soap_fault
from lgsp.mapping import Context
from lgsp.model import Consumer, Grant, HttpResponse, Kind, Text
from lgsp.pipeline.call import encode
from lgsp.registry import Connector, Operation
from lgsp.runtime import HANOI
from lgsp.settings import Province, Settings
from lgsp_mocks.world.province import Province as Folder
from tests.endpoints.bus import Bus
from tests.security.house import bus_of

WHOLE = os.environ.get("LGSP_MATRIX") == "whole"
ROUNDS = 60 if WHOLE else 9
PURPOSES: tuple[tuple[str, ...] | None, ...] = (None, None, ("1.001193",), ("1.001193", "2.000635"), ())
ASKED = (None, "1.001193", "2.000635", "9.999999")
ENDS = (None, None, None, None, 40, 40, 1, 0, -1)
BEGINS = (None, None, None, None, -40, -40, -1, 0, 1)


@dataclass(frozen=True)
class Question:
    """One safe query that the simulator answers, in every dialect that it can be asked in."""

    system: str
    operation: str
    stage: str
    body: dict[str, Any]
    headers: dict[str, str]
    leaves: tuple[tuple[str, ...], ...]
    native: tuple[str, str, dict[str, str], bytes] | None


# -- the reference -------------------------------------------------------------------------------------------------------


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path


def opens(
    who: dict[str, Any], grants: dict[tuple[str, str], dict[str, Any]], call: dict[str, Any]
) -> dict[str, Any] | None:
    """The grant by which this call is let through, None where it must not be."""
    if not who["active"] or who["level"] is None or who["malware"] is False:
        return None
    if (who["end"] is not None and who["end"] < 0) or (who["begin"] is not None and who["begin"] > 0):
        return None
    best = None
    for key in (("*", "*"), (call["system"], "*"), (call["system"], call["operation"])):
        grant = grants.get(key)
        if grant and (grant["begin"] is None or grant["begin"] <= 0) and (grant["end"] is None or grant["end"] >= 0):
            best = grant
    if best is None or (call["stage"] == "trial" and not (who["trial"] and best["trial"])):
        return None
    if call["face"] == "native" and best["fields"] is not None:
        return None
    if best["purposes"] is not None and call["purpose"] not in best["purposes"]:
        return None
    return best


def allowed_leaves(question: Question, fields: tuple[str, ...] | None) -> set[tuple[str, ...]]:
    if fields is None:
        return set(question.leaves)
    granted = [tuple(each.split(".")) for each in fields]
    return {leaf for leaf in question.leaves if any(leaf[: len(each)] == each for each in granted)}


# -- asking --------------------------------------------------------------------------------------------------------------


async def questions(bus: Bus) -> list[Question]:
    """Safe queries with an example that is answered. Without `whole`, the first of each system."""
    found: list[Question] = []
    seen: set[tuple[str, str]] = set()
    for example in await bus.examples():
        system, name = example["system"], example["operation"]
        connector = bus.gateway.registry.connectors[system]
        operation = connector.operations[name]
        if example["expect"] != "ok" or operation.kind is not Kind.QUERY or not operation.safe or operation.streamed:
            continue
        if (system, name) in seen or (not WHOLE and any(each[0] == system for each in seen)):
            continue
        answer = await bus.call(system, name, example["request"], example.get("headers"))
        if answer.status != 200:
            continue
        seen.add((system, name))
        stage = bus.gateway.ledger.stage(system).stage.value  # type: ignore[union-attr]  # every system has one
        headers = {k: v for k, v in example.get("headers", {}).items() if k.lower() != "x-lgsp-purpose"}
        paths = tuple(dict.fromkeys(leaves(answer.data)))
        native = _native(bus, connector, operation, example["request"])
        found.append(Question(system, name, stage, example["request"], headers, paths, native))
    return found


def _native(bus: Bus, connector: Connector, operation: Operation, body: dict[str, Any]) -> Any:
    """The same question as the ministry wants it: (method, path, headers, body); None where native cannot ask it."""
    route = operation.route("2022-2024")
    if operation.native is not None or route.backend.dstcode is not None or route.backend.adapter != "rest":
        return None
    context = Context(
        now=bus.gateway.runtime.clock.now().astimezone(HANOI), new_id=bus.gateway.runtime.ids.new, backend=route.backend.name,
        consumer="", officer=None, purpose=None, case=None, secrets=dict(route.backend.demo_secrets),
        values=dict(route.backend.values), places=connector.places, request=body, era="2022-2024",
    )  # fmt: skip
    request = encode(connector, operation, route, body, context)
    raw = request.body if isinstance(request.body, bytes) else b""
    return request.method, f"/native{request.target}", dict(request.headers), raw


async def ask(
    bus: Bus, question: Question, face: str, purpose: str | None, key: dict[str, str]
) -> tuple[str, set[tuple[str, ...]]]:
    """(ok, or the code of the refusal; the leaves that came)."""
    headers = {**question.headers, **key} | ({"X-LGSP-Purpose": purpose} if purpose else {})
    operation = bus.gateway.registry.connectors[question.system].operations[question.operation]
    if face == "rest":
        reply = await bus.send("POST", f"/api/{question.system}/v1/{question.operation}", question.body, headers)
        if reply.status == 200:
            return "ok", set(leaves(reply.data))
        return str(reply.data["code"]), set()
    if face == "soap":
        asked = soap.encode_request(operation.public, question.body)
        raw = asked.body if isinstance(asked.body, bytes) else b""
        reply = await bus.send("POST", f"/soap/{question.system}/v1", raw, {**asked.headers, **headers})
        if reply.status == 200:
            came = soap.decode_response(operation.public, HttpResponse(reply.status, dict(reply.headers), reply.body))
            return "ok", set(leaves(came))
        code = etree.fromstring(reply.body).findtext(f".//{{{soap_fault.ERROR_NS}}}code")
        return code or str(reply.status), set()
    assert question.native is not None
    method, path, own, raw = question.native
    reply = await bus.send(method, path, raw or None, {**own, **headers})
    return ("ok", set()) if reply.status == 200 else (str(reply.status), set())


async def reached(bus: Bus, question: Question) -> int:
    path = f"/_sim/journal?system={question.system}&operation={question.operation}"
    return len((await bus.send("GET", bus.simulator + path)).data)


REFUSALS = {"forbidden", "purpose-required", "security-level-not-approved", "unauthenticated"}


async def one_round(bus: Bus, chance: random.Random, found: list[Question], number: int) -> Counter[str]:
    """A consumer with random rights asks, by every face, what it may and what it may not."""
    today = bus.gateway.runtime.clock.now().astimezone(HANOI).date()

    def day(offset: int | None) -> Any:
        return None if offset is None else today + timedelta(days=offset)

    who: dict[str, Any] = {
        "active": chance.random() < 0.93, "level": chance.choice((None, 1, 2, 3, 3, 3, 4, 5)), "malware": chance.choice((None, True, True, True, True, True, False)),
        "end": chance.choice(ENDS), "begin": chance.choice(BEGINS), "trial": chance.random() < 0.8,
    }  # fmt: skip
    name = f"matrix-{number}"
    consumer = Consumer(
        name, Text("Mẫu", "Sample"), admits_trial=who["trial"], security_level=who["level"], security_expires=day(who["end"]),
        security_since=day(who["begin"]), anti_malware=who["malware"],
    )  # fmt: skip
    policy = bus.gateway.policy
    secrets = await policy.create_consumer(consumer)
    near = chance.sample(found, min(len(found), 12 if WHOLE else 5))
    grants: dict[tuple[str, str], dict[str, Any]] = {}
    for question in near:
        for key in ((question.system, question.operation), (question.system, "*"), ("*", "*")):
            if chance.random() < (0.75, 0.2, 0.1)[(key[0] == "*") + (key[1] == "*")]:
                fields = chance.choice((None, None, _some(question, chance), _some(question, chance)))
                grants[key] = {
                    "fields": fields, "purposes": chance.choice(PURPOSES), "begin": chance.choice(BEGINS),
                    "end": chance.choice(ENDS), "trial": chance.random() < 0.8,
                }  # fmt: skip
    for (system, operation), each in grants.items():
        await policy.put_grant(
            Grant(
                name,
                system,
                operation,
                each["fields"],
                each["purposes"],
                "Luật (mẫu)",
                each["trial"],
                day(each["begin"]),
                day(each["end"]),
            )
        )
    if not who["active"]:
        await policy.put_consumer(replace(consumer, active=False))
    seen: Counter[str] = Counter()
    for question in near:
        for face in ("rest", "soap", "native") if question.native else ("rest", "soap"):
            for purpose in ASKED if WHOLE else chance.sample(ASKED, 2):
                call = {
                    "system": question.system,
                    "operation": question.operation,
                    "stage": question.stage,
                    "face": face,
                    "purpose": purpose,
                }
                grant = opens(who, grants, call)
                before = await reached(bus, question)
                code, came = await ask(bus, question, face, purpose, {"X-API-Key": secrets.api_key})
                went = await reached(bus, question) - before
                about = (who, grants, call, code)
                if grant is None:
                    assert code in REFUSALS or (face == "native" and code in ("401", "403")), about
                    assert went == 0, about
                else:
                    assert (code, went) == ("ok", 1), about
                    if face != "native":
                        assert came <= allowed_leaves(question, grant["fields"]), about
                        assert face == "soap" or came == allowed_leaves(question, grant["fields"]), about
                seen["allowed" if grant else "refused"] += 1
                seen[face] += 1
    return seen


def _some(question: Question, chance: random.Random) -> tuple[str, ...]:
    """Random paths of this answer: whole branches, single leaves, and a field that does not exist."""
    paths = {".".join(leaf[:depth]) for leaf in question.leaves for depth in range(1, len(leaf) + 1)}
    chosen = chance.sample(sorted(paths), min(len(paths), chance.randrange(1, 4)))
    return (*chosen, *(["khongCo"] if chance.random() < 0.2 else []))


@pytest.mark.timeout(3000 if WHOLE else 120)
@pytest.mark.parametrize(("name", "seed"), [("hoa-binh", 17), ("dien-bien", 11)])
async def test_through_the_doors(tmp_path: Path, name: str, seed: int) -> None:
    folder = Folder.load(name)
    province = Province(folder.code, folder.agency, folder.title, name, "2022-2024")
    total: Counter[str] = Counter()

    def there(settings: Settings) -> Settings:
        """With the patience of a busy machine: a refusal that is not on record in time is another answer."""
        return replace(settings, province=province, limits=replace(settings.limits, evidence_seconds=60.0))

    async with bus_of(tmp_path, there, province=name, asks_by_itself=False) as bus:
        found = await questions(bus)
        chance = random.Random(seed)
        for number in range(ROUNDS):
            total += await one_round(bus, chance, found, number)
    assert len({each.system for each in found}) >= 14
    assert min(total["allowed"], total["refused"]) >= (500 if WHOLE else 25), total
    assert total["native"] >= (300 if WHOLE else 10), total
