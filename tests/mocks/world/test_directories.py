"""mocks/world/directories.py: all 36 catalogues, their keys, and what of them is a view of the world."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.directories import directories, records

NOW = datetime(2022, 3, 1, tzinfo=HANOI)
LATER = datetime(2022, 8, 1, tzinfo=HANOI)
SOURCED = [
    "MaDinhDanhCap1",
    "TenDonVi",
    "DiaChi",
    "Email",
    "SoDienThoai",
    "Fax",
    "Website",
    "QdBanHanhQdSuaDoi",
    "NgayBanHanhQd",
    "CoQuanBanHanhQd",
]


@pytest.fixture(scope="module", params=["hoa-binh", "dien-bien"])
def world(request: pytest.FixtureRequest) -> World:
    return World(Province.load(request.param), 1, 400)


def test_there_are_thirty_six_and_none_is_empty(world: World) -> None:
    assert len(directories()) == 36
    for code, directory in directories().items():
        rows = records(world, code, NOW)
        assert rows, code
        names = [each.code for each in directory.properties]
        assert all(list(row) == names for row in rows), code
        keys = [row[directory.key] for row in rows]
        assert all(keys), code
        assert len(set(keys)) == len(keys), code


def test_the_sourced_record_has_its_sourced_shape() -> None:
    directory = directories()["qlvanbandieuhanhcap1"]
    assert [each.code for each in directory.properties] == SOURCED
    assert [each.code for each in directory.properties if each.type == "DateTime"] == ["NgayBanHanhQd"]


def test_dates_are_written_as_the_guide_writes_them(world: World) -> None:
    for code, directory in directories().items():
        for each in directory.properties:
            assert (each.type == "DateTime") == each.code.startswith(("Ngay", "HieuLuc")), (code, each.code)
            if each.type == "DateTime":
                values = [row[each.code] for row in records(world, code, NOW)]
                assert all(re.fullmatch("[0-9]{2}/[0-9]{2}/[0-9]{4}", value) for value in values if value)


def test_places_and_groups_are_those_of_the_world(world: World) -> None:
    communes = records(world, "donvihanhchinhcap3", NOW)
    assert [row["MaXa"] for row in communes] == [place.code for place in world.communes()]
    assert len(records(world, "donvihanhchinhcap2", NOW)) == 10
    groups = {row["Ma"] for row in records(world, "madantoc", NOW)}
    assert {person.ethnicity for person in world.people()} <= groups
    agencies = {row["MaDinhDanhCap1"] for row in records(world, "qlvanbandieuhanhcap1", NOW)}
    assert f"000.00.00.{world.province.agency}" in agencies


def test_one_code_a_quarter_changes(world: World) -> None:
    before, after = ({row["Ten"]: row["Ma"] for row in records(world, "machucdanh", at)} for at in (NOW, LATER))
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name] != after[name]]
    assert len(changed) == 2
    assert len(records(world, "machucdanh", datetime(2030, 1, 1, tzinfo=HANOI))) == len(before)


def test_one_unit_is_closed(world: World) -> None:
    closed = [row for row in records(world, "qlvanbandieuhanhcap3", NOW) if row["NgayKetThuc"]]
    assert len(closed) == 1
