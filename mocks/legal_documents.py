"""The national database of legal documents: what the world has issued, and what the province adds to it.

A document is the same one when number, agency and day are the same: the very same content is answered "đã được tiếp nhận",
another content is refused (02).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World
from lgsp_mocks.world.legal import (
    DECISIONS,
    DECREE,
    FUTURE,
    IN_FORCE,
    KINDS,
    PARTLY,
    REPLACED,
    SUSPENDED,
    LegalDocument,
    by_item,
    documents,
)

REFUSALS = {
    "01": "Không tìm thấy văn bản",
    "02": "Đã có văn bản cùng số ký hiệu, cơ quan và ngày ban hành",
    "04": "maCoQuanBanHanh không phải cơ quan của địa phương",
}
RELATIONS = ("canCu", "suaDoi", "thayThe", "baiBo", "huongDan", "hopNhat")
FIRST_ADDED = 991_001
KEPT = 2_000
"""Documents of the province that the database remembers."""
PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,5}/(19|20)[0-9]{2}/[A-ZĐ][A-ZĐ0-9]{1,5}(-[A-ZĐ][A-Za-zĐđ0-9&]*)*")


def tim_kiem(ask: Ask) -> Data:
    data = ask.data
    if not 1 <= data["soDong"] <= PAGE or data["trang"] < 1:
        return _no("03", f"soDong vượt quá {PAGE} hoặc trang không đúng định dạng")
    first, last = (_day(data[name]) if name in data else None for name in ("tuNgayBanHanh", "denNgayBanHanh"))
    if ("tuNgayBanHanh" in data and not first) or ("denNgayBanHanh" in data and not last):
        return _no("03", "tuNgayBanHanh, denNgayBanHanh không đúng định dạng")
    agency, words = _short(ask.world, data.get("maCoQuanBanHanh", "")), _folded(data.get("tuKhoa", ""))
    today, state = ask.now.date(), data.get("tinhTrangHieuLuc")
    found = [
        each
        for each in _all(ask)
        if data.get("soKyHieu", each.number) == each.number
        if data.get("maLoaiVanBan", each.kind) == each.kind
        if agency in ("", each.agency)
        if (first or each.issued) <= each.issued <= (last or each.issued)
        if state is None or state == each.state(today)
        if words in _folded(f"{each.number} {each.title} {each.subject}")
    ]
    found.sort(key=lambda each: (each.issued, each.item), reverse=True)
    start = (data["trang"] - 1) * data["soDong"]
    rows = [_row(each, today) for each in found[start : start + data["soDong"]]]
    return {"status": 1, "tongSo": len(found), "danhSach": rows}


def chi_tiet(ask: Ask) -> Data:
    found = _one(ask)
    if found is None:
        return _no("01")
    more: Data = {
        "nguoiKy": found.signer,
        "chucDanh": found.position,
        "nguonThuThap": found.source,
        "linhVuc": list(found.fields),
        "noiDungHtml": found.html,
        "tepDinhKem": [{"ten": name, "url": url} for name, url in found.files],
    }
    return {"status": 1, "vanBan": _row(found, ask.now.date()) | more}


def van_ban_lien_quan(ask: Ask) -> Data:
    found = _one(ask)
    if found is None:
        return _no("01")
    rows = []
    for item, relation in found.relations:
        other = _by_item(ask, item)
        about = {"soKyHieu": other.number, "trichYeu": other.subject} if other else {}
        rows.append({"itemId": item, "quanHe": relation, **about})
    return {"status": 1, "vanBan": rows}


def cap_nhat(ask: Ask) -> Data:
    data, added = ask.data, _added(ask)
    if wrong := _wrong(ask):
        return _no("03", "; ".join(wrong))
    agency = ask.world.agency(data["maCoQuanBanHanh"])
    if agency is None or not agency.code.startswith(ask.world.province.agency):
        return _no("04")
    issued = _day(data["ngayBanHanh"])
    key = (data["soKyHieu"], agency.code, issued)
    digest = hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    for each in added:
        if each["digest"] == digest:
            return _no("02", f"Văn bản {data['soKyHieu']} đã được tiếp nhận") | {"itemId": each["item"]}
    if any(each.key == key for each in _all(ask)):
        return _no("02")
    item = added[-1]["item"] + 1 if added else FIRST_ADDED
    added.append(
        {"item": item, "digest": digest, "agency": agency.code, "agency_name": agency.name, "data": dict(data)}
    )
    del added[:-KEPT]
    ask.effect(f"{data['soKyHieu']} {agency.code} {data['ngayBanHanh']}")
    return {"status": 1, "itemId": item}


def business_error(ask: Ask) -> Data:
    del ask
    return _no("03", "maLoaiVanBan không tồn tại trong danh mục")


def duplicate(ask: Ask) -> Data:
    told = _no("02", "Văn bản đã được tiếp nhận")
    return told | ({"itemId": FIRST_ADDED} if ask.operation == "capNhatVanBanDiaPhuong" else {})


HANDLERS: Handlers = {
    "vbqppl": {
        "timKiem": tim_kiem,
        "chiTiet": chi_tiet,
        "vanBanLienQuan": van_ban_lien_quan,
        "capNhatVanBanDiaPhuong": cap_nhat,
    }
}


def examples(world: World) -> list[Example]:
    top = world.province.agency
    known, decree = by_item(world, IN_FORCE), by_item(world, DECREE)
    assert known is not None
    assert decree is not None
    new: Data = {
        "soKyHieu": "99901/2022/QĐ-UBND",
        "trichYeu": "Quyết định mẫu về danh mục dịch vụ công trực tuyến",
        "maLoaiVanBan": DECISIONS,
        "maCoQuanBanHanh": top,
        "ngayBanHanh": "2022-11-10",
        "ngayHieuLuc": "2022-11-20",
        "nguoiKy": known.signer,
        "chucDanh": "Chủ tịch",
        "linhVuc": ["Thông tin và truyền thông"],
        "noiDungHtml": "<p>Điều 1. Điều khoản mẫu.</p>",
        "vanBanLienQuan": [{"itemId": DECREE, "quanHe": "canCu"}],
    }
    same = {"soKyHieu": known.number, "ngayBanHanh": known.issued.isoformat()}
    return [
        Example("timKiem", {"tuKhoa": "quyết định mẫu", "maCoQuanBanHanh": top, "soDong": 10}),
        Example("timKiem", {"soKyHieu": known.number}),
        Example("timKiem", {"soKyHieu": decree.number, "maCoQuanBanHanh": "000.00.00.G22"}, note="by the older agency code"),
        Example("timKiem", {"tuNgayBanHanh": "2020-01-01", "denNgayBanHanh": "2020-12-31", "tinhTrangHieuLuc": "2"}),
        Example("timKiem", {"tuKhoa": "không có từ này"}, note="an empty list is an answer"),
        Example("timKiem", {"soKyHieu": "1/1900/QĐ-UBND"}, "record-not-found"),
        Example("timKiem", {"soDong": 51}, "invalid-message", note="at most 50 rows"),
        *(Example("chiTiet", {"itemId": item}, note=note) for item, note in _AWKWARD.items()),
        Example("chiTiet", {"itemId": 1}, "record-not-found"),
        Example("vanBanLienQuan", {"itemId": IN_FORCE}),
        Example("vanBanLienQuan", {"itemId": DECREE}, note="based on nothing"),
        Example("vanBanLienQuan", {"itemId": 1}, "record-not-found"),
        Example("capNhatVanBanDiaPhuong", new),
        Example("capNhatVanBanDiaPhuong", new | same, "provider-fault", note="02: another content under a number that is taken"),
        Example("capNhatVanBanDiaPhuong", new | {"maCoQuanBanHanh": "G22"}, "provider-fault", note="04: not the province's"),
        Example("capNhatVanBanDiaPhuong", new | {"maLoaiVanBan": "99"}, "provider-fault", note="03: unknown kind"),
    ]  # fmt: skip


_AWKWARD = {
    IN_FORCE: "in force",
    REPLACED: "no longer in force",
    FUTURE: "not yet in force",
    PARTLY: "partly repealed",
    SUSPENDED: "suspended",
}


def _all(ask: Ask) -> Iterator[LegalDocument]:
    yield from documents(ask.world)
    yield from (_of(each) for each in _added(ask))


def _added(ask: Ask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask.state.setdefault("vanBan", [])
    return found


def _one(ask: Ask) -> LegalDocument | None:
    return _by_item(ask, ask.data["itemId"])


def _by_item(ask: Ask, item: int) -> LegalDocument | None:
    added = next((_of(each) for each in _added(ask) if each["item"] == item), None)
    return added or by_item(ask.world, item)


def _of(kept: Mapping[str, Any]) -> LegalDocument:
    """A document that the province has added."""
    data = kept["data"]
    return LegalDocument(
        kept["item"],
        data["soKyHieu"],
        data["maLoaiVanBan"],
        data["trichYeu"],
        kept["agency"],
        kept["agency_name"],
        _day(data["ngayBanHanh"]) or date.min,
        _day(data.get("ngayHieuLuc", "")),
        _day(data.get("ngayHetHieuLuc", "")),
        tuple(data.get("linhVuc", ())),
        data["nguoiKy"],
        data["chucDanh"],
        tuple((each["itemId"], each["quanHe"]) for each in data.get("vanBanLienQuan", ())),
        title=data["tenVanBan"],
        html=data["noiDungHtml"],
        source=data.get("nguonThuThap", "Địa phương cập nhật"),
        files=tuple((each["ten"], each["url"]) for each in data.get("tepDinhKem", ())),
    )


def _row(found: LegalDocument, today: date) -> Data:
    days = {"ngayBanHanh": found.issued, "ngayHieuLuc": found.effective, "ngayHetHieuLuc": found.expires}
    return {
        "itemId": found.item,
        "soKyHieu": found.number,
        "tenVanBan": found.title,
        "trichYeu": found.subject,
        "maLoaiVanBan": found.kind,
        "loaiVanBan": KINDS[found.kind][0],
        "maCoQuanBanHanh": found.agency,
        "coQuanBanHanh": found.agency_name,
        **{name: f"{day:%d/%m/%Y}" for name, day in days.items() if day},
        "tinhTrangHieuLuc": found.state(today),
    }


def _wrong(ask: Ask) -> list[str]:
    data = ask.data
    days = ("ngayBanHanh", "ngayHieuLuc", "ngayHetHieuLuc")
    wrong = [f"{name} không đúng định dạng" for name in days if name in data and _day(data[name]) is None]
    if not _NUMBER.fullmatch(data["soKyHieu"]):
        wrong.append("soKyHieu không đúng định dạng")
    if data["maLoaiVanBan"] not in KINDS:
        wrong.append("maLoaiVanBan không tồn tại trong danh mục")
    strange = [
        each
        for each in data.get("vanBanLienQuan", [])
        if each["quanHe"] not in RELATIONS or _by_item(ask, each["itemId"]) is None
    ]
    wrong += ["vanBanLienQuan không tồn tại"] if strange else []
    issued, effective = _day(data["ngayBanHanh"]), _day(data.get("ngayHieuLuc", ""))
    if not wrong and issued and effective and effective < issued:
        wrong.append("ngayHieuLuc trước ngày ban hành")
    return wrong


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def _short(world: World, code: str) -> str:
    """Agencies are known by both orders of their code."""
    agency = world.agency(code)
    return agency.code if agency else code


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split())).casefold()


def _no(code: str, text: str = "") -> Data:
    return {"status": 0, "maLoi": code, "moTaLoi": text or REFUSALS[code]}
