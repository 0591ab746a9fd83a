"""The named cast and the people who join while the simulator runs: the only ones that are kept, all others are arithmetic."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lgsp_mocks.world.model import Address, Person, Place
from lgsp_mocks.world.people import cccd_of

OTHERS = 900_000
"""Numbers (insurance, household, telephone) of those who are not arithmetic start here; arithmetic ends at 460,800."""


def read_cast() -> dict[str, list[dict[str, Any]]]:
    """`cast.toml`: lists `person`, `business`, `household`, `agency` and `dossier`."""
    found: dict[str, list[dict[str, Any]]] = tomllib.loads((Path(__file__).parent / "cast.toml").read_text("utf-8"))
    return found


def cast_people(
    entries: Sequence[Mapping[str, Any]],
    province: str,
    communes: Sequence[Place],
    address: Callable[[str, str], Address],
) -> dict[str, Person]:
    """By role."""
    cccds = {
        e["role"]: cccd_of(
            province, e.get("cccd_gender", e["gender"]), e.get("cccd_year", int(e["birth"][:4])), e["serial"]
        )
        for e in entries
    }
    found = {}
    for i, entry in enumerate(entries):
        ho, chu_dem, ten = (unicodedata.normalize(entry.get("form", "NFC"), part) for part in entry["name"])
        home = communes[entry.get("commune", i) % len(communes)].code
        origin = communes[entry["birth_commune"] % len(communes)].code if "birth_commune" in entry else home
        marital = entry.get("marital", "2" if "spouse" in entry else "1")
        found[entry["role"]] = _person(
            n=-1 - i,
            cccd=cccds[entry["role"]],
            cmnd=entry.get("cmnd"),
            name=(ho, chu_dem, ten),
            birth=entry["birth"],
            gender=entry["gender"],
            ethnicity=entry["ethnicity"],
            marital=marital,
            household=household_of(province, entry["household"]),
            relation=entry.get("relation", "Chủ hộ"),
            residence=address(home, f"Xóm Mẫu {entry['household']}"),
            origin=address(origin, ""),
            relatives=tuple(cccds[entry[who]] if who in entry else None for who in ("father", "mother", "spouse")),
            number=OTHERS + i,
            province=province,
            died=date.fromisoformat(entry["died"]) if "died" in entry else None,
        )
    return found


def household_of(province: str, number: int) -> str:
    """maHo of the cast's household of this number."""
    return f"{province}98{OTHERS + number:06d}"


def newcomer(entry: Mapping[str, Any], i: int, province: str, address: Callable[[str, str], Address]) -> Person:
    """Somebody whom `World.add_person` has let in: `entry` is what the world keeps of them, `i` their place."""
    words = entry["full_name"].split()
    return _person(
        n=-1_001 - i,
        cccd=entry["cccd"],
        cmnd=None,
        name=(words[0], " ".join(words[1:-1]), words[-1] if len(words) > 1 else ""),
        birth=entry["birth"],
        gender=entry["gender"],
        ethnicity=entry["ethnicity"],
        marital="1",
        household=entry["household"],
        relation="Con",
        residence=address(entry["commune"], entry["detail"]),
        origin=address(entry["commune"], ""),
        relatives=(entry["father"], entry["mother"], None),
        number=OTHERS + 1_000 + i,
        province=province,
        died=None,
    )


def _person(
    *,
    n: int,
    cccd: str,
    cmnd: str | None,
    name: tuple[str, str, str],
    birth: str,
    gender: Any,
    ethnicity: str,
    marital: str,
    household: str,
    relation: str,
    residence: Address,
    origin: Address,
    relatives: tuple[str | None, ...],
    number: int,
    province: str,
    died: date | None,
) -> Person:
    father, mother, spouse = relatives
    insurance = f"{province}99{number:06d}"
    age = 2022 - int(birth[:4])
    return Person(
        n=n,
        cccd=cccd,
        cmnd=cmnd,
        ho=name[0],
        chu_dem=name[1],
        ten=name[2],
        full_name=" ".join(part for part in name if part),
        birth=date.fromisoformat(birth + "-01-01"[len(birth) - 4 :]),
        birth_precision="year" if len(birth) == 4 else "month" if len(birth) == 7 else "day",
        gender=gender,
        ethnicity=ethnicity,
        religion="00",
        nationality="VN",
        marital=marital,
        blood="O",
        household=household,
        relation=relation,
        residence=residence,
        birth_place=origin,
        home_town=origin,
        father=father,
        mother=mother,
        spouse=spouse,
        insurance_no=insurance,
        health_card=f"{'TE1' if age < 6 else 'HS4' if age < 18 else 'GD4'}{province}{insurance}",
        phone=f"0000{number:06d}",
        died=died,
    )
