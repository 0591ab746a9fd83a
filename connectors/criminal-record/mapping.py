"""Criminal record: two generations behind one message, `infoType` with four meanings, gender 1/0 and 1/2, internal ids.

Nationality, ethnic and place ids of the first generation are invented here as in the simulator (no list is published);
an installation checks them against `traDanhMuc`. Codes that a table lacks pass unchanged in answers and are refused,
with the pointer, where the ministry wants a number. Longer than a module should be: two dialects of one message have to
stand side by side, and a mapping is one file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, RecordNotFound, Timeout
from lgsp.mapping import (
    CodeTable,
    Context,
    Data,
    FieldError,
    already_received,
    field_errors,
    filled,
    listed,
    not_admitted,
    pointers,
    read_date,
    refusal,
    text_of,
    write_date,
)

DAY = "dd/MM/yyyy"
READ = ("dd/MM/yyyy", "yyyy-MM-dd")
GENDER = CodeTable({"1": "1", "2": "0"})
"""The first generation's 0 is a woman; the second one says 1 and 2 as everybody does."""
NATIONALITY = CodeTable({"VN": "4001", "LA": "4002", "CN": "4003", "US": "4004"})
ETHNIC = CodeTable({f"{n:02d}": str(4100 + n) for n in range(1, 55)})
FORMS = {
    "declarationWSForm": "declarationForm",
    "residenceWSForm": "residenceForm",
    "mandatorWSForm": "mandatorForm",
}
"""The guide's names, and those that clients send."""
DATES = ("birthDateStr", "idIssueDate", "dadDob", "momDob", "partnerDob", "declareDate", "fromDateStr", "toDateStr",
         "mandatorDate", "receiveDate", "appointmentDate", "issueDate")  # fmt: skip
PLACES = (
    "reRegionId",
    "rtRegionId",
    "regionRequestId",
    "deliveryDistrict",
    "giveProfileDistrict",
    "regionId",
    "birthPlaceId",
)
NUMBERS = ("idTypeId", "ministryJusticeId", "declareTypeId", "requestQty", "requestQtyAdd", "objectRequestId",
           "agencyRequestId", "formType")  # fmt: skip
COUNTED = ("requestQty", "requestQtyAdd")
FLAGS = ("isBanPosition", "delivery", "giveProfileType")
SECOND = {
    "fullName": "nycHoTen", "otherName": "nycTenGoiKhac", "genderId": "nycGioiTinh", "birthDateStr": "nycNgaySinh",
    "nationalityId": "nycQuocTich", "ethnicId": "nycDanToc", "idTypeId": "nycLoaiGiayTo", "identifyNo": "nycSoGiayTo",
    "idIssueDate": "nycNgayCapGiayTo", "idIssuePlace": "nycNoiCapGiayTo", "dadName": "nycHoTenCha", "dadDob": "chaNgaySinh",
    "momName": "nycHoTenMe", "momDob": "meNgaySinh", "partnerName": "nycHoTenVoChong", "partnerDob": "voChongNgaySinh",
    "phone": "nycDienThoai", "email": "nycEmail", "formType": "loaiPhieu", "isBanPosition": "yeuCauCDNCV",
    "purpose": "mucDich", "requestQty": "soLuongCap", "nycThuongTru": "nycThuongTru", "nycTamTru": "nycTamTru",
    "nycNoiSinh": "nycNoiSinh",
}  # fmt: skip
"""Our member -> the second generation's. The next tuple has one name in both and is unknown to the first one."""
SECOND_ONLY = ("maMucDich", "thongTinAnTich", "chaLoaiGiayTo", "chaSoGiayTo", "meLoaiGiayTo", "meSoGiayTo",
               "voChongLoaiGiayTo", "voChongSoGiayTo")  # fmt: skip
