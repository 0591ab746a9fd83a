"""The stage: processes pinned to a core, what the machine is, one call as proof. What is compared stands in `works.py`."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.load import Ask

ROOT = Path(__file__).resolve().parent.parent
CORES = tuple(sorted(os.sched_getaffinity(0)))
"""Asked before anything is pinned: a process that is pinned already would find its own core alone, and give it to all."""
CONTENDERS_CORE, LOAD_CORE = 0, 1
FILES = 8192
"""Open at once in a process of the stage: a thousand connections are two thousand sockets."""
_PAUSE, _IDLE = 1.0, 0.03
"""Seconds of looking at a process, and the share of a core below which it rests."""
FOREMOST = -20
"""The kernel's word for who goes first."""


class Rig:
    """Every process it starts ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *module: str, core: int | None, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A Python module with its arguments; without a core on all of them."""
        return self.execute(sys.executable, "-m", *module, core=core, env=env)

    def execute(self, *command: str, core: int | None, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=lambda: _begin(core),  # noqa: PLW1509  system calls, no lock is taken
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
        _go_first()
        try:
            yield stage
        except Exception:
            sys.stderr.write(stage.logs())
            raise
        finally:
            stage.stop()


def _begin(core: int | None) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    _go_first()
    if core is None:
        os.sched_setaffinity(0, CORES)
    else:
        pin(core)


def _go_first() -> None:
    """This process, and what it starts, goes before whatever else wants its core, where the system lets it (root).

    Else any other process that the kernel happens to put there halves the rate of a contender with one thread, while one
    with many threads keeps the core to itself: the kernel moves a stranger away from where many are waiting. The sessions
    of a desktop kernel are weighed against each other before their processes are."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, FOREMOST)
        Path("/proc/self/autogroup").write_text(str(FOREMOST), "ascii")


def pin(core: int) -> None:
    os.sched_setaffinity(0, {CORES[core % len(CORES)]})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait(url: str, seconds: float = 30.0) -> None:
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
    """One call, as proof that the contender does the work at all. Raises where it answers with another status."""
    try:
        with urlopen(Request(ask.url, ask.body, ask.headers, method="POST"), timeout=30) as answer:  # noqa: S310
            status, raw = answer.status, bytes(answer.read())
    except HTTPError as refused:
        status, raw = refused.code, refused.read()
    if status != ask.status:
        raise RuntimeError(f"{ask.url} answered {status}: {raw[:200]!r}")
    return raw


def cpu_seconds(pid: int) -> float:
    """What every thread of a process has run so far, by the scheduler's own account (nanoseconds, not ticks)."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            spent += int((thread / "schedstat").read_text("ascii").split()[0])
    return spent / 1e9


def tree(pid: int) -> list[int]:
    """A process and those it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *map(int, children)]


@contextlib.contextmanager
def held(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """These stand still meanwhile, with what they have started: a contender whom nobody asks may still compile what it was
    asked before, on the same core."""
    for process in processes:
        os.killpg(process.pid, signal.SIGSTOP)  # a session of its own: see `execute`
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGCONT)


def rested(pid: int, seconds: float = 30.0) -> None:
    """Until a process has ended what it does behind its answers (a Java compiler is seconds late), or so long."""
    end, spent = time.monotonic() + seconds, cpu_seconds(pid)
    while time.monotonic() < end:
        time.sleep(_PAUSE)
        spent, before = cpu_seconds(pid), spent
        if spent - before < _PAUSE * _IDLE:
            return


def resident_mb(pid: int) -> float:
    line = next(each for each in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if "VmRSS" in each)
    return int(line.split()[1]) / 1024


def machine(folder: Path) -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "fsync_ms": round(_fsync_seconds(folder) * 1e3, 3),
    }


def _fsync_seconds(folder: Path) -> float:
    with (folder / "fsync").open("wb", buffering=0) as file:
        return statistics.median(_fsync(file) for _ in range(60))


def _fsync(file: FileIO) -> float:
    """Seconds until the disk has one page: what a commit waits for."""
    began = time.perf_counter()
    file.write(b"\0" * 4096)
    os.fdatasync(file.fileno())
    return time.perf_counter() - began


class Disk:
    """What an fsync costs while something else is measured: one every 25 ms, on the same disk, as long as the block lasts."""

    def __init__(self, folder: Path) -> None:
        self._file, self._taken = folder / "fsync", list[float]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def ms(self) -> float:
        return statistics.median(self._taken) * 1e3

    def _run(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            while not self._ended.wait(0.025):
                self._taken.append(_fsync(file))
