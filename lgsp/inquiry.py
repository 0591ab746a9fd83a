"""Exchanges looked up: one call among millions, and what happened in it. A view of the evidence that a standing task keeps fresh.

Who looks for a person says why, and stands in the evidence with the person's keyed hash before anything is shown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.runtime import HANOI, Runtime
from lgsp.store import Store, StoreFailed
from lgsp.store.port.callbacks import CallbackWork
from lgsp.store.port.exchanges import ExchangeQuery, ExchangeRow

PAGE = 50
_LONGEST = 500
_BATCH = 500
"""Entries that one small transaction takes in."""
_EVERY = 0.5
_BETWEEN = 0.05
"""Seconds between two batches: catching up leaves time to everybody else."""
_AT_ONCE = 40
"""Batches that a look-up waits for where nobody keeps the index fresh."""
_PRUNED = 500
_PRUNING = 3600.0
_RELATED = 50


class InquiryDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...


# -- looking -----------------------------------------------------------------------------------------------------------


async def exchange_find(desk: InquiryDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A page, newest first. `next` is where the following page begins; `behind`, how many entries are not yet in the index."""
    limit = _number(arguments.get("limit"), PAGE)
    if not 1 <= limit <= _LONGEST:
        raise Refused(f"Một trang có từ 1 đến {_LONGEST} dòng", f"a page has 1 to {_LONGEST} rows")
    below = _number(arguments["below"], 0) if arguments.get("below") not in (None, "") else None
    subject = _subject(desk, arguments)
    query = ExchangeQuery(
        subject=subject,
        first=moment_of(arguments.get("first")),
        before=moment_of(arguments.get("before"), after=True),
        **{
            name: _text(arguments, name)
            for name in ("correlation", "case", "submission", "consumer", "system", "operation")
        },
        **{name: arguments.get(name) for name in ("outcome", "domain")},
    )
    if subject is not None:
        reason = str(arguments.get("reason") or "").strip()
        if len(reason) < 5:
            raise Refused(
                "Nêu lý do tìm theo người: lý do được ghi chứng cứ",
                "say why you look for a person: it stands in the evidence",
            )
        person = str(arguments.get("person") or by)
        await desk.audit.note("exchange-search", by, person=person, reason=reason, subject=subject.hex())
    for _ in range(_AT_ONCE):
        if not await desk.store.exchanges.gather(_BATCH):
            break
    rows = await desk.store.exchanges.find(query, below, limit)
    return {
        "items": [shown(row) for row in rows],
        "next": rows[-1].place if len(rows) == limit else None,
        "behind": await desk.store.exchanges.behind(),
    }


