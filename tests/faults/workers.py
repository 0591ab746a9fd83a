"""Several workers on the embedded store: what is lost when one is killed or all are replaced, how soon they agree.

`python -m tests.faults.workers [seconds]` prints every figure; the tests run the short forms.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.crew import Bus, Load, running

Figures = dict[str, Any]
SYSTEM = "civil-status"


async def one_key(bus: Bus, posts: int = 1000, serial: int = 9001, *others: Bus) -> Figures:
    """So many concurrent posts of one update with one idempotency key, over all workers, or over several nodes."""
    doors = (bus, *others)
    call = bus.calls.update(SYSTEM, serial - serial % 2)
    key = {"Idempotency-Key": f"one-key-{serial}"}
    statuses, answers = Counter[int](), set[bytes]()
    gate = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        async with gate:
            for _ in range(200):
                status, body, _ = await doors[number % len(doors)].send(call, {**bus.key, **key})
                statuses[status] += 1
                if status not in (409, 503):  # both say when to come again
                    break
                await asyncio.sleep(0.05)
            answers.add(body if status == 200 else str(status).encode())

    await asyncio.gather(*map(one, range(posts)))
    effects = await bus.get(f"{bus.simulator}/_sim/effects")
    return {
        "posts": posts, "answers": len(answers), "statuses": dict(statuses),
        "effects": effects.get(SYSTEM, {}).get(call.key, 0),
    }  # fmt: skip


async def agreement(bus: Bus) -> Figures:
    """Seconds from a command's begin until every one of sixteen connections says the same, and how many contradict it after."""
    found: Figures = {}
    call = bus.calls.query(SYSTEM, 0)
    await bus.command("stage.list")  # what the first command imports is no part of the figures
    async with bus.readers() as readers:

        async def until(say: Callable[[Any], Awaitable[bool]]) -> float:
            """Until every connection says so."""
            began = time.monotonic()
            async with asyncio.timeout(60):
                while not all(await asyncio.gather(*(say(each) for each in readers))):
                    pass
            return time.monotonic() - began

        async def status(session: Any) -> int:
            return (await bus.send(call, session=session))[0]

        async def is_403(session: Any) -> bool:
            return await status(session) == 403

        async def is_200(session: Any) -> bool:
            return await status(session) == 200

        await until(is_200)
        people = {"by": "A", "approved_by": "B"}
        began = time.monotonic()
        await bus.command("stage.move", system=SYSTEM, to="suspended", decision="01/QĐ-MAU", **people)
        found["stage"] = time.monotonic() - began + await until(is_403)
        await bus.command("stage.move", system=SYSTEM, to="official", decision="02/QĐ-MAU", **people)
        await until(is_200)

        fresh = await bus.command("consumer.key", id=bus.demo["consumers"][0]["id"])
        key_id = fresh["api_key"].split("_")[1]

        async def by_key(session: Any) -> int:
            return (await bus.send(call, {"X-API-Key": fresh["api_key"]}, session))[0]

        async def admitted(session: Any) -> bool:
            return await by_key(session) == 200

        async def refused(session: Any) -> bool:
            return await by_key(session) == 401

        await until(admitted)
        began = time.monotonic()
        await bus.command("consumer.revoke", id=bus.demo["consumers"][0]["id"], key_id=key_id)
        found["key revoked"] = time.monotonic() - began + await until(refused)

        token = await _token(bus)
        found["token elsewhere"] = Counter(await asyncio.gather(*(_by_token(bus, token, each) for each in readers)))
    return found


