"""Civil status as the Ministry of Justice answers it: registrations (`hotich`) and joint procedures (`lienthong`).

A dossier that was received is eligible after half a day of the ministry's time and registered after one; a newborn is then
entered into the world, so the population system knows the number that it was given. Five dossiers of 2022-11-01 stand
ready (`…-221101-9901` to `-9905`): registered birth, joint birth that has its result, in need of supplement, eligible
but not finished, registered death. Codes of the ministry's units and provinces are the world's (`moj-unit`, `moj`).
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from lgsp.model import Data
from lgsp_mocks.civil_status_examples import examples
from lgsp_mocks.civil_status_records import (
    STATES,
    commune_of,
    day_of,
    dossier_of,
    outcome_of,
    read_record,
    record_of,
    standing,
)
from lgsp_mocks.handler import Ask, Handlers, HttpFault

DAY = 86_400.0
BATCH = 1_000
ERRORS = {
    "100": "AUTHEN_ERROR - Mã xác thực không chính xác",
    "101": "IP_DISALLOWED - Địa chỉ IP không được phép truy cập",
    "106": "AGENCY_ID_INCORRECT - Mã đơn vị không chính xác",
    "108": "PROVINCE_ID_INCORRECT - Mã tỉnh không chính xác",
    "200": "RECORD_UNCOMPLETE - Hồ sơ chưa hoàn thành đăng ký",
    "201": "RECORD_NOT_FOUND - Hồ sơ không tồn tại, đề nghị xem lại số phiếu tiếp nhận",
    "302": "DATA_TYPE_INVALID - Loại dữ liệu danh mục không hợp lệ",
}
MODULES = ("KS", "KT", "KH", "XN", "CMC", "GH", "CNCN", "TDCC")
JOINT_MODULES = ("LTKS", "LTKT", "LTKH")
SUPPLEMENT = "Cần bổ sung: bản sao giấy chứng sinh"
CATALOGUES = {
    "1": (("VN", "Việt Nam"), ("LA", "Lào"), ("CN", "Trung Quốc")),
    "2": (("VN", "Việt Nam"), ("LA", "Lào"), ("CN", "Trung Quốc"), ("US", "Hoa Kỳ")),
    "3": (("01", "Kinh"), ("02", "Tày"), ("03", "Thái"), ("04", "Hoa"), ("05", "Khơ-me"), ("06", "Mường"), ("07", "Nùng"),
          ("08", "Mông"), ("09", "Dao")),
    "5": (("1", "Chứng minh nhân dân"), ("2", "Hộ chiếu"), ("3", "Căn cước công dân")),
}  # fmt: skip
# Registrations


def dangKyHoTich(ask: Ask) -> Data:
    if gate := _gate(ask, unit=True):
        return gate
    if ask.data["maHoSo"] in _dossiers(ask):
        return duplicate(ask)
    fields, faults = _fields(ask, MODULES)
    if faults:
        return _incorrect(faults)
    _take(ask, ask.data["maHoSo"], fields)
    return {"status": 1, "statusDescription": "Thành công", "value": None}


def danhMuc(ask: Ask) -> Data:
    if gate := _gate(ask):
        return gate
    kind = ask.data["loaiDanhMuc"]
    if kind == "4":
        rows = [(place.codes["moj"], place.name) for place in ask.world.places.values() if "moj" in place.codes]
    elif kind in CATALOGUES:
        rows = list(CATALOGUES[kind])
    else:
        return refuse("302")
    text = json.dumps([{"ma": code, "ten": name} for code, name in rows], ensure_ascii=False)
    return {"status": 1, "statusDescription": "Thành công", "value": text}


def traTrangThaiHoSo(ask: Ask) -> Data:
    dossier = _gate(ask, unit=True) or _dossier(ask, ask.data["maHoSo"])
    if dossier is None:
        return refuse("201")
    if "errorCode" in dossier:
        return dossier
    state = dossier["trangThai"]
    return {"status": state, "statusDescription": SUPPLEMENT if state == 2 else STATES[state], "value": None}


def ketQuaDangKyHS(ask: Ask) -> Data:
    dossier = _gate(ask, unit=True) or _dossier(ask, ask.data["maHoSo"])
    if dossier is None:
        return refuse("201")
    if "errorCode" in dossier:
        return dossier
    if dossier["trangThai"] != 4:
        return refuse("200")
    return {"status": 1, "statusDescription": "Thành công", "value": record_of(ask.world, dossier)}


def dsHoSoDangKy(ask: Ask) -> Data:
    if gate := _gate(ask):
        return gate
    day, module = ask.data["ngayCapNhat"], ask.data["module"]
    found = [d for d in _dossiers(ask).values() if d["capNhat"] == day and d["module"] == module]
    rows = [{"id": dossier["id"], "maDonVi": dossier["maDonVi"]} for dossier in found]
    return {"status": 1, "statusDescription": "Thành công", "value": rows}


def traHoSo(ask: Ask) -> Data:
    return _gate(ask) or _by_ids(ask, [ask.data["maHoSo"]])


def traDanhSachHoSo(ask: Ask) -> Data:
    return _gate(ask, province=True) or _by_ids(ask, ask.data["dsMaHoSo"])


# Joint procedures


def nhanHoSoDKHT(ask: Ask) -> Data:
    if gate := _gate(ask, unit=True):
        return gate
    if ask.data["maHoSoLT"] in _dossiers(ask):
        return duplicate(ask)
    fields, faults = _fields(ask, JOINT_MODULES)
    if faults:
        return _incorrect(faults)
    _take(ask, ask.data["maHoSoLT"], fields)
    return {"status": 1, "statusDescription": "Tiếp nhận thành công"}


def traKetQuaHoSoDKHT(ask: Ask) -> Data:
    if gate := _gate(ask, province=True):
        return gate
    asked = ask.data["maDinhDanhHoSo"]
    if len(asked) > BATCH:
        return _incorrect([f"maDinhDanhHoSo vượt quá {BATCH} mã"])
    known = _dossiers(ask)
    rows = [
        outcome_of(ask.world, known[code])
        for code in asked
        if code in known and known[code]["module"] == ask.data["module"]
    ]
    return {"status": 1, "statusDescription": "Thành công" if rows else "Không tìm thấy hồ sơ", "value": rows}


def capNhatTrangThaiHoSoLT(ask: Ask) -> Data:
    faults: dict[str, list[str]] = {}
    if ask.data["soHoSoLT"] not in _dossiers(ask):
        faults["soHoSoLT"] = ["Số hồ sơ liên thông không tồn tại"]
    if not 1 <= ask.data["trangThai"] <= 10:
        faults["trangThai"] = ["Trạng thái không có trong danh mục"]
    if not re.fullmatch(r"[0-9]{14}", ask.data["thoiGianThucHien"]):
        faults["thoiGianThucHien"] = ["Thời gian không đúng định dạng yyyyMMddHHmmss"]
    if faults:
        raise HttpFault(400, _problem(faults))
    reports = ask.state.setdefault("baoCao", {})
    if reports.get(ask.data["soHoSoLT"]) != ask.data["trangThai"]:
        reports[ask.data["soHoSoLT"]] = ask.data["trangThai"]
        ask.effect(f"{ask.data['soHoSoLT']}:{ask.data['trangThai']}")
    return {"status": 200, "title": "Cập nhật thành công"}


# Later


def duDieuKien(ask: Ask) -> Data:
    """Half a day after receipt: eligible."""
    return _move(ask, 3)


def hoanThanh(ask: Ask) -> Data:
    """A day after receipt: registered; a newborn gets a number, a death reaches the world."""
    dossier, world = ask.state["hoSo"].get(ask.data["maHoSo"]), ask.world
    if dossier is None or dossier["trangThai"] == 4:
        return {}
    fields, unit = dossier["fields"], world.unit(str(dossier["maDonVi"]))
    if dossier["module"] in ("KS", "LTKS") and (born := day_of(fields["nksNgaySinh"])) and born.year >= 2018:
        # a whole province's births of a year are more than the serials that are reserved for invented people: who comes
        # after them is registered all the same, and no number is given
        with contextlib.suppress(OverflowError):
            child = world.add_person(
                full_name=fields["nksHoTen"],
                birth=born,
                gender="1" if fields["nksGioiTinh"] == "1" else "2",
                commune=commune_of(world, fields, unit.place if unit else ""),
                mother=fields.get("meSoDDCN"),
                father=fields.get("chaSoDDCN"),
                ethnicity=fields.get("nksDanToc", "01"),
            )
            dossier["soDinhDanh"] = child.cccd
    if dossier["module"] in ("KT", "LTKT") and world.person(fields.get("nktSoGiayToTuyThan", "")):
        world.died(fields["nktSoGiayToTuyThan"], day_of(fields["nktNgayChet"]) or ask.now.date())
    return _move(ask, 4)


def _move(ask: Ask, state: int) -> Data:
    dossier = ask.state["hoSo"].get(ask.data["maHoSo"])
    if dossier and dossier["trangThai"] < state:
        dossier |= {"trangThai": state, "capNhat": ask.now.date().isoformat(), "luc": f"{ask.now:%Y%m%d%H%M%S}"}
    return {}


# Refusals


def refuse(code: str) -> Data:
    return {
        "status": 0,
        "statusDescription": "Đã có lỗi xảy ra trong quá trình xử lý",
        "value": None,
        "errorCode": code,
        "errorDescription": ERRORS[code],
    }


def business_error(ask: Ask) -> Data:
    match ask.operation:
        case "dangKyHoTich" | "nhanHoSoDKHT":
            return _incorrect(["nksNgaySinh không đúng định dạng", "meHoTen bắt buộc"])
        case "danhMuc":
            return refuse("302")
        case "capNhatTrangThaiHoSoLT":
            raise HttpFault(400, _problem({"trangThai": ["Trạng thái không có trong danh mục"]}))
    return refuse("106")


def duplicate(ask: Ask) -> Data:
    """The ministry's only sign is its wording; clients read it as success."""
    if ask.operation not in ("dangKyHoTich", "nhanHoSoDKHT"):
        return business_error(ask)
    code = ask.data.get("maHoSoLT") or ask.data.get("maHoSo")
    said = "Đã có lỗi xảy ra trong quá trình gửi thông tin"
    return {
        "status": 0,
        "statusDescription": said,
        "errorCode": "500",
        "errorDescription": f"Hồ sơ {code} đã được tiếp nhận",
    }