AUTHORISED = {
    "fullName": "uyQuyenHoTen", "genderId": "nuqGioiTinh", "birthDateStr": "nuqNgaySinh", "idTypeId": "nuqLoaiGiayto",
    "identifyNo": "nuqSoGiayTo", "idIssueDate": "nuqNgayCapGiayTo", "idIssuePlace": "nuqNoiCapGiayTo",
    "mandatorRelation": "nyqQuanHe",
}  # fmt: skip
STAYED = {
    "fromDateStr": "tuNgay",
    "toDateStr": "denNgay",
    "residencePlace": "noiCuTru",
    "jobName": "ngheNghiep",
    "workPlace": "noiLamViec",
}
ADDRESSES = (
    ("nycThuongTru", "residence", "reRegionId"),
    ("nycTamTru", "residenceTemporary", "rtRegionId"),
    ("nycNoiSinh", "birthPlace", ""),
)
SOURCES = {"1": "Cổng dịch vụ công", "3": "Trực tiếp"}
FIRST_STATES = {"3": "Sở Tư pháp đã tiếp nhận", "4": "Đang xử lý", "5": "Đã có phiếu"}
STATES = {
    "1": "Mới đăng ký", "2": "Được tiếp nhận", "3": "Không được tiếp nhận", "4": "Đang xử lý", "5": "Yêu cầu bổ sung",
    "6": "Yêu cầu nghĩa vụ tài chính", "7": "Công dân rút", "8": "Dừng xử lý", "9": "Đã xử lý xong", "10": "Đã trả kết quả",
}  # fmt: skip
AS_FIRST = {"1": "3", "2": "3", "4": "4", "5": "4", "6": "4", "9": "5", "10": "5"}
"""What a state of the second generation is in the first one's three; refused, withdrawn and stopped are none of them."""
MARK_OF = {"1": "3", "2": "1"}
"""`infoType` of traHoSo -> `infoType` that danhDauHsThanhCong wants for the same dossier."""
MARK_STATE = "2"


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """The public message in the dialect of `ctx.backend`. Raises `InvalidMessage` for what its codes cannot say."""
    match operation:
        case "nhanHoSoDangKy":
            return _first(data, ctx) if ctx.backend == "v1" else _second(data, ctx)
        case "traTrangThaiHs" if ctx.backend == "v2":
            if data.get("infoType", "2") != "2":
                raise _wrong("/infoType", "enum")
            return _key(ctx) | {"maHoSoMCDT": data["idReceivedDec"]}
        case "traTrangThaiHs":
            if data.get("infoType") == "1" and not data.get("identifyNo"):
                raise _wrong("/identifyNo", "required")
            return {"infoType": "2"} | data
        case "danhDauHsThanhCong":
            return _mark(data)
        case "traKetQuaHoSoLLTP":
            told = {name: ctx.values[name] for name in ("maTinh", "tenTinh")} | data
            told["tenTrangThaiXuLy"] = STATES[data["trangThaiXuLy"]]
            if "ngayHenTraKetQua" in data:
                told["ngayHenTraKetQua"] = _day(data["ngayHenTraKetQua"], "/ngayHenTraKetQua")
            if "ketQuaXuLy" in data:
                told["ketQuaXuLy"] = _result(data["ketQuaXuLy"], "/ketQuaXuLy")
            return told
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """The ministry's answer in clean types. Raises the leaf of what it refused, in its own words."""
    if operation == "traKetQuaHoSoLLTP":
        return _reported(data, ctx)
    if ctx.backend == "v2":
        return _second_answer(operation, data, ctx)
    if operation == "traDanhMuc":
        rows = [_entry(row, ctx) for row in listed(data.get("result"))]
        if not rows:
            raise RecordNotFound
        return {"danhMuc": rows}
    said = text_of(data.get("DESCRIPTION"))
    if text_of(data.get("STATUS", 1)) != "1":
        return _refused(operation, said, ctx)
    match operation:
        case "nhanHoSoDangKy":
            return _received(said, ctx, before=False) | filled({"ID": data.get("ID")})
        case "traTrangThaiHs":
            return _state(data) | filled({"moTa": said})
        case "danhDauHsThanhCong":
            return filled({"soHoSo": len(listed(ctx.request.get("declarationId"))) or 1, "moTa": said})
        case "traDsTrangThaiHs":
            changes = [_change(row) for row in listed(data.get("LISTCONTENT"))]
            return {"LISTCONTENT": changes} if changes else {}
    return _queue(data, ctx)


