"""mocks/national_portal_records.py: what stands ready, what is published, what is wrong with a dossier."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lgsp_mocks.national_portal_records import dossier_of, is_stamp, published, questions, standing, wrong_with
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.procedures import PROCEDURES


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_the_same_seed_has_the_same_records(province: str) -> None:
    one, other = (World(Province.load(province), 1, 200) for _ in range(2))
    assert standing(one) == standing(other)
    assert questions(one) == questions(other)
    assert {each["MaTTHC"] for each in standing(one)} <= PROCEDURES.keys()


def test_a_procedure_is_published_whole() -> None:
    world = World(Province.load("hoa-binh"), 1, 200)
    record = published(world, PROCEDURES["2.000806"])
    assert record["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]["PHILEPHI"][0]["SOTIEN"] == 1_500_000.0
    assert all(agency["MADONVI"].startswith("H28.") for agency in record["COQUANTHUCHIEN"])


@pytest.mark.parametrize(("text", "fits"), [("20221114083000", True), ("20221314083000", False), ("2022-11-14", False)])
def test_stamps(text: str, fits: bool) -> None:
    assert is_stamp({"NgayTra": text}, "NgayTra") is fits
    assert is_stamp({}, "NgayTra")


def test_what_is_wrong_is_named() -> None:
    sound = {"MaHoSo": "H28.148-221114-9907", "MaTTHC": "1.001193.H28", "NgayTiepNhan": "20221114083000"}
    assert wrong_with(sound) == []
    assert wrong_with(sound | {"NgayHenTra": "20221113083000"}) == ["NgayHenTra trước NgayTiepNhan"]
    assert len(wrong_with({"MaTTHC": "9.999999", "TrangThaiHoSo": "77", "NgayTra": "x"})) == 3


def test_the_papers_are_not_kept() -> None:
    kept = dossier_of(
        {"MaHoSo": "H28.148-221114-9907", "MaTTHC": "1", "TaiLieuNop": [{}]}, datetime(2022, 11, 16, tzinfo=UTC)
    )
    assert "TaiLieuNop" not in kept
    assert kept["MaDonViXuLy"] == "H28.148"
    assert kept["NgayNop"] == "20221116000000"
