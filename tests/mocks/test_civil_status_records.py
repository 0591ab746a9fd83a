"""mocks/civil_status_records.py: what is read out of the XML, and what the ministry says of it."""

from __future__ import annotations

from datetime import date

import pytest

from lgsp_mocks.civil_status_records import day_of, read_record, sample_unit, standing
from lgsp_mocks.world import Province, World

TODAY = date(2022, 11, 16)
GOOD = {"nksHoTen": "BÙI THỊ MẪU", "nksGioiTinh": "2", "nksNgaySinh": "10.11.2022"}


def read(module="KS", **fields):
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in (GOOD | fields).items())
    return read_record(f"<hotich><hoso>{inner}</hoso></hotich>", module, (module,), TODAY)


@pytest.mark.parametrize(
    ("text", "day"),
    [("10.11.2022", date(2022, 11, 10)), ("10/11/2022", date(2022, 11, 10)), ("11.2022", date(2022, 11, 1)),
     ("2022", date(2022, 1, 1)), ("2022-11-10", None), ("31.02.2022", None), ("", None)],
)  # fmt: skip
def test_days(text, day):
    assert day_of(text) == day


def test_a_good_record():
    assert read() == (GOOD, [])


def test_nested_addresses():
    fields, faults = read_record(
        "<hotich><hoso><nycHoTen>A</nycHoTen><meNoiCuTru><maXa>04789</maXa></meNoiCuTru></hoso></hotich>",
        "GH",
        ("GH",),
        TODAY,
    )
    assert (fields["meNoiCuTru/maXa"], faults) == ("04789", [])


def test_escaped_once_more():
    assert read_record("&lt;hotich&gt;&lt;hoso&gt;&lt;nycHoTen&gt;A&lt;/nycHoTen&gt;&lt;/hoso&gt;&lt;/hotich&gt;", "GH", ("GH",), TODAY) == (
        {"nycHoTen": "A"}, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"nksHoTen": ""}, "nksHoTen bắt buộc"),
        ({"nksLoaiKhaiSinh": "1", "chaHoTen": "B"}, "meHoTen bắt buộc"),
        ({"nksNgaySinh": "2022-11-10"}, "nksNgaySinh không đúng định dạng"),
        ({"nksNgaySinh": "17.11.2022"}, "nksNgaySinh không được sau ngày hiện tại"),
        ({"nksGioiTinh": "0"}, "nksGioiTinh không có trong danh mục"),
        ({"nksDanToc": "6"}, "nksDanToc không có trong danh mục"),
        ({"meSoDDCN": "17"}, "meSoDDCN không đúng định dạng"),
        ({"maGCS": "1"}, "maGCS không đúng định dạng"),
        ({"nycNgayCapGiayToTuyThan": "x"}, "nycNgayCapGiayToTuyThan không đúng định dạng"),
    ],
)
def test_faults_name_the_field(fields, fault):
    assert read(**fields)[1] == [fault]


def test_words_for_a_date_are_no_date():
    assert read(nksNgaySinhBangChu="Ngày mười tháng mười một")[1] == []


def test_dossiers_that_stand_ready_are_the_same_in_every_province():
    for name in ("hoa-binh", "dien-bien", "phu-tho-2025"):
        world = World(Province.load(name), 1, 100)
        ready = standing(world)
        assert [dossier["trangThai"] for dossier in ready.values()] == [4, 4, 2, 3, 4]
        assert {dossier["maDonVi"] for dossier in ready.values()} == {sample_unit(world)[1]}
