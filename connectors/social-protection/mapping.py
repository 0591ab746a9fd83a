"""Social protection: strings for everything, the ministry's own ids, names whose case drifts, papers as XML in a string.

Pushed as `CMND_NgayCap` and `HKTT_MaTinh`, the same member comes back as `cmnD_NgayCap` and `hktT_MaTinh`: the ministry's
serializer lowers the first letters. Here every name is read whatever its case, and said as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, RecordNotFound
from lgsp.mapping import (
    CodeTable,
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    listed,
    pointers,
    read_date,
    read_moment,
    refusal,
    text_of,
    write_date,
    write_moment,
    xml_data,
    xml_text,
)

DATE, MOMENT = "dd/MM/yyyy", "dd/MM/yyyy HH:mm:ss"
LOOK_BACK = timedelta(days=7)
GENDER = CodeTable({"1": "1034", "2": "1035"})
ISSUER = CodeTable({"00": "1047", "11": "991211", "17": "991217"})
"""Who issued the identity paper: 00 is the police department for administrative management, else the GSO code of a province.
1047 is sourced, the provinces' ids are invented."""
DATES = ("NgayThangNamSinh", "CMND_NgayCap", "NgayBanHanh")
MOMENTS = (
    "NgayTiepNhan", "NgayHenTra", "SubmitedDate", "NgayKetThucXuLy_ThucTe", "ThoiDiemXuLy", "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
)  # fmt: skip
FLAGS = ("HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID", "DuocThanhToanTrucTuyen")
PLACES = {"MaTinh": 2, "MaHuyen": 3, "MaXa": 5}
"""Last part of a place member's name -> digits of the GSO code."""
PLAIN = (
    "LoaiKetQua", "SoQuyetDinh", "CoQuanBanHanh", "TrichYeu", "MaHoSo", "MaLinhVuc", "TenLinhVuc", "KenhThucHien",
    "LoaiDoiTuong", "HinhThucTra", "MaTTHC", "TenTTHC", "HoVaTen", "CMND", "HKTT_MaThon", "HKTT_ChiTiet", "NOHT_MaThon",
    "NOHT_ChiTiet", "SoDienThoai", "Email", "DonViXuLy", "NoiNopHoSo", "LoaiDinhDanh", "SoDinhDanh", "MaCSDL",
    "SoTaiKhoan", "NganHang", "StatusId", "UrlDetail",
)  # fmt: skip
_PREFIXES = ("", "HKTT_", "NOHT_")
_ALL_PLACES = tuple(prefix + part for prefix in _PREFIXES for part in PLACES)
PUBLISHED = {
    name.casefold(): name
    for name in (*PLAIN, *DATES, *MOMENTS, *FLAGS, *_ALL_PLACES, "GioiTinhId", "DanTocId", "CMND_NoiCap")
}
"""The name as published, by the name in any case. AcceptKey is not among them: it never leaves."""
PAPERS = {
    "DanhSachTaiLieuNop": ("DanhsachTaiLieuNop", "TaiLieuNop"),
    "DanhSachGiayToKetQua": ("DanhSachGiayToKetQua", "GiayToKetQua"),
}
"""Our list -> the elements of ExtentData around it; the small s of DanhsachTaiLieuNop is the ministry's."""
PAPER_FLAGS = ("IsDeleted", "DuocSoHoa", "DuocLayTuKhoDMQG")
PAPER_LEAVES = {
    "DanhSachTaiLieuNop": (
        "TepDinhKemId", "TenTepDinhKem", "IsDeleted", "MaThanhPhanHoSo", "DuongDanTaiTepTin", "DuocSoHoa",
        "DuocTaiSuDung", "DuocLayTuKhoDMQG", "MaKetQuaThayThe",
    ),
    "DanhSachGiayToKetQua": ("TenGiayTo", "MaThanhPhanHoSo", "GiayToId", "DuongDanTepTinKetQua", "MaGiayToKetQua"),
}  # fmt: skip
OK, NOT_ADMITTED, NOT_FOUND = "0", ("1",), ("3",)
"""Codes other than 0 are our reconstruction: 1 AcceptKey, 2 data refused, 3 no such dossier."""


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """Raises `InvalidMessage` for a date that is none and for a place that the ministry's table lacks."""
    head = {"AcceptKey": ctx.secrets.get("AcceptKey", "")}
    if operation == "XuLyHoSo":
        return head | {name: _theirs(name, value, ctx) for name, value in data.items()}
    head["LoaiDuLieu"] = ctx.values["LoaiDuLieu"]
    if operation == "LayKetQua":
        since = data.get("from") or (ctx.now - LOOK_BACK).date().isoformat()
        places = {name: _theirs(name, data[name], ctx) for name in PLACES if name in data}
        return head | places | {"from": _date(since, "/from")}
    sent = {name: _theirs(name, value, ctx) for name, value in data.items() if name not in PAPERS}
    sent.setdefault("HoSoCoThanhPhanSoHoa", "1" if data.get("DanhSachTaiLieuNop") else "0")
    return head | sent | {"CertificateExtentData": _papers(data)}


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """`error_code` is a string where dossiers are pushed and a number where results are pulled."""
    if operation == "LayKetQua":
        result = data["result"]
        said = text_of(result.get("message"))
        if text_of(result.get("error_code")) != OK:
            raise _refused(result.get("error_code"), said, ctx)
        rows = [_dossier(row, ctx) for row in listed(result.get("data")) if isinstance(row, Mapping)]
        wanted = ctx.request.get("MaHoSo")
        if wanted is not None:
            rows = [row for row in rows if row.get("MaHoSo") == wanted]
            if not rows:
                raise RecordNotFound(provider=(OK, said))
        return {"hoSo": rows}
    code, said = text_of(data["error_code"]), text_of(data.get("message"))
    before = code != OK and operation == "DongBoDVC" and already_received(said)
    if code != OK and not before:
        raise _refused(code, said, ctx)
    done = {"MaHoSo": ctx.request.get("MaHoSo"), "moTa": said}
    return filled(done | ({"daTiepNhanTruoc": before} if operation == "DongBoDVC" else {}))


