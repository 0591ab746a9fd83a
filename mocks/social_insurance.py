"""Social insurance: everybody of the province with number, household and health card; refusals as two digits.

People are compared by folded name. Where several fit, nobody is told apart (`02`); other provinces are none of the
province's business (`04`). The dead keep their number with `trangThai` 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import Address, Person, World

OK, NOT_FOUND, SEVERAL, WRONG, NO_RIGHT = "00", "01", "02", "03", "04"
WORDS = {
    NOT_FOUND: "Không tìm thấy",
    SEVERAL: "Trùng nhiều kết quả",
    WRONG: "Dữ liệu không đúng định dạng",
    NO_RIGHT: "Không có quyền tra cứu tỉnh này",
}
INSURED, RESERVED, ENDED, NOTHING = "1", "2", "3", "0"
DIGITS = {"0": 8, "1": 4, "2": 6}
"""loaiNgaySinh -> how many digits of ngaySinh count."""
CARDS = {
    "000": "Thẻ còn giá trị sử dụng",
    "010": "Thẻ hết hạn sử dụng",
    "050": "Không tìm thấy thẻ",
    "060": "Thẻ sai họ tên",
    "070": "Thẻ sai ngày sinh",
}
EXPIRED = 41
"""One card in so many has run out."""


def getTraCuuTtHgdByMaSoBhxh(ask: Ask) -> Data:
    number = ask.data["maSoBhxh"]
    if not re.fullmatch("[0-9]{10}", number):
        return _no(WRONG)
    person = ask.world.by_insurance(number)
    if person is None:
        return _no(NOT_FOUND)
    birth, origin = _birth(person), person.birth_place
    return {
        "hoTen": _written(person),
        "soSoCu": old_book(person),
        **birth,
        "gioiTinh": person.gender,
        "maTinhKs": origin.province,
        "maHuyenKs": origin.district or None,
        "maXaKs": origin.commune,
        "trangThai": _state(person),
    }


def getMaSoBhxhTheoTieuChi(ask: Ask) -> Data:
    found = _matching(ask)
    if found is None:
        return _no(WRONG)
    wanted = tuple(ask.data.get(name, "") for name in ("maTinhKs", "maHuyenKs", "maXaKs"))
    by_birth = ask.data.get("isKs") == "1"
    found = [each for each in found if _lies(each.birth_place if by_birth else each.residence, wanted)]
    if len(found) != 1:
        return _no(SEVERAL if found else NOT_FOUND)
    return {"maSoBhxh": found[0].insurance_no, "trangThai": _state(found[0]), "errorCode": OK}


def getTraCuuThongTinHgd(ask: Ask) -> Data:
    """Everybody in the households of those who fit. The guide's sample has a stray space in the key of the province."""
    province = ask.data.get("maTinh") or ask.data.get(" maTinh", "")
    if not province:
        return _no_of_agents(WRONG)
    if province != ask.world.province.code:
        return _no_of_agents(NO_RIGHT)
    found: list[Person] | None
    if number := ask.data.get("soSo"):
        found = [each for each in (_by_book(ask.world, number),) if each]
    elif card := ask.data.get("maThe"):
        found = [each for each in (ask.world.by_health_card(card),) if each]
    else:
        found = _matching(ask)
    if found is None:
        return _no_of_agents(WRONG)
    households = dict.fromkeys(each.household for each in found)
    rows = [_member(each) for maho in households for each in _people_of(ask.world, maho)]
    return {"result": rows} if rows else _no_of_agents(NOT_FOUND)


