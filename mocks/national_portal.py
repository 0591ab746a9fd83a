"""The national portal: dossiers that provinces push, procedures and catalogues, the store of papers, and EMC's count.

A dossier that comes a second time as new is answered "đã được tiếp nhận" and changes nothing; one that is said to be an
update must be known. Codes of refusal: -1 system, 1 data, 2 no such dossier, 3 unit, 4 received before (reconstructed).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Handlers
from lgsp_mocks.national_portal_examples import examples
from lgsp_mocks.national_portal_records import (
    STAMP,
    STATES,
    digest_of,
    dossier_of,
    is_stamp,
    keep,
    published,
    questions,
    standing,
    wrong_with,
)
from lgsp_mocks.world import Person
from lgsp_mocks.world.procedures import FIELDS, PROCEDURES, Procedure, procedure

__all__ = ["HANDLERS", "business_error", "duplicate", "examples"]

OK, BROKEN, WRONG, UNKNOWN, NOT_ADMITTED, AGAIN = "0", "-1", "1", "2", "3", "4"
RECEIVED = "Hồ sơ {} đã được tiếp nhận"
_SHOWN = ("MaHoSo", "MaTTHC", "HoTenNguoiNop", "DonViXuLy", "MaDonViXuLy", "NgayNop", "NgayTiepNhan", "NgayHenTra")


# Dossiers


def dong_bo_ho_so(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    updating = ask.data["isUpdating"]
    if updating not in ("True", "False"):
        return _no(WRONG, "isUpdating không đúng định dạng")
    known, said = _dossiers(ask), _yes()
    for sent in ask.data["data"]:
        code, digest = sent["MaHoSo"], digest_of(sent)
        if wrong := wrong_with(sent):
            return _no(WRONG, "; ".join(wrong))
        before = known.get(code)
        if updating == "True" and before is None:
            return _no(UNKNOWN, f"Không tồn tại hồ sơ {code}")
        if updating == "False" and before is not None:
            said = _no(AGAIN, RECEIVED.format(code))
        elif before is None:
            keep(known, code, dossier_of(sent, ask.now) | {"digest": digest})
            ask.effect(code)
        elif digest not in before["updates"]:
            before |= dossier_of(sent, ask.now) | {"steps": before["steps"], "updates": [*before["updates"], digest]}
            ask.effect(f"{code} {digest[:12]}")
    return said


def cap_nhat_tien_do(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    known, said = _dossiers(ask), _yes()
    for sent in ask.data["data"]:
        dossier = known.get(sent["MaHoSo"])
        if dossier is None:
            return _no(UNKNOWN, f"Không tồn tại hồ sơ {sent['MaHoSo']}")
        times = [name for name in ("ThoiDiemXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh") if not is_stamp(sent, name)]
        wrong = [f"{name} không đúng định dạng" for name in times]
        if sent.get("TrangThai", "") not in STATES:
            wrong.append("TrangThai không tồn tại trong danh mục")
        if wrong:
            return _no(WRONG, "; ".join(wrong))
        step = {name: value for name, value in sent.items() if name != "MaHoSo"}
        if step in dossier["steps"]:
            said = _no(AGAIN, f"Tiến độ của hồ sơ {sent['MaHoSo']} đã được tiếp nhận")
        else:
            dossier["steps"] = [*dossier["steps"], step][-100:]
            dossier["TrangThai"] = sent["TrangThai"]
            ask.effect(f"{sent['MaHoSo']} {digest_of(step)[:12]}")
    return said


def tra_cuu_ho_so(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    dossier = _dossiers(ask).get(ask.data["MaHoSo"])
    if dossier is None:
        return _yes(result=[])
    found = procedure(dossier["MaTTHC"])
    record = {name: dossier.get(name) or None for name in _SHOWN} | {
        "MaDVC": found.code if found else None,
        "TenDVC": found.title if found else dossier.get("TenTTHC"),
        "MaTrangThai": dossier["TrangThai"],
        "TrangThaiHoSo": STATES.get(dossier["TrangThai"]),
        "HinhThucNhanKQ": dossier.get("HinhThuc", "0"),
        "QuaTrinhXuLy": dossier["steps"] or None,
    }
    return _yes(result=[record])


# Procedures, catalogues, accounts


def lay_thu_tuc(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    found = procedure(ask.data["MaTTHC"])
    return _yes(result=[published(ask.world, found)] if found else [])


def lay_danh_sach(ask: Ask) -> Data:
    return _stranger(ask) or _yes(result=[{"MATTHC": p.code, "TENTTHC": p.title} for p in PROCEDURES.values()])


def lay_co_quan(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    agencies = {agency.code: agency for agency in ask.world.agencies.values()}
    rows = [{"MADONVI": a.code, "TENDONVI": a.name, "CAPDONVI": str(a.level)} for a in agencies.values()]
    return _yes(result=sorted(rows, key=lambda row: str(row["MADONVI"])))


def lay_linh_vuc(ask: Ask) -> Data:
    rows = [{"MALINHVUC": code, "TENLINHVUC": name, "MANGANH": owner} for code, (name, owner) in FIELDS.items()]
    return _stranger(ask) or _yes(result=rows)


def tra_cuu_tech_id(ask: Ask) -> Data:
    """Everybody of age has an account, and every business that is not closed."""
    if no := _stranger(ask):
        return no
    number = ask.data["mstorcmnd"]
    person = ask.world.person(number) or ask.world.by_cmnd(number)
    business = ask.world.business(number)
    has_account = bool(person and not person.died and ask.now.year - person.birth.year >= 18)
    if not has_account and not (business and business.status != "closed"):
        return _yes(result=[])
    return _yes(result=[{"TECHNICALID": f"mau-{hashlib.sha256(number.encode()).hexdigest()[:16]}"}])


def lay_hoi_dap(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    published = ask.state.get("hoiDap", {})
    return _yes(result=[*questions(ask.world), *(row["row"] for row in published.values())])


def dong_bo_hoi_dap(ask: Ask) -> Data:
    if no := _stranger(ask):
        return no
    kept, said = ask.state.setdefault("hoiDap", {}), _yes()
    for sent in ask.data["data"]:
        key = str(sent["HOIDAPID"])
        if sent.get("MaLinhVuc") and sent["MaLinhVuc"] not in FIELDS:
            return _no(WRONG, "MaLinhVuc không tồn tại trong danh mục")
        if key in kept:
            said = _no(AGAIN, f"Câu hỏi {key} đã được tiếp nhận")
            continue
        row = {name: value for name, value in sent.items() if name != "MaLinhVuc"} | {"TRANGTHAI": 1}
        keep(kept, key, {"row": row | {"MALINHVUC": sent.get("MaLinhVuc")}})
        ask.effect(f"hoi-dap {key}")
    return said


# The store of papers


def danh_sach_ket_qua(ask: Ask) -> Data:
    """What a person has got from a procedure: a birth certificate is there for whoever was born in the province's registers."""
    data, owner = ask.data, ask.world.person(ask.data["SoDinhDanhChuSoHuu"])
    found = procedure(data["MaThuTuc"])
    if data["KenhThucHien"] not in ("1", "2"):
        return {"errorCode": WRONG, "message": "KenhThucHien không tồn tại trong danh mục", "result": None}
    if owner is None or found is None or not _has(owner, found):
        return {"errorCode": OK, "message": "Không có dữ liệu", "result": None}
    wanted = {each.get("MaKetQua") for each in data["DanhSachDanhMucKetQua"]}
    papers = [_paper(ask, owner, found)] if not wanted or found.result_code in wanted else []
    signature = hashlib.sha256(json.dumps(papers, ensure_ascii=False).encode()).hexdigest()
    return {
        "errorCode": OK,
        "message": "Thành công",
        "signature": f"mau-{signature[:32]}",
        "result": {"DanhSachGiayToKetQua": papers},
    }


