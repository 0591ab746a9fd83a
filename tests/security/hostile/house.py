"""A real gateway as a process of its own that is being watched: `python -m tests.security.hostile.house DATA BACKEND`.

Says in one line of JSON where it listens and whom it knows, obeys words on standard input, and on SIGINT ends as `lgsp serve`
does. Its breakers never open, so that every hostile answer is really asked for; everything else is as in operation.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from lgsp.app import Gateway, build
from lgsp.audit.notes import WITNESS, VerifierKey
from lgsp.background import collectors, loop_lag
from lgsp.cli.serving import bind, open_door, stopper
from lgsp.endpoints import control
from lgsp.errors import LgspError
from lgsp.health.breaker import BreakerPolicy
from lgsp.model import Consumer, Grant, Text
from lgsp.office import put_operator
from lgsp.runtime import Runtime, run
from lgsp.settings import Limits, Province, Settings, WitnessSettings
from lgsp.simulate import start_unwatched
from lgsp.store import StoreFailed
from tests.security.hostile.crowd import PAD

OPERATORS = ("operator", "security-officer", "auditor")
"""Their names are their roles."""
PASSWORD = "mật khẩu mười hai"
PROBE = 0.01
STALL = 0.1
"""Seconds from which a standstill is noted."""


class Watch:
    """Notes when the loop stood still because of us: the smaller of the time that passed and the time that this process
    computed meanwhile, so that a busy machine is not taken for a stall; what of it the loop's own thread computed, which no
    other process can add to; and where it stood, as a second thread saw it."""

    def __init__(self) -> None:
        self.stalls: list[tuple[float, float, str]] = []
        self.wall, self.work, self.own, self.place = time.monotonic(), time.process_time(), time.thread_time(), ""
        self.loop = threading.get_ident()
        threading.Thread(target=self.look, daemon=True).start()

    def look(self) -> None:
        while True:
            time.sleep(PROBE)
            if time.monotonic() - self.wall > STALL and not self.place:
                frame = sys._current_frames().get(self.loop)
                steps = traceback.extract_stack(frame)[-12:]
                self.place = " > ".join(f"{Path(step.filename).stem}:{step.lineno}" for step in steps)

    async def run(self) -> None:
        while True:
            self.wall, self.work, self.own = time.monotonic(), time.process_time(), time.thread_time()
            self.place = ""
            await asyncio.sleep(PROBE)
            stood = min(time.monotonic() - self.wall - PROBE, time.process_time() - self.work)
            if stood >= STALL:
                own = time.thread_time() - self.own
                self.stalls.append((round(min(own, stood), 3), round(stood, 3), self.place))


async def obey(gateway: Gateway, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while word := (await reader.readline()).decode().strip():
        print(json.dumps(await answer(gateway, watch, word)), flush=True)


async def answer(gateway: Gateway, watch: Watch, word: str) -> Any:
    match word:
        case "forget":  # credentials of upstreams, so that the next call signs in
            await gateway.upstreams.close()
            gateway.upstreams._doors.clear()
            return "ok"
        case "collect":
            found = {}
            for connector in gateway.registry.connectors.values():
                for collector in connector.collectors.values():
                    try:
                        found[f"{connector.name}.{collector.name}"] = str(
                            await collectors(gateway).collect(collector, gateway.handle)
                        )
                    except (LgspError, StoreFailed) as error:
                        found[f"{connector.name}.{collector.name}"] = getattr(error, "code", type(error).__name__)
            return found
        case "witness":
            await gateway.audit.note("test", "nobody")
            await gateway.audit.checkpoint()
            return await gateway.witnessing.ask("mau")
        case "stalls":
            found_, watch.stalls = watch.stalls, []
            return found_
        case "invented":
            return invented()
        case "tasks":
            return len(asyncio.all_tasks())
        case _:
            return "what?"


def invented() -> int:
    """Texts of strangers that something in this process still holds, wherever it is."""
    gc.collect()
    found: set[str | bytes] = set()
    for each in gc.get_objects():
        waiting = [each]
        while waiting:
            for inner in gc.get_referents(waiting.pop()):
                if isinstance(inner, str | bytes):
                    if PAD in (inner if isinstance(inner, str) else inner.decode("latin-1")):
                        found.add(inner)
                elif not gc.is_tracked(inner) and isinstance(inner, tuple | dict):  # of texts and numbers alone
                    waiting.append(inner)
    return len(found)


async def main(data: Path, backend: str) -> None:
    stop = stopper()
    settings = Settings(
        data=data, sim=backend, demo=True, log_level="error",
        province=Province("17", "H28", "Hoà Bình", "Hoa Binh", "2022-2024"),
        limits=Limits(evidence_seconds=10.0, drain_seconds=1.0, body_seconds=2.0, keepalive_seconds=2.0),
        witnesses={"mau": WitnessSettings(f"{backend}/witness", str(VerifierKey("mau", WITNESS, bytes(32))))},
    )  # fmt: skip
    listener = bind("127.0.0.1", 0, "--port")
    runtime = Runtime.system()
    gateway = await build(settings, runtime)
    gateway.health.breakers.policy = BreakerPolicy(minimum=1 << 60, timeouts_alone=1 << 60)
    watch = Watch()
    try:
        tester = Consumer(
            "tester", Text("Hệ thống thử", "Test system"), agency="H28.01", security_level=3, admits_trial=True
        )
        secrets = await gateway.policy.create_consumer(
            tester, [Grant("tester", "*", "*", legal_basis="test", admits_trial=True)]
        )
        for role in OPERATORS:
            await put_operator(gateway.store, runtime, role, role, PASSWORD)
        await start_unwatched(gateway)
        gateway.supervisor.start("loop-lag", lambda: loop_lag(gateway))  # gives back what large messages have left
        commands = await control.listen(gateway.perform, data)
        async with open_door(gateway, settings, listener):
            tasks = [asyncio.create_task(watch.run()), asyncio.create_task(obey(gateway, watch))]
            said = {
                "port": listener.getsockname()[1],
                "api_key": secrets.api_key,
                "client_id": secrets.client_id,
                "client_secret": secrets.client_secret,
            }
            print(json.dumps(said), flush=True)
            await stop.wait()
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
        await commands.close()
    finally:
        await gateway.close()


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), sys.argv[2]))