def _incorrect(faults: list[str]) -> Data:
    said = "Đã có lỗi xảy ra trong quá trình gửi thông tin"
    return {
        "status": 0,
        "statusDescription": said,
        "errorCode": "500",
        "errorDescription": f"DATA_INCORRECT - {'; '.join(faults)}",
    }


def _problem(faults: dict[str, list[str]]) -> Data:
    return {
        "errors": faults,
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": "00-0000000000000000000000000000mau0-0000000000000000-00",
    }


def _gate(ask: Ask, *, unit: bool = False, province: bool = False) -> Data | None:
    """Who may come in, and the codes that stand in every message. Addresses of the state's own network begin with 10."""
    if ask.headers.get("x-ma-xac-thuc", "") not in ("", "demo"):
        return refuse("100")
    if not ask.headers.get("x-forwarded-for", "10.").startswith("10."):
        return refuse("101")
    if unit and ask.world.unit(str(ask.data["maDonVi"])) is None:
        return refuse("106")
    if province and ask.world.place_by("moj", ask.data["maTinh"]) is None:
        return refuse("108")
    return None


# Dossiers


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return standing(ask.world) | mine


def _dossier(ask: Ask, code: str) -> Data | None:
    """One of them."""
    mine: dict[str, Data] = ask.state.get("hoSo", {})
    return mine.get(code) or standing(ask.world).get(code)


