"""Provinces as data: what they have published about themselves fits together and fits the places that they have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.province import PROVINCES


def value(province: Province, key: str) -> Decimal:
    return Decimal(province.figures[key].value)


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_figures_are_numbers_with_words_in_both_languages(name: str) -> None:
    for each in Province.load(name).figures.values():
        assert Decimal(each.value) >= 0
        assert each.vi
        assert each.en
        assert each.as_of[:4] in ("2022", "2023")


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_one_digital_team_a_commune(name: str) -> None:
    province = Province.load(name)
    assert value(province, "digital-teams-commune") == len(World(province, 1, 100).communes())


def test_the_figures_of_hoa_binh() -> None:
    province = Province.load("hoa-binh")
    assert value(province, "classified-systems") == value(province, "approved-systems") + value(
        province, "pending-systems"
    )
    assert value(province, "security-incidents") == 20
    assert (value(province, "digital-teams-hamlet"), value(province, "digital-team-members")) == (1482, 13000)
    stages = [entry["now"] for entry in province.stages.values()]
    assert (stages.count("official"), stages.count("trial")) == (
        value(province, "systems-official"),
        value(province, "systems-trial"),
    )
    assert {entry["since"] for entry in province.stages.values()} == {date(2022, 11, 16)}


def test_the_figures_of_dien_bien() -> None:
    province = Province.load("dien-bien")
    told = {key: each.value for key, each in province.figures.items()}
    assert told["dossiers-received"] == "140000"
    assert told["dossiers-on-time"] == "96"
    assert told["dossiers-online"] == "53"
    assert told["signed-documents"] == "97"
    assert told["online-dossiers-2023"] == "75"
    assert (told["digital-teams-hamlet"], told["digital-team-members"]) == ("1387", "9000")
    names = {place.name for place in province.places.values() if place.level == "district"}
    for district in ("Tủa Chùa", "Mường Ảng", "Mường Nhé", "Điện Biên Đông"):
        assert f"Huyện {district}" in names
    assert province.era == "2022-2024"


def test_a_province_may_have_published_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "im-lang"
    folder.mkdir()
    for name in ("province.toml", "places.csv"):
        (folder / name).write_bytes((PROVINCES / "hoa-binh" / name).read_bytes())
    assert not Province.load(folder).figures


def test_a_province_of_three_has_every_commune_once_and_every_old_one_in_it() -> None:
    """Resolution 1676/NQ-UBTVQH15: 148 units, 66 of them from Phú Thọ, 36 from Vĩnh Phúc, 46 from Hoà Bình."""
    merged, before = Province.load("phu-tho-2025"), Province.load("hoa-binh")
    communes = {place.code: place for place in merged.places.values() if place.level == "commune"}
    assert (len(communes), sum(place.kind == "phuong" for place in communes.values())) == (148, 15)
    assert {place.parent for place in communes.values()} == {"25"}
    heirs: dict[str, set[str]] = {}
    for each in merged.former:
        heirs.setdefault(each.province, set()).add(each.into)
    assert {province: len(into) for province, into in heirs.items()} == {"25": 66, "26": 36, "17": 46}
    assert set().union(*heirs.values()) == communes.keys()
    mine = {each.place.code: each for each in merged.former if each.province == "17"}
    there = {place.code: place for place in before.places.values() if place.level == "commune"}
    assert {code: each.place.name for code, each in mine.items()} == {code: place.name for code, place in there.items()}
    assert {code: each.place.parent for code, each in mine.items()} == {
        code: place.parent for code, place in there.items()
    }
    for code in communes:
        assert code in {each.place.code for each in merged.former if each.into == code}, "one of its own old codes"
