"""What a rate alone does not tell: `python -m bench.further [NAME…] [--json FILE]`.

crowd      1,000 connections in a closed loop: answered or shed with 503 and `Retry-After`, nothing else; memory with them open
slow       a system that answers in 30 s, 500 calls to it under way: p99 of the others beside their own without it
document   documents of 50 MB, one after the other: p99 of normal calls beside their own without them
growth     17 and 170 systems, 10 and 10,000 consumers, few and (where `STORED` names them) many stored exchanges: CPU per call
workers    one and two workers on one core, windows in turn: calls per CPU second
start      `lgsp up` to readiness, `lgsp --help` above the interpreter
memory     resident after every 50,000 of `CALLS` calls (default 300,000), and what that grows by over a million
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click

from bench.growth import growth, learned, workers
from bench.load import run
from bench.neighbours import NORMAL, crowd, document, slow
from bench.rig import LOAD_CORE, Rig, free_port, pin, resident_mb, rig, wait
from bench.works import House, started
from lgsp import runtime

SECONDS = 8.0
_STEP = 50_000
"""Calls between two looks at the memory."""
ROUNDS = 3
Figures = dict[str, Any]


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
        ours, pid = learned(house), house.gateway.pid
        found, failed = [(0, round(resident_mb(pid), 1))], 0
        while found[-1][0] < calls:
            done = found[-1][0]
            while done < found[-1][0] + _STEP:
                measured = runtime.run(run(ours.ask, NORMAL, SECONDS, 0.1, lambda: 0.0))
                failed += measured.others
                if failed > calls / 1e4:  # some are 503 where the disk stands still for a second
                    raise RuntimeError(f"{failed} calls failed")
                done += measured.calls
            found.append((done, round(resident_mb(pid), 1)))
            click.echo(f"{found[-1]}", err=True)
        half = found[len(found) // 2 :]
        slope = statistics.linear_regression([n for n, _ in half], [mb for _, mb in half]).slope
        return {"calls and resident MB": found, "MB a million calls": round(slope * 1e6, 1), "not answered": failed}


EXPERIMENTS: dict[str, Callable[[], Figures]] = {
    "crowd": crowd, "slow": slow, "document": document, "growth": growth, "workers": workers, "start": start, "memory": memory,
}  # fmt: skip


def _house(stage: Rig, *options: str) -> House:
    house = started(stage, *options)
    pin(LOAD_CORE)
    return house


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
