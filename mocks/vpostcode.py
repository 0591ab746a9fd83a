"""Vpostcode: addresses of the province with their twelve characters, found by words, by code and by point.

Unlike the ministries, the post says errors with HTTP statuses: 400 for what is malformed, 404 for a code of nothing, 422
for a point elsewhere. The simulated post knows this province only; the rest of the country is `NOT_COVERED`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers, HttpFault
from lgsp_mocks.world import Address, Person, Place, World
from lgsp_mocks.world.postal import ALPHABET, EAST, NORTH, SOUTH, WEST, Ground

MOST_ITEMS = 100
SHORTEST = 3
MOST_FOUND, USUALLY = 50, 10
READ_PEOPLE = 2_000
"""So many people are read for the households of an address in words."""
NO_LETTERS = re.compile(r"[\W_]+")
KINDS = ("thanh pho ", "thi xa ", "huyen ", "phuong ", "xa ", "thi tran ")


def search(ask: Ask) -> Data:
    words = str(ask.data["q"]).strip()
    if len(words) < SHORTEST:
        raise _error(400, "QUERY_TOO_SHORT", f"q phải có ít nhất {SHORTEST} ký tự")
    limit = ask.data.get("limit", USUALLY)
    if not 1 <= limit <= MOST_FOUND:
        raise _error(400, "LIMIT_INVALID", f"limit phải từ 1 đến {MOST_FOUND}")
    return {"result": list(islice(Book(ask.world).find(words), limit))}


def decode(ask: Ask) -> Data:
    code = str(ask.data["code"]).upper()
    if not re.fullmatch(f"[0-9]{{5}}[{ALPHABET}]{{7}}", code):
        raise _error(400, "CODE_INVALID", "code không đúng định dạng")
    ground = Ground(ask.world)
    commune = ground.commune_of(code)
    if commune is not None and ground.office_of(commune.code) == code:
        return _office(ground, commune)
    if household := ground.household_of(code):
        return _item(ground, code, household.address, "household")
    point = ground.point_of(code) if commune else None
    if commune is None or point is None or ground.code_near(point.lat, point.lng) != code:
        raise _error(404, "CODE_NOT_FOUND", "Không tìm thấy mã")
    return _item(ground, code, ask.world.address(commune.code), "cell")


def encode(ask: Ask) -> Data:
    lat, lng = float(ask.data["lat"]), float(ask.data["lng"])
    if not (SOUTH <= lat <= NORTH and WEST <= lng <= EAST):
        raise _error(422, "OUTSIDE_VN", "Toạ độ nằm ngoài Việt Nam")
    ground = Ground(ask.world)
    code = ground.code_near(lat, lng)
    commune = ground.commune_of(code or "")
    if code is None or commune is None:
        raise _error(422, "NOT_COVERED", "Toạ độ nằm ngoài vùng mô phỏng")
    return _item(ground, code, ask.world.address(commune.code), "cell")


def batch(ask: Ask) -> Data:
    items = ask.data["items"]
    if len(items) > MOST_ITEMS:
        raise _error(400, "BATCH_TOO_LARGE", f"items có tối đa {MOST_ITEMS} phần tử")
    book = Book(ask.world)
    return {"result": [_guess(book, str(item["id"]), str(item["diaChi"])) for item in items]}


# Finding


class Book:
    """Households by commune and house, read once for one question."""

    def __init__(self, world: World) -> None:
        self.world, self.ground = world, Ground(world)

    @cached_property
    def houses(self) -> Mapping[tuple[str, str], list[Person]]:
        found: dict[tuple[str, str], list[Person]] = {}
        for head in heads(self.world):
            found.setdefault((head.residence.commune, _plain(head.residence.detail)), []).append(head)
        return found

    @cached_property
    def names(self) -> list[tuple[Place, str, str]]:
        """Districts and communes with their plain names, with and without the kind."""
        places = (*self.world.districts(), *self.world.communes())
        return [(place, name, _short(name)) for place in places for name in (_plain(place.name),)]

    def find(self, words: str) -> Iterator[Data]:
        """Households of the house that is named, then the committees of the communes that are."""
        parts = [_plain(part) for part in words.split(",")]
        communes = self._communes(parts)
        house = next((found[0] for part in parts if (found := re.search(r"xom mau \d+", part))), "")
        for commune in communes if house else ():
            for head in self.houses.get((commune.code, house), ()):
                if code := self.ground.code_at(head.residence, head.household):
                    yield _item(self.ground, code, head.residence, "household")
        yield from (_office(self.ground, each) for each in communes)

    def _communes(self, parts: list[str]) -> list[Place]:
        """By name with or without its kind; where a district is named too, only there."""
        named = [
            place
            for place, name, short in self.names
            if any(part in (name, short) or f" {name} " in f" {part} " for part in parts)
        ]
        districts = {each.code for each in named if each.level == "district"}
        communes = [each for each in named if each.level == "commune"]
        return [each for each in communes if each.parent in districts] or communes


def heads(world: World) -> Iterator[Person]:
    """Heads of households: the cast's, then those of the first so many people of the register."""
    cast = (world.actor(member.role) for member in world.cast.values() if member.kind == "person")
    yield from (each for each in cast if each.relation == "Chủ hộ")
    yield from (each for each in world.people(0, READ_PEOPLE) if each.relation == "Chủ hộ")


