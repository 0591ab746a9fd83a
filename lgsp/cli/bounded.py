"""Work on a stranger's document, in a process of its own with a bound on time and memory: whatever it holds, we answer."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections.abc import Callable

SECONDS = 5
"""Of the processor; a machine that does other work besides may take longer by the clock."""
PATIENCE = 4
MEMORY = 300 << 20
_TOO_LONG = f"takes more than {SECONDS} s to read; split it, or ask for a smaller document"
_TOO_LARGE = f"needs more than {MEMORY >> 20} MB to read; split it, or ask for a smaller document"


class Overrun(Exception):
    """The work did not end within its bounds; the message says which."""


def bounded(work: Callable[[], bytes], seconds: int = SECONDS, memory: int = MEMORY) -> bytes:
    """What `work` returns. Raises `Overrun`. Call it before any thread is started: the process forks."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _inside(work, reading, writing, seconds, memory)
    os.close(writing)
    try:
        return _outcome(reading, child, seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _held() -> int:
    """Bytes of this process's data segment, as Linux counts them against the limit; 0 where it does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  no import more in a forked child
            return int(file.read().split()[5]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def _inside(work: Callable[[], bytes], reading: int, writing: int, seconds: int, memory: int) -> None:
    """The child: never returns. Its first byte says how it went."""
    code = 1
    try:
        os.close(reading)
        memory += _held()  # the child begins with all that its parent holds
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        answer = b"=" + work()
        code = 0
    except MemoryError:
        answer = b"m"
    except Exception as error:  # noqa: BLE001  whatever a stranger's document makes of us is an answer, not a crash
        answer = b"!" + type(error).__name__.encode()
    try:
        while answer:
            answer = answer[os.write(writing, answer) :]
    finally:
        os._exit(code)


def _outcome(reading: int, child: int, seconds: int) -> bytes:
    until, found = time.monotonic() + seconds * PATIENCE, bytearray()
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            raise Overrun(_TOO_LONG)
        chunk = os.read(reading, 1 << 20)
        if not chunk:
            break
        found += chunk
    match bytes(found[:1]):
        case b"=":
            return bytes(found[1:])
        case b"!":
            raise Overrun(f"cannot be carried: reading it failed ({found[1:].decode('ascii', 'replace')})")
        case b"m":
            raise Overrun(_TOO_LARGE)
        case _:  # it was ended before it could say anything
            raise Overrun(_TOO_LONG if _ended_by(child) == signal.SIGXCPU else _TOO_LARGE)


def _ended_by(child: int) -> int:
    """The signal; the process stays to be waited for."""
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    return found.si_status if found is not None else 0
