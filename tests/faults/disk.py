"""A disk that fails: SQLite's own files through a VFS that refuses writes, and forgets at a power cut what was never synced.

    disk = Disk()                 # the process's default VFS from now on; without a failure it only keeps an undo list
    disk.fails = "full"           # every write of a watched file is refused
    disk.cut(folder)              # the power goes: what no sync has confirmed is gone

Nothing of SQLite is imitated: the files are real, only the calls pass by here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

Failure = Literal["full", "write", "sync"]


@dataclass(slots=True)
class _Unsynced:
    """How to take one file back to its last sync: its length then, and what stood where it was written since."""

    size: int
    undo: list[tuple[int, bytes]] = field(default_factory=list)


class Disk(apsw.VFS):
    """One per process. `fails` strikes files below `folder` only; `before_sync` and `on_sync` are told of every sync."""

    def __init__(self, name: str = "lgsp-faulty") -> None:
        self.folder = ""
        self.fails: Failure | None = None
        self.struck = 0
        self.before_sync: Callable[[], None] = lambda: None
        self.on_sync: Callable[[], None] = lambda: None
        self._off = False
        self._unsynced: dict[str, _Unsynced] = {}
        self.name = name
        super().__init__(name, "unix", makedefault=True)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While it lasts, connections are opened as if there were no such disk."""
        apsw.set_default_vfs("unix")
        try:
            yield
        finally:
            apsw.set_default_vfs(self.name)

    def remove(self) -> None:
        apsw.set_default_vfs("unix")
        self.unregister()

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        if not self._off:
            self._unsynced.pop(filename, None)
            super().xDelete(filename, syncdir)

    def power_off(self) -> None:
        """From now on nothing reaches the files any more: a dead process's connections may be closed without harm."""
        self._off = True

    def power_on(self) -> None:
        self._off = False

    def forget(self) -> None:
        """A new world begins: whatever was not synced in the last one is nobody's."""
        self.fails, self.struck, self._off = None, 0, False
        self._unsynced.clear()

    def cut(self, folder: Path) -> int:
        """Between `power_off` and `power_on`: every file of the folder as its last sync left it. Answers how many writes
        are gone."""
        gone = 0
        for path, state in list(self._unsynced.items()):
            if path.startswith(f"{folder}/"):
                gone += len(state.undo)
                _back(Path(path), state)
                del self._unsynced[path]
        for index in folder.glob("*-shm"):
            index.unlink()
        return gone

    def as_if_cut(self, folder: Path, copy: Path) -> None:
        """The same to a copy of the folder's files, while their gateway lives on."""
        for path, state in self._unsynced.items():
            if path.startswith(f"{folder}/"):
                _back(copy / Path(path).name, state)

    # -- what the files ask ---------------------------------------------------------------------------------------------

    @property
    def off(self) -> bool:
        return self._off

    def refused(self, path: str, what: Literal["write", "sync"]) -> None:
        """Raises where this is to fail."""
        if self.fails is None or not path.startswith(self.folder) or (self.fails == "sync") != (what == "sync"):
            return
        self.struck += 1
        raise (apsw.FullError if self.fails == "full" else apsw.IOError)(f"{self.fails} on purpose")

    def before_write(self, path: str, file: _File, offset: int, size: int) -> None:
        state = self._unsynced.get(path)
        if state is None:
            state = self._unsynced[path] = _Unsynced(file.xFileSize())
        kept = min(size, max(0, state.size - offset))
        if kept:
            state.undo.append((offset, file.plain_read(kept, offset)))
        else:
            state.undo.append((state.size, b""))

    def synced(self, path: str) -> None:
        self._unsynced.pop(path, None)
        self.on_sync()


def _back(path: Path, state: _Unsynced) -> None:
    with path.open("r+b") as file:
        for offset, before in reversed(state.undo):
            file.seek(offset)
            file.write(before)
        file.truncate(state.size)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        super().__init__("unix", name, flags)

    def plain_read(self, size: int, offset: int) -> bytes:
        """At most so many bytes: a file may be shorter."""
        left = max(0, self.xFileSize() - offset)
        return super().xRead(min(size, left), offset) if left else b""

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.off:
            return
        if self._path:
            self._disk.refused(self._path, "write")
            self._disk.before_write(self._path, self, offset, len(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        if self._disk.off:
            return
        if self._path:
            size = self.xFileSize()
            if newsize < size:
                self._disk.before_write(self._path, self, newsize, size - newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        if self._disk.off:
            return
        if self._path:
            self._disk.refused(self._path, "sync")
            self._disk.before_sync()
        super().xSync(flags)
        if self._path:
            self._disk.synced(self._path)
