"""The exercises: what is told to the team, what is done to the simulated country, and which cause is the right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from lgsp.model import Text

Kind = Literal["fault", "approval", "theft", "disk"]

CAUSES: Mapping[str, Text] = MappingProxyType(
    {
        "platform": Text("nền tảng quốc gia không thông", "the national platform is away"),
        "network": Text("đường truyền của tỉnh", "the province's own network"),
        "contract": Text("một bộ trả dữ liệu sai hợp đồng", "one ministry answers against its contract"),
        "slow": Text("một bộ trả lời chậm", "one ministry answers slowly"),
        "approval": Text("phê duyệt cấp độ của một hệ thống đã hết hạn", "one caller's security level has expired"),
        "theft": Text("khoá của một hệ thống bị người khác dùng", "somebody else uses one caller's key"),
        "disk": Text("đĩa của trục không ghi được", "the bus's own disk takes no writes"),
    }
)
"""Among which the team chooses; every exercise offers all of them."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """`cause` is the right one. `upstream` and `fault` are what the simulator is told, where it is a fault of its own."""

    id: str
    title: Text
    told: Text
    """All that the team is told at the beginning."""
    kind: Kind
    cause: str
    done: Text
    """What ends it."""
    by_team: bool
    """The team itself repairs it; else the exercise does, some time after the right cause was named."""
    where: str = ""
    fault: Mapping[str, object] = field(default_factory=dict)


_TOLD = Text(
    "Tổ trực ca ngày. Một cửa của tỉnh làm việc bình thường.", "You are on duty. The province's counters are at work."
)

EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {
        each.id: each
        for each in (
            Exercise(
                "platform-down", Text("Nền tảng quốc gia ngừng", "The national platform is down"), _TOLD, "fault", "platform",
                Text("nền tảng thông lại và bảng tổng quan xanh", "the platform is back and the board is green"), False,
                "ngsp", {"kind": "token-down", "when": {"always": True}},
            ),
            Exercise(
                "silent-data", Text("Dữ liệu sai mà không báo lỗi", "Wrong data without an error"), _TOLD, "fault", "contract",
                Text("bộ sửa xong, hệ thống xanh", "the ministry has repaired it, the system is green"), False,
                "", {"kind": "schema-invalid", "when": {"always": True}},
            ),
            Exercise(
                "expired-approval", Text("Phê duyệt cấp độ hết hạn", "An approval has expired"),
                Text("Một cửa gọi điện: không tra cứu được nữa.", "The one-stop counter calls: no look-up works."),
                "approval", "approval", Text("cuộc gọi của hệ thống đó lại được phục vụ", "its calls are served again"), True,
            ),
            Exercise(
                "stolen-key", Text("Khoá bị đánh cắp", "A stolen key"), _TOLD, "theft", "theft",
                Text("khoá bị đánh cắp không dùng được nữa", "the stolen key opens nothing"), True,
            ),
            Exercise(
                "full-disk", Text("Đĩa đầy", "A full disk"), _TOLD, "disk", "disk",
                Text("trục ghi được và phục vụ lại", "the bus writes and serves again"), False,
            ),
        )
    }
)  # fmt: skip
