"""mapping.py: dialects in and out again."""

from __future__ import annotations

from datetime import date, datetime
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, ProviderFault, RecordNotFound
from lgsp.mapping import (
    CodeTable,
    FieldError,
    PlaceTable,
    already_received,
    field_errors,
    filled,
    json_data,
    json_text,
    listed,
    pointers,
    read_date,
    read_moment,
    refusal,
    text_of,
    texts,
    write_date,
    write_moment,
    xml_data,
    xml_text,
)
from lgsp.runtime import HANOI

NFC = st.text().map(lambda text: normalize("NFC", text))
"""Mappings write composed Unicode (TCVN 6909), so only such text comes back as it was."""
PATTERNS = ("dd.MM.yyyy", "dd/MM/yyyy", "yyyyMMdd", "yyyy/MM/dd", "yyyy-MM-dd", "dd-MM-yyyy")
XML_SAFE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=30).map(
    lambda text: " ".join(text_of(text).split())
)


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(PATTERNS))
def test_a_date_survives_every_dialect(day, pattern):
    assert read_date(write_date(day.isoformat(), pattern), pattern) == day.isoformat()


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(PATTERNS), st.sampled_from([4, 7]))
def test_a_partial_date_survives_every_dialect(day, pattern, precision):
    iso = day.isoformat()[:precision]
    assert read_date(write_date(iso, pattern), pattern) == iso


@pytest.mark.parametrize(
    ("iso", "pattern", "written"),
    [
        ("2022-11-10", "dd.MM.yyyy", "10.11.2022"),
        ("2022-11", "dd.MM.yyyy", "11.2022"),
        ("1987", "dd/MM/yyyy", "1987"),
        ("1987-02", "yyyyMMdd", "198702"),
    ],
)
def test_dates_as_the_guides_print_them(iso, pattern, written):
    assert write_date(iso, pattern) == written


@pytest.mark.parametrize("iso", ["2022-02-30", "10.11.2022", "", "2022-13", "٢٠٢٢"])
def test_what_is_no_date_is_refused(iso):
    with pytest.raises(InvalidMessage):
        write_date(iso, "dd.MM.yyyy")


@pytest.mark.parametrize("text", [None, "", "31.02.2022", "00/00/2020", "hôm qua", "2022-11-10T"])
def test_a_ministrys_bad_date_is_nothing(text):
    assert read_date(text, "dd.MM.yyyy", "dd/MM/yyyy") is None


def test_the_first_pattern_that_fits_is_taken():
    assert read_date("10/11/2022", "dd.MM.yyyy", "dd/MM/yyyy") == "2022-11-10"
    assert read_date(20221110, "yyyyMMdd") == "2022-11-10"


@given(st.dates(min_value=date(1000, 1, 1)), st.times())
def test_a_moment_survives(day, time):
    moment = datetime.combine(day, time, HANOI).replace(microsecond=0)
    for pattern in ("yyyyMMddHHmmss", "dd/MM/yyyy HH:mm:ss", "yyyy-MM-ddTHH:mm:ss"):
        assert read_moment(write_moment(moment, pattern), pattern) == moment.isoformat()


def test_a_moment_of_another_zone_is_written_in_viet_nams_time():
    assert write_moment("2022-11-10T18:30:00+00:00", "yyyyMMddHHmmss") == "20221111013000"


def test_bad_moments():
    assert read_moment("20221399000000", "yyyyMMddHHmmss") is None
    with pytest.raises(InvalidMessage):
        write_moment("hôm qua", "yyyyMMdd")


@given(st.dictionaries(st.sampled_from(["a", "bC", "d"]), XML_SAFE, min_size=1), XML_SAFE)
def test_xml_text_is_read_back(leaves, attribute):
    data = {"@id": attribute, "hoso": [leaves, leaves]}
    assert xml_data(xml_text("hotich", data)) == data


def test_xml_shapes():
    text = xml_text(
        "r", {"a": None, "b": "", "c": [1, True], "d": {"#text": "x & y <z>", "@k": 'he said "hi"'}}, namespace="urn:n"
    )
    assert (
        text
        == '<r xmlns="urn:n"><b></b><c>1</c><c>true</c><d k="he said &quot;hi&quot;">x &amp; y &lt;z&gt;</d></r>'.replace(
            '<r xmlns="urn:n">', '<r xmlns="urn:n">'
        )
    )
    assert xml_data(text) == {"b": "", "c": ["1", "true"], "d": {"#text": "x & y <z>", "@k": 'he said "hi"'}}
    assert xml_data("<r><CongDan/></r>", lists=["CongDan"]) == {"CongDan": [""]}
    assert xml_data("<r/>") == {}
    assert xml_data("\ufeff<?xml version='1.0' encoding='UTF-8'?><r><!-- c --><a>Bu\u0300i</a></r>") == {"a": "Bùi"}


