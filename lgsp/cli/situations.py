"""The published set of situations that a consumer's own client has to live through, and how each is judged.

The client is a command. It does its ordinary work once (its look-ups, its updates) at `LGSP_URL` and ends with 0 (done) or 75
(could not now, will try later; as sysexits.h has it). What it did is read from the bus and from the ministries' side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["passed", "failed", "not applicable"]
DONE, LATER = 0, 75
MOST = 25
"""Calls of one operation within one situation beyond which a client hammers."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the client as the bus saw it."""

    system: str
    operation: str
    kind: str
    outcome: str
    at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run of the client left behind."""

    exit: int | None
    """None: it had not ended in time and was ended."""
    calls: Sequence[Call]
    effects: Mapping[str, Mapping[str, int]]
    struck: int
    """How often the fault met a call."""
    plain: Sequence[Call] = ()
    """The calls of the run in which nothing was wrong."""
    unacknowledged: int | None = None
    """What is left of the inbox; None where the client does not use it."""
    seconds: float = 0.0

    @property
    def doubled(self) -> list[str]:
        return [key for keys in self.effects.values() for key, times in keys.items() if times > 1]

    @property
    def hammered(self) -> list[str]:
        counts = Counter(f"{call.system}/{call.operation}" for call in self.calls)
        ordinary = Counter(f"{call.system}/{call.operation}" for call in self.plain)
        return [name for name, times in counts.items() if times > MOST + ordinary[name]]


Judge = Callable[[Seen], tuple[Verdict, str]]


@dataclass(frozen=True, slots=True)
class Situation:
    """`fault` is set at every system that the client calls; `updates` limits it to its updates."""

    id: str
    vi: str
    en: str
    judge: Judge
    fault: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    updates: bool = False
    token_seconds: float | None = None
    callback: bool = False


def orderly(seen: Seen) -> tuple[Verdict, str] | None:
    """What is wrong whatever the situation is."""
    if seen.exit is None:
        return "failed", "chưa kết thúc khi hết giờ (had not ended in time)"
    if seen.exit not in (DONE, LATER):
        return "failed", f"kết thúc với mã {seen.exit} (ended with this code instead of 0 or 75)"
    if seen.doubled:
        return "failed", f"cập nhật hai lần (took effect twice): {len(seen.doubled)}"
    if seen.hammered:
        return "failed", f"gọi dồn dập (hammers): {', '.join(seen.hammered)}"
    return None


def done(seen: Seen) -> tuple[Verdict, str]:
    """The caller need not notice, or must get over it: the work has to be done."""
    if wrong := orderly(seen):
        return wrong
    if seen.exit == LATER:
        return "failed", "bỏ dở việc làm được (gave up what could be done)"
    return "passed", "hoàn thành (done)"


def met(judge: Judge) -> Judge:
    """Only where the fault met a call at all."""

    def judged(seen: Seen) -> tuple[Verdict, str]:
        if not seen.struck:
            return "not applicable", "không có cuộc gọi nào gặp tình huống này (no call of the client met it)"
        return judge(seen)

    return judged


def orderly_end(seen: Seen) -> tuple[Verdict, str]:
    """Done, or put off in good order."""
    if wrong := orderly(seen):
        return wrong
    return "passed", "hoàn thành (done)" if seen.exit == DONE else "hẹn thử lại (put off in good order)"


def never_again(seen: Seen) -> tuple[Verdict, str]:
    """After an unknown outcome the update is not sent again."""
    if wrong := orderly(seen):
        return wrong
    unknown = [call for call in seen.calls if call.kind == "update" and call.outcome == "timeout"]
    for lost in unknown:
        same = [c for c in seen.calls if (c.system, c.operation) == (lost.system, lost.operation) and c.at > lost.at]
        ordinary = sum((c.system, c.operation) == (lost.system, lost.operation) for c in seen.plain)
        if len(same) + 1 > ordinary:
            return "failed", f"gửi lại khi chưa rõ kết quả (sent again with its outcome unknown): {lost.operation}"
    return "passed", "không gửi lại (not sent again)"


def had_already(seen: Seen) -> tuple[Verdict, str]:
    """What the ministry has is not sent once more, under another code neither: it would be there twice."""
    if wrong := orderly(seen):
        return wrong
    sent, ordinary = (
        Counter((call.system, call.operation) for call in calls if call.kind == "update")
        for calls in (seen.calls, seen.plain)
    )
    if more := sorted(operation for _, operation in sent - ordinary):
        return "failed", f"gửi lại hồ sơ bộ đã có (sent once more what the ministry has): {', '.join(more)}"
    return orderly_end(seen)


def renewed(seen: Seen) -> tuple[Verdict, str]:
    if all(call.outcome != "unauthenticated" for call in seen.calls) and seen.exit == DONE:
        return "passed", "không dùng token đã hết hạn (never used an expired token)"
    return done(seen)


def worked(seen: Seen) -> tuple[Verdict, str]:
    if not seen.calls:
        return "failed", "không gọi trục lần nào (never called the bus)"
    failed = sorted(
        {call.outcome for call in seen.calls if call.outcome in ("invalid-message", "unknown-operation", "forbidden")}
    )
    if failed:
        return "failed", f"thông điệp hoặc quyền không đúng (message or permission is wrong): {', '.join(failed)}"
    return done(seen)


def handed_over(seen: Seen) -> tuple[Verdict, str]:
    if seen.unacknowledged is None:
        return "not applicable", "không dùng hộp thư đến (does not use the inbox; --inbox where it does)"
    if wrong := orderly(seen):
        return wrong
    if seen.unacknowledged:
        return "failed", "hộp thư đến chưa được xác nhận (the inbox was not read and acknowledged)"
    return "passed", "nhận một lần, đã xác nhận (received once, acknowledged)"


SITUATIONS: Sequence[Situation] = (
    Situation("plain", "Làm việc bình thường", "Ordinary work", worked),
    Situation("token-expiry", "Token của trục hết hạn giữa chừng", "The bus's token expires in the middle", renewed,
              token_seconds=1),
    Situation("upstream-token", "Token NGSP hết hạn", "The platform's token expires", met(done), "token-expired", {"times": 1}),
    Situation("suspend-303001", "NGSP tạm ngắt điểm cuối (303001)", "The platform suspends the endpoint (303001)",
              met(orderly_end), "suspend-303001", {"times": 2}),
    Situation("xml-fault", "Lỗi XML của nền tảng", "An XML fault of the platform", met(orderly_end), "xml-fault", {"times": 2}),
    Situation("duplicate", "Bộ trả lời đã nhận hồ sơ này rồi", "The ministry says that it has had this already",
              met(had_already), "duplicate", {"times": 1}, updates=True),
    Situation("lost-answer", "Mất phản hồi sau khi đã ghi nhận", "The answer is lost after the effect", met(never_again),
              "lost-answer", {"times": 1}, updates=True),
    Situation("nfd", "Họ tên ở dạng Unicode tổ hợp", "Names in decomposed Unicode", met(done), "nfd", {}),
    Situation("unknown-code", "Mã danh mục sau sáp nhập", "A catalogue code from after a merger", met(done), "unknown-code", {}),
    Situation("slow", "Phản hồi chậm 4 giây", "An answer after 4 seconds", met(done), "latency", {"seconds": 4, "times": 1}),
    Situation("callback-twice", "Bộ gọi lại hai lần cùng một tin", "The same call-back twice", handed_over, callback=True),
)  # fmt: skip