async def exchange_show(desk: InquiryDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """One exchange as its evidence tells it, with what belongs to it: the same correlation, its submission, call-backs."""
    del by
    name = str(arguments["id"]).strip()
    await desk.store.exchanges.gather(_BATCH)
    row = await desk.store.exchanges.get(name)
    if row is None:
        raise Refused(
            f"Không có giao dịch {name}; tìm bằng `lgsp exchange find`",
            f"no exchange {name} is known; `lgsp exchange find` shows those that are",
        )
    entries = [
        {**msgspec.json.decode(each.body), "writer": each.writer, "index": each.index}
        for each in await desk.store.exchanges.entries(name)
    ]
    submission = next((each["submission"] for each in entries if each.get("submission")), None)
    related = await _related(desk, row, submission)
    return {
        **shown(row),
        "entries": entries,
        "related": [shown(each) for each in related],
        "submission": None if submission is None else await _lineage(desk, submission, row.consumer),
    }


async def exchange_rebuild(desk: InquiryDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Forgets the index; it is made again out of the evidence, here as far as `wait` says, else behind everything else."""
    await desk.audit.note("exchange-index-rebuilt", by)
    await desk.store.exchanges.reset()
    taken = 0
    while arguments.get("wait") and (more := await desk.store.exchanges.gather(_BATCH)):
        taken += more
    return {"taken": taken, "behind": await desk.store.exchanges.behind()}


async def _related(desk: InquiryDesk, row: ExchangeRow, submission: str | None) -> list[ExchangeRow]:
    """Oldest first: what the same caller's question has set going."""
    queries = [ExchangeQuery(correlation=row.correlation)]
    if submission is not None:
        queries.append(ExchangeQuery(submission=submission))
    found = {row.place: row}
    for query in queries:
        found |= {each.place: each for each in await desk.store.exchanges.find(query, None, _RELATED)}
    return [found[place] for place in sorted(found) if place != row.place]


async def _lineage(desk: InquiryDesk, submission: str, consumer: str) -> dict[str, Any]:
    """Where the submission stands, which it follows and which follows it, and whether its caller has been told."""
    row = await desk.store.search.one(submission)
    told: list[CallbackWork] = []
    if consumer:
        for outcome in ("", "parked"):
            works = await desk.store.callbacks.work(consumer, outcome, 500)
            told += [each for each in works if each.subject == submission]
    return {
        "id": submission,
        "state": row.state.value if row else None,
        "cause": row.cause if row else "",
        "changed": row.changed.isoformat() if row else None,
        "follows": row.follows if row else None,
        "followed_by": row.followed_by if row else None,
        "callbacks": [
            {"kind": each.kind, "outcome": each.outcome or "waiting", "attempts": each.attempts, "last": each.last}
            for each in told
        ],
    }


# -- what actions share ------------------------------------------------------------------------------------------------


def shown(row: ExchangeRow) -> dict[str, Any]:
    return {
        "id": row.exchange,
        "correlation": row.correlation,
        "at": row.at.isoformat(),
        "face": row.face,
        "consumer": row.consumer,
        "system": row.system,
        "operation": row.operation,
        "outcome": row.outcome,
        "fault_domain": row.domain,
        "seconds": row.seconds,
        "attempts": row.attempts,
    }


def moment_of(text: Any, *, after: bool = False) -> datetime | None:
    """A day or a moment as people here write it (Asia/Ho_Chi_Minh); a day as an end is over with it. Raises `Refused`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        raise Refused(
            "Thời điểm viết 2026-12-31 hoặc 2026-12-31T08:30", "a moment is written 2026-12-31 or 2026-12-31T08:30"
        ) from None
    if after:  # what is named last belongs to it
        found += timedelta(days=1) if len(str(text).strip()) == 10 else timedelta(minutes=1)
    return found if found.tzinfo else found.replace(tzinfo=HANOI)


def _subject(desk: InquiryDesk, arguments: Mapping[str, Any]) -> bytes | None:
    """The keyed hash: of what was typed, or as a page before has answered it."""
    if typed := _text(arguments, "subject"):
        return desk.store.keys.subject(typed)
    try:
        digest = bytes.fromhex(str(arguments.get("subject_hash") or ""))
    except ValueError:
        raise Refused("Đây không phải mã băm có khoá", "this is no keyed hash") from None
    return digest or None


def _text(arguments: Mapping[str, Any], name: str) -> str | None:
    return str(arguments.get(name) or "").strip() or None


def _number(value: Any, otherwise: int) -> int:
    try:
        return otherwise if value in (None, "") else int(value)
    except (TypeError, ValueError):
        raise Refused(f"{value} không phải là số", f"{value} is not a number") from None


INQUIRY: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "exchange.find": exchange_find,
        "exchange.show": exchange_show,
        "exchange.rebuild": exchange_rebuild,
    }
)


# -- the standing task -------------------------------------------------------------------------------------------------


async def run(store: Store, runtime: Runtime, days: int) -> None:
    """For ever, in one process of the installation: takes in what the chains have more, forgets what is too old."""
    pruned = runtime.clock.monotonic() - _PRUNING
    while True:
        taken = gone = 0
        with contextlib.suppress(StoreFailed):
            taken = await store.exchanges.gather(_BATCH)
            if runtime.clock.monotonic() - pruned >= _PRUNING:
                gone = await store.exchanges.prune(runtime.clock.now() - timedelta(days=days), _PRUNED)
                if not gone:
                    pruned = runtime.clock.monotonic()
        await asyncio.sleep(_BETWEEN if taken == _BATCH or gone else _EVERY)
