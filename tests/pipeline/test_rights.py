"""Who gets what, against a predicate of its own: consumers x operations x fields x purposes, 0 wrong either way.

The predicate below shares no line with the bus: it works on plain tuples, days as numbers and sets of leaf paths.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lgsp.errors import LgspError, QuotaExceeded
from lgsp.exchange import Exchange, chain
from lgsp.explain import explain
from lgsp.home import builtin
from lgsp.manifest import load
from lgsp.model import Consumer, Data, Evidence, Face, Grant, HttpRequest, Stage, StageEntry, Text
from lgsp.pipeline.authorize import Authorize
from lgsp.pipeline.minimise import Minimise
from lgsp.policy import Policy
from lgsp.registry import Operation
from lgsp.runtime import HANOI, Runtime
from lgsp.store import open_store
from lgsp_mocks.clock import run
from lgsp_mocks.world.province import Province

ANSWER: Data = {
    "ma": "1",
    "nguoi": {"ten": "Mẫu", "so": "2", "noi": {"xa": "3", "tinh": "4"}},
    "ds": [{"ten": "a", "con": [{"so": 5}, {"so": 6, "ten": "b"}]}, {"ten": "c"}, "lạ"],
    "rong": [],
    "khong": None,
}
FIELDS = (None, ("ma",), ("nguoi.ten",), ("nguoi",), ("ds.con.so", "ma"), ("ds.ten", "nguoi.noi.xa"), ("xxx",), ("nguoi", "nguoi.ten"), ("ma.sau",))  # fmt: skip
PURPOSES = (None, ("1.001193",), ("1.001193", "2.000635"), ())
ASKED = (None, "1.001193", "2.000635", "9.999999", "1.001193 ")
FACES = (Face.REST, Face.SOAP, Face.NATIVE)


@dataclass
class Stages:
    now: dict[str, Stage]

    def stage(self, system: str) -> StageEntry | None:
        stage = self.now.get(system)
        at = date(2022, 11, 1)
        moment = Runtime.system().clock.now()
        return None if stage is None else StageEntry(system, stage, at, "QĐ", "a", "b", Evidence.DECLARED, moment)


# -- the reference: written from the words of the issue, not from the code -----------------------------------------------


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every scalar with its path through objects; lists do not count."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def allowed(c: dict[str, Any], grants: list[dict[str, Any]], call: dict[str, Any]) -> dict[str, Any] | None:
    """The grant that opens the door; None where it stays shut."""
    if call["stage"] not in ("trial", "official") or c["level"] is None or c["malware"] is False:
        return None
    if c["until"] is not None and c["until"] < 0:
        return None
    if c["since"] is not None and c["since"] > 0:
        return None
    standing = [
        g for g in grants
        if g["system"] in ("*", call["system"]) and g["operation"] in ("*", call["operation"])
        and not (g["system"] == "*" and g["operation"] != "*")
        and (g["begin"] is None or g["begin"] <= 0) and (g["end"] is None or g["end"] >= 0)
    ]  # fmt: skip
    if not standing:
        return None
    best = max(standing, key=lambda g: (g["system"] != "*", g["operation"] != "*"))
    if call["stage"] == "trial" and not (c["trial"] and best["trial"]):
        return None
    if call["face"] == "native" and best["fields"] is not None:
        return None
    if best["purposes"] is not None and call["purpose"] not in best["purposes"]:
        return None
    return best


def may_leave(answer: Data, fields: tuple[str, ...] | None) -> set[str]:
    if fields is None:
        return {repr(each) for each in leaves(answer)}
    granted = [tuple(each.split(".")) for each in fields]
    return {repr((path, value)) for path, value in leaves(answer) if any(path[: len(each)] == each for each in granted)}


# -- the matrix ----------------------------------------------------------------------------------------------------------


def operations() -> list[Operation]:
    registry = load([builtin()])
    return [each for connector in registry.connectors.values() for each in [*connector.operations.values()][:3]]


async def one_world(runtime: Runtime, chance: random.Random, found: list[Operation]) -> tuple[int, int]:
    store = await open_store(None, runtime, inline=True)
    policy = Policy(store, runtime)
    await policy.load()
    today = runtime.clock.now().astimezone(HANOI).date()

    def day(offset: int | None) -> date | None:
        return None if offset is None else today + timedelta(days=offset)

    offsets = (None, None, -40, -1, 0, 1, 40)
    c: dict[str, Any] = {
        "level": chance.choice((None, 1, 2, 3, 5, 2, 3)), "until": chance.choice(offsets), "since": None,
        "malware": chance.choice((None, True, True, True, False)), "trial": chance.random() < 0.7,
    }  # fmt: skip
    c["since"] = chance.choice((None, -50, 0 if c["until"] in (None, 0, 1, 40) else -50, 1))
    consumer = Consumer(
        "x", Text("Mẫu", "Sample"), admits_trial=c["trial"], security_level=c["level"], security_expires=day(c["until"]),
        security_since=day(c["since"]), anti_malware=c["malware"],
    )  # fmt: skip
    await policy.create_consumer(consumer)
    grants: dict[tuple[str, str], dict[str, Any]] = {}
    near = chance.sample(found, 4)
    for _ in range(chance.randrange(5)):
        about = chance.choice(near)
        system = chance.choice((about.system, about.system, "*"))
        name = chance.choice((about.name, "*", "khac")) if system != "*" else "*"
        g: dict[str, Any] = {
            "system": system, "operation": name, "fields": chance.choice(FIELDS), "purposes": chance.choice(PURPOSES),
            "begin": chance.choice(offsets), "end": chance.choice(offsets), "trial": chance.random() < 0.7,
        }  # fmt: skip
        grants[system, name] = g
        await policy.put_grant(
            Grant("x", system, name, g["fields"], g["purposes"], "Luật", g["trial"], day(g["begin"]), day(g["end"]))
        )
    stages = Stages({each.system: chance.choice([*Stage, Stage.OFFICIAL, Stage.TRIAL]) for each in near[:-1]})
    asked = wrong = reached = 0

    async def backend(_: Exchange) -> Data:
        nonlocal reached
        reached += 1
        return ANSWER

    handle = chain(Authorize(policy, stages, runtime.clock), Minimise(), then=backend)
    for operation in near:
        for face in FACES:
            for purpose in ASKED:
                exchange = Exchange("i", face, HttpRequest("POST", "/"), runtime.clock.now(), 0.0, "c")
                exchange.operation, exchange.consumer, exchange.purpose = operation, consumer, purpose
                stage = stages.now.get(operation.system, Stage.PLANNED)
                call = {
                    "system": operation.system, "operation": operation.name, "face": face.value, "purpose": purpose,
                    "stage": stage.value,
                }  # fmt: skip
                grant = allowed(c, [*grants.values()], call)
                asked, before = asked + 1, reached
                try:
                    left: Data | None = await handle(exchange)
                except QuotaExceeded:
                    raise
                except LgspError as error:
                    left = None
                    right_kind = error.fault_domain == "policy"
                    wrong += not right_kind
                said = explain(
                    policy, stages, "x", operation.system, operation.name, purpose=purpose, native=face is Face.NATIVE
                )
                right = (left is None) == (grant is None) and (reached == before) == (grant is None)
                right = right and (said.refusal is None) == (grant is not None)
                if left is not None and grant is not None:
                    right = right and {repr(each) for each in leaves(left)} == may_leave(ANSWER, grant["fields"])
                wrong += not right
                assert right, (c, grants, call, left)
    await store.close()
    return asked, wrong


def test_no_wrong_allow_and_no_wrong_denial() -> None:
    async def story(runtime: Runtime) -> tuple[int, int]:
        chance, found, total = random.Random(6), operations(), (0, 0)
        for _ in range(150):
            asked, wrong = await one_world(runtime, chance, found)
            total = total[0] + asked, total[1] + wrong
        return total

    asked, wrong = run(story)
    assert asked >= 9000
    assert wrong == 0


def test_both_provinces_demonstration_consumers() -> None:
    """What their files grant is what they get, over every operation of all systems."""
    found = [each for connector in load([builtin()]).connectors.values() for each in connector.operations.values()]

    async def story(runtime: Runtime) -> int:
        checked = 0
        for name in ("hoa-binh", "dien-bien"):
            province = Province.load(name)
            store = await open_store(None, runtime, inline=True)
            policy = Policy(store, runtime)
            await policy.load()
            for entry in province.consumers:
                consumer = Consumer(entry["id"], Text("Mẫu", "Sample"), security_level=entry["security_level"])
                await policy.create_consumer(consumer)
                for grant in entry["grants"]:
                    fields = tuple(grant["fields"]) if "fields" in grant else None
                    await policy.put_grant(Grant(entry["id"], grant["system"], grant["operation"], fields))
                for operation in found:
                    wanted = any(
                        grant["system"] in ("*", operation.system) and grant["operation"] in ("*", operation.name)
                        for grant in entry["grants"]
                    )
                    assert (policy.grant_for(consumer, operation.system, operation.name) is not None) is wanted
                    checked += 1
            await store.close()
        return checked

    assert run(story) >= 8 * 50
