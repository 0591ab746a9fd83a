"""Whether a call costs more as the house fills: gateways beside one another, one with little in it, windows in turn."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.load import run
from bench.rig import LOAD_CORE, Rig, cpu_seconds, held, pin, rested, rig, tree
from bench.works import Contender, House, gateway, started
from lgsp import runtime

CONNECTIONS, SECONDS, ROUNDS = 16, 2.5, 5
SYSTEMS, CONSUMERS = 170, 10_000
_BUILT_IN = 17
_AT_ONCE = 20
_OVER = 2.0
"""Seconds until what the last window has left under way is over: held in the middle it would count as a ministry's silence."""


def growth() -> dict[str, Any]:
    """CPU of one SOAP call. `STORED` names a data folder that holds exchanges already (`python -m bench.backup --fill-only`,
    twice: chain, then index); it is written into."""
    with rig() as stage:
        found = _in_turn(_houses(stage))
    middle = {name: statistics.median(each) for name, each in found.items()}
    least = {name: min(each) for name, each in found.items()}
    base = next(iter(middle))
    return {
        f"CPU us a call, {base}": round(middle[base]),
        "times that with": {name: round(each / middle[base], 3) for name, each in middle.items() if name != base},
        "the same by the least": {name: round(each / least[base], 3) for name, each in least.items() if name != base},
    }


def workers() -> dict[str, Any]:
    """As many connections for each worker: what is shared by a commit depends on them."""
    with rig() as stage:
        one = started(stage, "--workers", "1")
        two = gateway(stage, one.ministry, one.simulator, stage.folder / "two", "--workers", "2")
        found = _in_turn({"1": one, "2": two}, {"2": 2 * CONNECTIONS})
    rates = {name: 1e6 / statistics.median(each) for name, each in found.items()}
    least = min(found["1"]) / min(found["2"])
    said = {"calls per CPU second": {name: round(each) for name, each in rates.items()}}
    return {**said, "ratio": round(rates["2"] / rates["1"], 3), "by the least": round(least, 3)}


def _in_turn(houses: dict[str, House], connections: Mapping[str, int] = MappingProxyType({})) -> dict[str, list[float]]:
    """Microseconds of CPU a call, window after window; whose turn it is has the core alone."""
    pin(LOAD_CORE)
    calls = {name: learned(house) for name, house in houses.items()}
    for house in houses.values():
        for pid in tree(house.gateway.pid):
            rested(pid)
    found: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS):
        for name in list(calls)[:: -1 if turn % 2 else 1]:
            others = [each.gateway for other, each in houses.items() if other != name]
            found[name].append(_cpu(calls[name], others, connections.get(name, CONNECTIONS)))
    return found


def learned(house: House) -> Contender:
    """The SOAP work, the ministry's answer kept in memory."""
    example = house.example("traCuuThongTinCongDan", "SoDinhDanh", "HoVaTen")
    ours = house.ours(example, "lgsp soap")
    house.asked_by(ours, example["request"]["SoDinhDanh"])
    return ours


def _houses(stage: Rig) -> dict[str, House]:
    base = started(stage)
    _systems(stage.folder / "home", SYSTEMS - _BUILT_IN)

    def another(data: Path, *options: str) -> House:
        return gateway(stage, base.ministry, base.simulator, data, *options)

    crowded = another(stage.folder / "crowded")
    _consumers(stage.folder / "crowded", CONSUMERS)
    found = {
        f"{_BUILT_IN} systems, few consumers, nothing stored": base,
        f"{SYSTEMS} systems": another(stage.folder / "wide", "--home", str(stage.folder / "home")),
        f"{CONSUMERS:,} consumers": crowded,
    }
    if stored := os.environ.get("STORED"):
        found["what STORED holds"] = another(Path(stored))
    return found


def _cpu(ours: Contender, others: list[subprocess.Popen[bytes]], connections: int) -> float:
    """Microseconds a call, in one window."""
    pids = tree(ours.process.pid)
    time.sleep(_OVER)
    with held(*others):
        spent = partial(_seconds, pids)
        measured = runtime.run(run(ours.ask, connections, SECONDS, 1.0, spent))
    if measured.others:
        raise RuntimeError(f"{measured.others} calls failed")
    return measured.cpu_seconds / measured.calls * 1e6


def _seconds(pids: list[int]) -> float:
    return sum(map(cpu_seconds, pids))


def _systems(home: Path, count: int) -> None:
    """So many copies of one small register."""
    from bench.codec import generated
    from lgsp.scaffold import draft, write

    source = home.parent / "register"
    source.mkdir()
    contract = generated(source)
    for index in range(count):
        made = draft(f"so-{index:03}", contract, "wsdl", date(2026, 1, 1))
        write(made.files, home)


def _consumers(data: Path, count: int) -> None:
    from lgsp.cli.office import _by_owner

    async def add(first: int) -> None:
        for index in range(first, count, _AT_ONCE):
            await _by_owner(data, "consumer.add", {"id": f"he-thong-{index}", "name": f"Hệ thống {index}"}, seconds=60)

    async def all_of_them() -> None:
        await asyncio.gather(*(add(first) for first in range(_AT_ONCE)))

    asyncio.run(all_of_them())
