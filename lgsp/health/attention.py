"""Troubles that are no database's: one caller's quota, security level, bad data, repeated pushes. Its lines blame nobody else.

A subscriber that counts by the minute over the last ten, in bounded memory; a system stays what it is (RULES 12).
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lgsp.errors import LgspError, ProviderFault
from lgsp.events import Event, ExchangeFinished
from lgsp.model import Face, Text

WINDOW, _MINUTE = timedelta(minutes=10), timedelta(minutes=1)
ENOUGH = 3
"""Refusals by policy in the window; fewer are somebody trying."""
ENOUGH_BAD, BAD_SHARE = 5, 0.5
"""Refused messages of one caller, and their share of its calls there: that is no slip any more."""
MOST = 5000
"""Different (system, caller, outcome) of a minute."""
REPEATED = "repeated"

_POLICY = {
    "quota-exceeded": "quota",
    "security-level-not-approved": "policy",
}
_BAD = frozenset({"invalid-message", "provider-fault", "invalid-signature", "unsupported-media-type", "too-large"})
_AGAIN = frozenset({"conflict", "idempotency-mismatch", REPEATED})
_HAD_FIELD = "daTiepNhanTruoc"
_HAD = re.compile(r"đã (được )?(tiếp nhận|tồn tại)|\btrùng\b|duplicate|already", re.IGNORECASE)


_SENTENCES = {
    "quota": (
        Text(
            "{who} vượt hạn mức: {n}/{calls} cuộc gọi trong 10 phút bị từ chối, từ {time};"
            " cơ sở dữ liệu không bị ảnh hưởng",
            "{who} is over its quota: {n} of {calls} calls in 10 minutes refused, since {time};"
            " the database is not affected",
        ),
        Text(
            "đề nghị {who} giãn nhịp gọi, hoặc nâng hạn mức trong quyền khai thác",
            "ask {who} to call more slowly, or raise the quota in its grant",
        ),
    ),
    "policy": (
        Text(
            "{who} bị từ chối vì chưa được phê duyệt cấp độ an toàn: {n} cuộc gọi trong 10 phút, từ {time};"
            " {system} không có lỗi",
            "{who} is refused because its security level is not approved: {n} calls in 10 minutes, since {time};"
            " no fault of {system}",
        ),
        Text(
            "{who} nộp quyết định phê duyệt cấp độ; cán bộ an toàn thông tin cập nhật sổ đăng ký",
            "{who} submits the approval; the security officer updates the register",
        ),
    ),
    "repeated": (
        Text(
            "{who} gửi trùng: {n} lần trong 10 phút, từ {time}; cơ sở dữ liệu đã nhận lần đầu, không mất hồ sơ nào",
            "{who} pushes the same again: {n} times in 10 minutes, since {time}; the first was taken, nothing is lost",
        ),
        Text(
            "đề nghị {who} đọc kết quả lần gửi đầu và gửi lại bằng cùng Idempotency-Key",
            "ask {who} to read the first answer and to repeat with the same Idempotency-Key",
        ),
    ),
    "consumer": (
        Text(
            "dữ liệu của {who} bị từ chối: {n}/{calls} cuộc gọi trong 10 phút, từ {time};"
            " các đơn vị khác gọi được, cơ sở dữ liệu không có lỗi",
            "data of {who} is refused: {n} of {calls} calls in 10 minutes, since {time};"
            " other callers get through, no fault of the database",
        ),
        Text(
            "đề nghị {who} sửa dữ liệu theo hợp đồng; xem lỗi từng trường trong nhật ký giao dịch",
            "ask {who} to correct its data by the contract; the exchanges show each field's error",
        ),
    ),
}
"""By kind: what is, what to do."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line. `kind` is quota, policy, consumer or repeated; `names` only for people who may know who calls."""

    system: str
    consumer: str
    kind: str
    since: datetime
    count: int
    calls: int


