"""The civil servants database: records by `org_Code + "_" + number`, JSON in base64 both ways, one code for every refusal.

Servants of the province's agencies stand there from the seed (CB990001 …). Numbers that start with VIDU (ví dụ, an
example) may be added again with the same content without a second effect; any other ADD of a number that is there is
refused, as is EDIT or DEL of one that is not.
"""

from __future__ import annotations

import base64
import binascii
import json
from hashlib import sha256
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World
from lgsp_mocks.world.servants import Servant, number_of, servant

ACTIONS = ("ADD", "EDIT", "DEL", "VIEW")
SECTIONS = {
    "ServiceM0002": "TUYENDUNG_QT_CONGTAC",
    "ServiceM0003": "LUONG_PHUCAP_CHUCVU",
    "ServiceM0004": "TRINHDO_DAOTAO_BOIDUONG",
    "ServiceM0005": "THONGTIN_KHAC",
    "ServiceM0006": "DS_KETQUA_DANHGIA_PHANLOAI",
}
CATALOGUES = {
    "GioiTinh": ("Mã giới tính", {"1", "2"}),
    "DanToc": ("Mã dân tộc", {f"{n:02d}" for n in range(1, 56)}),
    "TonGiao": ("Mã tôn giáo", {f"{n:02d}" for n in range(17)}),
    "PhanLoaiHoSo": ("Mã phân loại hồ sơ", {"01", "02", "03"}),
}
RANKS = {"01.001", "01.002", "01.003", "01.004", "01.005"}


def record_message(ask: Ask) -> Data:
    """M0001: the whole record, or the sections that are sent."""
    opened = _open(ask, ACTIONS)
    if isinstance(opened, str):
        return _no(ask, opened)
    action, key, record = opened
    records = ask.state.setdefault("records", {})
    before = _stored(ask, key)
    number = record["SoHieuCBCCVC_BNDP"]
    if action == "VIEW":
        if before is None:
            return _no(ask, f"Số hiệu CBCCVC {number} không tồn tại")
        return {"message": "Thành công", "err_code": 0, "value": _packed(before)}
    if action == "DEL":
        if before is None:
            return _no(ask, f"Số hiệu CBCCVC {number} không tồn tại")
        records[key] = None
        ask.effect(f"{key}:DEL")
        return _yes(ask)
    if action == "EDIT" and before is None:
        return _no(ask, f"Số hiệu CBCCVC {number} không tồn tại")
    after = record if action == "ADD" else {**(before or {}), **record}
    if action == "ADD" and before is not None and not (number.startswith("VIDU") and before == after):
        return _no(ask, f"Số hiệu CBCCVC {number} đã tồn tại")
    if wrong := _wrong(after if action == "ADD" else record, new=action == "ADD"):
        return _no(ask, wrong)
    if before != after:
        records[key] = after
        ask.effect(key if action == "ADD" else f"{key}:EDIT")
    return _yes(ask)


def section_message(ask: Ask) -> Data:
    """M0002 to M0006: one section is replaced or emptied."""
    opened = _open(ask, ("EDIT", "DEL"))
    if isinstance(opened, str):
        return _no(ask, opened)
    action, key, record = opened
    name, before = SECTIONS[ask.operation], _stored(ask, key)
    if before is None:
        return _no(ask, f"Số hiệu CBCCVC {record['SoHieuCBCCVC_BNDP']} không tồn tại")
    if not record.get(name) and action == "EDIT":
        return _no(ask, f"Thiếu phần {name} trong bản tin")
    if wrong := _wrong({name: record.get(name)}, new=False):
        return _no(ask, wrong)
    after = {**before, name: record[name]} if action == "EDIT" else {k: v for k, v in before.items() if k != name}
    if after != before:
        ask.state.setdefault("records", {})[key] = after
        ask.effect(f"{key}:{name}:{action}")
    return _yes(ask)


def business_error(ask: Ask) -> Data:
    return _no(ask, "Mã giới tính không đúng danh mục")


def duplicate(ask: Ask) -> Data:
    return _no(ask, "Số hiệu CBCCVC đã tồn tại")


HANDLERS: Handlers = {
    "ccvc": {
        "ServiceM0001": record_message,
        "ServiceM0001_1": record_message,
        **dict.fromkeys(SECTIONS, section_message),
    },
}


