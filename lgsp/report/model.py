"""The document: what stands in each field of Decree 30/2020/NĐ-CP and in each table. Words and formats are handed in.

Every value is text already, so that a page, a table file and a DOCX say the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from lgsp.model import SYSTEM_CALLS, Lang, Stage, Text
from lgsp.report.facts import CallerFacts, Facts
from lgsp.report.incidents import PLATFORM
from lgsp.runtime import HANOI
from lgsp.settings import ReportSettings

if TYPE_CHECKING:  # they stand above, with the pages, and are handed in
    from lgsp.console.format import Formats
    from lgsp.console.wording import Words

_ORDER = (Stage.OFFICIAL, Stage.TRIAL, Stage.SUSPENDED)
_NEW_DECREE = date(2025, 10, 22)
"""From that day on Decree 278/2025/NĐ-CP stands in the place of 47/2020."""
MOST = 200
"""Incidents on paper; the table file has all of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` are the columns that are set flush right."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]
    empty: str
    """What is said where there is no row."""


@dataclass(frozen=True, slots=True)
class Paper:
    """Fields by their numbers in the decree's appendix I."""

    motto: tuple[str, str]
    """1: the country and its motto."""
    body: tuple[str, str]
    """2: the superior body, empty where there is none, and the issuing one."""
    number: str
    """3"""
    dateline: str
    """4"""
    kind: str
    title: str
    """5a: the kind of document and what it is about."""
    to: tuple[str, ...]
    """9a"""
    demonstration: str
    """Why nobody may take it for a report; empty for a real one."""
    opening: tuple[str, ...]
    sentence: str
    tables: tuple[Table, ...]
    closing: str
    signature: tuple[str, str]
    """7a, 7b: office and name."""
    recipients: tuple[str, ...]
    """9b"""
    name: str
    """Of its files."""


def paper(
    facts: Facts, titles: Mapping[str, Text], settings: ReportSettings, words: Words, f: Formats, lang: Lang, number: str = ""
) -> Paper:  # fmt: skip
    """`titles` of the systems, by id."""
    w, made = words["report"], facts.made.astimezone(HANOI).date()
    period = {"first": f.day(facts.period.first), "last": f.day(facts.period.last)}
    opening = [
        w["basis"].format(decree=w["decree"]["new" if facts.period.last >= _NEW_DECREE else "old"]),
        w["period"].format(**period),
    ]
    if facts.until < facts.period.end:
        opening.append(w["until"].format(moment=f.moment(facts.until, seconds=False)))
    tables = (
        _systems(facts, titles, words, f, lang),
        _agencies(facts, w, f),
        *((_inbound(callers, titles, w, f, lang),) if (callers := _ministries(facts)) else ()),
        _incidents(facts, titles, words, f, lang),
        _work(facts, titles, w, f, lang),
        *((_observed(facts, titles, w, f, lang),) if facts.observed else ()),
    )
    return Paper(
        motto=(w["country"], w["motto"]),
        body=(settings.superior, settings.body),
        number=w["number"].format(number=number or " " * 8, symbol=settings.symbol),
        dateline=w["dateline"].format(
            place=settings.place or "…", **dict(zip(("day", "month", "year"), _date(made), strict=True))
        ),
        kind=w["kind"],
        title=w["about"].format(**period),
        to=settings.to,
        demonstration=w["demonstration"] if facts.demonstration else "",
        opening=tuple(opening),
        sentence=sentence(facts, w),
        tables=tables,
        closing=w["closing"].format(body=settings.body or w["us"]),
        signature=(settings.office, settings.signer),
        recipients=(*(settings.recipients or (w["as_above"],)), settings.archive or w["archive"]),
        name=file_name(facts),
    )


def sentence(facts: Facts, w: Any) -> str:
    """The sentence of the province. Stages alone: a system that was down is connected still."""
    total, official, trial, suspended = facts.total, *map(facts.counted, _ORDER)
    said = str(w["sentence"]).format(official=official, trial=trial, total=total)
    return said + (str(w["suspended"]).format(suspended=suspended, total=total) if suspended else "")


def file_name(facts: Facts) -> str:
    return f"bao-cao-ket-noi-{facts.period.first:%Y%m%d}-{facts.period.last:%Y%m%d}"


def _date(day: date) -> tuple[str, str, str]:
    """A day below 10 and the months 1 and 2 have a nought before them (the decree, appendix I, part I, II.4)."""
    return f"{day.day:02}", f"{day.month:02}" if day.month <= 2 else str(day.month), str(day.year)


def _systems(facts: Facts, titles: Mapping[str, Text], words: Words, f: Formats, lang: Lang) -> Table:
    w, common = words["report"]["systems"], words["common"]
    shown = [(_ORDER.index(each.stage), each) for each in facts.systems if each.stage in _ORDER]
    rows = [
        (
            str(place),
            _title(each.id, titles, lang),
            common["stage"][each.stage.value],
            f.day(each.since),
            each.decision or "—",
            f.percent(each.available, 2),
            f.number(each.calls),
            f.percent(each.success, 2),
            f.number(None if each.p95 is None else each.p95 * 1000),
        )
        for place, (_, each) in enumerate(sorted(shown, key=lambda pair: (pair[0], pair[1].id)), 1)
    ]
    return _table("systems", w, rows, {0, 5, 6, 7, 8})


def _agencies(facts: Facts, words: Any, f: Formats) -> Table:
    """One row an agency; what has no agency's code stands by its own name."""
    w, grouped = words["agencies"], defaultdict(list)
    for each in facts.callers:
        if each.id.startswith(SYSTEM_CALLS):
            continue
        grouped[each.agency or each.id].append(each)
    rows = []
    for place, (agency, callers) in enumerate(
        sorted(grouped.items(), key=lambda pair: (-sum(each.calls for each in pair[1]), pair[0])), 1
    ):
        calls = sum(each.calls for each in callers)
        answered, failed = sum(each.answered for each in callers), sum(each.failed for each in callers)
        success = _share(answered, failed)
        names = "; ".join(sorted(each.name for each in callers))
        code = agency if callers[0].agency else "—"
        rows.append((str(place), code, names, f.number(calls), f.percent(success, 2)))
    return _table("agencies", w, rows, {0, 3, 4})


def _ministries(facts: Facts) -> list[CallerFacts]:
    """What ministries have called the province with: they are no agencies of the province."""
    return [each for each in facts.callers if each.id.startswith(SYSTEM_CALLS)]


def _inbound(callers: Sequence[CallerFacts], titles: Mapping[str, Text], words: Any, f: Formats, lang: Lang) -> Table:
    rows = [
        (
            str(place),
            _title(each.id.removeprefix(SYSTEM_CALLS), titles, lang),
            f.number(each.calls),
            f.percent(_share(each.answered, each.failed), 2),
        )
        for place, each in enumerate(sorted(callers, key=lambda each: (-each.calls, each.id)), 1)
    ]
    return _table("inbound", words["inbound"], rows, {0, 2, 3})


def _share(answered: int, failed: int) -> float | None:
    return answered / (answered + failed) if answered + failed else None


def _incidents(facts: Facts, titles: Mapping[str, Text], words: Words, f: Formats, lang: Lang) -> Table:
    w, health = words["report"]["incidents"], words["common"]["health"]
    rows = [
        (
            str(place),
            _title(each.system, titles, lang),
            health[each.worst.value],
            f.moment(each.begin, seconds=False),
            f.moment(each.end, seconds=False) if each.end else w["on"],
            f.span(each.seconds),
            each.cause[lang].partition(f". {words['board']['to_do']}")[0] if each.cause else w["unknown"],
        )
        for place, each in enumerate(facts.incidents, 1)
    ]
    return _table("incidents", w, rows, {0})


def _work(facts: Facts, titles: Mapping[str, Text], words: Any, f: Formats, lang: Lang) -> Table:
    rows = [
        (
            str(place),
            _title(each.system, titles, lang),
            *map(
                f.number,
                (
                    each.accepted,
                    each.delivered,
                    each.waiting,
                    each.failed,
                    each.indeterminate,
                    each.expired,
                    each.cancelled,
                ),
            ),
        )
        for place, each in enumerate(facts.work, 1)
    ]
    return _table("work", words["work"], rows, set(range(9)) - {1})


def _observed(facts: Facts, titles: Mapping[str, Text], words: Any, f: Formats, lang: Lang) -> Table:
    rows = [
        (
            str(place),
            _title(each.id, titles, lang),
            f.number(each.calls),
            f.percent(each.success, 2),
            f.number(None if each.p95 is None else each.p95 * 1000),
        )
        for place, each in enumerate(facts.observed, 1)
    ]
    return _table("observed", words["observed"], rows, {0, 2, 3, 4})


def _table(name: str, w: Any, rows: Sequence[tuple[str, ...]], numbers: set[int]) -> Table:
    return Table(name, w["title"], tuple(w["head"]), tuple(rows), frozenset(numbers), w["empty"])


def _title(name: str, titles: Mapping[str, Text], lang: Lang) -> str:
    if name.startswith(PLATFORM):
        return name.removeprefix(PLATFORM).upper()
    return titles[name][lang] if name in titles else name