def xacThucThongTinBhyt(ask: Ask) -> Data:
    asked, world = ask.data, ask.world
    if not (asked.get("maThe") or asked.get("soCccd")) or not re.fullmatch("[0-9]{4,8}", asked["ngaySinh"]):
        return _no(WRONG)
    person = world.by_health_card(asked["maThe"]) if asked.get("maThe") else world.person(asked["soCccd"])
    if person is None or person.died:
        return {"maKetQua": "050", "ghiChu": CARDS["050"]}
    expired = int(person.insurance_no) % EXPIRED == 0
    result = "010" if expired else "000"
    if not f"{person.birth:%Y%m%d}".startswith(asked["ngaySinh"][: len(_known(person))]):
        result = "070"
    if _folded(asked["hoTen"]) != _folded(person.full_name):
        result = "060"
    if result in ("060", "070"):  # nothing of the holder is told to somebody who does not know the holder
        return {"maKetQua": result, "ghiChu": CARDS[result]}
    year = ask.now.year - int(expired)
    return {
        "maKetQua": result,
        "maThe": person.health_card,
        "gtTheTu": f"{year}0101",
        "gtTheDen": f"{year}1231",
        "maDkbd": f"{world.province.code}{int(person.residence.commune) % 30 + 1:03d}",
        "ghiChu": CARDS[result],
    }


# The register


def old_book(person: Person) -> str | None:
    """Number of the book before numbers were personal: those born before 1980 had one."""
    return f"{person.insurance_no[:2]}97{person.insurance_no[4:]}" if person.birth.year < 1980 else None


def _by_book(world: World, number: str) -> Person | None:
    """By insurance number, or by the old book's."""
    found = world.by_insurance(number)
    if found is None and number[2:4] == "97":
        found = world.by_insurance(f"{number[:2]}99{number[4:]}")
        return found if found and old_book(found) == number else None
    return found


def _matching(ask: Ask) -> list[Person] | None:
    """Everybody of this name, birth and gender; None where the question is not well formed."""
    name, born = ask.data.get("hoTen", "").strip(), ask.data.get("ngaySinh", "")
    count = DIGITS.get(ask.data.get("loaiNgaySinh", "0"))
    if not name or count is None or not re.fullmatch("[0-9]{4,8}", born) or len(born) < count:
        return None
    digits = born[:count]
    when = "-".join(part for part in (digits[:4], digits[4:6], digits[6:]) if part)
    gender = ask.data.get("gioiTinh", "")
    return [each for each in ask.world.find(name, when) if gender in ("", each.gender)]


def _lies(address: Address, wanted: tuple[str, ...]) -> bool:
    mine = (address.province, address.district, address.commune)
    return all(not code or code == own for code, own in zip(wanted, mine, strict=True))


def _people_of(world: World, maho: str) -> list[Person]:
    household = world.household(maho)
    return [each for cccd in household.members if (each := world.person(cccd))] if household else []


def _member(person: Person) -> Data:
    return {
        "maSo": person.insurance_no,
        "hoTen": _written(person),
        **_birth(person),
        "gioiTinh": person.gender,
        "maHo": person.household,
        "diaChi": person.residence.text,
        "trangThai": _state(person),
    }


def _birth(person: Person) -> Data:
    """Eight digits whatever is known of the day: the flag says how many of them count."""
    kind = {"day": "0", "year": "1", "month": "2"}[person.birth_precision]
    return {"ngaySinh": f"{person.birth:%Y%m%d}", "loaiNgaySinh": kind}


def _known(person: Person) -> str:
    return f"{person.birth:%Y%m%d}"[: {"day": 8, "year": 4, "month": 6}[person.birth_precision]]


def _state(person: Person) -> str:
    return ENDED if person.died else RESERVED if int(person.insurance_no) % 17 == 0 else INSURED