def examples(world: World) -> list[Example]:
    org, number = f"{world.province.agency}.02", number_of(1)
    person = world.actor("father-binh")
    known = {"org_Code": org, "SoHieuCBCCVC_BNDP": number}
    general = {
        "SoHieuCBCCVC": "VIDU0001",
        "PhanLoaiHoSo": "02",
        "MaDonviSuDung": org,
        "TenDonViSuDung": "Sở Nội vụ",
        "MaDonViQuanLy": org,
        "HoVaTen": person.full_name,
        "GioiTinh": person.gender,
        "NgaySinh": person.birth.isoformat(),
        "SoDinhDanhCaNhan": person.cccd,
        "DanToc": person.ethnicity,
        "TonGiao": "00",
    }
    new = _sent(org, "ADD", "VIDU0001", THONGTINCHUNG=general)
    unknown = _sent(org, "ADD", "VIDU0002", THONGTINCHUNG=general | {"DanToc": "99"})
    post = {"TuNgay": "2012-03-01", "MaCoQuan": org, "TenCoQuan": "Sở Nội vụ", "ViTriViecLam": "Chuyên viên"}
    step = {"TuNgay": "2020-01-01", "Ngach": "01.003", "BacLuong": "4", "HeSoLuong": "3.33", "PhanTramHuong": 100}
    allowance = {"TuNgay": "2020-01-01", "LoaiPhuCap": "01", "HeSo": "0.3", "GiaTri": 447000, "HinhThucHuong": "1"}
    salary = {
        "MaNgachChucDanh": "01.003",
        "BacLuong": "4",
        "HeSoLuong": "3.33",
        "PhanTramHuong": 100,
        "DS_QUATRINH_LUONG": [step],
        "DS_QUATRINH_PHUCAP": [allowance],
    }
    training = {
        "TrinhDoChuyenMon": "05",
        "DS_TINHOC": [{"TrinhDo": "01"}],
        "DS_NGOAINGU": [{"MaNgoaiNgu": "01", "TrinhDo": "02"}],
        "DS_QUATRINH_DAOTAO_BOIDUONG": [{"TuNgay": "2005-09-05", "DenNgay": "2009-06-30", "TrinhDoDaoTao": "05"}],
    }
    career = {"NgayTuyenDungLanDau": "2012-03-01", "DS_QUATRINH_CONGTAC": [post]}
    assessed = [{"KetQuaDanhGia": "02", "Nam": 2021, "ThamQuyenDanhGia": "Sở Nội vụ"}]
    party = {"NgayVaoDang": "2013-02-03", "NgayVaoDangChinhThuc": "2014-02-03"}
    other, nobody = number_of(2), number_of(9_999)
    return [
        Example("ServiceM0001", new, note="a number that starts with VIDU may be added again"),
        Example("ServiceM0001", _sent(org, "VIEW", number)),
        Example("ServiceM0001", _sent(org, "ADD", number, THONGTINCHUNG=general), "provider-fault", note="is there"),
        Example("ServiceM0001", unknown, "provider-fault", note="an ethnic group that the catalogue lacks"),
        Example("ServiceM0001", _sent(org, "ADD", "VIDU0003"), "provider-fault", note="no THONGTINCHUNG"),
        Example("ServiceM0001", _sent(org, "EDIT", nobody, THONGTINCHUNG=general), "record-not-found"),
        Example("ServiceM0001", _sent(org, "DEL", nobody), "record-not-found"),
        Example("ServiceM0001", _sent(org, "GHI", number), "invalid-message"),
        Example("xemHoSo", known),
        Example("xemHoSo", known | {"SoHieuCBCCVC_BNDP": nobody}, "record-not-found"),
        Example("xemHoSo", known | {"org_Code": "H99.99"}, "provider-fault", note="an agency that nobody knows"),
        Example("ServiceM0002", _sent(org, "EDIT", other, TUYENDUNG_QT_CONGTAC=career)),
        Example("ServiceM0002", _sent(org, "EDIT", nobody, TUYENDUNG_QT_CONGTAC=career), "record-not-found"),
        Example("ServiceM0003", _sent(org, "EDIT", other, LUONG_PHUCAP_CHUCVU=salary)),
        Example(
            "ServiceM0003",
            _sent(org, "EDIT", other, LUONG_PHUCAP_CHUCVU=salary | {"MaNgachChucDanh": "99.999"}),
            "provider-fault",
        ),
        Example("ServiceM0004", _sent(org, "EDIT", other, TRINHDO_DAOTAO_BOIDUONG=training)),
        Example("ServiceM0005", _sent(org, "EDIT", other, THONGTIN_KHAC=party)),
        Example("ServiceM0005", _sent(org, "DEL", number_of(3)), note="emptied; again it is empty already"),
        Example("ServiceM0006", _sent(org, "EDIT", other, DS_KETQUA_DANHGIA_PHANLOAI=assessed)),
        Example("ServiceM0006", _sent(org, "EDIT", other), "provider-fault", note="the section is missing"),
    ]


def outcomes(world: World) -> dict[str, str]:
    return {"father-binh": f"example of a new record: {world.province.agency}.02, VIDU0001"}


def _sent(org: str, action: str, number: str, **sections: Any) -> Data:
    return {"org_Code": org, "Action_Type": action, "HOSO_CBCCVC": {"SoHieuCBCCVC_BNDP": number, **sections}}


