"""The province as one value: look-ups over places, people, businesses and agencies."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from lgsp_mocks.world.agency import agencies
from lgsp_mocks.world.business import businesses
from lgsp_mocks.world.cast import cast_people, household_of, newcomer, read_cast
from lgsp_mocks.world.mergers import ordered, reordered
from lgsp_mocks.world.model import Address, Agency, Business, CastMember, Household, Person, Place, birth_text
from lgsp_mocks.world.people import CAST_SERIAL, People, cccd_of
from lgsp_mocks.world.province import Province

NEWBORN_YEAR = 2018
_CELL = 8
"""Figures of a number in front of the serial: province, sex and century, year, and what marks it as invented."""
"""Nobody whom arithmetic makes is born this year or later, so newborns may use the serials from 0000 on."""


class World:
    """`World(province, seed, size)`: person n is a pure function of (seed, n), made when somebody asks.

    `state` is all that a running simulator has changed: newcomers and deaths, JSON-able.
    """

    def __init__(self, province: Province, seed: int, size: int = 10_000) -> None:
        self.province, self.seed, self.size = province, seed, size
        self.state: dict[str, Any] = {"added": [], "died": {}, "mergers": []}
        self._homes = province.inhabited
        self._people = People(province.numbered, seed, size, self._homes, province.ethnic_mix, self.address)
        self._cast = read_cast()
        self._settle()

    def _settle(self) -> None:
        """Where everybody is, by the mergers that there have been."""
        self._order = ordered(self.province.places, self.state["mergers"])
        self.places: Mapping[str, Place] = self._order.places
        """By GSO code: the province, its districts, its communes."""
        self._communes = tuple(p for p in self.places.values() if p.level == "commune")
        self._roles = cast_people(self._cast["person"], self.province.numbered, self._homes, self.address)
        self._named = {p.cccd: p for p in self._roles.values()}
        self._named_at_home: dict[str, list[Person]] = {}
        for person in self._named.values():
            self._named_at_home.setdefault(person.household, []).append(person)
        self._newcomers: dict[str, Person] = {}
        self._numbered: Counter[str] = Counter()
        for made in ("agencies", "cast", "_businesses", "_units", "successors", "office"):
            self.__dict__.pop(made, None)

    @cached_property
    def agencies(self) -> Mapping[str, Agency]:
        """By short code and by old code alike."""
        return MappingProxyType(reordered(agencies(self.province), self._order))

    @cached_property
    def cast(self) -> Mapping[str, CastMember]:
        """The test people's book, by role."""
        people = (CastMember(e["role"], "person", self._roles[e["role"]].cccd, e["note"]) for e in self._cast["person"])
        codes = list(self._businesses)
        companies = (CastMember(e["role"], "business", codes[e["nth"]], e["note"]) for e in self._cast["business"])
        families = (
            CastMember(e["role"], "household", household_of(self.province.numbered, e["number"]), e["note"])
            for e in self._cast["household"]
        )
        top = self.province.agency
        commune = next((a.code for a in self.agencies.values() if a.level == 3), top)
        names = {"top": top, "office": self.office.code, "commune": commune}
        coded = (
            CastMember(e["role"], kind, e["code"].format(**names), e["note"])
            for kind in ("agency", "dossier")
            for e in self._cast[kind]
        )
        return MappingProxyType({member.role: member for member in (*people, *companies, *families, *coded)})

    # people

    def nth(self, n: int) -> Person:
        """Person n of `range(size)`."""
        return self._alive(self._people.make(n))

    def people(self, start: int = 0, count: int | None = None) -> Iterator[Person]:
        """So many people from number `start` on (the named cast is not among them)."""
        stop = self.size if count is None else min(self.size, start + count)
        return (self.nth(n) for n in range(start, stop))

    def person(self, cccd: str) -> Person | None:
        found = self._named.get(cccd) or self._newcomer_index().get(cccd)
        if found is None and (n := self._people.by_cccd(cccd)) is not None:
            found = self._people.make(n)
        return self._alive(found) if found else None

    def by_cmnd(self, cmnd: str) -> Person | None:
        """By the old nine digits, for those who still have them."""
        named = next((p for p in self._named.values() if p.cmnd == cmnd), None)
        return named or self._by_tail(cmnd, "99", 7, lambda p: p.cmnd)

    def by_insurance(self, insurance_no: str) -> Person | None:
        others = (*self._named.values(), *self._newcomer_index().values())
        named = next((p for p in others if p.insurance_no == insurance_no), None)
        return named or self._by_tail(insurance_no, f"{self.province.numbered}99", 6, lambda p: p.insurance_no)

    def by_health_card(self, card: str) -> Person | None:
        """By fifteen characters, or by the ten digits that the newer cards show."""
        found = self.by_insurance(card[-10:])
        return found if found and card in {found.health_card, found.insurance_no} else None

    def find(self, name: str, birth: str | date) -> list[Person]:
        """All with this name (case and Unicode form do not matter) and birth ("1987", "1987-02", "1987-02-03" or a date)."""
        wanted, when = _folded(name), birth.isoformat() if isinstance(birth, date) else birth
        others = (*self._named.values(), *self._newcomer_index().values())
        mine = [p for p in others if p.birth_text.startswith(when) and _folded(p.full_name) == wanted]
        for n in self._people.born_in(int(when[:4])):
            born, precision = self._people.birth(n)
            if not birth_text(born, precision).startswith(when):
                continue
            if " ".join(self._people.name(n)).casefold() == wanted:
                mine.append(self._people.make(n))
        return [self._alive(p) for p in mine]

    def household(self, maho: str) -> Household | None:
        members = self._at_home(maho)
        if not members:
            return None
        head = _head(members)
        return Household(maho, head.cccd, (head.cccd, *(p.cccd for p in members if p is not head)), head.residence)

    def head_of(self, maho: str) -> Person | None:
        """Who stands first in a household's book."""
        members = self._at_home(maho)
        return self._alive(_head(members)) if members else None

    def _at_home(self, maho: str) -> list[Person]:
        members = [self._people.make(n) for n in self._people.household_members(maho)]
        members += self._named_at_home.get(maho, ())
        members += [p for p in self._newcomer_index().values() if p.household == maho]
        return members

    def add_person(
        self,
        *,
        full_name: str,
        birth: date,
        gender: str,
        commune: str,
        mother: str | None = None,
        father: str | None = None,
        ethnicity: str = "01",
        detail: str = "",
    ) -> Person:
        """A newborn with a number of its own; raises `OverflowError` when a year's serials are used up."""
        parent = self.person(mother or "") or self.person(father or "")
        cccd = self._free_number(gender, birth.year)
        entry = {
            "cccd": cccd,
            "full_name": full_name,
            "birth": birth.isoformat(),
            "gender": gender,
            "commune": commune,
            "mother": mother,
            "father": father,
            "ethnicity": ethnicity,
            "detail": detail,
            "household": parent.household
            if parent
            else f"{self.province.numbered}98{950_000 + len(self.state['added']):06d}",
        }
        self.state["added"].append(entry)
        return self._newcomer_index()[cccd]

    def died(self, cccd: str, day: date) -> None:
        self.state["died"][cccd] = day.isoformat()

    def restore(self, state: Mapping[str, Any] | None = None) -> None:
        """Back to a kept state, or to the seed."""
        kept, left = state or {}, self.state
        self.state = {
            "added": list(kept.get("added", ())),
            "died": dict(kept.get("died", {})),
            "mergers": list(kept.get("mergers", ())),
        }
        if any(left.values()) or any(self.state.values()):  # between two tests that changed nothing all is where it was
            self._settle()

    def merge(self, codes: Sequence[str], into: str, name: str, day: date) -> Place:
        """Communes become one with a code and a name of its own. `KeyError` for one that there is not, `ValueError` for a code
        that is taken."""
        if into in self.places:
            raise ValueError(f"{into} is taken")
        for code in codes:
            self.places[code]
        self.state["mergers"].append({"codes": list(codes), "into": into, "name": name, "day": day.isoformat()})
        self._settle()
        return self.places[into]

    # businesses, agencies, places

    @cached_property
    def _businesses(self) -> dict[str, Business]:
        cast, owner = self._cast["business"], self._roles["owner"].cccd
        fixed = {entry["nth"] for entry in cast}
        return businesses(
            self.province.tax_prefix,
            self.seed,
            max(len(fixed), self.size // 100),
            communes=self._homes,
            address=self.address,
            owner_of=lambda n: owner if n in fixed else self._people.cccd(n * 52 % self.size // 4 * 4),
            cast=cast,
        )

    def business(self, mst: str) -> Business | None:
        """By tax code; a branch's code finds its company."""
        return self._businesses.get(mst[:10])

    def businesses(self) -> tuple[Business, ...]:
        return tuple(self._businesses.values())

    def agency(self, code: str) -> Agency | None:
        """By short or old code; what closed with a merger of provinces is found as closed."""
        return self.agencies.get(code) or self._closed_agencies.get(code.removeprefix("000.00.00."))

    @cached_property
    def _closed_agencies(self) -> dict[str, Agency]:
        return {
            code: Agency(code, f"000.00.00.{code}", f"UBND tỉnh {name}", 1, "", "", "", "", active=False)
            for code, name in self.province.former_agencies.items()
        }

    @cached_property
    def office(self) -> Agency:
        """Where the sample dossiers lie: the first district's committee, or, where there are no districts, the first commune's,
        which has taken over a district's work."""
        top = self.province.agency
        return next(a for a in self.agencies.values() if a.place and a.parent == top)

    @cached_property
    def _units(self) -> dict[str, Agency]:
        return {agency.unit_code: agency for agency in self.agencies.values() if agency.unit_code}

    def unit(self, unit_code: str) -> Agency | None:
        """By the Ministry of Justice's unit code (`maDonVi`)."""
        return self._units.get(unit_code)

    def districts(self) -> tuple[Place, ...]:
        return tuple(p for p in self.places.values() if p.level == "district")

    def communes(self, district: str | None = None) -> tuple[Place, ...]:
        return self._communes if district is None else tuple(p for p in self._communes if p.parent == district)

    @property
    def plots(self) -> tuple[Place | None, ...]:
        """Today's commune for each commune of the folder; what lies on the ground stays there when codes change."""
        return self._order.plots

    @property
    def closed_places(self) -> tuple[tuple[Place, date], ...]:
        """Communes that are no more, and since when; first those of before the province itself was merged."""
        return (*((each.place, self._closed_on) for each in self.province.former), *self._order.closed)

    @property
    def _closed_on(self) -> date:
        """The last day of the provinces that were merged."""
        return (self.province.merged or date.min + timedelta(days=1)) - timedelta(days=1)

    @property
    def closed_districts(self) -> tuple[tuple[str, str, str, date], ...]:
        """Code, name, province and last day of the districts that went with a merger of provinces."""
        found = {each.place.parent: (each.place.parent, each.district, each.province) for each in self.province.former}
        return tuple((*each, self._closed_on) for each in found.values())

    @cached_property
    def successors(self) -> Mapping[str, str]:
        """Code of a commune that is no more -> code of today. A code may stand on both sides: it was given anew."""
        today = self._order.today
        old = {each.place.code: today.get(each.into, each.into) for each in self.province.former}
        return MappingProxyType(old | {place.code: today.get(place.code, "") for place, _ in self._order.closed})

    def place(self, code: str) -> Place | None:
        return self.places.get(code)

    def place_by(self, scheme: str, code: str) -> Place | None:
        """The place that a ministry's own scheme (`moj`, `moj-unit`, `lltp`) calls so."""
        return next((p for p in self.places.values() if p.codes.get(scheme) == code), None)

    def address(self, commune: str, detail: str = "") -> Address:
        """The address of a house in a commune of this province, under the commune's code of today; `KeyError` for no commune of
        this province."""
        place = self.places[self._order.today.get(commune, commune)]
        district = self.places.get(place.parent)
        names = [
            detail,
            place.name,
            district.name if district and district.level == "district" else "",
            f"Tỉnh {self.province.title}",
        ]
        code = district.code if district and district.level == "district" else ""
        return Address(self.province.code, code, place.code, detail, ", ".join(name for name in names if name))

    # the cast

    def role(self, name: str) -> CastMember:
        return self.cast[name]

    def actor(self, role: str) -> Person:
        """The cast's person of this role."""
        return self._alive(self._roles[role])

    def company(self, role: str) -> Business:
        return self._businesses[self.cast[role].id]

    def _alive(self, person: Person) -> Person:
        day = self.state["died"].get(person.cccd)
        return replace(person, died=date.fromisoformat(day)) if day else person

    def _newcomer_index(self) -> dict[str, Person]:
        added = self.state["added"]
        for i in range(len(self._newcomers), len(added)):
            cccd = added[i]["cccd"]
            self._newcomers[cccd] = newcomer(added[i], i, self.province.numbered, self.address)
            self._numbered[cccd[:_CELL]] += 1
        return self._newcomers

    def _by_tail(self, number: str, prefix: str, digits: int, read: Any) -> Person | None:
        n = self._people.by_tail(number, prefix, digits)
        made = self._people.make(n) if n is not None else None
        return self._alive(made) if made and read(made) == number else None

    def _free_number(self, gender: str, year: int) -> str:
        first, end = (0, CAST_SERIAL) if year >= NEWBORN_YEAR else (9_800, 10_000)
        self._newcomer_index()
        used = self._numbered[cccd_of(self.province.code, gender, year, 0)[:_CELL]]
        if first + used >= end:
            raise OverflowError(f"no number left for {year}")
        return cccd_of(self.province.code, gender, year, first + used)


def _head(members: Sequence[Person]) -> Person:
    return next((p for p in members if p.relation == "Chủ hộ"), members[0])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()
