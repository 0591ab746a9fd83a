"""Vietnamese identifiers and their rules: parsers that give the parts, and None for what breaks the format.

Formats are checked here; that a personal number disagrees with a birth date is a fact about data (corrected birth dates
exist), so `disagreements` reports it and `parse_*` does not refuse it. Digits are ASCII digits everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_MODULUS = 11

_CCCD = re.compile(r"(0(?:0[1-9]|[1-8][0-9]|9[0-6]))([0-9])([0-9]{2})([0-9]{6})")
_TAX = re.compile(r"([0-9]{2})([0-9]{7})([0-9])(?:-?([0-9]{3}))?")
_AGENCY_OLD = re.compile(r"([0-9]{3})\.([0-9]{2})\.([0-9]{2})\.([A-Z][0-9]{2})")
_AGENCY_NEW = re.compile(r"[A-Z][0-9]{2}(?:\.[A-Z0-9]{2,3})*")
_DOSSIER = re.compile(
    r"([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[GH][0-9]{2}|[GH][0-9]{2}(?:\.[A-Z0-9]{2,3}){0,3})-([0-9]{6})-([0-9]{4})"
)
_PROCEDURE = re.compile(r"([0-9]\.[0-9]{6})(?:\.((?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?[A-Z][0-9]{2}))?")
_LEGAL_NUMBER = re.compile(r"([0-9]{1,5})/((?:19|20)[0-9]{2})/([A-ZĐ][A-ZĐ0-9]{1,5}(?:-[A-ZĐ][A-Za-zĐđ0-9&]*)*)")
_OFFICE_NUMBER = re.compile(r"([0-9]{1,6}[a-z]?)/([A-ZĐ0-9&]+(?:-[A-ZĐ][A-Za-zĐđ0-9&.]*)*)")
_HEALTH_CARD = re.compile(r"([A-Z]{2})([1-5])([0-9]{2})([0-9]{10})")
_VPOSTCODE = re.compile(r"([0-9]{5})([23456789CFGHJMPQRVWX]{7})")
_AGENCY_MAX = 35
_LEVELS = ("", "00", "00", "000")
"""What an empty level is called in the older order, from the top down."""


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """Số định danh cá nhân: province of birth registration, gender ("1" nam, "2" nữ), year of birth."""

    province: str
    gender: Literal["1", "2"]
    year: int
    serial: str


def parse_personal_number(text: str) -> PersonalNumber | None:
    """12 digits `PPP G YY NNNNNN` without a check digit. NĐ 137/2015/NĐ-CP article 13, TT 07/2016/TT-BCA.

    PPP 001-096; G is century and gender: 0 nam and 1 nữ of the 1900s, 2 and 3 of the 2000s, and so on.
    """
    found = _CCCD.fullmatch(text)
    if found is None:
        return None
    century_and_gender = int(found[2])
    return PersonalNumber(
        province=found[1],
        gender="2" if century_and_gender % 2 else "1",
        year=1900 + century_and_gender // 2 * 100 + int(found[3]),
        serial=found[4],
    )


def disagreements(
    number: PersonalNumber, *, gender: str | None = None, birth_year: int | None = None
) -> tuple[str, ...]:
    """Which of "gender", "year" contradict the number: errors of the data to report, never of the format."""
    wrong = []
    if gender in ("1", "2") and gender != number.gender:
        wrong.append("gender")
    if birth_year is not None and birth_year != number.year:
        wrong.append("year")
    return tuple(wrong)


def personal_number(province: str, gender: Literal["1", "2"], year: int, serial: int) -> str:
    """The number of these parts; `province` is the GSO code of two digits. Raises `ValueError` outside 1900-2399."""
    century = year // 100 - 19
    if century not in range(5):
        raise ValueError(year)
    return f"0{province:0>2}{century * 2 + (gender == '2')}{year % 100:02d}{serial:06d}"


def is_identity_card(text: str) -> bool:
    """CMND, the old identity card: 9 digits without further rule."""
    return re.fullmatch(r"[0-9]{9}", text) is not None


@dataclass(frozen=True, slots=True)
class TaxCode:
    """Mã số thuế, which is the enterprise code: province prefix, serial, branch ("" for the head office)."""

    prefix: str
    serial: str
    check: str
    branch: str


def tax_check_digit(body: str) -> str | None:
    """The tenth digit for nine, None where it would have to be 10: such a serial is never issued (python-stdnum vn.mst)."""
    check = 10 - sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, body, strict=True)) % _MODULUS
    return None if check == 10 else str(check)


def parse_tax_code(text: str) -> TaxCode | None:
    """10 digits, 13 for a branch (with or without the hyphen); the check digit must fit, serial and branch be above 0."""
    found = _TAX.fullmatch(text)
    if found is None or found[2] == "0000000" or found[4] == "000":
        return None
    if tax_check_digit(found[1] + found[2]) != found[3]:
        return None
    return TaxCode(found[1], found[2], found[3], found[4] or "")


def is_taxpayer(text: str) -> bool:
    """What a tax field accepts: an enterprise's code, or since 2025-07-01 a person's number."""
    return parse_tax_code(text) is not None or parse_personal_number(text) is not None


def is_insurance_number(text: str, province: str | None = None) -> bool:
    """Mã số BHXH: 10 digits; the first two are the issuing province, no check digit is known."""
    return re.fullmatch(r"[0-9]{10}", text) is not None and (province is None or text.startswith(province))


@dataclass(frozen=True, slots=True)
class HealthCard:
    """Thẻ BHYT: object group, benefit level, province, insurance number."""

    group: str
    benefit: str
    province: str
    insurance_number: str


def parse_health_card(text: str) -> HealthCard | None:
    """15 characters; cards since 2021 print only the ten digits of the insurance number."""
    found = _HEALTH_CARD.fullmatch(text)
    return HealthCard(found[1], found[2], found[3], found[4]) if found else None


def is_budget_unit(text: str) -> bool:
    """Mã số đơn vị có quan hệ với ngân sách: 7 digits, TT 185/2015/TT-BTC."""
    return re.fullmatch(r"[0-9]{7}", text) is not None


def is_chapter(text: str) -> bool:
    """Mã chương: 3 digits, 4xx province, 6xx district, 8xx commune, TT 324/2016/TT-BTC."""
    return re.fullmatch(r"[0-9]{3}", text) is not None


@dataclass(frozen=True, slots=True)
class AgencyCode:
    """Mã định danh cơ quan. `groups` is from the top down: ("H28", "05", "01")."""

    groups: tuple[str, ...]

    @property
    def short(self) -> str:
        """QĐ 20/2020/QĐ-TTg: `H28.05.01`."""
        return ".".join(self.groups)

    @property
    def long(self) -> str | None:
        """QCVN 102:2016: `001.05.00.H28` has four fixed levels from the bottom up; None where the code does not fit it."""
        if len(self.groups) > len(_LEVELS):
            return None
        return ".".join(reversed((*self.groups, *_LEVELS[len(self.groups) :])))


def parse_agency_code(text: str) -> AgencyCode | None:
    """Both orders: QCVN 102:2016/BTTTT `000.00.05.H28` and QĐ 20/2020/QĐ-TTg `H28.05`, at most 35 characters.

    Only the shape changes between the two; which new code follows which old one is a table, never a computation.
    """
    found = _AGENCY_OLD.fullmatch(text)
    if found:
        groups = [found[4], found[3], found[2], found[1]]
        while len(groups) > 1 and not groups[-1].strip("0"):
            groups.pop()
        return AgencyCode(tuple(groups))
    return AgencyCode(tuple(text.split("."))) if len(text) <= _AGENCY_MAX and _AGENCY_NEW.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class DossierCode:
    """Mã hồ sơ thủ tục hành chính: agency, day of receipt, number within the day."""

    agency: str
    received: date
    number: int


def parse_dossier_code(text: str, today: date | None = None) -> DossierCode | None:
    """`H28.148-221116-0007`, TT 01/2018/TT-VPCP article 19: a real day (of this century), not after `today`."""
    found = _DOSSIER.fullmatch(text)
    if found is None:
        return None
    day = found[2]
    try:
        received = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return None
    return None if today is not None and received > today else DossierCode(found[1], received, int(found[3]))


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """Mã thủ tục hành chính; `agency` is the provincial suffix in either order, "" where there is none."""

    code: str
    agency: str


def parse_procedure_code(text: str) -> ProcedureCode | None:
    """`1.001193`, `1.001193.H28` and `1.001193.000.00.00.H28`: all three are met in one configuration."""
    found = _PROCEDURE.fullmatch(text)
    return ProcedureCode(found[1], found[2] or "") if found else None


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """Số, ký hiệu. `year` only for legal documents (văn bản quy phạm pháp luật)."""

    number: str
    year: int | None
    symbol: str


def parse_document_number(text: str) -> DocumentNumber | None:
    """`15/2022/QĐ-UBND` is legal, `2311/QĐ-UBND` administrative, NĐ 30/2020/NĐ-CP; Đ is a letter of its own."""
    found = _LEGAL_NUMBER.fullmatch(text)
    if found:
        return DocumentNumber(found[1], int(found[2]), found[3])
    found = _OFFICE_NUMBER.fullmatch(text)
    return DocumentNumber(found[1], None, found[2]) if found else None


def is_postcode(text: str) -> bool:
    """Mã bưu chính quốc gia: 5 digits, QĐ 2475/QĐ-BTTTT; Hoà Bình 36xxx, Điện Biên 32xxx, both of region 3."""
    return re.fullmatch(r"[0-9]{5}", text) is not None


@dataclass(frozen=True, slots=True)
class Vpostcode:
    """Five digits of the postcode and a position code of seven letters for a cell of about three metres."""

    postcode: str
    position: str


def parse_vpostcode(text: str) -> Vpostcode | None:
    """12 characters; the alphabet of the position code is a reconstruction (that of open location codes)."""
    found = _VPOSTCODE.fullmatch(text)
    return Vpostcode(found[1], found[2]) if found else None
