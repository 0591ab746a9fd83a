"""Invented enterprises with valid tax codes of the reserved serials 99xxxxx (DOMAIN.md §3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from lgsp_mocks.world.model import Address, Business, Place
from lgsp_mocks.world.people import mix

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_KINDS = (
    "Công ty TNHH một thành viên",
    "Công ty TNHH hai thành viên trở lên",
    "Công ty cổ phần",
    "Doanh nghiệp tư nhân",
    "Hợp tác xã",
)
_INDUSTRIES = (
    ("4711", "Bán lẻ hàng hoá tổng hợp"),
    ("0118", "Trồng rau, đậu các loại"),
    ("4101", "Xây dựng nhà để ở"),
    ("5510", "Dịch vụ lưu trú ngắn ngày"),
    ("4933", "Vận tải hàng hoá bằng đường bộ"),
    ("1622", "Sản xuất đồ gỗ xây dựng"),
    ("6201", "Lập trình máy vi tính"),
)
_WORDS = ("Mẫu Sơn", "Thử Nghiệm", "Giả Định Xanh", "Mẫu Phát", "Thử Thành", "Giả Định Hưng", "Mẫu Tây Bắc")


def check_digit(body: str) -> str | None:
    """The tenth digit of a tax code; None where the serial is never issued."""
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11
    return None if rest == 0 else str(10 - rest)


def tax_codes(prefix: str) -> Iterator[str]:
    """Every issuable code of the reserved serials, in order."""
    for serial in range(9_900_001, 10_000_000):
        if digit := check_digit(f"{prefix}{serial}"):
            yield f"{prefix}{serial}{digit}"


def businesses(
    prefix: str,
    seed: int,
    count: int,
    *,
    communes: Sequence[Place],
    address: Callable[[str, str], Address],
    owner_of: Callable[[int], str],
    cast: Sequence[Mapping[str, Any]],
) -> dict[str, Business]:
    """`count` enterprises by tax code; `cast` fixes status and branches of some by their place."""
    fixed = {entry["nth"]: entry for entry in cast}
    found = {}
    for n, mst in zip(range(count), tax_codes(prefix), strict=False):
        bits, part = mix(seed, n, 21), fixed.get(n, {})
        kinds = (
            (part.get("kind", _KINDS[bits % 4]),) if part else _KINDS
        )  # of the cast only who says so is a cooperative
        kind, (industry, industry_name) = kinds[bits % len(kinds)], _INDUSTRIES[(bits >> 8) % len(_INDUSTRIES)]
        word = f"{_WORDS[(bits >> 16) % len(_WORDS)]} {n + 1}"
        of_20 = (bits >> 32) % 20  # one suspended, and now and then one that has closed
        status: Literal["active", "suspended", "closed"] = (
            "suspended" if of_20 == 0 else "closed" if of_20 == 1 and bits % 2 else "active"
        )
        branches = 0 if part or (bits >> 52) % 12 else 1 + (bits >> 56) % 3
        found[mst] = Business(
            mst=mst,
            name=f"{kind} {word}".upper(),
            short_name=f"CT {word}".upper(),
            foreign_name=f"SAMPLE COMPANY {n + 1}",
            kind=kind,
            status=part.get("status", "active" if part else status),
            founded=date(2005, 1, 1) + timedelta(days=(bits >> 24) % 6_200),
            address=address(communes[(bits >> 40) % len(communes)].code, f"Số {n % 90 + 1} đường Mẫu"),
            owner=owner_of(n),
            capital=(bits >> 48) % 200 * 50_000_000 + 100_000_000,
            industry=industry,
            industry_name=industry_name,
            phone=f"0000{800_000 + n:06d}",
            email=f"dn{n + 1}@mau.example",
            branches=tuple(f"{mst}-{i:03d}" for i in range(1, part.get("branches", branches) + 1)),
        )
    return found
