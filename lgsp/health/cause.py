"""Causes in plain words, built from facts: which layer, since when, on which evidence, what is not broken, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lgsp.model import Health, Text
from lgsp.runtime import HANOI

_FAILED = {
    "timeout": Text("quá thời hạn", "timed out"),
    "connect-failed": Text("không kết nối được", "could not connect"),
    "bad-answer": Text("trả lời sai hợp đồng", "broke the contract"),
    "circuit-open": Text("bị nền tảng tạm ngắt điểm cuối", "found the endpoint suspended by the platform"),
    "maintenance": Text("gặp thông báo bảo trì", "were told of maintenance"),
    "overloaded": Text("bị từ chối vì quá hạn mức", "were throttled"),
    "slow": Text("trả lời quá chậm", "were answered too slowly"),
}
_OTHER = Text("gặp lỗi kỹ thuật", "failed technically")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one system at one moment."""

    title: Text
    contact: Text
    health: Health
    since: datetime
    now: datetime
    code: str = ""
    """Of the failures that weigh most."""
    detail: Text | None = None
    """What the failing layer said, in our words."""
    failed: int = 0
    calls: int = 0
    good: int = 0
    """Successes in a row since the last failure."""
    open_since: datetime | None = None
    operation: str | None = None
    """The one operation that fails, where others answer."""
    upstream: str | None = None
    upstream_up: bool | None = None


def system_cause(facts: Facts) -> Text | None:
    """None for a system that is up."""
    since = _since(facts.since, facts.now)
    if facts.health is Health.UP:
        return None
    if facts.health is Health.UNKNOWN:
        return Text(f"{facts.title.vi}: chưa được kiểm chứng", f"{facts.title.en}: not verified yet")
    if facts.health is Health.MAINTENANCE:
        return Text(f"{facts.title.vi}: bảo trì từ {since.vi}", f"{facts.title.en}: under maintenance since {since.en}")
    if facts.open_since is not None:
        opened = _since(facts.open_since, facts.now)
        only = facts.operation and Text(f" chức năng {facts.operation}", f" of {facts.operation}")
        state = Text(
            f"ngắt mạch{only.vi if only else ''} từ {opened.vi}",
            f"circuit{only.en if only else ''} open since {opened.en}",
        )
    elif facts.health is Health.DOWN:
        state = Text(f"không hoạt động từ {since.vi}", f"down since {since.en}")
    elif facts.good:
        state = Text(
            f"đang hồi phục, {facts.good} cuộc gọi gần nhất thành công (trục trặc từ {since.vi})",
            f"recovering, the last {facts.good} calls succeeded (trouble since {since.en})",
        )
        return _joined(facts, state, evidence=None)
    else:
        state = Text(f"chập chờn từ {since.vi}", f"unsteady since {since.en}")
    return _joined(facts, state, _evidence(facts))


def cut_off(
    title: Text, upstream: str, since: datetime, now: datetime, said: Text | None, behind: int, *, innocent: bool
) -> Text:
    """A system behind an upstream that is down: one cause, said once; `innocent` where nothing speaks against itself."""
    at = _since(since, now)
    vi, en = (f" ({_within(said.vi)})", f" ({_within(said.en)})") if said else ("", "")
    own = (
        Text(", bản thân hệ thống chưa thấy lỗi", ", nothing known against the system itself")
        if innocent
        else Text("", "")
    )
    return Text(
        f"{title.vi}: trục {label(upstream)} không thông từ {at.vi}{vi}; {behind} hệ thống cùng nguyên nhân{own.vi}",
        f"{title.en}: upstream {label(upstream)} down since {at.en}{en}; {behind} systems share this cause{own.en}",
    )


def upstream_cause(upstream: str, since: datetime, now: datetime, said: Text | None, behind: int) -> Text:
    at = _since(since, now)
    vi, en = (f", {_within(said.vi)}", f", {_within(said.en)}") if said else ("", "")
    return Text(
        f"Trục {label(upstream)}: không thông từ {at.vi}{vi}; {behind} hệ thống bị ảnh hưởng."
        " Việc cần làm: kiểm tra đường truyền, địa chỉ và tài khoản của trục",
        f"Upstream {label(upstream)}: down since {at.en}{en}; {behind} systems are behind it."
        " To do: check the line, the address and the account of the upstream",
    )


def no_probe(title: Text) -> Text:
    """A system that nothing harmless can be asked: says what to mark."""
    return Text(
        f"{title.vi}: chưa kiểm chứng được; đánh dấu safe = true và thêm probe cho một chức năng trong connector.toml",
        f"{title.en}: cannot be verified; mark an operation safe = true and give it a probe in connector.toml",
    )


def _joined(facts: Facts, state: Text, evidence: Text | None) -> Text:
    vi, en = f"{facts.title.vi}: {state.vi}", f"{facts.title.en}: {state.en}"
    if evidence is not None:
        vi, en = f"{vi}, {evidence.vi}", f"{en}, {evidence.en}"
    if facts.upstream and facts.upstream_up:
        vi, en = f"{vi}; trục {label(facts.upstream)} vẫn thông", f"{en}; upstream {label(facts.upstream)} is up"
    elif facts.upstream and facts.upstream_up is None:
        vi, en = f"{vi}; chưa rõ trục {label(facts.upstream)}", f"{en}; upstream {label(facts.upstream)} not verified"
    todo = _todo(facts)
    return Text(f"{vi}. Việc cần làm: {todo.vi}", f"{en}. To do: {todo.en}")


def _evidence(facts: Facts) -> Text:
    failed = _FAILED.get(facts.code, _OTHER)
    said = facts.detail
    vi, en = (f" ({_within(said.vi)})", f" ({_within(said.en)})") if said else ("", "")
    return Text(
        f"{facts.failed}/{facts.calls} cuộc gọi gần nhất {failed.vi}{vi}",
        f"{facts.failed} of the last {facts.calls} calls {failed.en}{en}",
    )


def _todo(facts: Facts) -> Text:
    who_vi, who_en = facts.contact.vi or facts.title.vi, facts.contact.en or facts.title.en
    match facts.code:
        case "connect-failed" if not facts.upstream_up:
            return Text("kiểm tra đường truyền và địa chỉ của trục", "check the line and the address of the upstream")
        case "bad-answer":
            return Text(f"đối chiếu hợp đồng và báo {who_vi}", f"compare the contract and tell {who_en}")
        case "overloaded":
            return Text("giảm tải hoặc xin nâng hạn mức", "lower the load or ask for a higher quota")
        case _ if facts.good:
            return Text("theo dõi thêm", "keep watching")
        case _:
            return Text(f"liên hệ {who_vi}", f"contact {who_en}")


def _since(moment: datetime, now: datetime) -> Text:
    """Hour and minute in Viet Nam; with the day where it is not today."""
    local, today = moment.astimezone(HANOI), now.astimezone(HANOI).date()
    clock = local.strftime("%H:%M")
    if local.date() == today:
        return Text(clock, clock)
    return Text(f"{clock} ngày {local:%d/%m}", f"{clock} on {local:%d/%m}")


def _within(sentence: str) -> str:
    """A sentence inside another one: a small first letter, unless it begins with an abbreviation."""
    return sentence[0].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


_SPELLED = {"xroad": "X-Road"}


def label(upstream: str) -> str:
    """How an upstream of the settings is called on the board: an abbreviation, or a name that has its own spelling."""
    return _SPELLED.get(upstream, upstream.upper())
