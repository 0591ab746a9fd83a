"""What makes a province: a folder of data. A third province is a folder, nothing more."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lgsp_mocks.world.model import Place

PROVINCES = Path(__file__).resolve().parent.parent / "provinces"
_KINDS = {"phuong": "phuong", "xa": "xa", "thi-tran": "thi_tran"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the province has published; `value` as a machine reads it."""

    key: str
    value: str
    unit: str
    as_of: str
    """A year or a day."""
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Former:
    """A commune of before the province was merged, and the commune of today that it went into."""

    place: Place
    """Its parent is its district."""
    district: str
    province: str
    into: str
    """GSO code of today; often the very code that another commune of the group had."""


@dataclass(frozen=True, slots=True)
class Province:
    """`places` by GSO code; `consumers` and `stages` as their files have them."""

    name: str
    """Folder name, e.g. `hoa-binh`."""
    code: str
    """GSO, e.g. "17"."""
    title: str
    """Hoà Bình."""
    agency: str
    """H28."""
    era: str
    places: Mapping[str, Place]
    tax_prefix: str = "99"
    post_prefix: str = "99"
    ethnic_mix: Mapping[str, float] = field(default_factory=lambda: {"01": 1.0})
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """System -> {"now", "since"}."""
    consumers: tuple[Mapping[str, Any], ...] = ()
    """Agency systems of the demonstration, each with its `grants`."""
    departments: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    """What it has published about itself, by key: reports are made of them."""
    merged: date | None = None
    """Since when it is what it is; None for one that is as old as its codes."""
    people_of: str = ""
    """GSO code of the former province whose people live here: they keep their numbers and their houses; "" for its own."""
    former: tuple[Former, ...] = ()
    """The communes that it was made of."""
    former_agencies: Mapping[str, str] = field(default_factory=dict)
    """Agency code -> name of the provinces that closed with the merger."""
    folder: Path = PROVINCES

    @property
    def numbered(self) -> str:
        """The province in people's numbers."""
        return self.people_of or self.code

    @property
    def inhabited(self) -> tuple[Place, ...]:
        """The commune of today for each one that people were spread over, so that everybody stays where they are."""
        if self.people_of:
            return tuple(self.places[each.into] for each in self.former if each.province == self.people_of)
        return tuple(place for place in self.places.values() if place.level == "commune")

    @classmethod
    def load(cls, name_or_folder: str | Path) -> Province:
        """By the name of a built-in folder, or by path. Raises `FileNotFoundError` naming what there is."""
        folder = Path(name_or_folder)
        if not (folder / "province.toml").is_file():
            folder = PROVINCES / str(name_or_folder)
        if not (folder / "province.toml").is_file():
            known = ", ".join(sorted(p.parent.name for p in PROVINCES.glob("*/province.toml")))
            raise FileNotFoundError(
                f"no province {str(name_or_folder)!r}: known are {known}, or name a folder with province.toml"
            )
        facts = tomllib.loads((folder / "province.toml").read_text("utf-8"))
        stages = facts.pop("stages", {})
        consumers = folder / "consumers.toml"
        return cls(
            **facts,
            places=MappingProxyType(_places(folder, facts["code"], facts["title"])),
            stages={
                system: {"now": stage, "since": stages["since"]}
                for stage in ("official", "trial")
                for system in stages.get(stage, ())
            },
            consumers=tuple(tomllib.loads(consumers.read_text("utf-8"))["consumers"]) if consumers.is_file() else (),
            figures=MappingProxyType(_figures(folder / "figures.csv")),
            former=_former(folder / "former.csv"),
            folder=folder,
        )


def _places(folder: Path, code: str, title: str) -> dict[str, Place]:
    schemes = {path.stem: _codes(path) for path in sorted((folder / "codes").glob("*.csv"))}

    def codes(gso: str) -> Mapping[str, str]:
        return {scheme: table[gso] for scheme, table in schemes.items() if gso in table}

    places = {code: Place(code, f"Tỉnh {title}", "province", "tinh", "", codes(code))}
    with (folder / "places.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            district, commune = row["district_code"], row["commune_code"]
            if district and district not in places:
                kind = _district_kind(row["district"])
                places[district] = Place(district, row["district"], "district", kind, code, codes(district))
            kind = _KINDS.get(row["type"], row["type"])
            places[commune] = Place(commune, row["commune"], "commune", kind, district or code, codes(commune))
    return places


def _former(path: Path) -> tuple[Former, ...]:
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Former(
                Place(
                    row["commune_code"], row["commune"], "commune", _commune_kind(row["commune"]), row["district_code"]
                ),
                row["district"],
                row["province_code"],
                row["into"],
            )
            for row in csv.DictReader(lines)
        )


def _figures(path: Path) -> dict[str, Figure]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["key"]: Figure(**row) for row in csv.DictReader(lines)}


def _codes(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["gso"]: row["code"] for row in csv.DictReader(lines)}


def _commune_kind(name: str) -> str:
    return {"Phường": "phuong", "Thị": "thi_tran"}.get(name.split(maxsplit=1)[0], "xa")


def _district_kind(name: str) -> str:
    return {"Thành": "thanh_pho", "Thị": "thi_xa"}.get(name.split(maxsplit=1)[0], "huyen")
