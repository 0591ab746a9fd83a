"""Civil status: XML inside a JSON string, one `status` that means three things, dates with dots, the ministry's own codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import InvalidMessage, ProviderFault, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    json_data,
    listed,
    read_date,
    read_moment,
    refusal,
    rule_of,
    text_of,
    write_date,
    write_moment,
    xml_text,
)

INNER = "dd.MM.yyyy"
"""Inside the XML; partial dates lose their leading parts (`11.2022`, `1987`)."""
READ = ("dd.MM.yyyy", "dd/MM/yyyy", "yyyy-MM-dd")
STATES = {
    "1": "Đã tiếp nhận, chờ xử lý",
    "2": "Cần bổ sung",
    "3": "Đủ điều kiện giải quyết",
    "4": "Đã hoàn thành đăng ký",
}
NOT_ADMITTED = ("100", "101")
NOT_FOUND = ("201",)
NOT_FINISHED = "200"
CODES = {"106": "maDonVi", "108": "maTinh", "302": "loaiDanhMuc"}
"""Refusals that are about one member and do not name it."""
SENT = ("dangKyHoTich", "nhanHoSoDKHT")
PROVINCES = "4"
PLACES = ("nksNoiSinhDVHC",)
OUTER = {"maDonVi": "/maDonVi", "module": "/module", "maHoSo": "/maHoSo", "ngayTiepNhan": "/ngayTiepNhan", "maTinh": "/maTinh",
         "maHoSoLT": "/maHoSoLT", "maHoSoMCDT": "/maHoSoMCDT", "fileDinhKem": "/fileDinhKem", "dsMaHoSo": "/dsMaHoSo",
         "ngayCapNhat": "/ngayCapNhat", "loaiDanhMuc": "/loaiDanhMuc"}  # fmt: skip


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """The public message in the ministry's dialect. Raises `InvalidMessage` for what its codes cannot say."""
    match operation:
        case "dangKyHoTich":
            sent = {name: data[name] for name in ("maDonVi", "module", "maHoSo", "ngayTiepNhan")}
            return sent | {"data": _record(data["hoSo"], ctx)}
        case "nhanHoSoDKHT":
            sent = {name: data[name] for name in ("maDonVi", "module", "maHoSoLT", "maHoSoMCDT", "ngayTiepNhan")}
            sent["data"] = _record(data["hoSo"], ctx)
            if data.get("fileDinhKem"):
                sent["fileDinhKem"] = [_file(file) for file in data["fileDinhKem"]]
            return sent
        case "traHoSo":
            return data | {"maHoSo": int(data["maHoSo"])}
        case "traDanhSachHoSo":
            ids = [int(each) for each in data["dsMaHoSo"]]
            return {"maTinh": _province(data["maTinh"], ctx), "module": data["module"], "dsMaHoSo": ids}
        case "traKetQuaHoSoDKHT":
            province = _province(data.get("maTinh") or ctx.values.get("maTinh", ""), ctx)
            if not (dossiers := _dossiers(data)):
                raise InvalidMessage(errors=(FieldError("/maHoSoLT", "required"),))
            return {"maDinhDanhHoSo": dossiers, "maTinh": province, "module": data["module"]}
        case "capNhatTrangThaiHoSoLT":
            return data | {
                name: write_moment(value, "yyyyMMddHHmmss")
                if name == "thoiGianThucHien"
                else write_date(value, "yyyyMMdd")
                for name, value in data.items()
                if name == "thoiGianThucHien" or _is_date(name)
            }
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """The ministry's answer in clean types. Raises the leaf of what it refused, in its own words."""
    if operation == "capNhatTrangThaiHoSoLT":
        return _reported(data, ctx)
    said = text_of(data.get("statusDescription"))
    if data["status"] == 0:
        return _refused(operation, data, said, ctx)
    value = data.get("value")
    match operation:
        case "dangKyHoTich" | "nhanHoSoDKHT":
            return _received(ctx, said, before=False)
        case "danhMuc":
            rows = listed(json_data(value)) if value else []
            return {"danhMuc": [_entry(row, ctx) for row in rows if isinstance(row, Mapping)]}
        case "traTrangThaiHoSo":
            state = text_of(data["status"])
            if state not in STATES:
                raise ProviderFault(provider=(state, said))
            return filled({"trangThai": state, "tenTrangThai": STATES[state], "moTa": said})
        case "ketQuaDangKyHS":
            if not value:
                return filled({"daHoanThanh": False, "moTa": said})
            return filled({"daHoanThanh": True, "moTa": said, "hoSo": _registered(value)})
        case "dsHoSoDangKy":
            return {
                "hoSo": [filled({"id": text_of(row.get("id")), "maDonVi": row.get("maDonVi")}) for row in listed(value)]
            }
        case "traKetQuaHoSoDKHT":
            outcomes = [_outcome(row, ctx) for row in listed(value)]
            if not outcomes and len(_dossiers(ctx.request)) == 1:
                raise RecordNotFound(provider=("201", said))
            return {"ketQua": outcomes}
    records = [_registered(row) for row in listed(value)]
    if not records:
        raise RecordNotFound(provider=("201", said))
    return {"hoSo": records}