# The first generation


def _first(data: Data, ctx: Context) -> Data:
    forms = _forms(data)
    sent: Data = {
        "idMinistryJustice": data.get("idMinistryJustice", ctx.values["idMinistryJustice"]),
        "idReceivedDec": data["idReceivedDec"],
        "dateReceivedDec": _day(data["dateReceivedDec"], "/dateReceivedDec"),
    }
    if "datePromissoryDec" in data:
        sent["datePromissoryDec"] = _day(data["datePromissoryDec"], "/datePromissoryDec")
    sent |= filled({"idMoneyReceipt": data.get("idMoneyReceipt")})
    for name, (path, form) in forms.items():
        if isinstance(form, list):
            sent[name] = [_form(each, f"{path}/{n}", ctx) for n, each in enumerate(form)]
        else:
            sent[name] = _form(form, path, ctx)
    return sent


def _forms(data: Data) -> dict[str, tuple[str, Any]]:
    """Form by the guide's name -> (where the caller put it, what it says)."""
    found = {}
    for name, other in FORMS.items():
        if name in data and other in data:
            raise _wrong(f"/{other}", "once")
        used = other if other in data else name
        if used in data:
            found[name] = (f"/{used}", data[used])
    if "declarationWSForm" not in found:
        raise _wrong("/declarationWSForm", "required")
    return found


def _form(form: Data, path: str, ctx: Context) -> Data:
    sent: Data = {}
    for name, value in (form | _words(form)).items():
        if name in SECOND_ONLY or isinstance(value, Mapping) or value in (None, ""):
            continue
        sent[name] = _sent(name, value, f"{path}/{name}", ctx)
    return sent


def _words(form: Data) -> Data:
    """An address in parts said in words, where the caller gave no words: all that the first generation takes."""
    said: Data = {}
    for whole, text, region in ADDRESSES:
        parts = form.get(whole) or {}
        words = ", ".join(
            parts[n] for n in ("dcChiTiet", "tenPhuongXa", "tenQuanHuyen", "tenTinhThanh") if parts.get(n)
        )
        codes = [parts[n] for n in ("maPhuongXa", "maQuanHuyen", "maTinhThanh") if parts.get(n)]
        if words and not form.get(text):
            said[text] = words
        if codes and region and not form.get(region):
            said[region] = codes[0]
    return said


def _sent(name: str, value: Any, path: str, ctx: Context) -> Any:
    if name in DATES:
        return _day(value, path)
    if name in FLAGS:
        return int(bool(value))
    if name in PLACES:
        theirs = ctx.places.theirs(text_of(value))
        return _number(theirs or "", path)
    for only, table in (("genderId", GENDER), ("nationalityId", NATIONALITY), ("ethnicId", ETHNIC)):
        if name == only:
            return _number(table.theirs(text_of(value)), path)
    return _number(text_of(value), path) if name in NUMBERS else text_of(value)


def _state(data: Data) -> Data:
    state = text_of(data.get("DEC_STATUS_ID"))
    if not state:
        raise BadAnswer
    return filled(
        {
            "DEC_STATUS_ID": state,
            "DEC_STATUS_NAME": data.get("DEC_STATUS_NAME") or FIRST_STATES.get(state),
            "APPROVE_DATE": _whole(data.get("APPROVE_DATE")),
            "ISSUE_DATE": _whole(data.get("ISSUE_DATE")),
        }
    )