def _refused(code: object, said: str, ctx: Context) -> LgspError:
    errors = field_errors(said, PUBLISHED_POINTERS | pointers(ctx.request))
    return refusal(code, said, not_found=NOT_FOUND, not_admitted_codes=NOT_ADMITTED, errors=errors)


PUBLISHED_POINTERS = {name: f"/{name}" for name in PUBLISHED.values()}


def _theirs(name: str, value: Any, ctx: Context) -> str:
    path = f"/{name}"
    if name in DATES:
        return _date(value, path)
    if name in MOMENTS:
        try:
            return write_moment(value, MOMENT)
        except InvalidMessage as wrong:
            raise InvalidMessage(errors=(FieldError(path, "date-time"),)) from wrong
    if name in FLAGS:
        return "1" if value else "0"
    if name in _ALL_PLACES:
        return _place(text_of(value), path, ctx)
    match name:
        case "GioiTinhId":
            return GENDER.theirs(text_of(value))
        case "DanTocId":
            return text_of(value).lstrip("0")
        case "CMND_NoiCap":
            return ISSUER.theirs(text_of(value))
    return text_of(value)


def _place(gso: str, path: str, ctx: Context) -> str:
    """Provinces and communes go by the GSO code without its leading zero, districts by the ministry's own ids."""
    theirs = ctx.places.theirs(gso)
    if theirs is None:
        raise InvalidMessage(errors=(FieldError(path, "enum"),))
    return theirs.lstrip("0") or "0"


def _date(iso: str, path: str) -> str:
    try:
        return write_date(iso, DATE)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(path, "date"),)) from wrong


def _papers(data: Data) -> str:
    content: Data = {}
    for ours, (outer, inner) in PAPERS.items():
        rows = [{leaf: _paper_leaf(leaf, row.get(leaf)) for leaf in PAPER_LEAVES[ours]} for row in data.get(ours) or ()]
        content[outer] = {inner: rows}
    return xml_text("ExtentData", content)


def _paper_leaf(name: str, value: Any) -> str:
    return ("1" if value else "0") if name in PAPER_FLAGS else text_of(value)


def _dossier(row: Mapping[str, Any], ctx: Context) -> Data:
    dossier: Data = {}
    papers: object = None
    for name, value in row.items():
        published = PUBLISHED.get(name.casefold())
        if published is not None:
            dossier[published] = _ours(published, value, ctx)
        elif name.casefold() == "certificateextentdata":
            papers = value
    return filled(dossier | _read_papers(papers))


def _ours(name: str, value: Any, ctx: Context) -> Any:
    if name in DATES:
        return read_date(value, DATE, "yyyyMMdd", "yyyy-MM-dd")
    if name in MOMENTS:
        day = read_date(value, DATE)
        return read_moment(value, MOMENT, "dd/MM/yyyy HH:mm") or (
            f"{day}T00:00:00+07:00" if day and len(day) == 10 else None
        )
    text = text_of(value)
    if name in FLAGS:
        return {"1": True, "0": False}.get(text)
    if name in _ALL_PLACES:
        return ctx.places.ours(text, PLACES[name.rpartition("_")[2]]) if text else None
    match name:
        case "GioiTinhId":
            return GENDER.ours(text)
        case "DanTocId":
            return text.zfill(2) if text else None
        case "CMND_NoiCap":
            return ISSUER.ours(text)
    return text


def _read_papers(text: object) -> Data:
    """Both lists of ExtentData. Nothing, or an empty string, is no papers; what is no XML is `BadAnswer`."""
    if not text_of(text).strip():
        return {}
    found = {name.casefold(): part for name, part in xml_data(text, lists=("TaiLieuNop", "GiayToKetQua")).items()}
    papers: Data = {}
    for ours, (outer, inner) in PAPERS.items():
        part = found.get(outer.casefold()) or {}
        if not isinstance(part, Mapping):
            raise BadAnswer
        rows = [row for row in listed(part.get(inner)) if isinstance(row, Mapping)]
        papers[ours] = [{leaf: _read_leaf(leaf, row.get(leaf)) for leaf in PAPER_LEAVES[ours]} for row in rows]
    return papers


def _read_leaf(name: str, value: object) -> Any:
    text = value if isinstance(value, str) else ""
    return {"1": True, "0": False}.get(text) if name in PAPER_FLAGS else text
