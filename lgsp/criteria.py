"""What a trial must have shown before a system is official, and what an official one has broken: from counts, scores, papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal

from lgsp.compliance import Approval, of_system
from lgsp.errors import BusFault, Unavailable, by_code
from lgsp.health.counts import BOUNDS, PROBE, quantile
from lgsp.lifecycle import Proof
from lgsp.model import Stage, StageEntry, Text
from lgsp.runtime import HANOI
from lgsp.store.port import CountRow

WINDOW = 31
"""Days of calls that are looked at, at most: what a system does now, and a bounded number of rows."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a trial must reach, and below what an official system has broken what it rests on."""

    conformance: float = 99.0
    answers: int = 20
    days: int = 14
    success: float = 0.99
    calls: int = 100
    p95: float = 5.0
    agreement: float = 0.99
    breach_success: float = 0.95
    breach_conformance: float = 95.0


BAR = Bar()


@dataclass(frozen=True, slots=True)
class Criterion:
    name: Literal["conformance", "days", "success", "p95", "agreement", "security", "sign_off"]
    holds: bool
    found: Text
    wanted: Text


@dataclass(frozen=True, slots=True)
class Findings:
    """What the bus knows of a system; gathered by the gateway."""

    entry: StageEntry
    conformance: Mapping[str, Any]
    rows: Sequence[CountRow]
    """Hourly counts, of this system."""
    shadow: Mapping[str, Any]
    """Tallies of its operations."""
    level: Approval


def criteria(known: Findings, documents: Mapping[str, str], now: datetime, bar: Bar) -> tuple[Criterion, ...]:
    """All of them, in the order of the dossier. Nothing measured is nothing proven."""
    begun = datetime.combine(since_of(known.entry, now.astimezone(HANOI).date()), time(), HANOI)
    answered, failed, buckets = _counted(known.rows, begun)
    asked = answered + failed
    score, answers = known.conformance.get("score"), int(known.conformance.get("answers") or 0)
    days = (now.astimezone(HANOI).date() - known.entry.since).days
    share, p95 = (answered / asked if asked else None), quantile(buckets, 0.95)
    same = sum(int(each["same"]) for each in known.shadow.values())
    compared = same + sum(int(each["differs"]) for each in known.shadow.values())
    agreed = same / compared if compared else None
    paper, sign_off = documents.get("agreement", "").strip(), documents.get("sign_off", "").strip()
    security = documents.get("security", "").strip() or known.level.decision
    level = known.level.level is None or not of_system(known.level, now.astimezone(HANOI).date()).cut
    least, most = _p(bar.success), _p(bar.agreement)
    return (
        Criterion("conformance", score is not None and answers >= bar.answers and score >= bar.conformance,
                  Text(f"{_f(score).vi} điểm / {answers} trả lời", f"score {_f(score).en} of {answers} answers"),
                  Text(f"≥ {bar.conformance:g} điểm / {bar.answers} trả lời",
                       f"score ≥ {bar.conformance:g} of {bar.answers} answers")),
        Criterion("days", known.entry.stage in (Stage.TRIAL, Stage.OFFICIAL) and days >= bar.days,
                  Text(f"{days} ngày", f"{days} days"), Text(f"≥ {bar.days} ngày", f"≥ {bar.days} days")),
        Criterion("success", share is not None and asked >= bar.calls and share >= bar.success,
                  Text(f"{_p(share).vi} / {asked} cuộc gọi", f"{_p(share).en} of {asked} calls"),
                  Text(f"≥ {least.vi} / {bar.calls} cuộc gọi", f"≥ {least.en} of {bar.calls} calls")),
        Criterion("p95", p95 is not None and p95 <= bar.p95,
                  Text(f"{_f(p95).vi} giây", f"{_f(p95).en} s"), Text(f"≤ {bar.p95:g} giây", f"≤ {bar.p95:g} s")),
        Criterion("agreement", bool(paper) and (agreed is None or agreed >= bar.agreement),
                  Text(f"{paper or 'chưa có biên bản'}; {_compared_vi(agreed, compared)}",
                       f"{paper or 'no record'}; {_compared_en(agreed, compared)}"),
                  Text(f"biên bản; ≥ {most.vi} nếu có đối chiếu", f"a record; ≥ {most.en} where compared")),
        Criterion("security", bool(security) and level,
                  Text(security or "chưa có", security or "none"), Text("quyết định còn hiệu lực", "a decision that stands")),
        Criterion("sign_off", bool(sign_off),
                  Text(sign_off or "chưa có", sign_off or "none"), Text("biên bản ký mẫu", "a signed record of samples")),
    )  # fmt: skip


