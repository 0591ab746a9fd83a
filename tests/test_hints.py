"""Personal numbers beside sex and birth year: contradictions are pointed at, nothing is refused, no value is ever said."""

from __future__ import annotations

from typing import Any

import pytest

from lgsp.hints import warnings
from lgsp.identifiers import personal_number

MAN_1985 = personal_number("17", "1", 1985, 990_001)
WOMAN_2022 = personal_number("11", "2", 2022, 990_002)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"soCccd": MAN_1985, "gioiTinh": "1", "ngaySinh": "1985-03-12"}, ()),
        ({"soCccd": MAN_1985, "gioiTinh": "2", "ngaySinh": "1985-03-12"}, ("/soCccd gender",)),
        ({"soCccd": MAN_1985, "gioiTinh": "Nam", "ngaySinh": "1986"}, ("/soCccd birth-year",)),
        ({"soCccd": MAN_1985, "gioiTinh": 2, "namSinh": 1999}, ("/soCccd gender", "/soCccd birth-year")),
        ({"SoDinhDanhCaNhan": MAN_1985, "GioiTinh": "1", "NgaySinh": "12/03/1984"}, ("/SoDinhDanhCaNhan birth-year",)),
        ({"SoDinhDanh": MAN_1985, "NgayThangNamSinh": "19840312"}, ("/SoDinhDanh birth-year",)),
        ({"soDinhDanh": WOMAN_2022, "gioiTinh": "Nữ", "ngaySinh": "2022-11-10"}, ()),
        ({"soDinhDanh": WOMAN_2022, "gioiTinh": "nam"}, ("/soDinhDanh gender",)),
        ({"soDinhDanh": WOMAN_2022, "gioiTinh": "3"}, ()),
        (
            {"meSoDDCN": MAN_1985, "meNgaySinh": "1990-01-01", "chaSoDDCN": MAN_1985, "chaNgaySinh": "1985-01-01"},
            ("/meSoDDCN birth-year",),
        ),
        ({"nktSoGiayToTuyThan": MAN_1985, "nktGioiTinh": "2"}, ("/nktSoGiayToTuyThan gender",)),
        ({"hoSo": {"nguoi": [{"cccd": MAN_1985, "gioiTinh": "2"}]}}, ("/hoSo/nguoi/0/cccd gender",)),
        ({"meSoDDCN": MAN_1985, "gioiTinh": "2"}, ()),
        ({"soCccd": "123456789", "gioiTinh": "2"}, ()),
        ({"soCccd": MAN_1985, "ngaySinh": "khong ro"}, ()),
        ({"maHoSo": MAN_1985, "gioiTinh": "2"}, ()),
        ({"soCccd": None, "gioiTinh": []}, ()),
        ({}, ()),
    ],
)
def test_what_is_said(data: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert warnings(data) == expected


def test_it_is_bounded_and_holds_no_value() -> None:
    people = [{"cccd": MAN_1985, "gioiTinh": "2"} for _ in range(100)]
    found = warnings({"nguoi": people, 'x"\r\n': {"cccd": MAN_1985, "gioiTinh": "2"}})
    assert len(found) == 20
    assert MAN_1985 not in str(found)
    (odd,) = warnings({'x"\r\ná': {"cccd": MAN_1985, "gioiTinh": "2"}})
    assert odd == "/x????/cccd gender"
    assert odd.isascii()
