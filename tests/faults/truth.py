"""What the disk holds, read beside the gateway by connections of its own: nobody's word is taken for it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

OPEN = "('queued', 'delivering', 'indeterminate')"


@dataclass(slots=True)
class Truth:
    """Closed while the gateway is dead: no connection may outlive the power."""

    folder: Path
    writer: str = "w0"
    _shared: apsw.Connection | None = None
    _evidence: apsw.Connection | None = None
    _read: int = -1
    """Number of the last evidence entry that was read."""
    _asked: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)

    def close(self) -> None:
        for connection in (self._shared, self._evidence):
            if connection is not None:
                with contextlib.suppress(apsw.Error):  # the last one to go would like to write
                    connection.close(True)
        self._shared = self._evidence = None

    def asked(self, exchange: str) -> bool:
        """Whether the asked entry of this exchange is durable."""
        if exchange not in self._asked:
            self._refresh()
        return exchange in self._asked

    def answered(self, correlation: str) -> bool:
        if correlation not in self._answered:
            self._refresh()
        return correlation in self._answered

    def evidence_lost(self) -> int:
        """How many entries that have been seen are there no more; asked after every restart."""
        self._refresh()
        last = self._files()[1].execute("SELECT coalesce(max(number), -1) FROM entry").fetchone()
        return max(0, self._read - int(last[0])) if last else 0

    def submission(self, name: str) -> dict[str, Any] | None:
        found = self._files()[0].execute(
            "SELECT state, queued, attempts, next_at, number FROM submission WHERE id = ?", (name,)
        )
        row = found.fetchone()
        names = ("state", "queued", "attempts", "next_at", "number")
        return None if row is None else dict(zip(names, row, strict=True))

    def open_rows(self, system: str | None = None) -> list[tuple[str, str, int | None]]:
        """Submissions for which something is still to happen by itself."""
        rows = self._files()[0].execute(
            f"SELECT id, state, next_at FROM submission WHERE state IN {OPEN} AND (?1 IS NULL OR system = ?1)"
            " AND NOT (state = 'indeterminate' AND next_at IS NULL)",
            (system,),
        )
        return [(str(name), str(state), at) for name, state, at in rows]  # type: ignore[misc]

    def submissions(self) -> Iterator[tuple[str, str, str, str, int, int | None]]:
        """(id, system, operation, state, queued, next_at) of all."""
        yield from self._files()[0].execute(  # type: ignore[misc]
            "SELECT id, system, operation, state, queued, next_at FROM submission ORDER BY number"
        )

    def handed_over(self, system: str, operation: str, consumer: str | None = None) -> int:
        """Different items of this operation that have ever been stored for somebody."""
        row = self._files()[0].execute(
            "SELECT count(DISTINCT item) FROM inbox WHERE system = ? AND operation = ? AND (?3 IS NULL OR consumer = ?3)",
            (system, operation, consumer),
        )
        return int(row.fetchone()[0])  # type: ignore[index]

    def holds(self, item: bytes) -> bool:
        """Whether an inbox item with this digest of its key has been stored."""
        row = self._files()[0].execute("SELECT 1 FROM inbox WHERE item = ? LIMIT 1", (item,))
        return row.fetchone() is not None

    def spoil(self) -> str | None:
        """Breaks the body of the newest waiting submission, as a bad sector would; its name. None on a disk that takes no writes."""
        path = str(self.folder / "lgsp.db")
        try:
            with apsw.Connection(path) as writer:
                row = writer.execute(
                    "SELECT id FROM submission WHERE state = 'queued' ORDER BY number DESC LIMIT 1"
                ).fetchone()
                if row is not None:
                    writer.execute(
                        "UPDATE submission SET sealed = x'00112233445566778899aabbccddeeff00' WHERE id = ?", row
                    )
        except (apsw.FullError, apsw.IOError):
            return None
        return None if row is None else str(row[0])

    def _refresh(self) -> None:
        rows = self._files()[1].execute(
            "SELECT number, body FROM entry WHERE number > ? ORDER BY number", (self._read,)
        )
        for number, body in rows:
            self._read = int(number)  # type: ignore[arg-type]
            entry = json.loads(body)  # type: ignore[arg-type]
            if entry["kind"] == "asked":
                self._asked.add(entry["exchange"])
            elif entry["kind"] == "answered":
                self._answered.add(entry["correlation"])

    def _files(self) -> tuple[apsw.Connection, apsw.Connection]:
        if self._shared is None or self._evidence is None:
            read_only = apsw.SQLITE_OPEN_READONLY
            self._shared = apsw.Connection(str(self.folder / "lgsp.db"), flags=read_only, vfs="unix")
            name = str(self.folder / f"evidence-{self.writer}.db")
            self._evidence = apsw.Connection(name, flags=read_only, vfs="unix")
        return self._shared, self._evidence
