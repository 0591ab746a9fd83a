"""The land registry: dossiers, parcels, and the tax that is told to the province when it is known.

A dossier that was taken has its tax notice after a day of the ministry's time and is paid a day later; the notice is
called out to the province (`CapNhatKetQuaThongBaoThue`) until Result is 1. Two dossiers stand ready: `…-221101-9921`
with notice and voucher, `…-221101-9922` without. Who comes in is settled at the door, by a token of the ministry's own.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import Blob, Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World
from lgsp_mocks.world.parcels import parcel

DAY = 86_400.0
STAMP = "%Y-%m-%dT%H:%M:%S"
REGISTRATION_FEE = 0.005
"""Share of the land's price that the sample tax takes; the price is invented too."""
PRICE = 400_000
PDF = "JVBERi0xLjQKJeKAkyBt4bqrdQolJUVPRgo="


def take_dossier(ask: Ask) -> Data:
    sent, dossiers = ask.data, _dossiers(ask)
    code = sent["SoBienNhan"]
    if code in dossiers:
        return duplicate(ask)
    faults = _faults(ask.world, sent)
    if faults:
        return _answer(ask, None, 400, "; ".join(faults))
    ask.state.setdefault("hoSo", {})[code] = {
        "nguoiNop": sent["ThongTinNguoiNopDon"].get("HoTen", ""),
        "soGiayTo": sent["ThongTinNguoiNopDon"].get("SoChungMinh", ""),
        "dienTich": sum(float(each.get("DienTich") or 0) for each in sent.get("ThongTinThuaDat") or ()),
        "giayTo": [ask.keep(file["data"]) for file in _files(sent)],
        "thongBao": [],
        "chungTu": [],
    }
    ask.effect(code)
    ask.later(DAY, "tax_is_known", SoBienNhan=code)
    return _answer(ask, 1, 200, "Thành công")


def look_up_parcel(ask: Ask) -> Data:
    found = parcel(ask.world, ask.data["MaXa"], ask.data["SoHieuBanDo"], ask.data["SoThuTuThua"])
    if found is None:
        return _answer(ask, None, 404, "Không tìm thấy thửa đất")
    land = {
        "DienTich": found.area,
        "MucDichSuDung": found.use,
        "ChuSuDung": [{"HoTen": owner.full_name, "SoGiayTo": owner.cccd} for owner in found.owners],
        "SoPhatHanhGCN": found.certificate,
    }
    return _answer(ask, land, 200, "Thành công")


def tax_notices(ask: Ask) -> Data:
    return _of_dossier(ask, "thongBao")


def tax_vouchers(ask: Ask) -> Data:
    return _of_dossier(ask, "chungTu")


# Later


def tax_is_known(ask: Ask) -> Data:
    """A day after receipt: the tax office has answered, and the province is told."""
    code = ask.data["SoBienNhan"]
    dossier = ask.state.get("hoSo", {}).get(code)
    if dossier is None or dossier["thongBao"]:
        return {}
    notice = _notice(code, dossier, ask.now)
    dossier["thongBao"] = [notice]
    call = {
        "CodeGet": ask.secrets["codeGet"],
        "SoBienNhan": code,
        "NguoiXuLy": "Chi cục Thuế Mẫu",
        "NgayCoKetQuaThue": ask.now.strftime(STAMP),
        "GhiChu": notice["TenTieuMuc"],
        "DanhSachThongBaoThue": [
            {
                "HoVaChu": dossier["nguoiNop"],
                "LoaiThue": notice["Nguon"],
                "SoThongBaoThue": notice["SoQuyetDinh"],
                "DuongDanTBT": notice["DuongDanTBT"],
            }
        ],
    }
    ask.call_province("CapNhatKetQuaThongBaoThue", call)
    ask.later(DAY, "tax_is_paid", SoBienNhan=code)
    return {}


def tax_is_paid(ask: Ask) -> Data:
    """Another day later."""
    code = ask.data["SoBienNhan"]
    dossier = ask.state.get("hoSo", {}).get(code)
    if dossier is not None and not dossier["chungTu"]:
        dossier["chungTu"] = [_voucher(code, dossier, notice, ask.now) for notice in dossier["thongBao"]]
    return {}