def _record(record: Data, ctx: Context) -> str:
    """The dossier as the ministry wants it inside `data`: one element a field, in the caller's order."""
    fields: Data = {}
    for name, value in record.items():
        if value in (None, ""):
            continue
        if isinstance(value, Mapping):
            fields[name] = {part: _place(code, f"/hoSo/{name}/{part}", ctx) for part, code in value.items()}
        elif _is_date(name):
            fields[name] = _day(value, f"/hoSo/{name}")
        else:
            fields[name] = _place(value, f"/hoSo/{name}", ctx) if name in PLACES else value
    return xml_text("hotich", {"hoso": fields})


def _is_date(name: str) -> bool:
    return (name.startswith(("ngay", "han")) or "Ngay" in name) and not name.endswith("BangChu")


def _day(iso: str, path: str) -> str:
    try:
        return write_date(iso, INNER)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(path, "date"),)) from wrong


def _place(code: object, path: str, ctx: Context) -> str:
    if path.endswith("dcChiTiet") or not code:
        return text_of(code)
    theirs = ctx.places.theirs(text_of(code))
    if theirs is None:
        raise InvalidMessage(errors=(FieldError(path, "enum"),))
    return theirs


def _province(gso: str, ctx: Context) -> str:
    return _place(gso, "/maTinh", ctx)


def _file(file: Data) -> Data:
    """The content is not looked at: it may be a `Blob`."""
    return file | {"huyGiayTo": int(bool(file.get("huyGiayTo", False)))}


def _dossiers(data: Data) -> list[str]:
    """The one and the several, each once."""
    return list(dict.fromkeys([*listed(data.get("maHoSoLT")), *listed(data.get("maDinhDanhHoSo"))]))


def _received(ctx: Context, said: str, *, before: bool) -> Data:
    name = "maHoSoLT" if "maHoSoLT" in ctx.request else "maHoSo"
    return filled({name: ctx.request.get(name), "daTiepNhanTruoc": before, "moTa": said})


def _refused(operation: str, data: Data, said: str, ctx: Context) -> Data:
    """`status` 0: a refusal, unless it only says that the dossier is there already, or not finished yet."""
    code, text = text_of(data.get("errorCode")), text_of(data.get("errorDescription")) or said
    if operation in SENT and already_received(text):
        return _received(ctx, text, before=True)
    if operation == "ketQuaDangKyHS" and code in (NOT_FINISHED, ""):
        return filled({"daHoanThanh": False, "moTa": text})
    errors = field_errors(text, OUTER, inside="/hoSo")
    if not errors and CODES.get(code) in ctx.request:
        errors = (FieldError(f"/{CODES[code]}", "enum"),)
    raise refusal(code or "0", text, not_found=NOT_FOUND, not_admitted_codes=NOT_ADMITTED, errors=errors)


def _entry(row: Mapping[str, Any], ctx: Context) -> Data:
    """Provinces go by the GSO code, as in every other public message."""
    code = text_of(row.get("ma"))
    if ctx.request.get("loaiDanhMuc") == PROVINCES:
        code = ctx.places.ours(code) or code
    return {"ma": code, "ten": text_of(row.get("ten"))}


def _registered(row: Data) -> Data:
    return filled({name: _clean(name, value) for name, value in row.items()})


def _clean(name: str, value: Any) -> Any:
    if name == "maDonVi":
        return value
    return read_date(value, *READ) if _is_date(name) else text_of(value)


def _outcome(row: Data, ctx: Context) -> Data:
    outcome = {name: _clean(name, value) for name, value in row.items() if name != "ketQuaXuLy"}
    outcome["maTinh"] = ctx.places.ours(text_of(row.get("maTinh"))) if row.get("maTinh") else None
    outcome["thoiGianThucHien"] = read_moment(row.get("thoiGianThucHien"), "yyyyMMddHHmmss", "dd/MM/yyyy HH:mm:ss")
    result = {name: _clean(name, value) for name, value in (row.get("ketQuaXuLy") or {}).items()}
    if result.get("ndkksMaTinh"):
        result["ndkksMaTinh"] = ctx.places.ours(result["ndkksMaTinh"])
    return filled(outcome | {"ketQuaXuLy": result})


def _reported(data: Data, ctx: Context) -> Data:
    """The joint-procedure portal answers its framework's problem document: members it names are the caller's own."""
    faulty = data.get("errors") or {}
    if faulty or (data.get("status") or 200) >= 400:
        words = "; ".join(
            [text_of(data.get("title")), *(text_of(each) for said in faulty.values() for each in listed(said))]
        )
        errors = tuple(FieldError(f"/{name}", rule_of(said)) for name, said in faulty.items() if said)
        raise refusal(
            data.get("status") or 400, words, not_found=("404",), not_admitted_codes=("401", "403"), errors=errors
        )
    return filled({"soHoSoLT": ctx.request.get("soHoSoLT"), "moTa": text_of(data.get("title"))})
