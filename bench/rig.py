"""Starts the contenders, one core for them and one for load and ministry, and measures each in turn within one run."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.load import Ask, Measured, run

ROOT = Path(__file__).resolve().parent.parent
CONTENDERS_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each window is and how often every contender has its turn."""

    seconds: float
    warm: float
    rounds: int


QUICK, FULL = Plan(2.0, 0.7, 2), Plan(8.0, 2.0, 3)


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    ask: Ask
    process: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Work:
    """One comparison: ours against each peer."""

    name: str
    ours: Contender
    peers: tuple[Contender, ...]


@dataclass(slots=True)
class Result:
    """Median over the rounds."""

    rate: float
    cpu_us: float
    p50_ms: float
    p95_ms: float
    size: int


class Rig:
    """Every process it starts ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, core: int, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT, env={**os.environ, **(env or {})}, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=lambda: _pin(core),  # noqa: PLW1509  one system call, no lock is taken
        )  # fmt: skip
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self) -> str:
        return "\n".join(path.read_text("utf-8", "replace")[-2000:] for path in sorted(self.folder.glob("*.log")))


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        stage = Rig(Path(folder))
        try:
            yield stage
        except Exception:
            sys.stderr.write(stage.logs())
            raise
        finally:
            stage.stop()


def _pin(core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait(url: str, seconds: float = 20.0) -> None:
    """Until something answers there, whatever it says."""
    end = time.monotonic() + seconds
    while True:
        try:
            urlopen(url, timeout=2).close()  # noqa: S310  loopback, ours
        except OSError as error:
            if getattr(error, "code", None) in (404, 405):
                return
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def fetch(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def once(ask: Ask) -> bytes:
    """One call, as proof that the contender does the work at all. Raises where it is refused."""
    with urlopen(Request(ask.url, ask.body, ask.headers, method="POST"), timeout=30) as answer:  # noqa: S310
        return bytes(answer.read())


async def measure(works: list[Work], plan: Plan) -> dict[str, Result]:
    """Each contender in turn, round after round, so that a slow moment of the machine meets all of them."""
    windows: dict[str, list[tuple[Measured, float]]] = {}
    contenders = [each for work in works for each in (work.ours, *work.peers)]
    for _ in range(plan.rounds):
        for each in contenders:
            before = _cpu_seconds(each.process.pid)
            measured = await run(each.ask, CONNECTIONS, plan.seconds, plan.warm)
            spent = (_cpu_seconds(each.process.pid) - before) * plan.seconds / (plan.seconds + plan.warm)
            if measured.refused or not measured.calls:
                raise RuntimeError(f"{each.name}: {measured.refused} calls were not answered 200")
            windows.setdefault(each.name, []).append((measured, spent))
    return {name: _result(rounds) for name, rounds in windows.items()}


def _result(rounds: list[tuple[Measured, float]]) -> Result:
    def median(values: list[float]) -> float:
        return statistics.median(values)

    return Result(
        rate=median([each.calls / each.seconds for each, _ in rounds]),
        cpu_us=median([spent / each.calls * 1e6 for each, spent in rounds]),
        p50_ms=median([each.percentile(0.5) * 1e3 for each, _ in rounds]),
        p95_ms=median([each.percentile(0.95) * 1e3 for each, _ in rounds]),
        size=rounds[0][0].size,
    )


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()}


def prepared(stage: Rig) -> list[Work]:
    """Everything that runs, warmed and proved with one call each."""
    sim, memory, port = free_port(), free_port(), free_port()
    stage.start("lgsp", "sim", "--port", str(sim), core=LOAD_CORE)
    stage.start("bench.ministry", str(memory), f"http://127.0.0.1:{sim}", core=LOAD_CORE)
    wait(f"http://127.0.0.1:{sim}/_sim/systems")
    wait(f"http://127.0.0.1:{memory}/_bench/asked")
    data = stage.folder / "data"
    gateway = stage.start(
        "lgsp", "serve", "--port", str(port), "--data", str(data), "--sim", f"http://127.0.0.1:{memory}",
        core=CONTENDERS_CORE, env={"LGSP_LIMITS__QUOTA_PER_MINUTE": "100000000", "LGSP_LOG_LEVEL": "warning"},
    )  # fmt: skip
    wait(f"http://127.0.0.1:{port}/readyz")
    key = json.loads((data / "demo.json").read_text("utf-8"))["consumers"][0]["api_key"]
    examples = fetch(f"http://127.0.0.1:{sim}/_sim/examples")
    return [
        _soap_work(stage, gateway, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{memory}", key, examples),
        _rest_work(stage, gateway, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{memory}", key, examples),
    ]


def _ours(url: str, key: str, example: dict[str, Any], gateway: subprocess.Popen[bytes], name: str) -> Contender:
    path = f"{url}/api/{example['system']}/{example['version']}/{example['operation']}"
    headers = {"Content-Type": "application/json", "X-API-Key": key, **example.get("headers", {})}
    return Contender(name, Ask(path, headers, json.dumps(example["request"]).encode()), gateway)


def _soap_work(
    stage: Rig, gateway: subprocess.Popen[bytes], url: str, ministry: str, key: str, examples: list[dict[str, Any]]
) -> Work:
    example = next(
        each for each in examples
        if each["operation"] == "traCuuThongTinCongDan" and set(each["request"]) == {"SoDinhDanh", "HoVaTen"}
        and each["expect"] == "ok"
    )  # fmt: skip
    ours = _ours(url, key, example, gateway, "lgsp soap")
    seen = _asked_by(ours, ministry)
    proof = example["request"]["SoDinhDanh"]
    wsdl = ROOT / "contracts" / example["system"] / "backend-dancu.wsdl"
    return Work(
        "JSON to SOAP to JSON",
        ours,
        tuple(
            _peer(stage, name, ministry + seen["target"], str(wsdl), ours.ask.body, proof) for name in ("lxml", "zeep")
        ),
    )


def _rest_work(
    stage: Rig, gateway: subprocess.Popen[bytes], url: str, ministry: str, key: str, examples: list[dict[str, Any]]
) -> Work:
    example = next(each for each in examples if each["operation"] == "traTrangThaiHoSo" and each["expect"] == "ok")
    ours = _ours(url, key, example, gateway, "lgsp rest")
    seen = _asked_by(ours, ministry)
    body = base64.b64decode(seen["body"])
    return Work("REST to REST", ours, (_peer(stage, "proxy", ministry + seen["target"], "-", body, "trangThai"),))


def _asked_by(contender: Contender, ministry: str) -> dict[str, Any]:
    """The ministry's own address that one call of this contender leads to."""
    fetch(f"{ministry}/_bench/learn")
    once(contender.ask)
    learned = [each for each in fetch(f"{ministry}/_bench/asked") if "token" not in each["target"]]
    return dict(learned[-1])