@pytest.mark.parametrize("text", ["", "không phải", "<a><b></a>", "<!DOCTYPE a><a/>", None])
def test_what_is_no_xml_is_a_broken_contract(text):
    with pytest.raises(BadAnswer):
        xml_data(text)
    with pytest.raises(InvalidMessage):
        xml_data(text, wrong=InvalidMessage)


def test_control_characters_never_break_the_message():
    assert xml_data(xml_text("r", {"a": "x\x00\x0by\ufffe"})) == {"a": "xy"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | NFC,
        lambda inner: st.lists(inner) | st.dictionaries(NFC, inner),
    )
)
def test_json_text_is_read_back(value):
    assert json_data(json_text(value)) == value


@pytest.mark.parametrize("text", ["", "{", '{"a":1,"a":2}', "NaN", "[" * 100_000])
def test_what_is_no_json_is_a_broken_contract(text):
    with pytest.raises(BadAnswer):
        json_data(text)


def test_shapes():
    assert listed(None) == []
    assert listed("a") == ["a"]
    assert listed(["a"]) == ["a"]
    assert filled({"a": None, "b": {"c": ""}, "d": 0, "e": False, "f": [{"g": None, "h": 1}]}) == {
        "d": 0,
        "e": False,
        "f": [{"h": 1}],
    }
    part = {"@id": "1", "a": "x", "b": "", "c": None, "d": 3.0, "e": "Bu\u0300i", "f": {"g": "h"}, "i": ["j"], "": "k"}
    assert texts(part) == {"a": "x", "d": "3", "e": "Bùi", "": "k"}
    assert texts("an element without children was read as text") == texts(None) == {}
    assert (text_of(True), text_of(3.0), text_of(None), text_of("Bu\u0300i")) == ("true", "3", "", "Bùi")


def test_places_of_a_level_that_the_table_has_must_be_known():
    table = PlaceTable({"17": "37", "11": "31"})
    assert table.theirs("17") == "37"
    assert table.theirs("25") is None
    assert table.theirs("04789") == "04789"
    assert table.ours("37") == "17"
    assert table.ours("99") is None
    assert table.ours("4789", 5) == "04789"
    assert PlaceTable({"17": "07"}).ours("7") == "17"
    assert PlaceTable().theirs("17") == "17"


def test_places_from_a_file(tmp_path):
    (tmp_path / "places.csv").write_text("gso,code\n17,37\n", encoding="utf-8")
    assert PlaceTable.read(tmp_path / "places.csv") == PlaceTable({"17": "37"})
    assert PlaceTable.read(tmp_path / "none.csv") == PlaceTable()


def test_codes():
    gender = CodeTable({"1": "1", "2": "0"})
    assert (gender.theirs("2"), gender.ours(0), gender.ours("0"), gender.theirs("3")) == ("0", "2", "2", "3")


def test_fields_named_in_a_text_point_into_the_callers_message():
    names = {"nksNgaySinh": "/hoSo/nksNgaySinh", "maDonVi": "/maDonVi"}
    text = "DATA_INCORRECT - nksNgaySinh không đúng định dạng; meHoTen bắt buộc; maDonVi không có trong danh mục"
    assert field_errors(text, names) == (FieldError("/hoSo/nksNgaySinh", "format"), FieldError("/maDonVi", "enum"))
    assert field_errors(text, names, inside="/hoSo")[1] == FieldError("/hoSo/meHoTen", "required")
    assert field_errors("Họ tên không hợp lệ", names, inside="/hoSo") == ()


def test_a_rule_never_quotes_a_value():
    (error,) = field_errors("nksHoTen 'BÙI THỊ MẪU' có ký tự lạ", {}, inside="/hoSo")
    assert error.rule == "refused"


def test_pointers():
    assert pointers({"a": {"b": 1}, "c": [{"d": 1}], "b": 2, "e/f~": 0}) == {
        "a": "/a", "b": "/b", "c": "/c", "d": "/c/0/d", "e/f~": "/e~1f~0",
    }  # fmt: skip


def test_leaves_of_a_refusal():
    known = {"not_found": {"201"}, "not_admitted_codes": {"100", "101"}}
    assert isinstance(refusal("201", "x", **known), RecordNotFound)
    assert type(refusal(106, "x", **known)) is ProviderFault
    error = refusal("101", "IP_DISALLOWED", **known)
    assert isinstance(error, ConnectFailed)
    assert error.provider == ("101", "IP_DISALLOWED")


def test_a_repetition_is_known_by_its_words():
    assert already_received("Hồ sơ Đã được tiếp nhận trước đó")
    assert already_received("hồ sơ đa\u0303 đươ\u0323c tiê\u0301p nhâ\u0323n")
    assert not already_received("chưa tiếp nhận")
