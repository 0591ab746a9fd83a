"""The command behind `make faults`: seeds, one seed with its trace, the table of planted bugs, and the experiments.

python -m tests.faults seeds 0..1999
python -m tests.faults replay 17
python -m tests.faults teeth [NAME]
python -m tests.faults kills [--store postgres] | workers | cluster | collectors | disk | lost-disk | powercut [--quick]
python -m tests.faults away | slow | overload | flood | herd | backlog [--quick]
python -m tests.faults all [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests import postgres
from tests.faults import cluster, collecting, full_disk, kills, lost_disk, powercut, pressure, teeth, workers
from tests.faults.flood import flood
from tests.faults.ground import Ground
from tests.faults.world import Found, play

_GROUND: list[Ground] = []
QUICK: dict[str, dict[str, Any]] = {
    "away": {"seconds": 12.0}, "slow": {"seconds": 4.0, "together": 100}, "overload": {"seconds": 5.0},
    "herd": {"seconds": 8.0}, "backlog": {"rows": 2_000}, "flood": {"seconds": 5.0},
}  # fmt: skip
PRESSURE = {**pressure.EXPERIMENTS, "flood": flood}
ALL = (
    "seeds", "teeth", "powercut", "kills", "workers", "cluster", "collectors", "disk", "lost-disk", *PRESSURE,
)  # fmt: skip
"""Each of them once is the whole proof; beside them one seed can be replayed."""
FEW_POINTS = (
    "migration.before-commit",
    "inbox.stored",
    "submission.answered",
    "callback.answered",
    "store.after-commit",
)
"""What a few hundred submissions have time for."""


def ground() -> Ground:
    """One a process."""
    if not _GROUND:
        _GROUND.append(Ground())
    return _GROUND[0]


def one(seed: int) -> Found:
    found = play(ground(), seed)
    found.trace.clear()
    return found


def seeds(first: int, last: int, jobs: int) -> Iterator[Found]:
    if jobs <= 1:
        yield from map(one, range(first, last + 1))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(one, range(first, last + 1), chunksize=4)


def run_seeds(span: str, jobs: int) -> bool:
    first, _, last = span.partition("..")
    began, bad, kinds, totals = time.monotonic(), [], Counter[str](), Counter[str]()
    for found in seeds(int(first), int(last or first), jobs):
        totals.update(seeds=1, calls=found.calls, effects=found.effects, lives=found.lives)
        if not found.ok:
            bad.append(found.seed)
            kinds[found.violations[0].name] += 1
            print(f"seed {found.seed}: {found.violations[0]}", flush=True)
    seconds = time.monotonic() - began
    print(
        f"{totals['seeds']} seeds of ten virtual minutes, {totals['calls']} calls, {totals['effects']} effects,"
        f" {totals['lives']} lives of the gateway, in {seconds:.0f} s on {jobs} cores: {len(bad)} violated"
    )
    if bad:
        print(f"{dict(kinds)}; see one: python -m tests.faults replay {min(bad)}")
    return not bad


def replay(seed: int) -> bool:
    found = play(ground(), seed)
    print("\n".join(found.trace))
    print("violations:", *(map(str, found.violations) if found.violations else ["none"]), sep="\n  ")
    return found.ok


def run_kills(given: argparse.Namespace) -> bool:
    submissions, times, points = (300, 2, FEW_POINTS) if given.quick else (given.submissions, given.kills, kills.ALL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lgsp-kills-")))
        store = given.store
        if store == "postgres":
            store = stack.enter_context(stack.enter_context(postgres.server()).database())
        report = asyncio.run(kills.experiment(folder, submissions, times, points=points, store=store))
    print(kills.printed(report), flush=True)
    return report.holds


def run_lost_disk(given: argparse.Namespace) -> bool:
    """Alone, and with two workers."""
    held = []
    for count, losses, processes in ((100, 2, 1), (60, 1, 2)) if given.quick else ((2000, 5, 1), (300, 3, 2)):
        with tempfile.TemporaryDirectory(prefix="lgsp-lost-disk-") as folder:
            report, safe = asyncio.run(lost_disk.experiment(Path(folder), count, losses, 1, processes))
        print(lost_disk.told(report, safe), flush=True)
        held.append(report.holds and safe.losses > 0)
    return all(held)


def run_powercut(given: argparse.Namespace) -> bool:
    """With full sync nothing is lost; the same with less must lose, or it proves nothing."""
    submissions = 30 if given.quick else 200
    full = powercut.experiment(ground(), submissions)
    normal = powercut.experiment(ground(), submissions, normal=True)
    print(json.dumps({"FULL": asdict(full), "NORMAL": asdict(normal)}, indent=1))
    return full.holds and normal.lost > 0


def run_pressure(name: str, given: argparse.Namespace) -> bool:
    holds = True
    kinds: list[dict[str, Any]] = [{"kind": "refuse"}, {"kind": "hang"}] if name == "away" else [{}]
    for more in kinds:
        wanted = {"seconds": 60.0} | more if name == "away" else more
        with tempfile.TemporaryDirectory(prefix=f"lgsp-{name}-") as folder:
            figures = asyncio.run(
                pressure.run(Path(folder), PRESSURE[name], **wanted | (QUICK[name] if given.quick else {}))
            )
        print(json.dumps({name: figures}, indent=1), flush=True)
        holds = holds and figures["holds"]
    return holds


def told(figures: Mapping[str, Mapping[str, Any]]) -> bool:
    print(json.dumps(figures, indent=1, default=float), flush=True)
    return all(each["holds"] for each in figures.values())


def run(what: str, given: argparse.Namespace) -> bool:
    match what:
        case "replay":
            return replay(int(given.which))
        case "seeds":
            return run_seeds(given.which or "0..1999", given.jobs)
        case "teeth":
            return teeth.table(given.which, given.jobs)
        case "kills":
            return run_kills(given)
        case "powercut":
            return run_powercut(given)
        case "workers":
            return told(workers.run(5.0 if given.quick else 20.0))
        case "cluster":
            return told(cluster.run(quick=given.quick))
        case "collectors":
            return told(collecting.run(quick=given.quick))
        case "disk":
            return told(full_disk.run(quick=given.quick))
        case "lost-disk":
            return run_lost_disk(given)
        case "all":
            return run_all(given)
        case _:
            return run_pressure(what, given)


def run_all(given: argparse.Namespace) -> bool:
    held = {each: run(each, given) for each in ALL}
    given.store = "postgres"
    held["kills, PostgreSQL"] = run("kills", given)
    print(json.dumps(held, indent=1))
    return all(held.values())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument(
        "what",
        choices=("replay", *ALL, "all"),
    )
    parser.add_argument(
        "which", nargs="?", default="", help="seeds: 0..1999; replay: one of them; teeth: part of a name"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="the short form")
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--store", default="", help="`postgres`: a throw-away one, or an address; else SQLite")
    given = parser.parse_args(arguments)
    return 0 if run(given.what, given) else 1


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of names in the same order each time: the same trace
        program = [sys.executable, "-m", "tests.faults", *sys.argv[1:]]
        os.execve(sys.executable, program, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main(sys.argv[1:]))
