"""One owner process per data folder, by a kernel lock that dies with its process: nothing to clean up after a kill."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from lgsp.store.port import StoreBusy


@dataclass(slots=True)
class OwnerLock:
    """Held until `release`, or until the process ends, however it ends."""

    handle: int

    @classmethod
    def take(cls, folder: Path) -> OwnerLock:
        """Raises `StoreBusy` that names the owner's process."""
        path = folder / "owner.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(handle, 32).decode("ascii", "replace").strip() or "?"
            os.close(handle)
            raise StoreBusy(
                f"another process (pid {owner}) owns the data folder {folder}: "
                "stop it, or choose another folder with --data"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        return cls(handle)

    def release(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
