"""identifiers.py: formats, parts, and what must not pass."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.identifiers import (
    AgencyCode,
    HealthCard,
    PersonalNumber,
    ProcedureCode,
    Vpostcode,
    disagreements,
    is_budget_unit,
    is_chapter,
    is_identity_card,
    is_insurance_number,
    is_postcode,
    is_taxpayer,
    parse_agency_code,
    parse_document_number,
    parse_dossier_code,
    parse_health_card,
    parse_personal_number,
    parse_procedure_code,
    parse_tax_code,
    parse_vpostcode,
    personal_number,
    tax_check_digit,
)

TAX_CODES = [
    "5499000017",
    "5499000024",
    "5499000031",
    "5499000049",
    "5499000056",
    "5699000014",
    "5699000021",
    "5699000039",
    "5699000046",
]


@given(
    st.integers(1, 96).map("{:02d}".format),
    st.sampled_from("12"),
    st.integers(1900, 2399),
    st.integers(990_000, 999_999),
)
def test_a_personal_number_says_its_parts(province, gender, year, serial):
    number = parse_personal_number(personal_number(province, gender, year, serial))
    assert number == PersonalNumber(f"0{province}", gender, year, str(serial))
    assert disagreements(number, gender=gender, birth_year=year) == ()


@pytest.mark.parametrize(
    "text", ["", "097190990001", "000190990001", "01719099000", "0171909900011", "٠17190990001", "017190990001\n"]
)
def test_no_personal_number(text):
    assert parse_personal_number(text) is None


def test_a_contradiction_is_reported_and_not_refused():
    number = parse_personal_number("017190990001")
    assert number == PersonalNumber("017", "2", 1990, "990001")
    assert disagreements(number, gender="1", birth_year=1991) == ("gender", "year")
    assert disagreements(number, gender="3") == ()
    with pytest.raises(ValueError, match="1899"):
        personal_number("17", "1", 1899, 990_000)


@pytest.mark.parametrize("code", TAX_CODES)
def test_tax_codes(code):
    assert parse_tax_code(code) is not None
    assert parse_tax_code(f"{code}-001").branch == "001"
    assert parse_tax_code(f"{code}001").branch == "001"
    assert parse_tax_code(f"{code}-000") is None
    assert is_taxpayer(code)


@pytest.mark.parametrize("code", TAX_CODES)
def test_one_wrong_digit_is_noticed(code):
    for place in range(10):
        for digit in set("0123456789") - {code[place]}:
            wrong = code[:place] + digit + code[place + 1 :]
            assert parse_tax_code(wrong) is None, wrong


@pytest.mark.parametrize("body", ["549900012", "569900011"])
def test_serials_that_are_never_issued(body):
    assert tax_check_digit(body) is None
    assert not any(parse_tax_code(f"{body}{digit}") for digit in range(10))


def test_a_persons_number_is_a_taxpayers():
    assert is_taxpayer("017190990001")
    assert not is_taxpayer("5499000018")
    assert parse_tax_code("5400000001") is None


def test_small_formats():
    assert is_identity_card("113990001")
    assert not is_identity_card("11399000")
    assert is_insurance_number("1799000001", "17")
    assert not is_insurance_number("1799000001", "11")
    assert not is_insurance_number("179900000")
    assert is_budget_unit("1990001")
    assert not is_budget_unit("19900010")
    assert is_chapter("423")
    assert is_postcode("36100")
    assert not is_postcode("361000")
    assert parse_health_card("DN4171799000001") == HealthCard("DN", "4", "17", "1799000001")
    assert parse_health_card("DN6171799000001") is None
    assert parse_vpostcode("36100RFQW8XG") == Vpostcode("36100", "RFQW8XG")
    assert parse_vpostcode("36100RFQW8XA") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.00.H28", "H28"),
        ("000.00.05.H28", "H28.05"),
        ("000.01.05.H28", "H28.05.01"),
        ("001.00.05.H28", "H28.05.00.001"),
    ],
)
def test_agency_codes_in_both_orders(old, new):
    assert parse_agency_code(old).short == new
    assert parse_agency_code(new).long == old
    assert parse_agency_code(old) == parse_agency_code(new)


@pytest.mark.parametrize("text", ["h28", "H28.", "H28.5", "000.00.H28", "H28" + ".01" * 11, "H28.ĐB"])
def test_no_agency_code(text):
    assert parse_agency_code(text) is None


def test_a_code_that_the_older_order_cannot_carry():
    assert parse_agency_code("H28.05.01.001.02") == AgencyCode(("H28", "05", "01", "001", "02"))
    assert parse_agency_code("H28.05.01.001.02").long is None


@pytest.mark.parametrize(
    "text", ["H21.012-230815-0001", "G22.99.99-230815-0001", "000.00.05.H28-221116-0007", "H28.148-000101-0000"]
)
def test_dossier_codes(text):
    assert parse_dossier_code(text) is not None


@pytest.mark.parametrize(
    "text",
    ["H28.148-221316-0007", "H28.148-220230-0007", "A28-221116-0007", "H28.148-221116-007", "H28.148-221116-0007 "],
)
def test_no_dossier_code(text):
    assert parse_dossier_code(text) is None


def test_a_dossier_of_tomorrow():
    code = parse_dossier_code("H28.148-221116-0007")
    assert (code.agency, code.received, code.number) == ("H28.148", date(2022, 11, 16), 7)
    assert parse_dossier_code("H28.148-221116-0007", date(2022, 11, 15)) is None
    assert parse_dossier_code("H28.148-221116-0007", date(2022, 11, 16)) is not None


def test_procedure_codes():
    assert parse_procedure_code("1.001193") == ProcedureCode("1.001193", "")
    assert parse_procedure_code("1.001193.H28") == ProcedureCode("1.001193", "H28")
    assert parse_procedure_code("2.000379.000.00.00.H18") == ProcedureCode("2.000379", "000.00.00.H18")
    assert parse_procedure_code("1.01193") is None


def test_document_numbers():
    for text in ("15/2022/QĐ-UBND", "60/2024/QH15", "13/2017/TT-BTTTT", "28/2018/QĐ-TTg"):
        assert parse_document_number(text).year is not None, text
    for text in ("2311/QĐ-UBND", "714/QĐ-TTg", "123/UBND-KGVX"):
        assert parse_document_number(text).year is None, text
    assert parse_document_number("QĐ-UBND") is None
