"""What a rate alone does not tell: `python -m bench.further [NAME…] [--json FILE]`.

crowd      1,000 connections in a closed loop: answered or shed with 503 and `Retry-After`, nothing else; memory with them open
slow       a system that answers in 30 s, 500 calls to it under way: p99 of the others beside their own without it
growth     17 and 170 systems, 10 and 10,000 consumers: CPU per call
workers    one and two workers: calls per CPU second
start      `lgsp up` to readiness, `lgsp --help` above the interpreter
memory     resident after every 50,000 of `CALLS` calls (default 300,000), and what that grows by over a million
"""

from __future__ import annotations

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import click

from bench.load import Ask, run
from bench.rig import LOAD_CORE, Rig, cpu_seconds, free_port, pin, resident_mb, rig, wait
from bench.works import Contender, House, started
from lgsp import runtime

CROWD, NORMAL, SLOW_CALLS, SLOW_SECONDS = 1000, 16, 500, 30
SECONDS = 8.0
_AT_ONCE = 20
_STEP = 50_000
"""Calls between two looks at the memory."""
ROUNDS = 3
Figures = dict[str, Any]


def crowd() -> Figures:
    with rig() as stage:
        house = _house(stage)
        ours = _learned(house)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = resident_mb(house.gateway.pid)
        measured = runtime.run(run(ours.ask, CROWD, SECONDS, 1.0, lambda: cpu_seconds(house.gateway.pid)))
        return {
            "connections": CROWD,
            "answered": measured.calls,
            "shed with Retry-After": measured.shed,
            "anything else": measured.others - measured.shed,
            "calls/s": round(measured.calls / measured.seconds),
            "p99 ms": round(measured.percentile(0.99) * 1e3),
            "resident MB before and after": [round(before), round(resident_mb(house.gateway.pid))],
        }


def slow() -> Figures:
    """The slow system is the one of the REST work, the normal calls are those of the SOAP work."""
    with rig() as stage:
        house = _house(stage)
        ours = _learned(house)
        other = house.ours(house.example("danhMuc", "loaiDanhMuc"), "slow")
        fault = {"kind": "latency", "when": {"always": True}, "seconds": SLOW_SECONDS}
        alone = [_p99(ours) for _ in range(ROUNDS)]
        _put(f"{house.simulator}/_sim/faults/{house.example('danhMuc', 'loaiDanhMuc')['system']}", fault)
        hanging = _background(other.ask)
        try:
            beside = [_p99(ours) for _ in range(ROUNDS)]
        finally:
            for line in hanging:
                line.close()
        one, two = statistics.median(alone), statistics.median(beside)
        return {"p99 ms alone": one, "p99 ms beside": two, "ratio": round(two / one, 2), "rounds": [alone, beside]}


def growth() -> Figures:
    found: Figures = {}
    with rig() as stage:
        base = _cpu(_learned(_house(stage)))
    with rig() as stage:
        home = stage.folder / "home"
        systems = 170 - 17
        _systems(home, systems)
        found["170 systems"] = round(_cpu(_learned(_house(stage, "--home", str(home)))) / base, 3)
    with rig() as stage:
        house = _house(stage)
        _consumers(stage.folder / "data", 10_000)
        found["10,000 consumers"] = round(_cpu(_learned(house)) / base, 3)
    return {"CPU us a call": round(base), "times that with": found}


def workers() -> Figures:
    found = {}
    for number in (1, 2):
        with rig() as stage:
            house = _house(stage, "--workers", str(number))
            ours = _learned(house)
            spent = partial(_tree_seconds, house.gateway.pid)
            windows = [runtime.run(run(ours.ask, 2 * NORMAL, SECONDS / 2, 1.0, spent)) for _ in range(ROUNDS)]
            found[number] = statistics.median(each.calls / each.cpu_seconds for each in windows)
    return {
        "calls per CPU second": {n: round(each) for n, each in found.items()},
        "ratio": round(found[2] / found[1], 3),
    }


def start() -> Figures:
    ready, helped, bare = [], [], []
    for _ in range(ROUNDS):
        with rig() as stage:
            port = free_port()
            began = time.perf_counter()
            stage.start(
                "lgsp", "up", "--port", str(port), "--sim-port", str(free_port()), "--data", str(stage.folder / "d"),
                core=None,
            )  # fmt: skip
            _until_ready(f"http://127.0.0.1:{port}/readyz")
            ready.append(round(time.perf_counter() - began, 2))
        helped.append(_took("-m", "lgsp", "--help"))
        bare.append(_took("-c", "pass"))
    return {"up to ready s": ready, "help above the interpreter ms": round((min(helped) - min(bare)) * 1e3)}