def _peer(stage: Rig, name: str, ministry: str, wsdl: str, body: bytes, proof: str) -> Contender:
    """`proof` is a word of the right answer: a contender that answers something else has no figure."""
    port = free_port()
    process = stage.start("bench.peers", name, str(port), ministry, wsdl, core=CONTENDERS_CORE)
    url = f"http://127.0.0.1:{port}/"
    wait(url)
    contender = Contender(name, Ask(url, {"Content-Type": "application/json"}, body), process)
    if proof not in once(contender.ask).decode():
        raise RuntimeError(f"{name} does not do the work")
    return contender


def compare(plan: Plan) -> dict[str, Any]:
    """The whole run: `{"machine", "rows"}` as INTERFACE has it, with what the figures mean beside them."""
    with rig() as stage:
        works = prepared(stage)
        _pin(LOAD_CORE)
        results = asyncio.run(measure(works, plan))
    rows = [row for work in works for row in _rows(work, results)]
    return {"machine": machine(), "rows": rows, "notes": NOTES}


def _rows(work: Work, results: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours = results[work.ours.name]
    for peer in work.peers:
        theirs = results[peer.name]
        yield {
            "work": work.name,
            "size": ours.size,
            "unit": "calls/s",
            "ours": round(ours.rate, 1),
            "peer": round(theirs.rate, 1),
            "peer_name": PEERS[peer.name],
            "ratio": round(ours.rate / theirs.rate, 3),
            "cpu_us_per_call": round(ours.cpu_us, 1),
            "peer_cpu_us_per_call": round(theirs.cpu_us, 1),
            "p95_ms": round(ours.p95_ms, 2),
            "peer_p95_ms": round(theirs.p95_ms, 2),
        }


PEERS = {
    "lxml": "aiohttp handler with hand-written lxml",
    "zeep": "zeep's encoding and decoding over aiohttp",
    "proxy": "bare aiohttp proxy",
}
NOTES = [
    "size is bytes of our answer; one core for each contender in turn, the other for load and ministry",
    f"{CONNECTIONS} connections in a closed loop; the ministry answers from memory",
    "ours also does keys, grants, quotas, validation both ways, deadline, retry, breaker, metrics",
    "ours commits evidence with full sync twice a personal call; the peers check nothing and keep nothing",
]
