"""From entries of evidence to rows of the index of exchanges; and how the newest of many series are found. Of either database.

Two things keep writing even and reading quick, however much is stored. Rows stand in the order of time, and a *series* is one
combination of face, consumer, system, operation, outcome and fault domain: whatever is asked by these is a merge of whole series.
What has no order (correlation, dossier, submission, person) is a *mark*, a short keyed digest kept by the day, so that new ones
go to one small, warm part of their index.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from lgsp.store.keys import Keys
from lgsp.store.port.exchanges import ExchangeQuery, ExchangeRow

Series = tuple[str, str, str, str, str, str]
"""Face, consumer, system, operation, outcome, domain."""

_ALPHABET = {letter: value for value, letter in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_BITS = 21
"""Of an id's randomness, behind its milliseconds: two exchanges hardly ever want the same place."""
_DAY_MS = 86_400_000
_MARK = 16
BROAD, GLANCE = 64, 2000
"""From so many series on, the newest so many rows are looked at first: what is wanted is likely among them."""


class _Trace(msgspec.Struct):
    us: int = 0


class _Entry(msgspec.Struct):
    """As much of an entry as the index needs."""

    kind: str
    at: datetime
    exchange: str = ""
    correlation: str = ""
    face: str = ""
    system: str | None = None
    operation: str | None = None
    consumer: str | None = None
    case: str | None = None
    submission: str | None = None
    outcome: str | None = None
    fault_domain: str | None = None
    attempts: int = 0
    subjects: tuple[str, ...] = ()
    trace: _Trace | None = None


_decoder = msgspec.json.Decoder(_Entry)


@dataclass(slots=True)
class Found:
    """What a batch of entries says about one exchange. `outcome` empty: only that it was asked."""

    place: int
    exchange: str
    correlation: str
    series: Series
    asked: int | None = None
    answered: int | None = None
    micros: int | None = None
    attempts: int = 0
    marks: set[bytes] = field(default_factory=set)
    named: tuple[str | None, ...] = ()
    """What its marks were made of last."""


def found_in(entries: Iterable[tuple[int, bytes]], keys: Keys) -> list[Found]:
    """One for each exchange that the entries (index, body) tell of, by place. Notes are none, and the bus's own probes, which
    ask and put no answer on record, would stand in everybody's way."""
    found: dict[str, Found] = {}
    for index, body in entries:
        try:
            entry = _decoder.decode(body)
        except msgspec.DecodeError:  # what is wrong with a chain is said by its verifier
            continue
        if entry.kind not in ("asked", "answered") or not entry.exchange:
            continue
        row = found.get(entry.exchange)
        if row is None:
            place = place_of(entry.exchange, entry.at)
            row = found[entry.exchange] = Found(place, entry.exchange, entry.correlation, _series(entry))
        if entry.kind == "asked":
            row.asked = index
        else:
            row.answered, row.series, row.attempts = index, _series(entry), entry.attempts
            row.micros = entry.trace.us if entry.trace is not None else None
        row.marks.update(bytes.fromhex(each)[:_MARK] for each in entry.subjects)
        named = entry.correlation, entry.case, entry.submission
        if named != row.named:  # both entries of an exchange say the same, mostly
            row.named = named
            row.marks.update(_named(keys, *named))
    return sorted((each for each in found.values() if not _probe(each)), key=lambda each: each.place)


def _probe(found: Found) -> bool:
    face, consumer, *_ = found.series
    return found.answered is None and face == "internal" and not consumer


def _series(entry: _Entry) -> Series:
    named = (entry.consumer, entry.system, entry.operation, entry.outcome, entry.fault_domain)
    consumer, system, operation, outcome, domain = (each or "" for each in named)
    return entry.face, consumer, system, operation, outcome, domain


def marks_of(query: ExchangeQuery, keys: Keys) -> list[bytes]:
    """All of them must hold. First the one that the fewest exchanges share."""
    person = [] if query.subject is None else [query.subject[:_MARK]]
    return [*_named(keys, query.correlation, None, query.submission), *person, *_named(keys, None, query.case, None)]


def _named(keys: Keys, correlation: str | None, case: str | None, submission: str | None) -> list[bytes]:
    named = ((b"correlation", correlation), (b"submission", submission), (b"case", case))
    return [keys.digest(kind, text.strip().encode())[:_MARK] for kind, text in named if text]


def place_of(exchange: str, at: datetime) -> int:
    """The order of time, out of the id, so that what was asked and what was answered meet. `at` for an id that is none."""
    value = 0
    for letter in exchange:
        digit = _ALPHABET.get(letter)
        if digit is None:
            return first_place(at)
        value = value << 5 | digit
    if len(exchange) != 26 or value >> 80 >= 1 << 42:
        return first_place(at)
    return (value >> 80) << _BITS | (value >> 80 - _BITS) & ((1 << _BITS) - 1)


def first_place(at: datetime) -> int:
    """Of that millisecond."""
    return max(0, (at - _EPOCH) // _MS) << _BITS


def time_of(place: int) -> datetime:
    return _EPOCH + (place >> _BITS) * _MS


def day_of(place: int) -> int:
    """The day of its marks."""
    return (place >> _BITS) // _DAY_MS


def bounds(query: ExchangeQuery, below: int | None) -> tuple[int, int]:
    """The places that come into question: from, and below."""
    least = first_place(query.first) if query.first else 0
    most = first_place(query.before) if query.before else (1 << 63) - 1
    return least, most if below is None else min(most, below)


def wanted_series(query: ExchangeQuery) -> tuple[list[str], list[str]]:
    """Columns of series and their values, as far as the query names them."""
    named = [(name, getattr(query, name)) for name in ("consumer", "system", "operation", "outcome", "domain")]
    given = [(name, value) for name, value in named if value is not None]
    return [name for name, _ in given], [value for _, value in given]


@dataclass(slots=True)
class Newest:
    """The highest places of several series, asked series by series: the liveliest first, and no more than can still matter."""

    limit: int
    best: list[int] = field(default_factory=list)

    def least(self, least: int) -> int:
        """From where a place still matters."""
        return max(least, self.best[0] + 1) if len(self.best) == self.limit else least

    def put(self, place: int) -> bool:
        """False where it came too late, so that all that are older do too."""
        if len(self.best) < self.limit:
            heapq.heappush(self.best, place)
            return True
        if place <= self.best[0]:
            return False
        heapq.heapreplace(self.best, place)
        return True


def glanced(rows: Iterable[tuple[int, int]], wanted: Collection[int], limit: int) -> list[int] | None:
    """The places of those (place, series), newest first, that are wanted; None where these rows have not enough of them."""
    found = []
    for place, series in rows:
        if series in wanted:
            found.append(place)
            if len(found) == limit:
                return found
    return None


def row_of(columns: Sequence[object], series: Series) -> ExchangeRow:
    """Of place, exchange, correlation (None: its own id), micros, attempts."""
    place, exchange, correlation, micros, attempts = columns
    assert isinstance(place, int)
    face, consumer, system, operation, outcome, domain = series
    return ExchangeRow(
        place, str(exchange), str(exchange if correlation is None else correlation), time_of(place), face, consumer, system,
        operation, outcome, domain, micros / 1e6 if isinstance(micros, int) else None, int(str(attempts)),
    )  # fmt: skip