def memory() -> Figures:
    """The slope is that of the second half: before, caches and the index of exchanges fill up to their bounds."""
    calls = int(os.environ.get("CALLS", "300000"))
    with rig() as stage:
        house = _house(stage)
        ours, pid = _learned(house), house.gateway.pid
        found = [(0, round(resident_mb(pid), 1))]
        while found[-1][0] < calls:
            done = found[-1][0]
            while done < found[-1][0] + _STEP:
                measured = runtime.run(run(ours.ask, NORMAL, SECONDS, 0.1, lambda: 0.0))
                if measured.others:
                    raise RuntimeError(f"{measured.others} calls failed")
                done += measured.calls
            found.append((done, round(resident_mb(pid), 1)))
            click.echo(f"{found[-1]}", err=True)
        half = found[len(found) // 2 :]
        slope = statistics.linear_regression([n for n, _ in half], [mb for _, mb in half]).slope
        return {"calls and resident MB": found, "MB a million calls": round(slope * 1e6, 1)}


EXPERIMENTS: dict[str, Callable[[], Figures]] = {
    "crowd": crowd, "slow": slow, "growth": growth, "workers": workers, "start": start, "memory": memory,
}  # fmt: skip


def _house(stage: Rig, *options: str) -> House:
    house = started(stage, *options)
    pin(LOAD_CORE)
    return house


def _learned(house: House) -> Contender:
    """The SOAP work, the ministry's answer kept in memory."""
    example = house.example("traCuuThongTinCongDan", "SoDinhDanh", "HoVaTen")
    ours = house.ours(example, "lgsp soap")
    house.asked_by(ours, example["request"]["SoDinhDanh"])
    return ours


def _p99(ours: Contender) -> float:
    measured = runtime.run(run(ours.ask, NORMAL, SECONDS / 2, 0.5, lambda: 0.0))
    if measured.others:
        raise RuntimeError(f"{measured.others} normal calls failed")
    return round(measured.percentile(0.99) * 1e3, 2)


def _cpu(ours: Contender) -> float:
    """Microseconds of CPU a call, the median of a few windows, once what a start has to do is done."""
    pid, found = ours.process.pid, []
    _quiet(pid)
    for _ in range(ROUNDS):
        measured = runtime.run(run(ours.ask, NORMAL, SECONDS / 2, 1.0, lambda: cpu_seconds(pid)))
        found.append(measured.cpu_seconds / measured.calls * 1e6)
    return statistics.median(found)


def _quiet(pid: int) -> None:
    """Until a process takes less than a tenth of a core, which the first probes of many systems keep it from for a while."""
    for _ in range(60):
        spent = cpu_seconds(pid)
        time.sleep(1.0)
        if cpu_seconds(pid) - spent < 0.1:
            return


def _background(ask: Ask) -> list[socket.socket]:
    """Calls that hang, each asked once: who is refused does not ask again at once."""
    asked = replace(ask, headers={**ask.headers, "X-LGSP-Timeout": str(SLOW_SECONDS)}).wire()
    parts = urlsplit(ask.url)
    lines = [socket.create_connection((parts.hostname or "", parts.port or 80)) for _ in range(SLOW_CALLS)]
    for line in lines:
        line.sendall(asked)
    time.sleep(1)
    return lines


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
    import asyncio

    from lgsp.cli.office import _by_owner

    async def add(first: int) -> None:
        for index in range(first, count, _AT_ONCE):
            await _by_owner(data, "consumer.add", {"id": f"he-thong-{index}", "name": f"Hệ thống {index}"}, seconds=60)

    async def all_of_them() -> None:
        await asyncio.gather(*(add(first) for first in range(_AT_ONCE)))

    asyncio.run(all_of_them())


def _tree_seconds(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return cpu_seconds(pid) + sum(cpu_seconds(int(each)) for each in children)


def _put(url: str, document: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    request = Request(url, json.dumps(document).encode(), headers, method="PUT")  # noqa: S310  loopback, ours
    with urlopen(request, timeout=10):  # noqa: S310
        pass


def _until_ready(url: str) -> None:
    wait(url)
    while True:
        try:
            with urlopen(url, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.01)


def _took(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(EXPERIMENTS)))
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(names: tuple[str, ...], file: Path | None) -> None:
    """Each experiment on its own; by default all of them but the memory, which takes long."""
    found = {}
    for name in names or [each for each in EXPERIMENTS if each != "memory"]:
        found[name] = EXPERIMENTS[name]()
        click.echo(f"{name}: {json.dumps(found[name], ensure_ascii=False)}")
    if file is not None:
        file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
