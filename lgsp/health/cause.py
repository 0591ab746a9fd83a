"""Causes in plain words, built from facts: which layer, since when, on which evidence, what is not broken, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lgsp.errors import LgspError
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
_FAILED_AT = {
    ("bad-answer", "backend"): Text("gặp lỗi phía máy chủ", "met a server error"),
    ("connect-failed", "backend"): Text("không được phục vụ", "were not served"),
    ("bad-answer", "account"): Text("bị từ chối quyền truy cập", "were refused access"),
}
"""Where the layer says more than the code."""
_ALIKE = {
    "platform": Text("bị nền tảng tạm ngắt điểm cuối", "find their endpoints suspended by the platform"),
    "quota": Text("bị từ chối vì quá hạn mức", "are throttled"),
    "contract": Text("trả lời sai hợp đồng", "break their contracts"),
    "backend": Text("quá thời hạn hoặc báo lỗi", "time out or answer with errors"),
    "token": Text("từ chối mã truy cập của trục", "refuse the bus's access token"),
    "account": Text("từ chối tài khoản của trục", "refuse the bus's account"),
    "tcp": Text("ngắt kết nối", "break connections off"),
}
"""What many systems behind one platform do at once, by layer."""
_PLATFORMS = frozenset({"quota", "token", "session", "account"})
"""Layers about which the platform's operator is called, and not the ministry."""
_FEW = 3
_OTHER = Text("gặp lỗi kỹ thuật", "failed technically")
_LAYERS = {
    "timeout": "backend",
    "slow": "backend",
    "connect-failed": "backend",
    "bad-answer": "contract",
    "circuit-open": "platform",
    "maintenance": "maintenance",
    "overloaded": "quota",
}
"""Where an error says no more than its code."""
LAYERS = {
    "dns": Text("tên miền (DNS)", "name resolution (DNS)"),
    "tcp": Text("đường truyền (TCP)", "connection (TCP)"),
    "tls": Text("chứng thư (TLS)", "certificate (TLS)"),
    "token": Text("mã truy cập (token)", "access token"),
    "session": Text("phiên X-Road", "X-Road session"),
    "account": Text("tài khoản", "account"),
    "platform": Text("nền tảng", "platform"),
    "backend": Text("cơ sở dữ liệu", "database"),
    "contract": Text("hợp đồng dữ liệu", "contract"),
    "quota": Text("hạn mức", "quota"),
    "maintenance": Text("bảo trì", "maintenance"),
    "policy": Text("cấp độ an toàn, quyền", "security level, grants"),
    "consumer": Text("đơn vị khai thác", "caller"),
    "evidence": Text("sổ chứng cứ", "evidence"),
    "disk": Text("đĩa", "disk"),
    "probe": Text("kiểm tra", "probe"),
}
"""The word for each layer of a cause."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One sentence of what is, one of what to do next and whom to call. `layer` is a key of `LAYERS`."""

    layer: str
    said: Text
    todo: Text | None = None

    @property
    def text(self) -> Text:
        """Both in one, for a line of a terminal and the details of a refusal."""
        if self.todo is None:
            return self.said
        return Text(f"{self.said.vi}. Việc cần làm: {self.todo.vi}", f"{self.said.en}. To do: {self.todo.en}")


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
    layer: str = ""
    """Where the error itself names one."""
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


def layer_of(code: str, named: str = "") -> str:
    return named or _LAYERS.get(code, "backend")


def named_layer(error: LgspError) -> str:
    """What an error says of its layer, "" where its code says it all."""
    return str(getattr(error, "layer", "") or "")


