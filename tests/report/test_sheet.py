"""The CSV: read back as it was meant, and nothing in it that a spreadsheet would carry out."""

from __future__ import annotations

import csv
import io

import pytest

from lgsp.report.sheet import cell, sheet
from tests.report.samples import written


def rows() -> list[list[str]]:
    body = sheet(written())
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_every_table_is_there() -> None:
    found = rows()
    for table in written().tables:
        place = found.index([table.title])
        assert found[place + 1] == list(table.head)
        assert len(found[place + 2]) == len(table.head)
    assert ["Đã kết nối chính thức 9/17 hệ thống, 8/17 đang kết nối thử nghiệm"] in found


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
def test_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Hộ tịch", "1.204", "99,1 %", "714/QĐ-UBND", "—", "a=b"])
def test_other_text_is_left_alone(text: str) -> None:
    assert cell(text) == text


def test_no_cell_of_the_file_is_a_formula() -> None:
    assert not [each for row in rows() for each in row if each.lstrip(" ")[:1] in set("=+-@\t\r\n") and each]
    assert any(each.startswith("'=cmd") for row in rows() for each in row), "the caller's name was a formula"