def _has(owner: Person, found: Procedure) -> bool:
    return found.code == "1.001193" or (found.code == "1.000894" and owner.spouse is not None)


def _paper(ask: Ask, owner: Person, found: Procedure) -> Data:
    name = f"{found.result_code}.pdf"
    return {
        "MaKetQua": found.result_code,
        "TenGiayTo": found.result,
        "SoKyHieu": f"99{int(owner.cccd[-4:]):04d}/MẪU",
        "CoQuanChuQuan": f"{ask.world.province.agency}.{owner.birth_place.district or '01'}",
        "DanhSachTepDinhKem": [{"TenTep": name, "DuongDan": f"/kho-mau/{owner.cccd}/{name}"}],
    }


# EMC


def tracking(ask: Ask) -> Data:
    data = ask.data
    if data["SiteId"] != ask.values.get("SiteId"):
        return {"success": False, "message": "SiteId không hợp lệ"}
    wrong = [
        f"{name} không tồn tại trong danh mục" for name, codes in _EMC.items() if data.get(name, codes[0]) not in codes
    ]
    if wrong := wrong + ([] if procedure(data["CodeTTHC"]) else ["CodeTTHC không tồn tại trong danh mục"]):
        return {"success": False, "message": "; ".join(wrong)}
    events, key = ask.state.setdefault("emc", {}), f"{data['CodeProfile']} {data['Status']}"
    if key in events:
        return {"success": False, "message": f"Sự kiện của hồ sơ {data['MaHoSo']} đã được tiếp nhận"}
    keep(events, key, {"MaHoSo": data["MaHoSo"], "luc": f"{ask.now:{STAMP}}"})
    ask.effect(f"emc {key}")
    return {"success": True, "message": "Success"}