async def _token(bus: Bus) -> str:
    form = {"grant_type": "client_credentials"}
    consumer = bus.demo["consumers"][0]
    fresh = await bus.command("consumer.key", id=consumer["id"])
    basic = base64.b64encode(f"{fresh['client_id']}:{fresh['client_secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    async with bus.session.post(f"{bus.url}/token", data=form, headers=headers) as answer:
        return str((await answer.json())["access_token"])


async def _by_token(bus: Bus, token: str, session: Any) -> int:
    call = bus.calls.query(SYSTEM, 0)
    url = f"{bus.url}/api/{call.system}/v1/{call.operation}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **call.headers}
    async with session.post(url, data=call.body, headers=headers) as answer:
        await answer.read()
        return int(answer.status)


async def health(bus: Bus, probes_seconds: float = 0.0) -> Figures:
    """A system refuses connections: when the first worker says so, when the last; how often it is asked while open."""
    call = bus.calls.query(SYSTEM, 0)
    found: Figures = {}
    async with bus.readers() as readers:

        async def says(session: Any) -> tuple[str, str]:
            board = await bus.get(f"{bus.url}/status", session)
            row = next(each for each in board["systems"] if each["id"] == SYSTEM)
            return row["health"], row["breaker"]

        async def apart(wanted: Callable[[tuple[str, str]], bool]) -> float:
            first = 0.0
            async with asyncio.timeout(60):
                while True:
                    await bus.send(call)  # a breaker moves when somebody asks
                    said = [wanted(each) for each in await asyncio.gather(*map(says, readers))]
                    now = time.monotonic()
                    first = first or (now if any(said) else 0.0)
                    if all(said):
                        return now - first

        async with bus.session.put(
            f"{bus.simulator}/_sim/faults/{SYSTEM}", data=json.dumps({"kind": "reset", "when": {"always": True}})
        ) as answer:
            assert answer.status < 300, await answer.text()
        await asyncio.gather(*(bus.send(call, session=each) for each in readers))
        found["breaker open, first to last"] = await apart(lambda said: said[1] != "closed")
        found["down, first to last"] = await apart(lambda said: said[0] == "down")
        if probes_seconds:
            before = await _asked(bus)
            ends = time.monotonic() + probes_seconds
            refused = Counter[int]()
            while time.monotonic() < ends:
                refused.update(each[0] for each in await asyncio.gather(*(bus.send(call, session=s) for s in readers)))
                await asyncio.sleep(0.1)
            found["probes"] = await _asked(bus) - before
            found["probes allowed"] = probes_seconds / 5 + 1
            found["calls meanwhile"] = dict(refused)
        async with bus.session.delete(f"{bus.simulator}/_sim/faults/{SYSTEM}"):
            pass
        began = time.monotonic()
        found["closed, first to last"] = await apart(lambda said: said[1] == "closed")
        found["closed after"] = time.monotonic() - began
    return found


async def _asked(bus: Bus) -> int:
    journal = await bus.get(f"{bus.simulator}/_sim/journal?limit=100000")
    entries = journal["entries"] if isinstance(journal, dict) else journal
    return sum(each.get("system") == SYSTEM for each in entries)


async def quota(bus: Bus, limit: int = 10, calls: int = 40) -> Figures:
    """A grant of so many calls a minute, asked by all workers at once, within one minute of the wall clock."""
    consumer = bus.demo["consumers"][0]["id"]
    call = bus.calls.query("vpostcode", 0)
    grant = {"consumer": consumer, "system": call.system, "operation": call.operation, "legal_basis": "01/QĐ-MAU"}
    await bus.command("grant.add", **grant, quota_per_minute=limit, by="A", approved_by="B")
    await asyncio.sleep(max(0.0, 60 - time.time() % 60) if time.time() % 60 > 50 else 0.0)
    async with bus.readers() as readers:
        answers = [bus.send(call, session=readers[number % len(readers)]) for number in range(calls)]
        statuses = Counter(status for status, _, _ in await asyncio.gather(*answers))
    await bus.command("grant.remove", **{name: grant[name] for name in ("consumer", "system", "operation")})
    return {"limit": limit, "statuses": dict(statuses)}


async def rolling(bus: Bus, callers: int = 8, rounds: int = 1) -> Figures:
    """All workers replaced under load."""
    call = bus.calls.query(SYSTEM, 0)
    before, began = set(bus.workers()), 0.0
    async with bus.load(call, callers) as load:
        await asyncio.sleep(0.5)
        began = time.monotonic()
        for _ in range(rounds):
            await bus.command("reload", restart=True)
        took = time.monotonic() - began
        await asyncio.sleep(0.5)
    after = set(bus.workers())
    return {**_of(load), "seconds": took, "replaced": len(before - after), "workers": len(after)}


async def ended(bus: Bus, callers: int = 8) -> Figures:
    """SIGTERM to the whole service under load: what is under way is answered, then connections are refused."""
    async with bus.load(bus.calls.query(SYSTEM, 0), callers) as load:
        await asyncio.sleep(0.5)
        began = time.monotonic()
        bus.gateway.process.send_signal(signal.SIGTERM)
        await bus.gateway.process.wait()
        took = time.monotonic() - began
    lost = [each for each in load.lost if each != "ClientConnectorError"]  # nobody listens any more: nothing was taken
    return {"calls": load.done, "lost": dict(Counter(lost)), "ended after": round(took, 2)}


async def killed(bus: Bus, callers: int = 8, left: int = 40, serial: int = 9100, settle: float = 30.0) -> Figures:
    """One worker is killed while callers call and updates are being left with the bus."""
    call = bus.calls.query(SYSTEM, 0)
    accepted: dict[str, str] = {}
    refused = Counter[str]()

    async def leave(number: int) -> None:
        update = bus.calls.update(SYSTEM, serial + 2 * number)
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"killed-{serial}-{number}"}
        for _ in range(5):  # who has no answer asks again, with the same key
            try:
                status, _, answered = await bus.send(update, headers)
            except aiohttp.ClientError as error:
                refused[type(error).__name__] += 1
                continue
            if status == 202:
                accepted[update.key] = answered["Location"]
                return
            refused[str(status)] += 1

    victim = bus.workers()[0]
    async with bus.load(call, callers) as load:
        await asyncio.sleep(0.3)
        async with asyncio.TaskGroup() as group:
            for number in range(left):
                group.create_task(leave(number))
                if number == left // 2:
                    os.kill(victim, signal.SIGKILL)
                await asyncio.sleep(0.01)
        await bus.gateway.until("has died")
        await asyncio.sleep(0.5)
    states = await settled(bus, accepted, settle)
    effects = (await bus.get(f"{bus.simulator}/_sim/effects")).get(SYSTEM, {})
    times = Counter(effects.get(key, 0) for key in accepted)
    return {
        **_of(load), "accepted": len(accepted), "asked again": dict(refused), "states": dict(states),
        "effects": dict(times), "workers": len(bus.workers()),
    }  # fmt: skip


