"""mocks/criminal_record_records.py: dossiers that stand ready, faults that name fields, certificates."""

from __future__ import annotations

import pytest

from lgsp_mocks.criminal_record_records import (
    catalogue,
    dossier_of,
    first_faults,
    is_day,
    result_of,
    second_faults,
    secret_id,
    standing,
    waiting,
)
from lgsp_mocks.world import Province, World

GOOD = {
    "fullName": "Bùi Thị Mẫu", "genderId": 0, "birthDateStr": "1990", "nationalityId": "4001", "idTypeId": 3,
    "identifyNo": "017190999601", "phone": "0000999601", "declareDate": "16/11/2022", "declareTypeId": 3846,
    "requestQty": 1, "objectRequestId": 72, "formType": "1", "reRegionId": 47170001,
}  # fmt: skip
SECOND = {
    "loaiPhieu": "1", "soLuongCap": "1", "nycHoTen": "Bùi Thị Mẫu", "nycGioiTinh": "2", "nycNgaySinh": "07/1990",
    "nycLoaiGiayTo": "3", "nycSoGiayTo": "017190999601",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 400)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("16/11/2022", True),
        ("11/2022", True),
        ("2022", True),
        ("31/02/2022", False),
        ("2022-11-16", False),
        ("", False),
    ],
)
def test_days(text, fits):
    assert is_day(text) is fits


def test_ids_are_opaque_and_hold_no_separator():
    assert secret_id("99001") != secret_id("99002")
    assert not {";", ":"} & set(secret_id("99001"))


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_what_stands_ready_in_every_province(name):
    world = World(Province.load(name), 1, 400)
    assert [dossier["trangThai"] for dossier in standing(world).values()] == [5, 4, 3, 5, 4]
    queue = waiting(world)
    assert sum("declarationCode" in form for form, _, _ in queue.values()) == 3
    assert all(form["reRegionId"] for form, _, _ in queue.values())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"fullName": ""}, "fullName bắt buộc"),
        ({"genderId": 2}, "genderId không có trong danh mục"),
        ({"birthDateStr": "1990-07-21"}, "birthDateStr không đúng định dạng"),
        ({"nationalityId": "VN"}, "nationalityId không có trong danh mục"),
        ({"reRegionId": "04789"}, "reRegionId không có trong danh mục"),
        ({"ethnicId": "06"}, "ethnicId không có trong danh mục"),
    ],
)
def test_the_first_generation_names_what_is_wrong(world, change, fault):
    assert first_faults(world, GOOD) == []
    assert first_faults(world, GOOD | change) == [fault]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"nycSoGiayTo": None}, "nycSoGiayTo bắt buộc"),
        ({"nycGioiTinh": "0"}, "nycGioiTinh không có trong danh mục"),
        ({"chaNgaySinh": "1960-01-01"}, "chaNgaySinh không đúng định dạng"),
        ({"nycDanToc": "6"}, "nycDanToc không có trong danh mục"),
    ],
)
def test_the_second_generation_names_what_is_wrong(change, fault):
    assert second_faults(SECOND) == []
    assert second_faults(SECOND | change) == [fault]


def test_one_of_the_cast_has_an_invented_sentence(world):
    for role, convicted in (("divorced", True), ("father-binh", False)):
        dossier = dossier_of("H28.03-221101-9901", world.actor(role).cccd, "1", world.actor(role).birth, 5)
        assert bool(result_of(world, dossier)["thongTinAn"]) is convicted


def test_an_unknown_catalogue_is_empty(world):
    assert catalogue(world, "9") == []
    assert len(catalogue(world, "1")) == 162
