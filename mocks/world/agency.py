"""The province's agencies under both orders of their code, and the ministries that it deals with.

Where there are no districts (since 2025-07-01) the communes stand directly below the province: three digits below its code. The
older order has two digits for that level, so 148 communes have no code in it.
"""

from __future__ import annotations

from lgsp_mocks.world.model import Agency
from lgsp_mocks.world.province import Province

_CENTRAL = {
    "G09": "Bộ Nội vụ",
    "G12": "Bộ Tài chính",
    "G17": "Bộ Xây dựng",
    "G22": "Văn phòng Chính phủ",
}


_FIRST_COMMUNE = 101
"""Three digits, so that no commune takes a department's code. Which commune has which is invented."""


def agencies(province: Province) -> dict[str, Agency]:
    """By short code (QĐ 20/2020: H28.148.01) and by old code (QCVN 102:2016: 001.00.21.H28) alike."""
    top = province.agency
    found: list[Agency] = [
        Agency(code, f"000.00.00.{code}", name, 1, "", "", "", f"vanthu@{code.lower()}.example")
        for code, name in _CENTRAL.items()
    ]
    found.append(
        _agency(
            top, f"000.00.00.{top}", f"UBND tỉnh {province.title}", 1, "", province.code, _unit(province, province.code)
        )
    )
    for number, name in province.departments.items():
        found.append(_agency(f"{top}.{number}", f"000.00.{number}.{top}", name, 2, top, "", ""))
    for i, district in enumerate((p for p in province.places.values() if p.level == "district"), 21):
        code = f"{top}.{district.code}"
        found.append(
            _agency(
                code,
                f"000.00.{i:02d}.{top}",
                f"UBND {district.name}",
                2,
                top,
                district.code,
                _unit(province, district.code),
            )
        )
        communes = (p for p in province.places.values() if p.parent == district.code)
        for j, commune in enumerate(communes, 1):
            old = f"{j:03d}.00.{i:02d}.{top}"
            found.append(
                _agency(
                    f"{code}.{j:02d}", old, f"UBND {commune.name}", 3, code, commune.code, _unit(province, commune.code)
                )
            )
    direct = (p for p in province.places.values() if p.level == "commune" and p.parent == province.code)
    for i, commune in enumerate(direct, _FIRST_COMMUNE):
        code, name = f"{top}.{i}", f"UBND {commune.name}"
        found.append(_agency(code, "", name, 3, top, commune.code, _unit(province, commune.code)))
    return {key: agency for agency in found for key in (agency.code, agency.old_code) if key}


def _agency(code: str, old: str, name: str, level: int, parent: str, place: str, unit: str) -> Agency:
    return Agency(code, old, name, level, parent, place, unit, f"vanthu.{code.lower().replace('.', '-')}@mau.example")


def _unit(province: Province, gso: str) -> str:
    return province.places[gso].codes.get("moj-unit", "")
