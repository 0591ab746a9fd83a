"""Administrative procedures, their fields and the papers that they end with, as the national portal publishes them.

Codes of procedures are the real ones that DOMAIN.md §3.5 names, so that a dossier of one system is a dossier of the others;
everything else is invented and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Procedure:
    code: str
    title: str
    field: str
    """Code of its field of administration."""
    owner: str
    """Agency that has published it."""
    result: str
    """The paper that it ends with."""
    days: int
    fee: int
    """VND, 0 for free."""
    level: int
    """Who carries it out: 2 department or district, 3 commune."""
    papers: tuple[str, ...] = ()

    @property
    def result_code(self) -> str:
        return f"KQ-MAU-{self.code.replace('.', '')[-6:]}"


FIELDS: Mapping[str, tuple[str, str]] = {
    "LV-MAU-01": ("Hộ tịch", "G15"),
    "LV-MAU-02": ("Lý lịch tư pháp", "G15"),
    "LV-MAU-03": ("Bảo trợ xã hội", "G08"),
    "LV-MAU-04": ("Đất đai", "G14"),
}
"""Code -> name, ministry in charge."""

_CIVIL, _RECORD = ("LV-MAU-01", "G15"), ("LV-MAU-02", "G15")
"""Field and owner."""
_CERTIFICATE, _BIRTH, _DEATH = "Giấy chứng nhận kết hôn", "Giấy khai sinh", "Trích lục khai tử"
_ONLINE = ("Tờ khai điện tử",)
_TABLE: tuple[Procedure, ...] = (
    Procedure(
        "1.001193", "Thủ tục đăng ký khai sinh", *_CIVIL, _BIRTH, 1, 0, 3, ("Tờ khai khai sinh", "Giấy chứng sinh")
    ),
    Procedure("1.000656", "Thủ tục đăng ký khai tử", *_CIVIL, _DEATH, 1, 0, 3, ("Tờ khai khai tử", "Giấy báo tử")),
    Procedure("1.000894", "Thủ tục đăng ký kết hôn", *_CIVIL, _CERTIFICATE, 1, 0, 3, ("Tờ khai kết hôn",)),
    Procedure(
        "2.000806", "Kết hôn có yếu tố nước ngoài", *_CIVIL, _CERTIFICATE, 15, 1_500_000, 2, ("Tờ khai kết hôn",)
    ),
    Procedure(
        "2.000488", "Cấp phiếu lý lịch tư pháp số 1", *_RECORD, "Phiếu số 1", 10, 200_000, 2, ("Tờ khai yêu cầu",)
    ),
    Procedure("2.002621", "Liên thông khai sinh, thường trú, thẻ bảo hiểm y tế", *_CIVIL, _BIRTH, 4, 0, 3, _ONLINE),
    Procedure("2.002622", "Liên thông khai tử, xoá thường trú, mai táng phí", *_CIVIL, _DEATH, 4, 0, 3, _ONLINE),
    Procedure("9.900001", "Thủ tục mẫu về trợ cấp xã hội", "LV-MAU-03", "G08", "Quyết định trợ cấp", 22, 0, 3, _ONLINE),
    Procedure(
        "9.900002", "Thủ tục mẫu về biến động đất đai", "LV-MAU-04", "G14", "Giấy chứng nhận", 10, 50_000, 2, _ONLINE
    ),
)

PROCEDURES: Mapping[str, Procedure] = {each.code: each for each in _TABLE}


def procedure(code: str) -> Procedure | None:
    """By code, with or without a province's suffix (`.000.00.00.H28`, `.H28`)."""
    return PROCEDURES.get(".".join(code.split(".")[:2]))