def acknowledged(operation: str, reply: Data) -> bool:
    """Has the province taken it?"""
    return operation == "CapNhatKetQuaThongBaoThue" and reply.get("Result") == 1


# What the fault schedule says in this ministry's words


def business_error(ask: Ask) -> Data:
    return _answer(ask, None, 400, "XaId không đúng định dạng; HuyenId không có trong danh mục")


def duplicate(ask: Ask) -> Data:
    if ask.operation != "TiepNhanHoSo":
        return business_error(ask)
    return _answer(ask, 0, 409, f"Số biên nhận {ask.data.get('SoBienNhan', '')} đã tồn tại")


HANDLERS: Handlers = {
    "ilis": {
        "TiepNhanHoSo": take_dossier,
        "traCuuThuaDat": look_up_parcel,
        "ThongBaoThue": tax_notices,
        "ChungTuThue": tax_vouchers,
    }
}


def examples(world: World) -> list[Example]:
    agency, father = world.office.code, world.actor("father-binh")
    home = father.residence
    sent: Data = {
        "TinhId": home.province,
        "HuyenId": home.district,
        "XaId": home.commune,
        "SoBienNhan": f"{agency}-221116-9921",
        "MaHoSoMotCua": f"{agency}-221116-9921",
        "NguoiTiepNhan": "Cán bộ Mẫu",
        "NgayTiepNhan": "2022-11-16T08:00:00+07:00",
        "NgayHenTra": "2022-12-07T17:00:00+07:00",
        "DiaChiTaiSan": home.text,
        "ThongTinNguoiNopDon": {
            "HoTen": father.full_name,
            "SoChungMinh": father.cccd,
            "DiaChiChiTiet": home.text,
            "SoDienThoai": father.phone,
        },
        "ThongTinQuyTrinh": {"MaQuyTrinh": "CNQSDD", "TenQuyTrinh": "Chuyển nhượng quyền sử dụng đất"},
        "ThongTinThuaDat": [{"SoThuTuThua": "12", "SoHieuBanDo": "7", "DienTich": "120.5"}],
        "DanhSachGiayToDinhKem": [
            {
                "TenGiayTo": "Đơn đăng ký biến động (mẫu)",
                "SoBanChinh": 1,
                "SoBanSao": 0,
                "TapTin": {"name": "don-mau.pdf", "data": PDF},
            }
        ],
    }
    if not home.district:  # an era without districts
        sent["HuyenId"] = "000"
    land = {"MaXa": home.commune, "SoHieuBanDo": "7", "SoThuTuThua": "12"}
    known, waiting = {"SoBienNhan": f"{agency}-221101-9921"}, {"SoBienNhan": f"{agency}-221101-9922"}
    nobody = {"SoBienNhan": f"{agency}-000101-0000"}
    return [
        Example("TiepNhanHoSo", sent, note="asked again it was taken before"),
        Example("TiepNhanHoSo", sent | known, note="is there: taken before"),
        Example(
            "TiepNhanHoSo",
            sent | {"SoBienNhan": f"{agency}-221116-9929", "XaId": "99999"},
            "provider-fault",
            note="a commune that the registry does not have",
        ),
        Example("TiepNhanHoSo", sent | {"XaId": "4789"}, "invalid-message"),
        Example("traCuuThuaDat", land),
        Example("traCuuThuaDat", land | {"SoHieuBanDo": "999"}, "record-not-found"),
        Example("ThongBaoThue", known),
        Example("ThongBaoThue", waiting, note="no notice yet: an empty list"),
        Example("ThongBaoThue", nobody, "record-not-found"),
        Example("ChungTuThue", known),
        Example("ChungTuThue", nobody, "record-not-found"),
    ]


def outcomes(world: World) -> dict[str, str]:
    return {"father-binh": f"dossier {world.office.code}-221101-9921: tax notice and voucher"}