def _open(ask: Ask, actions: tuple[str, ...]) -> tuple[str, str, Data] | str:
    """(action, key, record), or what is wrong with the envelope."""
    org = ask.data["org_Code"]
    agency = ask.world.agency(org)
    if agency is None:
        return f"Mã đơn vị {org} không tồn tại trên hệ thống"
    try:
        sent = json.loads(base64.b64decode(ask.data["jsonContent"], validate=True).decode())
        header, record = sent["Data"]["Header"], sent["Data"]["Body"]["HOSO_CBCCVC"]
        action, number = header["Action_Type"], record["SoHieuCBCCVC_BNDP"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return "Nội dung jsonContent không đúng định dạng quy định"
    if header.get("Sender_Code") and ask.world.agency(str(header["Sender_Code"])) is None:
        return "Mã đơn vị gửi không tồn tại trên hệ thống"
    if action not in actions:
        return f"Hành động phải thuộc {', '.join(actions)}"
    if not isinstance(number, str) or not number:
        return "Thiếu số hiệu CBCCVC"
    return action, f"{agency.code}_{number}", record


def _wrong(record: Data, *, new: bool) -> str:
    """What the ministry's catalogues say of it; every leaf must be a string."""
    general = record.get("THONGTINCHUNG")
    if new and not general:
        return "Thiếu thông tin chung của hồ sơ"
    if general:
        if not general.get("HoVaTen"):
            return "Họ tên không được để trống"
        for name, (words, codes) in CATALOGUES.items():
            if general.get(name) and general[name] not in codes:
                return f"{words} không đúng danh mục"
    salary = record.get("LUONG_PHUCAP_CHUCVU") or {}
    if salary.get("MaNgachChucDanh") and salary["MaNgachChucDanh"] not in RANKS:
        return "Mã ngạch chức danh không đúng danh mục"
    return "" if _all_text(record) else "Nội dung jsonContent không đúng định dạng quy định"


def _all_text(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_all_text(each) for each in value.values())
    return (
        all(_all_text(each) for each in value) if isinstance(value, list) else value is None or isinstance(value, str)
    )


def _stored(ask: Ask, key: str) -> Data | None:
    records: dict[str, Data | None] = ask.state.get("records", {})
    if key in records:
        return records[key]
    org, _, number = key.partition("_")
    found = servant(ask.world, org, number)
    return _record(found) if found else None


def _record(each: Servant) -> Data:
    """What the ministry keeps of somebody whom nobody has changed yet."""
    person, unit = each.person, each.agency
    start = f"01/09/{each.joined}"
    posted = {"TuNgay": start, "DenNgay": "", "MaCoQuan": unit.code, "TenCoQuan": unit.name, "ViTriViecLam": each.post}
    paid = {
        "Ngach": each.rank,
        "BacLuong": str(each.step),
        "HeSoLuong": f"{each.coefficient:.2f}",
        "PhanTramHuong": "100",
    }
    return {
        "SoHieuCBCCVC_BNDP": each.number,
        "THONGTINCHUNG": {
            "SoHieuCBCCVC": each.number,
            "PhanLoaiHoSo": "02",
            "MaDonviSuDung": unit.code,
            "TenDonViSuDung": unit.name,
            "MaDonViQuanLy": unit.code,
            "TenDonViQuanLy": unit.name,
            "HoVaTen": person.full_name,
            "GioiTinh": person.gender,
            "NgaySinh": f"{person.birth:%d/%m/%Y}" if person.birth_precision == "day" else str(person.birth.year),
            "SoCMND": person.cmnd or "",
            "SoDinhDanhCaNhan": person.cccd,
            "SoSoBaoHiemXaHoi": person.insurance_no,
            "DanToc": person.ethnicity,
            "TonGiao": person.religion,
        },
        "TUYENDUNG_QT_CONGTAC": {
            "NgayTuyenDungLanDau": start,
            "MaCoQuan": unit.code,
            "TenCoQuan": unit.name,
            "ViTriViecLam": each.post,
            "DS_QUATRINH_CONGTAC": [posted],
        },
        "LUONG_PHUCAP_CHUCVU": {
            "MaNgachChucDanh": each.rank,
            "BacLuong": str(each.step),
            "HeSoLuong": f"{each.coefficient:.2f}",
            "PhanTramHuong": "100",
            "DS_QUATRINH_LUONG": [{"TuNgay": start, "DenNgay": "", **paid}],
            "DS_QUATRINH_PHUCAP": [],
        },
        "THONGTIN_KHAC": {"NgayVaoDang": "", "SoTheDang": ""},
    }


def _packed(record: Data) -> str:
    message = {"Data": {"Header": {"Action_Type": "VIEW"}, "Body": {"HOSO_CBCCVC": record}}}
    return base64.b64encode(json.dumps(message, ensure_ascii=False).encode()).decode()


def _transaction(ask: Ask) -> str:
    """Names what was sent: the same message sent again is the same transaction."""
    sent = "|".join((ask.operation, str(ask.data.get("org_Code")), str(ask.data.get("jsonContent"))))
    return sha256(sent.encode()).hexdigest()[:26].upper()


def _yes(ask: Ask) -> Data:
    return {"message": "Cập nhật thành công", "err_code": 0, "transaction_id": _transaction(ask)}


def _no(ask: Ask, words: str) -> Data:
    return {"message": words, "err_code": 1, "transaction_id": _transaction(ask)}