def _change(row: Data) -> Data:
    names = ("DECLARATION_ID", "APPOINTMENT_NO", "RECEIVE_NO")
    change = filled({name: text_of(row.get(name)) for name in names}) | _state(row)
    if "DECLARATION_ID" in change:
        change["maDanhDau"] = f"{MARK_STATE}:{change['DECLARATION_ID']}:{change['DEC_STATUS_ID']}"
    return change


def _mark(data: Data) -> Data:
    """What traHoSo and traDsTrangThaiHs called `maDanhDau` says which `infoType` this acknowledgement takes."""
    if mark := data.get("maDanhDau"):
        kind, _, ids = text_of(mark).partition(":")
        if kind == MARK_STATE:
            ids = ids.rpartition(":")[0]
        if kind not in ("1", "2", "3") or not ids:
            raise _wrong("/maDanhDau", "pattern")
        return {"declarationId": ids, "infoType": kind}
    for name in ("declarationId", "infoType"):
        if not data.get(name):
            raise _wrong(f"/{name}", "required")
    return {"declarationId": ";".join(listed(data["declarationId"])), "infoType": data["infoType"]}


def _queue(data: Data, ctx: Context) -> Data:
    kind = MARK_OF.get(text_of(ctx.request.get("infoType")), "")
    dossiers = []
    for row in listed(data.get("declarationTraHoSoForm")):
        dossier = _returned(row, ctx)
        known = dossier.get("declarationId")
        mine = [each for each in listed(data.get("residenceWSForm")) if text_of(each.get("declarationId")) == known]
        dossier["residenceWSForm"] = [_returned(each, ctx) for each in mine if known]
        mandators = [each for each in listed(data.get("mandatorWSForm")) if text_of(each.get("declarationId")) == known]
        dossier["mandatorWSForm"] = _returned(mandators[0], ctx) if mandators and known else None
        for each in (*dossier["residenceWSForm"], dossier["mandatorWSForm"] or {}):
            each.pop("declarationId", None)
        if known and kind:
            dossier["maDanhDau"] = f"{kind}:{known}"
        dossiers.append(filled(dossier))
    return {"declarationTraHoSoForm": dossiers} if dossiers else {}


def _returned(row: Data, ctx: Context) -> Data:
    """A form that comes back: other names where the guide puts an id into what is words on the way there."""
    told: Data = {}
    for name, value in row.items():
        if name == "residencePlace":
            told["residencePlaceId"] = _gso(value, ctx)
        elif name == "birthPlace":
            told["birthPlaceId"] = _gso(text_of(value).partition(",")[0].strip(), ctx)
        elif name in DATES:
            told[name] = read_date(value, *READ)
        elif name in FLAGS:
            told[name] = text_of(value) == "1" if value not in (None, "") else None
        elif name in COUNTED:
            digits = text_of(value)
            told[name] = int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else None
        else:
            told[name] = _ours(name, value, ctx)
    return filled(told)


def _ours(name: str, value: Any, ctx: Context) -> str:
    code = text_of(value)
    if name in PLACES:
        return _gso(code, ctx)
    tables = {"genderId": GENDER, "nationalityId": NATIONALITY, "ethnicId": ETHNIC}
    return tables[name].ours(code) if name in tables and code else code


def _gso(code: object, ctx: Context) -> str:
    """The GSO code of an internal id of any level; one that the table lacks stays what it is."""
    theirs = text_of(code)
    found = (ctx.places.ours(theirs, length) for length in (5, 3, 2)) if theirs and ctx.places.theirs_by_gso else ()
    return next((gso for gso in found if gso), theirs)


def _entry(row: Data, ctx: Context) -> Data:
    kind, code = ctx.request.get("infoType"), text_of(row.get("ID"))
    if kind == "1":
        code = _gso(code, ctx)
    elif kind in ("2", "3"):
        code = (NATIONALITY if kind == "2" else ETHNIC).ours(code)
    return {"ID": code, "NAME": text_of(row.get("NAME"))}


# The second generation


