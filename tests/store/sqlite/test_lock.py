"""One owner, by a lock that dies with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lgsp.store import StoreBusy
from lgsp.store.sqlite.lock import OwnerLock

HOLD = """
import sys
from pathlib import Path
from lgsp.store.sqlite.lock import OwnerLock
lock = OwnerLock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_owner_is_refused_by_name(tmp_path: Path) -> None:
    lock = OwnerLock.take(tmp_path)
    with pytest.raises(StoreBusy, match=f"pid {os.getpid()}"):
        OwnerLock.take(tmp_path)
    lock.release()
    lock.release()
    OwnerLock.take(tmp_path).release()


def test_a_killed_owner_holds_nothing(tmp_path: Path, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusy, match=f"pid {owner.pid}"):
            OwnerLock.take(tmp_path)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    OwnerLock.take(tmp_path).release()