def breaches(known: Findings, now: datetime, bar: Bar) -> tuple[Text, ...]:
    """Why an official system should be proposed for suspension; a proposal, never a move by itself."""
    if known.entry.stage is not Stage.OFFICIAL:
        return ()
    answered, failed, _ = _counted(known.rows, now - timedelta(days=1))
    asked, found = answered + failed, []
    if asked >= bar.calls and answered / asked < bar.breach_success:
        share = _p(answered / asked)
        found.append(
            Text(f"24 giờ qua chỉ {share.vi} cuộc gọi có trả lời", f"only {share.en} of calls answered in 24 hours")
        )
    score, answers = known.conformance.get("score"), int(known.conformance.get("answers") or 0)
    if score is not None and answers >= bar.answers and score < bar.breach_conformance:
        found.append(Text(f"điểm giữ hợp đồng còn {_f(score).vi}", f"conformance has fallen to {_f(score).en}"))
    return tuple(found)


_TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "conformance": Text("Mức giữ hợp đồng", "Conformance"),
        "days": Text("Thời gian thử nghiệm", "Days in trial"),
        "success": Text("Tỷ lệ có trả lời", "Success rate"),
        "p95": Text("Thời gian trả lời p95", "Latency p95"),
        "agreement": Text("Đối soát dữ liệu", "Data agreement"),
        "security": Text("Cấp độ an toàn thông tin", "Security level"),
        "sign_off": Text("Ký xác nhận mẫu", "Sample sign-off"),
    }
)


def title_of(name: str) -> Text:
    return _TITLES[name]


def proof_of(found: Sequence[Criterion]) -> Proof:
    missing = tuple(
        Text(
            f"{title_of(each.name).vi}: {each.found.vi} (cần {each.wanted.vi})",
            f"{title_of(each.name).en}: {each.found.en} (needs {each.wanted.en})",
        )
        for each in found
        if not each.holds
    )
    return Proof(not missing, missing)


def _counted(rows: Sequence[CountRow], since: datetime) -> tuple[int, int, list[int]]:
    """(answered, failed, latencies); a caller's own mistakes are neither."""
    answered, failed, buckets = 0, 0, [0] * (len(BOUNDS) + 1)
    for row in rows:
        good = row.outcome in ("ok", "provider-fault", "record-not-found")
        if row.hour < since - timedelta(hours=1) or row.consumer == PROBE:
            continue
        answered += row.calls * good
        failed += row.calls * (not good and issubclass(by_code(row.outcome), Unavailable | BusFault))
        if good and len(row.buckets) == len(buckets):
            buckets = [one + other for one, other in zip(buckets, row.buckets, strict=True)]
    return answered, failed, buckets


def since_of(entry: StageEntry, today: date) -> date:
    """From when counts are wanted: of the trial, at most the last `WINDOW` days."""
    return max(entry.since, today - timedelta(days=WINDOW))


def _compared_vi(agreed: float | None, compared: int) -> str:
    return f"đối chiếu {_p(agreed).vi} / {compared}" if compared else "chưa đối chiếu"


def _compared_en(agreed: float | None, compared: int) -> str:
    return f"shadow {_p(agreed).en} of {compared}" if compared else "not compared"


def _p(share: float | None) -> Text:
    """In per cent; the comma is Vietnamese."""
    return _written("—" if share is None else f"{share * 100:.1f} %")


def _f(value: float | None) -> Text:
    return _written("—" if value is None else f"{value:.2f}")


def _written(number: str) -> Text:
    return Text(number.replace(".", ","), number)