_EMC = {
    "Status": "01423",
    "FormsReception": "12",
    "FormsPayments": "012",
    "Level": "0134",
    "IsFromDVCQG": "01",
    "IsDVCBC": "01",
}


# Refusals


def business_error(ask: Ask) -> Data:
    if ask.backend == "emc":
        return {"success": False, "message": "CodeTTHC không tồn tại trong danh mục"}
    if ask.backend == "kho":
        return {"errorCode": WRONG, "message": "Dữ liệu không hợp lệ", "signature": None, "result": None}
    return _no(WRONG, "MaTTHC không tồn tại trong danh mục")


def duplicate(ask: Ask) -> Data:
    """The store of results takes nothing in, so nothing can come there twice."""
    if ask.backend == "kho":
        return business_error(ask)
    told = RECEIVED.format("này")
    return {"success": False, "message": told} if ask.backend == "emc" else _no(AGAIN, told)


HANDLERS: Handlers = {
    "mapi": {
        "DongBoHoSoMC": dong_bo_ho_so,
        "CapNhatTienDoHoSoMC": cap_nhat_tien_do,
        "TraCuuHoSo": tra_cuu_ho_so,
        "LayThuTuc": lay_thu_tuc,
        "LayDanhSachTTHC": lay_danh_sach,
        "LayDanhMucCoQuan": lay_co_quan,
        "LayDanhMucLinhVuc": lay_linh_vuc,
        "TraCuuTechID": tra_cuu_tech_id,
        "LayDanhSachHoiDap": lay_hoi_dap,
        "DongBoHoiDap": dong_bo_hoi_dap,
    },
    "kho": {"GetDanhSachKetQua": danh_sach_ket_qua},
    "emc": {"TrackingMCDT": tracking},
}


def _stranger(ask: Ask) -> Data | None:
    admitted = ask.data["madonvi"] == ask.values.get("madonvi")
    return None if admitted else _no(NOT_ADMITTED, "Đơn vị chưa được cấp quyền kết nối")


def _dossiers(ask: Ask) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] | None = ask.state.get("hoSo")
    if kept is None:
        kept = ask.state["hoSo"] = {d["MaHoSo"]: {"updates": [], "steps": [], **d} for d in standing(ask.world)}
    return kept


def _yes(**more: object) -> Data:
    return {"error_code": OK, "message": "Thành công"} | more


def _no(code: str, text: str) -> Data:
    return {"error_code": code, "message": text}