@dataclass(slots=True)
class _Minute:
    at: datetime
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class Attention:
    minutes: deque[_Minute] = field(default_factory=deque)
    began: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    """When the first refusal of a run came, by (system, caller, kind)."""

    def __call__(self, event: Event) -> None:
        if not isinstance(event, ExchangeFinished) or event.face == Face.INTERNAL:
            return
        if event.system is None or event.consumer is None:
            return
        outcome = REPEATED if event.repeated else event.outcome
        if not self.minutes or not self.minutes[-1].at <= event.at < self.minutes[-1].at + _MINUTE:
            self._forget(event.at)
            self.minutes.append(_Minute(event.at.replace(second=0, microsecond=0)))
        counts = self.minutes[-1].counts
        key = (event.system, event.consumer, outcome)
        if key in counts or len(counts) < MOST:
            counts[key] += 1
            if kind := _kind(outcome):
                self.began.setdefault((event.system, event.consumer, kind), event.at)

    @property
    def held(self) -> tuple[int, int]:
        """What is counted of the newest minute, and its bound, for metrics."""
        return len(self.minutes[-1].counts) if self.minutes else 0, MOST

    def notices(self, now: datetime) -> list[Notice]:
        """What goes on, the most first."""
        self._forget(now)
        calls: Counter[tuple[str, str]] = Counter()
        refused: Counter[tuple[str, str, str]] = Counter()
        for minute in self.minutes:
            for (system, consumer, outcome), count in minute.counts.items():
                calls[system, consumer] += count
                if kind := _kind(outcome):
                    refused[system, consumer, kind] += count
        found = []
        for (system, consumer, kind), count in refused.most_common():
            total = calls[system, consumer]
            enough = count >= ENOUGH_BAD and count >= total * BAD_SHARE if kind == "consumer" else count >= ENOUGH
            if enough:
                found.append(
                    Notice(system, consumer, kind, self.began.get((system, consumer, kind), now), count, total)
                )
        return found

    def flow(self, now: datetime) -> Counter[tuple[str, str]]:
        """Calls of the window by (caller, system), whatever came of them."""
        self._forget(now)
        found: Counter[tuple[str, str]] = Counter()
        for minute in self.minutes:
            for (system, consumer, _), count in minute.counts.items():
                found[consumer, system] += count
        return found

    def _forget(self, now: datetime) -> None:
        while self.minutes and now - self.minutes[0].at >= WINDOW:
            self.minutes.popleft()
        if self.began:
            alive = {
                (system, consumer, _kind(outcome))
                for minute in self.minutes
                for system, consumer, outcome in minute.counts
            }
            self.began = {key: at for key, at in self.began.items() if key in alive}


def _kind(outcome: str) -> str:
    return _POLICY.get(outcome) or ("repeated" if outcome in _AGAIN else "consumer" if outcome in _BAD else "")


def said_before(error: LgspError | None, answer: Mapping[str, Any] | None) -> bool:
    """ "We have had this already": a mapping that knows its ministry's wording says so in the answer; else ministries refuse,
    in words or by a field that must be unique."""
    if error is None:
        return answer is not None and answer.get(_HAD_FIELD) is True
    if not isinstance(error, ProviderFault):
        return False
    said = error.provider[1] if error.provider else ""
    return bool(_HAD.search(said)) or any(each.rule == "unique" for each in error.errors)


def sentences(notice: Notice, who: Text, system: Text, time: str) -> tuple[Text, Text]:
    """(what is, what to do). `who` is the caller's name, or "one caller" where its name is nobody's business."""
    said, todo = _SENTENCES[notice.kind]
    given = {"n": notice.count, "calls": notice.calls, "time": time}
    return tuple(
        Text(
            each.vi.format(who=who.vi, system=system.vi, **given), each.en.format(who=who.en, system=system.en, **given)
        )
        for each in (said, todo)
    )  # type: ignore[return-value]  # two of two