def system_cause(facts: Facts) -> Cause | None:
    """None for a system that is up."""
    since, title = _since(facts.since, facts.now), facts.title
    if facts.health is Health.UP:
        return None
    if facts.health is Health.UNKNOWN:
        return Cause(
            "probe",
            Text(f"{title.vi}: chưa được kiểm chứng", f"{title.en}: not verified yet"),
        )
    if facts.health is Health.MAINTENANCE:
        return Cause(
            "maintenance",
            Text(f"{title.vi}: bảo trì từ {since.vi}", f"{title.en}: under maintenance since {since.en}"),
            Text(
                "không phải xử lý; cập nhật được giữ lại và gửi khi hết bảo trì",
                "nothing to do; updates are kept and sent when it ends",
            ),
        )
    if facts.open_since is not None:
        opened = _since(facts.open_since, facts.now)
        only = facts.operation and Text(f" chức năng {facts.operation}", f" of {facts.operation}")
        state = Text(
            f"ngắt mạch{only.vi if only else ''} từ {opened.vi}",
            f"circuit{only.en if only else ''} open since {opened.en}",
        )
    elif facts.health is Health.DOWN:
        state = Text(f"không hoạt động từ {since.vi}", f"down since {since.en}")
    elif facts.good and facts.code != "slow":
        state = Text(
            f"đang hồi phục, {facts.good} cuộc gọi gần nhất thành công (trục trặc từ {since.vi})",
            f"recovering, the last {facts.good} calls succeeded (trouble since {since.en})",
        )
        return _joined(facts, state, evidence=None)
    else:
        state = Text(f"chập chờn từ {since.vi}", f"unsteady since {since.en}")
    return _joined(facts, state, _evidence(facts))


def cut_off(
    title: Text, upstream: str, since: datetime, now: datetime, said: Text | None, behind: int, *,
    innocent: bool, layer: str = "platform",
) -> Cause:  # fmt: skip
    """A system behind an upstream that is down: one cause, said once; `innocent` where nothing speaks against itself."""
    at = _since(since, now)
    vi, en = (f" ({_within(said.vi)})", f" ({_within(said.en)})") if said else ("", "")
    own = (
        Text(", bản thân hệ thống chưa thấy lỗi", ", nothing known against the system itself")
        if innocent
        else Text("", "")
    )
    return Cause(
        layer,
        Text(
            f"{title.vi}: trục {label(upstream)} không thông từ {at.vi}{vi}; {behind} hệ thống cùng nguyên nhân{own.vi}",
            f"{title.en}: upstream {label(upstream)} down since {at.en}{en}; systems with this cause: {behind}{own.en}",
        ),
    )


def upstream_cause(
    upstream: str, since: datetime, now: datetime, said: Text | None, behind: Sequence[Text], layer: str = "platform"
) -> Cause:
    """`behind` are the titles of the systems that share this one cause; a few are named."""
    at = _since(since, now)
    vi, en = (f", {_within(said.vi)}", f", {_within(said.en)}") if said else ("", "")
    few = Text("", "")
    if 0 < len(behind) <= _FEW:
        few = Text(f" ({', '.join(each.vi for each in behind)})", f" ({', '.join(each.en for each in behind)})")
    who = _operator(upstream)
    return Cause(
        layer,
        Text(
            f"Trục {label(upstream)}: không thông từ {at.vi}{vi}; {len(behind)} hệ thống bị ảnh hưởng{few.vi}",
            f"Upstream {label(upstream)}: down since {at.en}{en}; systems behind it: {len(behind)}{few.en}",
        ),
        _by_layer(layer, who)
        or Text(
            f"kiểm tra đường truyền, địa chỉ và tài khoản của trục; gọi {who.vi}",
            f"check the line, the address and the account of the upstream; call {who.en}",
        ),
    )


def common_cause(upstream: str, layer: str, since: datetime, now: datetime, failing: int, known: int) -> Cause:
    """Systems behind one upstream that fail alike, while its own door answers: the likeliest reason is the upstream's."""
    at, alike = _since(since, now), _ALIKE.get(layer, Text("trục trặc như nhau", "fail alike"))
    who = _operator(upstream)
    step = Text(
        f"gọi {who.vi}; chưa cần gọi từng bộ, ngành", f"call {who.en}; the ministries need not be called one by one"
    )
    first = _by_layer(layer, who) if layer in _PLATFORMS | {"tcp"} else None
    return Cause(
        layer,
        Text(
            f"Trục {label(upstream)}: {failing}/{known} hệ thống phía sau cùng {alike.vi} từ {at.vi}; "
            "nhiều khả năng lỗi ở nền tảng",
            f"Upstream {label(upstream)}: {failing} of {known} systems behind it {alike.en} since {at.en}; "
            "most likely the platform is at fault",
        ),
        first or step,
    )