def _written(person: Person) -> str:
    return unicodedata.normalize("NFC", person.full_name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


# Faults and examples


def _no(code: str) -> Data:
    return {"trangThai": NOTHING, "errorCode": code}


def _no_of_agents(code: str) -> Data:
    """Where a list was asked for, the refusal comes as postal agents know it."""
    return {"result": {"maLoi": code, "moTaLoi": WORDS[code]}}


def business_error(ask: Ask) -> Data:
    return _no_of_agents(WRONG) if ask.operation == "getTraCuuThongTinHgd" else _no(WRONG)


def duplicate(ask: Ask) -> Data:
    """Nothing is pushed here, so nothing can come twice."""
    return business_error(ask)


HANDLERS: Handlers = {
    "bhxh": {
        "getTraCuuTtHgdByMaSoBhxh": getTraCuuTtHgdByMaSoBhxh,
        "getMaSoBhxhTheoTieuChi": getMaSoBhxhTheoTieuChi,
        "getTraCuuThongTinHgd": getTraCuuThongTinHgd,
        "xacThucThongTinBhyt": xacThucThongTinBhyt,
    }
}


def outcomes(world: World) -> dict[str, str]:
    """What the people's book says of the cast."""
    people = {each.role: world.actor(each.role) for each in world.cast.values() if each.kind == "person"}
    said = {INSURED: "insured", RESERVED: "reserved", ENDED: "ended"}
    names = Counter((each.full_name, each.birth_text) for each in people.values())
    return {
        role: f"{each.insurance_no}, {said[_state(each)]}"
        + (", several of this name and birth" if names[each.full_name, each.birth_text] > 1 else "")
        for role, each in people.items()
    }


def examples(world: World) -> list[Example]:
    mother, old, month, twin = (world.actor(each) for each in ("mother-hoa", "year-only", "month-only", "twin-name-a"))
    code = world.province.code
    hoa: Data = {"hoTen": mother.full_name, "ngaySinh": mother.birth_text, "gioiTinh": mother.gender}
    both: Data = {"hoTen": twin.full_name, "ngaySinh": twin.birth_text, "gioiTinh": twin.gender}
    holder: Data = {"hoTen": mother.full_name, "ngaySinh": mother.birth_text}
    card = {"maThe": mother.health_card} | holder
    by_year: Data = {"hoTen": old.full_name, "ngaySinh": "1948", "gioiTinh": old.gender}
    by_month: Data = {"maTinh": code, "hoTen": month.full_name, "ngaySinh": "1953-08"}
    someone = world.nth(0)
    number, criteria, households, verify = HANDLERS["bhxh"]
    asked: tuple[tuple[str, Data, str, str], ...] = (
        (number, {"maSoBhxh": mother.insurance_no}, "ok", "mother of the sample family"),
        (number, {"maSoBhxh": old.insurance_no}, "ok", "only the year of birth is known"),
        (number, {"maSoBhxh": world.actor("deceased").insurance_no}, "ok", "the dead keep their number: trangThai 3"),
        (number, {"maSoBhxh": f"{code}00000000"}, "record-not-found", "nobody's number"),
        (criteria, hoa | {"maTinhKs": code, "isKs": True}, "ok", "by place of birth"),
        (criteria, by_year, "ok", "loaiNgaySinh 1"),
        (criteria, both, "provider-fault", "two people of one name and birth: 02"),
        (criteria, both | {"maXaKs": twin.residence.commune}, "ok", "told apart by the commune"),
        (criteria, hoa | {"hoTen": "Không Phải Tên Này"}, "record-not-found", "nobody of this name"),
        (households, {"maTinh": code} | hoa, "ok", "the whole sample family"),
        (households, by_month, "ok", "loaiNgaySinh 2"),
        (households, {"maTinh": code, "soSo": someone.insurance_no}, "ok", "by book"),
        (households, {"maTinh": code, "maThe": someone.health_card}, "ok", "by card"),
        (households, {"maTinh": code}, "provider-fault", "without a criterion: 03"),
        (households, {"maTinh": "79"} | hoa, "provider-fault", "another province: 04"),
        (verify, card, "ok", "a valid card"),
        (verify, {"soCccd": mother.cccd} | holder, "ok", "by personal number"),
        (verify, card | {"hoTen": "Không Phải Tên Này"}, "ok", "another name: 060, which is an answer"),
        (verify, card | {"ngaySinh": "1991"}, "ok", "another birth: 070"),
        (verify, card | {"maThe": f"GD4{code}{code}00000000"}, "record-not-found", "nobody's card: 050"),
        (verify, holder, "invalid-message", "neither card nor person"),
    )
    headers = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Officer": "H28-CB-MAU"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]