def _standing(world: World) -> dict[str, Any]:
    """The dossiers that are there from the seed; never written."""
    father, mother = world.actor("father-binh"), world.actor("mother-hoa")
    office = world.office.code
    codes = (f"{office}-221101-9921", f"{office}-221101-9922")
    found: dict[str, Any] = {
        code: {"nguoiNop": who.full_name, "soGiayTo": who.cccd, "dienTich": 625.0, "thongBao": [], "chungTu": []}
        for code, who in zip(codes, (father, mother), strict=True)
    }
    done = found[codes[0]]
    done["thongBao"] = [_notice(codes[0], done, datetime.fromisoformat("2022-11-04T10:00:00"))]
    paid_at = datetime.fromisoformat("2022-11-05T09:00:00")
    done["chungTu"] = [_voucher(codes[0], done, notice, paid_at) for notice in done["thongBao"]]
    return found


def _dossiers(ask: Ask) -> dict[str, Any]:
    mine: dict[str, Any] = ask.state.get("hoSo", {})
    return _standing(ask.world) | mine


def _of_dossier(ask: Ask, kind: str) -> Data:
    dossier = _dossiers(ask).get(ask.data["HoSoId"])
    if dossier is None:
        return _answer(ask, None, 404, "Hồ sơ không tồn tại")
    return _answer(ask, dossier[kind], 200, "Thành công")


def _notice(code: str, dossier: dict[str, Any], now: datetime) -> Data:
    number = f"LTB99{_hash(code) % 100_000:05d}"
    return {
        "HoSoId": code,
        "Nguon": "1",
        "MaSoThue": "",
        "SoTien": float(round((dossier["dienTich"] or 100.0) * PRICE * REGISTRATION_FEE)),
        "SoQuyetDinh": number,
        "NgayQuyetDinh": now.strftime("%Y-%m-%dT00:00:00"),
        "TenTieuMuc": "Lệ phí trước bạ nhà đất",
        "HoTen": dossier["nguoiNop"],
        "DuongDanTBT": f"https://thue.example/thongbao/{number}.pdf",
    }


def _voucher(code: str, dossier: dict[str, Any], notice: Data, now: datetime) -> Data:
    return {
        "HoSoId": code,
        "Nguon": notice["Nguon"],
        "MaSoThue": "",
        "SoTien": notice["SoTien"],
        "NoiDungThanhToan": f"Nộp {notice['TenTieuMuc']}",
        "ThoiGianThanhToan": (now - timedelta(minutes=5)).strftime(STAMP),
        "MaThongBaoThue": notice["SoQuyetDinh"],
        "TrangThaiThanhToan": True,
        "BienLai": f"https://thue.example/bienlai/{notice['SoQuyetDinh']}.pdf",
        "SoCMTNguoiNopTien": dossier["soGiayTo"],
        "HoTenNguoiNopTien": dossier["nguoiNop"],
    }


def _faults(world: World, sent: Data) -> list[str]:
    """What the registry says of a dossier, naming the members as it knows them."""
    faults = []
    commune = world.place(sent["XaId"])
    if commune is None or commune.level != "commune":
        faults.append("XaId không có trong danh mục")
    elif sent["HuyenId"] != commune.parent and any(p.code == commune.parent for p in world.districts()):
        faults.append("HuyenId không đúng với XaId")
    if sent["TinhId"] != world.province.code:
        faults.append("TinhId không có trong danh mục")
    if not sent["ThongTinNguoiNopDon"].get("HoTen"):
        faults.append("HoTen bắt buộc")
    areas = [each["DienTich"] for each in sent.get("ThongTinThuaDat") or () if each.get("DienTich")]
    if not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", area) for area in areas):
        faults.append("DienTich không đúng định dạng")
    return faults


def _files(sent: Data) -> list[dict[str, str | Blob]]:
    return [
        each["TapTin"] for each in sent.get("DanhSachGiayToDinhKem") or () if (each.get("TapTin") or {}).get("data")
    ]


def _hash(text: str) -> int:
    """A number for a text that is the same in every run."""
    value = 7
    for letter in text:
        value = (value * 31 + ord(letter)) & 0x7FFFFFFF
    return value


def _answer(ask: Ask, data: Any, code: int, message: str) -> Data:
    fine = code == 200
    status = {
        "success": fine,
        "code": code,
        "type": "success" if fine else "error",
        "time": ask.now.strftime(STAMP),
        "message": message,
    }
    return {"data": data, "status": status}