def _operator(upstream: str) -> Text:
    return Text(f"đơn vị vận hành trục {label(upstream)}", f"the operator of {label(upstream)}")


def no_probe(title: Text) -> Cause:
    """A system that nothing harmless can be asked: says what to mark."""
    return Cause(
        "probe",
        Text(
            f"{title.vi}: chưa kiểm chứng được; đánh dấu safe = true và thêm probe cho một chức năng trong connector.toml",
            f"{title.en}: cannot be verified; mark an operation safe = true and give it a probe in connector.toml",
        ),
    )


def _joined(facts: Facts, state: Text, evidence: Text | None) -> Cause:
    vi, en = f"{facts.title.vi}: {state.vi}", f"{facts.title.en}: {state.en}"
    if evidence is not None:
        vi, en = f"{vi}, {evidence.vi}", f"{en}, {evidence.en}"
    if facts.upstream and facts.upstream_up:
        vi, en = f"{vi}; trục {label(facts.upstream)} vẫn thông", f"{en}; upstream {label(facts.upstream)} is up"
    elif facts.upstream and facts.upstream_up is None:
        vi, en = f"{vi}; chưa rõ trục {label(facts.upstream)}", f"{en}; upstream {label(facts.upstream)} not verified"
    return Cause(layer_of(facts.code, facts.layer), Text(vi, en), _todo(facts))


def _evidence(facts: Facts) -> Text:
    failed = _FAILED_AT.get((facts.code, layer_of(facts.code, facts.layer)), _FAILED.get(facts.code, _OTHER))
    said = facts.detail
    vi, en = (f" ({_within(said.vi)})", f" ({_within(said.en)})") if said else ("", "")
    return Text(
        f"{facts.failed}/{facts.calls} cuộc gọi gần nhất {failed.vi}{vi}",
        f"{facts.failed} of the last {facts.calls} calls {failed.en}{en}",
    )


def _todo(facts: Facts) -> Text:
    who = Text(facts.contact.vi or facts.title.vi, facts.contact.en or facts.title.en)
    if facts.good and facts.code != "slow":
        return Text("theo dõi thêm", "keep watching")
    layer = layer_of(facts.code, facts.layer)
    if layer in _PLATFORMS and facts.upstream:
        who = _operator(facts.upstream)
    found = _by_layer(layer, who)
    if found is not None:
        return found
    return Text(f"gọi {who.vi}; đặt thông báo bảo trì nếu kéo dài", f"call {who.en}; announce maintenance if it lasts")


def _by_layer(layer: str, who: Text) -> Text | None:
    """The first thing to look at, and whom to call when it is not that."""
    steps = {
        "dns": Text(
            "kiểm tra máy chủ tên miền và tên máy chủ trong cấu hình",
            "check the name server and the host's name in the settings",
        ),
        "tcp": Text("kiểm tra đường truyền, tường lửa và địa chỉ", "check the line, the firewall and the address"),
        "tls": Text(
            "kiểm tra hạn và chuỗi chứng thư, tệp ca trong cấu hình",
            "check the certificate's dates and chain, and the ca file in the settings",
        ),
        "token": Text(
            "kiểm tra dịch vụ cấp mã và tài khoản của trục trên nền tảng (client id, secret)",
            "check the platform's token service and this bus's account there (client id, secret)",
        ),
        "session": Text(
            "kiểm tra tài khoản của trục trên bộ chuyển X-Road", "check this bus's account at the X-Road adapter"
        ),
        "account": Text("kiểm tra tài khoản của trục trong cấu hình", "check this bus's account in the settings"),
        "platform": Text(
            "không phải chỉnh gì ở tỉnh, nền tảng tự mở lại",
            "nothing to change here, the platform opens again by itself",
        ),
        "contract": Text("đối chiếu hợp đồng (lgsp conform)", "compare the contract (lgsp conform)"),
        "quota": Text("giảm tải hoặc xin nâng hạn mức", "lower the load or ask for a higher quota"),
        "maintenance": Text("chờ hết bảo trì; cập nhật được giữ lại", "wait for its end; updates are kept meanwhile"),
    }
    step = steps.get(layer)
    return None if step is None else Text(f"{step.vi}; gọi {who.vi}", f"{step.en}; call {who.en}")


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
