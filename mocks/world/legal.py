"""Invented legal documents of the province and of ministries: document n is a pure function of the world's seed and n.

Serial numbers from 99000 on, which no real document of a year reaches. The first ones have a fixed part to play: in force,
replaced, not yet in force, partly repealed, suspended, and a decree that they are based on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lgsp_mocks.world.world import World

COUNT = 400
FIRST_ITEM = 990_001
IN_FORCE, REPLACED, FUTURE, PARTLY, SUSPENDED, DECREE = (FIRST_ITEM + n for n in range(6))
DECREES, DECISIONS, CIRCULARS = "08", "09", "10"
KINDS: Mapping[str, tuple[str, str]] = {
    "06": ("Nghị quyết", "NQ"),
    DECREES: ("Nghị định", "NĐ"),
    DECISIONS: ("Quyết định", "QĐ"),
    CIRCULARS: ("Thông tư", "TT"),
}
"""Code of the shared catalogue `matenvanbantheoqdpl` -> name, abbreviation in numbers."""
FIELDS = ("Thông tin và truyền thông", "Tư pháp", "Tài chính", "Đất đai", "Giáo dục và đào tạo", "Y tế", "Xây dựng")
_SUBJECTS = ("phí và lệ phí", "chia sẻ dữ liệu", "một cửa điện tử", "giá đất", "thi đua, khen thưởng", "quy hoạch")
_CENTRAL = {"G09": "BNV", "G12": "BTC", "G17": "BXD"}
_ACTS = "Điều 1. Điều khoản mẫu. Điều 2. Hiệu lực thi hành."


@dataclass(frozen=True, slots=True)
class LegalDocument:
    item: int
    number: str
    kind: str
    subject: str
    agency: str
    agency_name: str
    issued: date
    effective: date | None
    expires: date | None
    fields: tuple[str, ...]
    signer: str
    position: str
    relations: tuple[tuple[int, str], ...] = ()
    """Item and what it is to this document: canCu, suaDoi, thayThe, baiBo, huongDan, hopNhat."""
    partly: bool = False
    """Some of its articles are no longer in force."""
    suspended: bool = False
    title: str = ""
    html: str = _ACTS
    source: str = "Bản gốc (mẫu)"
    files: tuple[tuple[str, str], ...] = ()

    def state(self, today: date) -> int:
        """1 not yet in force, 2 in force, 3 partly, 4 no longer, 5 suspended."""
        if self.expires and self.expires <= today:
            return 4
        if self.effective and self.effective > today:
            return 1
        return 5 if self.suspended else 3 if self.partly else 2

    @property
    def key(self) -> tuple[str, str, date]:
        return self.number, self.agency, self.issued


def documents(world: World) -> Iterator[LegalDocument]:
    return (document(world, n) for n in range(COUNT))


def by_item(world: World, item: int) -> LegalDocument | None:
    n = item - FIRST_ITEM
    return document(world, n) if 0 <= n < COUNT else None


def document(world: World, n: int) -> LegalDocument:
    top = world.province.agency
    us = (top, f"UBND tỉnh {world.province.title}")
    match FIRST_ITEM + n:
        case item if item == IN_FORCE:
            both = ((REPLACED, "thayThe"), (DECREE, "canCu"))
            return _make(n, DECISIONS, us, date(2022, 10, 20), "chia sẻ dữ liệu của tỉnh", world, relations=both)
        case item if item == REPLACED:
            return _make(n, DECISIONS, us, date(2019, 3, 1), "đã được thay thế", world, expires=date(2022, 11, 5))
        case item if item == FUTURE:
            return _make(
                n, DECISIONS, us, date(2022, 11, 1), "có hiệu lực sau nhiều năm", world, effective=date(2099, 1, 1)
            )
        case item if item == PARTLY:
            return _make(n, DECISIONS, us, date(2018, 5, 4), "hết hiệu lực một phần", world, partly=True)
        case item if item == SUSPENDED:
            return _make(n, DECISIONS, us, date(2021, 8, 2), "đang ngưng hiệu lực", world, suspended=True)
        case item if item == DECREE:
            return _make(n, DECREES, ("G22", "Chính phủ"), date(2020, 4, 9), "quản lý, kết nối dữ liệu", world)
    roll = hashlib.sha256(f"{world.seed} legal {n}".encode()).digest()
    issued = date(2015, 1, 5) + timedelta(days=int.from_bytes(roll[:3], "big") % 2_840)
    subject = f"về {_SUBJECTS[roll[3] % len(_SUBJECTS)]}"
    if roll[4] % 4 == 0:
        code = sorted(_CENTRAL)[roll[5] % len(_CENTRAL)]
        agency = world.agency(code)
        return _make(n, CIRCULARS, (code, agency.name if agency else code), issued, subject, world)
    districts = world.districts()
    if roll[4] % 4 == 1 and districts:
        place = districts[roll[5] % len(districts)]
        us = (f"{top}.{place.code}", f"UBND {place.name}")
    expires = issued + timedelta(days=365 * (1 + roll[6] % 6)) if roll[7] % 4 == 0 else None
    relations = ((DECREE, "canCu"),) if roll[8] % 2 and issued > date(2020, 4, 9) else ()
    partly = roll[9] % 12 == 0
    return _make(n, DECISIONS, us, issued, subject, world, expires=expires, partly=partly, relations=relations)


def _make(
    n: int, kind: str, agency: tuple[str, str], issued: date, subject: str, world: World, *,
    effective: date | None = None, expires: date | None = None, partly: bool = False, suspended: bool = False,
    relations: tuple[tuple[int, str], ...] = (),
) -> LegalDocument:  # fmt: skip
    name, short = KINDS[kind]
    body = {DECREES: "CP", CIRCULARS: _CENTRAL.get(agency[0], "BM")}.get(kind, "UBND")
    year = f"{issued.year}/{short}-{body}"
    number, item = f"{99_000 + n}/{year}", FIRST_ITEM + n
    file = f"{99_000 + n}-{issued.year}.pdf"
    return LegalDocument(
        item,
        number,
        kind,
        f"{name} mẫu {subject}",
        *agency,
        issued,
        effective or issued + timedelta(days=16),
        expires,
        (FIELDS[n % len(FIELDS)],),
        world.actor("owner").full_name,
        "Chủ tịch",
        relations,
        partly,
        suspended,
        title=f"{name} {number}",
        html=f"<p>{name} mẫu {subject}.</p><p>{_ACTS}</p>",
        files=((file, f"https://vbpl.example/tep/{item}/{file}"),),
    )