def _key(ctx: Context) -> Data:
    return {"authKey": ctx.secrets["authKey"], "maTinh": ctx.values["maTinh"]}


def _second(data: Data, ctx: Context) -> Data:
    forms = _forms(data)
    path, form = forms["declarationWSForm"]
    declared = {SECOND[n]: _plain(n, v, f"{path}/{n}") for n, v in form.items() if n in SECOND and n != "requestQty"}
    declared |= {name: form[name] for name in SECOND_ONLY if name in form}
    declared["soLuongCap"] = str(form["requestQty"] + form.get("requestQtyAdd", 0))
    for whole, text, region in ADDRESSES:
        if whole not in form:
            parts = {_LEVELS.get(len(form.get(region, "")), ""): form.get(region), "dcChiTiet": form.get(text)}
            declared[whole] = {name: value for name, value in parts.items() if name and value}
    if "datePromissoryDec" in data:
        declared["ngayHenTra"] = _day(data["datePromissoryDec"], "/datePromissoryDec")
    declared["uyQuyen"] = "1" if "mandatorWSForm" in forms else "0"
    if "mandatorWSForm" in forms:
        path, other = forms["mandatorWSForm"]
        declared |= {AUTHORISED[n]: _plain(n, v, f"{path}/{n}") for n, v in other.items() if n in AUTHORISED}
        region = other.get("regionId", "")
        parts = {_LEVELS.get(len(region), ""): region, "dcChiTiet": other.get("residence")}
        declared["nuqThuongTruChiTiet"] = {name: value for name, value in parts.items() if name and value}
    path, stays = forms.get("residenceWSForm", ("", []))
    declared["nycCuTru"] = [
        {STAYED[n]: _plain(n, v, f"{path}/{i}/{n}") for n, v in stay.items()} for i, stay in enumerate(stays)
    ]
    declared = filled(declared)
    if data.get("fileHoSo"):
        declared["fileHoSo"] = data["fileHoSo"]  # contents are not looked at: they may be `Blob`s
    source = data.get("nguonDangKy") or ("1" if form.get("declarationPortalID") else "3")
    received = {
        "tenTinh": ctx.values.get("tenTinh"),
        "maHoSoMCDT": data["idReceivedDec"],
        "nguonDangKy": source,
        "tenNguonDangKy": SOURCES.get(source),
        "ngayTiepNhan": _day(data["dateReceivedDec"], "/dateReceivedDec"),
    }
    return _key(ctx) | filled(received) | {"toKhai": declared}


_LEVELS = {2: "maTinhThanh", 3: "maQuanHuyen", 5: "maPhuongXa"}


def _plain(name: str, value: Any, path: str) -> Any:
    if name in DATES:
        return _day(value, path)
    if name in FLAGS:
        return str(int(bool(value)))
    return value if isinstance(value, Mapping) else text_of(value)


def _second_answer(operation: str, data: Data, ctx: Context) -> Data:
    said = text_of(data.get("errorDescription")) or text_of(data.get("statusDescription"))
    if text_of(data.get("status")) != "1":
        return _refused(operation, said, ctx)
    if operation == "nhanHoSoDangKy":
        return _received(said, ctx, before=False)
    wanted = ctx.request.get("idReceivedDec")
    row = next((each for each in listed(data.get("value")) if each.get("maHoSoMCDT") in (wanted, None)), None)
    if row is None:
        raise RecordNotFound(provider=("1", said))
    state = text_of(row.get("trangThaiXuLy"))
    result = row.get("ketQuaXuLy")
    told: Data = {
        "DEC_STATUS_ID": AS_FIRST.get(state),
        "DEC_STATUS_NAME": FIRST_STATES.get(AS_FIRST.get(state, "")),
        "ISSUE_DATE": _whole((result or {}).get("ngayCapPhieu")),
        "trangThaiXuLy": state,
        "tenTrangThaiXuLy": STATES.get(state),
        "ketQuaXuLy": _outcome(result) if result else None,
    }
    return filled(told)