def _guess(book: Book, name: str, words: str) -> Data:
    """The best item for an address in words: nearly sure of the very address, half sure of a commune."""
    item = next(book.find(words), None)
    if item is None:
        return {"id": name, "smartCode": None, "doTinCay": 0}
    sure = 0.98 if _plain(item["fullAddress"]) == _plain(words) else 0.5 if item["type"] == "office" else 0.8
    return {"id": name, "smartCode": item["smartCode"], "doTinCay": sure}


def _short(name: str) -> str:
    """Without the kind of place: `phuong thai binh` is `thai binh`."""
    return next((name[len(kind) :] for kind in KINDS if name.startswith(kind)), name)


def _plain(text: str) -> str:
    """Without accents, case and punctuation."""
    loose = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    letters = "".join(letter for letter in loose if not unicodedata.combining(letter))
    return NO_LETTERS.sub(" ", letters).strip()


def _office(ground: Ground, commune: Place) -> Data:
    address = ground.world.address(commune.code, f"UBND {commune.name}")
    return _item(ground, ground.office_of(commune.code), address, "office")


def _item(ground: Ground, code: str, address: Address, kind: str) -> Data:
    point = ground.point_of(code)
    return {
        "smartCode": code,
        "fullAddress": address.text,
        "maBuuChinh": code[:5],
        "lat": point.lat,
        "lng": point.lng,
        "maTinh": address.province,
        "maHuyen": address.district or None,
        "maXa": address.commune,
        "type": kind,
    }


# Faults and examples


def _error(status: int, code: str, message: str) -> HttpFault:
    return HttpFault(status, {"code": code, "message": message})


def business_error(ask: Ask) -> Data:
    """What the operation says of a question that it cannot take."""
    status, code = {
        "search": (400, "QUERY_TOO_SHORT"),
        "decode": (404, "CODE_NOT_FOUND"),
        "encode": (422, "OUTSIDE_VN"),
    }.get(ask.operation, (400, "BATCH_TOO_LARGE"))
    raise _error(status, code, "Yêu cầu không hợp lệ")


def duplicate(ask: Ask) -> Data:
    """Nothing is pushed here, so nothing can come twice."""
    return business_error(ask)


HANDLERS: Handlers = {"vpost": {"search": search, "decode": decode, "encode": encode, "batch": batch}}


def outcomes(world: World) -> dict[str, str]:
    """What the people's book says of the cast."""
    ground, people = Ground(world), (each for each in world.cast.values() if each.kind == "person")
    codes = {each.role: ground.code_of(world.actor(each.role).household) for each in people}
    return {role: f"household's code {code}" if code else "household without a code" for role, code in codes.items()}


def examples(world: World) -> list[Example]:
    ground = Ground(world)
    home = next(each for each in heads(world) if ground.code_at(each.residence, each.household))
    commune, code = world.communes()[0], ground.code_at(home.residence, home.household)
    office = ground.point_of(ground.office_of(commune.code))
    addresses = [{"id": "1", "diaChi": home.residence.text}, {"id": "2", "diaChi": "Không có nơi này"}]
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("search", {"q": commune.name}, "ok", "a commune by its name"),
        ("search", {"q": _plain(commune.name), "limit": 1}, "ok", "without accents"),
        ("search", {"q": home.residence.text, "limit": 5}, "ok", "a household's address"),
        ("search", {"q": "Không có nơi này"}, "record-not-found", "nothing fits"),
        ("search", {"q": "ab"}, "provider-fault", "too short: HTTP 400"),
        ("decode", {"code": code}, "ok", "a household"),
        ("decode", {"code": ground.office_of(commune.code)}, "ok", "a commune's committee"),
        ("decode", {"code": f"{world.province.post_prefix}0002222222"}, "record-not-found", "HTTP 404 CODE_NOT_FOUND"),
        ("decode", {"code": "AAAAAAAAAAAA"}, "provider-fault", "HTTP 400 CODE_INVALID"),
        ("encode", {"lat": office.lat, "lng": office.lng}, "ok", "at a commune's committee"),
        ("encode", {"lat": 48.85, "lng": 2.35}, "provider-fault", "HTTP 422 outside Viet Nam"),
        ("batch", {"items": addresses}, "ok", "one found, one not"),
    )  # fmt: skip
    return [Example(operation, request, expect, note=note) for operation, request, expect, note in asked]
