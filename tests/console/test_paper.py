"""What stands around the figures: the settings, and what follows from the province where they are silent."""

from __future__ import annotations

from lgsp.console.paper import letterhead
from lgsp.console.wording import load
from lgsp.settings import Province, ReportSettings

PROVINCE = Province("17", "H28", "Mẫu", "Mau", "2022-2024")


def test_it_follows_from_the_province() -> None:
    found = letterhead(ReportSettings(), PROVINCE, load("vi"), "vi")
    assert (found.superior, found.body) == ("ỦY BAN NHÂN DÂN TỈNH MẪU", "SỞ THÔNG TIN VÀ TRUYỀN THÔNG")
    assert (found.symbol, found.place) == ("STTTT", "Mẫu")
    assert letterhead(ReportSettings(), Province(), load("vi"), "vi").superior == ""


def test_what_is_set_stands() -> None:
    own = ReportSettings(body="TRUNG TÂM MẪU", place="Nơi khác")
    found = letterhead(own, PROVINCE, load("vi"), "vi")
    assert (found.superior, found.body, found.symbol, found.place) == ("", "TRUNG TÂM MẪU", "", "Nơi khác")