def _result(value: Any, path: str) -> Any:
    """What goes to VNeID: our dates in its pattern, all else untouched (the certificate may be a `Blob`)."""
    if isinstance(value, Mapping):
        return {
            name: _day(each, f"{path}/{name}") if name in _RESULT_DATES else _result(each, f"{path}/{name}")
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_result(each, f"{path}/{n}") for n, each in enumerate(value)]
    return value


_RESULT_DATES = ("ngayCapPhieu", "ngayBanAn", "ngayChapHanh", "ngayXoaAn", "ngayQuyetDinh", "camTuNgay")


def _outcome(value: Any) -> Any:
    """What the ministry says of a result: ISO dates, codes as strings."""
    if isinstance(value, Mapping):
        return {
            name: read_date(each, *READ) if name in _RESULT_DATES else _outcome(each) for name, each in value.items()
        }
    if isinstance(value, list):
        return [_outcome(each) for each in value]
    return value if value is None or isinstance(value, str) else text_of(value)


def _reported(data: Data, ctx: Context) -> Data:
    code = text_of(data["statusCode"])
    said = text_of(data.get("errorDetail")) or text_of(data.get("statusDescription"))
    if code == "03":  # "yêu cầu bị gián đoạn": it may have taken effect, and asks for another try
        raise Timeout(provider=(code, said))
    if code != "00":
        raise refusal(code, said, not_found=(code,) if _is_missing(said) else ())
    names = ("maHoSoMCDT", "trangThaiXuLy")
    return filled({name: ctx.request.get(name) for name in names} | {"moTa": said})


# Both


def _received(said: str, ctx: Context, *, before: bool) -> Data:
    return filled({"idReceivedDec": ctx.request.get("idReceivedDec"), "daTiepNhanTruoc": before, "moTa": said})


def _refused(operation: str, said: str, ctx: Context) -> Data:
    """STATUS 0: the ministry gives a sentence and no code, so the sentence has to tell what kind of no it is."""
    if operation == "nhanHoSoDangKy" and already_received(said):
        return _received(said, ctx, before=True)
    if "authkey" in said.casefold():
        raise not_admitted("0", said)
    if operation != "nhanHoSoDangKy" and _is_missing(said):
        raise RecordNotFound(provider=("0", said))
    raise _fault(said, ctx)


def _fault(said: str, ctx: Context) -> LgspError:
    used = next(
        (name for pair in FORMS.items() for name in pair if name.startswith("decl") and name in ctx.request), ""
    )
    names = pointers(ctx.request)
    inside = f"/{used}" if used else None
    if ctx.backend == "v2" and inside:
        other = next((name for name in ("mandatorWSForm", "mandatorForm") if name in ctx.request), "")
        names = {theirs: f"{inside}/{ours}" for ours, theirs in SECOND.items()} | names
        names |= {theirs: f"/{other}/{ours}" for ours, theirs in AUTHORISED.items() if other}
        names |= {"maHoSoMCDT": "/idReceivedDec", "ngayTiepNhan": "/dateReceivedDec"}
    return refusal("0", said, errors=field_errors(said, names, inside=inside))


def _is_missing(said: str) -> bool:
    text = said.casefold()
    return "hồ sơ" in text and ("không tìm thấy" in text or "không tồn tại" in text)


def _day(iso: str, path: str) -> str:
    try:
        return write_date(iso, DAY)
    except InvalidMessage as wrong:
        raise _wrong(path, "date") from wrong


def _whole(text: object) -> str | None:
    day = read_date(text, *READ)
    return day if day and len(day) == len("2022-11-16") else None


def _number(digits: str, path: str) -> int:
    if not (digits.isdecimal() and digits.isascii()):
        raise _wrong(path, "enum")
    return int(digits)


def _wrong(path: str, rule: str) -> InvalidMessage:
    return InvalidMessage(errors=(FieldError(path, rule),))
