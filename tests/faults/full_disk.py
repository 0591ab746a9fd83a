"""A gateway whose disk is full, or fails, under load: what it acknowledges then, how soon it refuses, how it comes back.

    python -m tests.faults disk [--quick]

`lgsp serve` as a process of its own with its real lanes, SQLite's files behind the failing disk of `disk.py`; what fails is
written into a file that it looks at.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from tests.faults.disk import Disk, Failure
from tests.faults.load import Call, Calls
from tests.faults.processes import Bus

SYSTEM = "civil-status"
RATE = 20.0
REFUSED_WITHIN = 1.0
OWN_TIME = 0.3
"""What the machine itself may add to a bound of the gateway's clock: loopback, two busy cores."""
Figures = dict[str, Any]


@dataclass(slots=True)
class Told:
    call: Call
    at: float
    seconds: float
    status: int
    code: str
    retry_after: bool
    submission: str


@dataclass(slots=True)
class Load:
    bus: Bus
    calls: Calls
    told: list[Told] = field(default_factory=list)
    serial: int = 1000

    async def one(self) -> Told:
        loop = asyncio.get_running_loop()
        self.serial += 2
        call = self.calls.update(SYSTEM, self.serial)
        headers = {"content-type": "application/json", "x-api-key": self.bus.key, **call.headers}
        if self.serial % 4:
            headers["prefer"] = "respond-async"
        began = loop.time()
        url = f"{self.bus.url}/api/{call.system}/v1/{call.operation}"
        async with self.bus.session.post(url, data=call.body, headers=headers) as answer:
            said = await answer.json(content_type=None)
        code = "ok" if answer.status < 300 else str(said.get("code"))
        found = Told(call, began, loop.time() - began, answer.status, code, "retry-after" in answer.headers,
                     answer.headers.get("location", "").rpartition("/")[2])  # fmt: skip
        self.told.append(found)
        return found

    async def run(self, seconds: float) -> list[Told]:
        loop, calls = asyncio.get_running_loop(), []
        began = loop.time()
        for number in range(int(seconds * RATE)):
            await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
            calls.append(asyncio.create_task(self.one()))
        return list(await asyncio.gather(*calls))


class Ailing:
    """One gateway on such a disk."""

    def __init__(self, folder: Path) -> None:
        self.switch = folder / "switch"
        self.bus = Bus(folder)
        lgsp = [sys.executable, "-m", "tests.faults.full_disk", str(self.switch), str(self.bus.data)]
        self.bus.gateway.command[:3] = lgsp

    def fail(self, how: str) -> None:
        self.switch.write_text(how)

    def heal(self) -> None:
        self.switch.unlink()


async def one_failure(ailing: Ailing, load: Load, failure: Failure, seconds: float) -> Figures:
    bus, loop = ailing.bus, asyncio.get_running_loop()
    before = await load.run(2.0)
    ailing.fail(failure)
    failed = loop.time()
    during = await load.run(seconds)
    async with bus.session.get(f"{bus.url}/livez") as answer:
        alive = answer.status == 200
    ailing.heal()
    healed = loop.time()
    while (await load.one()).status >= 300:
        if loop.time() - healed > 60:
            break
        await asyncio.sleep(0.05)
    back = loop.time() - healed
    refused = [each for each in during if each.status >= 400]
    figures: Figures = {
        "acknowledged before": sum(each.status < 300 for each in before),
        "acknowledged while it failed": sum(each.status < 300 and each.at > failed + 0.1 for each in during),
        "refusals": dict(Counter(each.code for each in refused)),
        "longest refusal s": round(max(each.seconds for each in refused), 3),
        "with Retry-After": all(each.retry_after for each in refused),
        "process lives": alive,
        "takes updates again after s": round(back, 2),
    }
    figures["holds"] = (
        figures["acknowledged while it failed"] == 0 and figures["longest refusal s"] <= REFUSED_WITHIN + OWN_TIME
        and alive and back < 10 and figures["acknowledged before"] == len(before) and figures["with Retry-After"]
    )  # fmt: skip
    return figures


async def experiment(folder: Path, seconds: float = 10.0, patience: float = 400.0) -> dict[str, Figures]:
    """All failures one after the other, then what has come of every single update, at most so many seconds later."""
    ailing = Ailing(folder)
    async with ailing.bus as bus:
        await bus.start()
        load = Load(bus, Calls(await bus.examples()))
        found: dict[str, Figures] = {}
        for failure in get_args(Failure):
            found[failure] = await one_failure(ailing, load, failure, seconds)
        found["in the end"] = await _ended(bus, load, patience)
    return found


async def _ended(bus: Bus, load: Load, patience: float) -> Figures:
    """Every acknowledged update took effect once, no refused one ever did, the evidence is whole.

    One that was about to be sent when the disk failed is unknown for twice its operation's time limit by rule.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    promised = {each.call.key: each.submission for each in load.told if each.status < 300}
    refused = {each.call.key for each in load.told if each.status >= 400 and each.code != "timeout"}
    while True:
        done = (await bus.effects()).get(SYSTEM, {})
        missing = promised.keys() - done.keys()
        if not missing or loop.time() >= until:
            break
        await asyncio.sleep(0.2)
    states = Counter([str((await bus.get(f"{bus.url}/submissions/{promised[key]}")).get("state")) for key in missing])
    done = (await bus.effects()).get(SYSTEM, {})
    bus.gateway.end()
    verdict, _ = await bus.evidence()
    waiting = sum(states[name] for name in ("queued", "delivering", "indeterminate"))
    figures: Figures = {
        "acknowledged": len(promised), "still waiting": waiting, "lost": len(missing - done.keys()) - waiting,
        "refused": len(refused), "refused and done all the same": len(refused & done.keys()),
        "doubled": sum(times > 1 for times in done.values()), "evidence whole": bool(verdict["ok"]),
    }  # fmt: skip
    figures["holds"] = figures["evidence whole"] and not (
        figures["lost"] > 0
        or figures["doubled"]
        or figures["refused and done all the same"]
        or (waiting and patience > 60)
    )
    return figures


def run(*, quick: bool = False) -> dict[str, Figures]:
    with tempfile.TemporaryDirectory(prefix="lgsp-disk-") as folder:
        return asyncio.run(experiment(Path(folder), *((2.0, 5.0) if quick else ())))


class _Switched(Disk):
    """What a file says fails, once it is there."""

    def __init__(self, switch: Path, folder: str) -> None:
        super().__init__("lgsp-faulty-process")
        self.switch, self.folder = switch, folder

    def refused(self, path: str, what: Any) -> None:
        try:
            self.fails = self.switch.read_text() or None  # type: ignore[assignment]
        except FileNotFoundError:
            self.fails = None
        super().refused(path, what)


if __name__ == "__main__":
    from lgsp.cli.main import main

    made = _Switched(Path(sys.argv[1]), sys.argv[2])
    main(sys.argv[3:])