def _fields(ask: Ask, modules: tuple[str, ...]) -> tuple[Data, list[str]]:
    return read_record(ask.data["data"], ask.data["module"], modules, ask.now.date())


def _take(ask: Ask, code: str, fields: Data) -> None:
    dossiers = ask.state.setdefault("hoSo", {})
    if ask.data.get("maHoSoMCDT"):
        fields = fields | {"maHoSoMCDT": ask.data["maHoSoMCDT"]}
    dossiers[code] = dossier_of(
        900_001 + len(dossiers), code, ask.data["module"], ask.data["maDonVi"], 1, fields, ask.now
    )
    ask.effect(code)
    ask.later(DAY / 2, "duDieuKien", maHoSo=code)
    ask.later(DAY, "hoanThanh", maHoSo=code)


def _by_ids(ask: Ask, ids: list[int]) -> Data:
    found = [d for d in _dossiers(ask).values() if d["id"] in ids and d["module"] == ask.data["module"]]
    if not found:
        return refuse("201")
    done = [record_of(ask.world, dossier) for dossier in found if dossier["trangThai"] == 4]
    return {"status": 1, "statusDescription": "Thành công", "value": done} if done else refuse("200")


__all__ = ["HANDLERS", "business_error", "duDieuKien", "duplicate", "examples", "hoanThanh"]

HANDLERS: Handlers = {
    "hotich": {
        "dangKyHoTich": dangKyHoTich,
        "danhMuc": danhMuc,
        "traTrangThaiHoSo": traTrangThaiHoSo,
        "ketQuaDangKyHS": ketQuaDangKyHS,
        "dsHoSoDangKy": dsHoSoDangKy,
        "traHoSo": traHoSo,
        "traDanhSachHoSo": traDanhSachHoSo,
    },
    "lienthong": {
        "nhanHoSoDKHT": nhanHoSoDKHT,
        "traKetQuaHoSoDKHT": traKetQuaHoSoDKHT,
        "capNhatTrangThaiHoSoLT": capNhatTrangThaiHoSoLT,
    },
}