async def between_nodes(one: Bus, other: Bus) -> Figures:
    """What one node decides the other one does: seconds until it does."""
    call = one.calls.query(SYSTEM, 0)
    await one.command("stage.list")

    async def until(wanted: int, headers: dict[str, str]) -> float:
        began = time.monotonic()
        async with asyncio.timeout(60):
            while (await other.send(call, headers))[0] != wanted:
                pass
        return time.monotonic() - began

    found: Figures = {}
    people = {"by": "A", "approved_by": "B"}
    await one.command("stage.move", system=SYSTEM, to="suspended", decision="01/QĐ-MAU", **people)
    found["stage"] = await until(403, one.key)
    await one.command("stage.move", system=SYSTEM, to="official", decision="02/QĐ-MAU", **people)
    await until(200, one.key)
    fresh = await one.command("consumer.key", id=one.demo["consumers"][0]["id"])
    found["key known"] = await until(200, {"X-API-Key": fresh["api_key"]})
    await one.command("consumer.revoke", id=one.demo["consumers"][0]["id"], key_id=fresh["api_key"].split("_")[1])
    found["key revoked"] = await until(401, {"X-API-Key": fresh["api_key"]})
    found["token elsewhere"] = await _by_token(other, await _token(one), other.session)
    return found


async def settled(bus: Bus, accepted: dict[str, str], seconds: float) -> Counter[str]:
    ends = time.monotonic() + seconds
    states: Counter[str] = Counter()
    while time.monotonic() < ends:
        states = Counter()
        for place in accepted.values():
            async with bus.session.get(f"{bus.url}{place}", headers=bus.key) as answer:
                states[(await answer.json())["state"]] += 1
        if states["delivered"] == len(accepted) or (set(states) <= {"delivered", "indeterminate"} and seconds < 60):
            break
        await asyncio.sleep(0.25)
    return states


def _of(load: Load) -> Figures:
    return {
        "calls": load.done, "lost": dict(Counter(load.lost)), "p50 ms": round(load.quantile(0.5) * 1000, 1),
        "p99 ms": round(load.quantile(0.99) * 1000, 1), "longest silence s": round(load.gap, 2),
    }  # fmt: skip


async def experiment(folder: Path, seconds: float) -> Figures:
    """All of it on the embedded store, each with whether it holds."""
    found: Figures = {}
    async with running(folder, workers=2) as bus:
        key = await one_key(bus)
        found["1,000 posts with one key"] = key | {"holds": (key["answers"], key["effects"]) == (1, 1)}
        agreed = await agreement(bus)
        found["agreement"] = agreed | {"holds": max(agreed["stage"], agreed["key revoked"]) < 1.0}
        spent = await quota(bus)
        found["quota"] = spent | {"holds": spent["statuses"] == {200: 10, 429: 30}}
        well = await health(bus, seconds)
        within = max(well[name] for name in well if name.endswith("last")) < 1.0
        found["health and breaker"] = well | {"holds": within and well["probes"] <= well["probes allowed"]}
        rolled = await rolling(bus, rounds=3)
        found["rolling restart"] = rolled | {"holds": not rolled["lost"]}
        found["a worker killed"] = all_done(await killed(bus, left=200, settle=150.0), 200)
        end = await ended(bus)
        found["the service ended"] = end | {"holds": not end["lost"]}
    return found


def all_done(figures: Figures, count: int) -> Figures:
    """After a kill: every acknowledged update was delivered and took effect once, and the others went on within ten seconds."""
    holds = (
        figures["accepted"] == figures["states"].get("delivered") == figures["effects"].get(1) == count
        and figures["longest silence s"] <= 10
    )  # fmt: skip
    return figures | {"holds": holds}


def run(seconds: float = 20.0) -> Figures:
    with tempfile.TemporaryDirectory(prefix="lgsp-workers-") as folder:
        return asyncio.run(experiment(Path(folder), seconds))


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0), indent=1, default=float))
