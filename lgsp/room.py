"""Memory for message bodies: how much all exchanges of one process may hold at once. Over it a message is refused at once.

What is counted is an estimate: a body's bytes, three times, because it stands beside what is made of it; and the tree of a
document that waits to be read further. What hostile text can make of itself beyond that is bounded where it is read (`xml.py`,
`contract/jsontext.py`), and large ones are read one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from lgsp.errors import Overloaded
from lgsp.model import Text

FREE = 16 * 1024
"""Bytes of one body that are not counted: so little is bounded by the number of connections."""
HEAVY = 128 * 1024
"""Bytes from which messages are read or written one after the other: what is made of them meanwhile is many times more. A
document of 450,000 has room for 45,000 elements, whose tree takes sixteen million."""
_TIMES = 3
_ELEMENT, _LARGEST_TREE = 320, 16 << 20
"""Bytes of memory, as measured: of an element with an attribute; of as many as a document may have."""
_WORTH_RELIEVING = 4 << 20
"""Bytes of large messages after which the heap has enough to give back."""
_OF_STRANGERS = 0.25
"""The share for callers who have not said yet who they are."""


@dataclass(slots=True)
class Room:
    """Of one process. `limit` in bytes; a single message always has room, however large its operation lets it be."""

    limit: int
    relieve: Callable[[], Awaitable[object]] | None = None
    """Gives back to the kernel what earlier messages have left free in the heap."""
    used: int = 0
    strangers: int = 0
    refused: int = 0
    """Messages turned away, for the metrics."""
    passed: int = 0
    """Bytes that were counted so far, of whatever has come and gone."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _relieved: int = 0

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """The moment in which a message of that size may be read or written."""
        if size <= HEAVY:
            yield
            return
        async with self._turn:
            if self.relieve is not None and self.passed - self._relieved > _WORTH_RELIEVING:
                self._relieved = self.passed
                await self.relieve()  # before the next one unfolds, not after
            yield

    def _take(self, size: int, own: int, *, stranger: bool) -> None:
        """`own` of what is used belongs to the same exchange: it need not make room for itself."""
        full = self.used > own and self.used + size > self.limit
        if full or (stranger and self.strangers > own and self.strangers + size > self.limit * _OF_STRANGERS):
            self.refused += 1
            raise _no_room()
        self.used += size
        self.passed += size
        if stranger:
            self.strangers += size

    def share(self) -> Share:
        return Share(self)


@dataclass(slots=True)
class Share:
    """What one exchange holds: of its request, and of the answer of its present attempt."""

    room: Room
    stranger: bool = False
    """Nobody knows yet who calls."""
    _held: dict[str, int] = field(default_factory=dict)
    _of_strangers: int = 0

    def grow(self, what: str, size: int) -> None:
        """The part `what` is `size` bytes by now. Raises `Overloaded`."""
        self._hold(what, max(0, size - FREE) * _TIMES)

    def plant(self, size: int) -> None:
        """A tree of that size stands until its text is read to the end (`drop("tree")`). Raises `Overloaded`."""
        self._hold("tree", size)

    def _hold(self, what: str, size: int) -> None:
        more = size - self._held.get(what, 0)
        if more <= 0:
            return
        self.room._take(more, sum(self._held.values()), stranger=self.stranger)  # noqa: SLF001  the two are one
        self._held[what] = self._held.get(what, 0) + more
        if self.stranger:
            self._of_strangers += more

    def drop(self, what: str) -> None:
        """That part is gone; another attempt begins."""
        self.room.used -= self._held.pop(what, 0)

    def close(self) -> None:
        if not self._held and not self._of_strangers:
            return
        self.room.used -= sum(self._held.values())
        self.room.strangers -= self._of_strangers
        self._held.clear()
        self._of_strangers = 0


@dataclass(slots=True)
class Unread:
    """Large answers that stand in memory until their readers have taken them. Over `limit` bytes the one that has been on its
    way longest is let go: whoever reads has long done so when as much has come after him."""

    limit: int = 40 << 20
    used: int = 0
    dropped: int = 0
    """Readers that were let go, for the metrics."""
    _waiting: dict[object, tuple[int, Callable[[], object]]] = field(default_factory=dict)
    """Size and how to let go, oldest first."""

    @contextmanager
    def taking(self, size: int, let_go: Callable[[], object]) -> Iterator[None]:
        while self._waiting and self.used + size > self.limit:
            oldest = next(iter(self._waiting))
            drop = self._waiting[oldest][1]
            self._end(oldest)
            self.dropped += 1
            drop()
        mine = object()
        self._waiting[mine] = size, let_go
        self.used += size
        try:
            yield
        finally:
            self._end(mine)

    def _end(self, which: object) -> None:
        self.used -= self._waiting.pop(which, (0, None))[0]


def tree_of(raw: bytes) -> int:
    """Bytes that a document's elements take beside its text, counted from above and in no time."""
    return min(_ELEMENT * (raw.count(b"<") - raw.count(b"</")), _LARGEST_TREE) if len(raw) > FREE else 0


def _no_room() -> Overloaded:
    said = Text("Trục đang giữ quá nhiều nội dung lớn, hãy gửi lại", "Too many large messages at once, send it again")
    return Overloaded(said, retry_after=1)
