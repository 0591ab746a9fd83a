"""What the national portal keeps and publishes: dossiers, questions, procedures, and what is wrong with what it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lgsp.model import Data
from lgsp_mocks.world import World
from lgsp_mocks.world.procedures import FIELDS, Procedure, procedure

STATES = {
    "1": "Mới đăng ký",
    "2": "Được tiếp nhận",
    "3": "Không được tiếp nhận",
    "4": "Đang xử lý",
    "5": "Yêu cầu bổ sung",
    "6": "Yêu cầu nghĩa vụ tài chính",
    "7": "Công dân rút",
    "8": "Dừng xử lý",
    "9": "Đã xử lý xong",
    "10": "Đã trả kết quả",
}
KEPT = 5_000
"""Dossiers, questions and events that the portal remembers."""
STAMP = "%Y%m%d%H%M%S"
_STAMPED = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy")
IN_WORK, DONE, BORN_THERE = "221114-9901", "221103-9902", "G22.99.99-221114-9903"
"""Dossiers from the seed; the first two stand behind the code of the office where the sample dossiers lie."""
STRANGER = "G22.99.99-000101-0000"
ANSWERED, OPEN = "990002", "990001"
"""Questions from the seed: one with an answer, one without."""


def first_office(world: World) -> tuple[str, str]:
    return world.office.code, world.office.name


def standing(world: World) -> list[dict[str, Any]]:
    """Dossiers that the portal knows before anybody asks."""
    (code, agency), mother, father = first_office(world), world.actor("mother-hoa"), world.actor("father-binh")
    step = {
        "NguoiXuLy": world.actor("officer").full_name,
        "ThoiDiemXuLy": "20221114100000",
        "NoiDungXuLy": "Đang xử lý",
        "TrangThai": "4",
    }
    rows: tuple[tuple[str, str, str, str, str, str, list[dict[str, str]]], ...] = (
        (f"{code}-{IN_WORK}", "1.001193", mother.full_name, "4", "20221114083000", "20221115170000", [step]),
        (f"{code}-{DONE}", "2.000488", father.full_name, "10", "20221103090000", "20221117170000", []),
        (BORN_THERE, "1.000894", father.full_name, "2", "20221114140000", "20221115170000", []),
    )
    return [
        {
            "MaHoSo": dossier,
            "MaTTHC": procedure,
            "HoTenNguoiNop": who,
            "TrangThai": state,
            "NgayNop": received,
            "NgayTiepNhan": received,
            "NgayHenTra": promised,
            "DonViXuLy": agency,
            "MaDonViXuLy": code,
            "HinhThuc": "0",
            "steps": steps,
        }
        for dossier, procedure, who, state, received, promised, steps in rows
    ]


def questions(world: World) -> list[Data]:
    """Questions and answers from the seed."""
    code, agency = first_office(world)
    old, mother = world.actor("old-cmnd"), world.actor("mother-hoa")
    return [
        {
            "HOIDAPID": int(OPEN),
            "MALINHVUC": "LV-MAU-01",
            "NOIDUNG": "Câu hỏi mẫu: nộp hồ sơ khai sinh ở đâu?",
            "MADONVI": code,
            "TENDONVI": agency,
            "HOVATEN": old.full_name,
            "DIACHI": old.residence.text,
            "THUDIENTU": None,
            "SODIENTHOAI": old.phone,
            "NOIDUNGTRALOI": None,
            "TRANGTHAI": 1,
        },
        {
            "HOIDAPID": int(ANSWERED),
            "MALINHVUC": "LV-MAU-02",
            "NOIDUNG": "Câu hỏi mẫu: phiếu lý lịch tư pháp có thời hạn không?",
            "MADONVI": code,
            "TENDONVI": agency,
            "HOVATEN": mother.full_name,
            "TRALOIID": 990_003,
            "NOIDUNGTRALOI": "Trả lời mẫu: theo quy định của nơi nhận phiếu.",
            "TRANGTHAI": 1,
        },
    ]


def dossier_of(sent: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the portal keeps of a dossier: never the papers."""
    flat = {name: value for name, value in sent.items() if isinstance(value, str)}
    received = flat.get("NgayTiepNhan") or f"{now:{STAMP}}"
    return flat | {
        "HoTenNguoiNop": flat.get("ChuHoSo", ""),
        "TrangThai": flat.get("TrangThaiHoSo", "1"),
        "MaDonViXuLy": sent["MaHoSo"].partition("-")[0],
        "NgayNop": received,
        "NgayTiepNhan": received,
        "updates": [],
        "steps": [],
    }


def wrong_with(sent: Mapping[str, Any]) -> list[str]:
    """What is wrong with a dossier, in the portal's words."""
    said = [f"{name} không đúng định dạng" for name in _STAMPED if not is_stamp(sent, name)]
    if procedure(sent["MaTTHC"]) is None:
        said.append("MaTTHC không tồn tại trong danh mục")
    if sent.get("TrangThaiHoSo", "1") not in STATES:
        said.append("TrangThaiHoSo không tồn tại trong danh mục")
    if not said and sent.get("NgayHenTra", "9") < sent.get("NgayTiepNhan", ""):
        said.append("NgayHenTra trước NgayTiepNhan")
    return said


def is_stamp(sent: Mapping[str, Any], name: str) -> bool:
    try:
        return name not in sent or bool(datetime.strptime(sent[name], STAMP))  # noqa: DTZ007  the portal keeps Viet Nam's time
    except ValueError:
        return False


def published(world: World, found: Procedure) -> Data:
    fees = [{"MAPHILEPHI": "LP01", "SOTIEN": float(found.fee), "DONVI": "Đồng", "MOTA": ""}] if found.fee else []
    takes = {"THOIGIANGIAIQUYET": found.days, "DONVITINH": "Ngày làm việc", "MOTA": None, "PHILEPHI": fees}
    name, _ = FIELDS[found.field]
    agencies = {a.code: a for a in world.agencies.values() if a.level == found.level and not a.code.startswith("G")}
    papers = [
        {"MAGIAYTO": f"GT-MAU-{n}", "TENGIAYTO": paper, "TENMAUDON": None, "URL": None}
        for n, paper in enumerate(found.papers, 1)
    ]
    steps = ("Nộp hồ sơ", "Tiếp nhận và thẩm định", "Trả kết quả")
    return {
        "MATTHC": found.code,
        "TENTTHC": found.title,
        "MACOQUANCONGBO": found.owner,
        "LINHVUCTHUCHIEN": [{"MALINHVUC": found.field, "TENLINHVUC": name}],
        "TRINHTUTHUCHIEN": [{"TRUONGHOP": None, "TRINHTU": [{"TENTRINHTU": step} for step in steps]}],
        "CACHTHUCTHUCHIEN": [{"KENH": channel, "THOIGIAN": [takes]} for channel in (1, 2, 3)],
        "THANHPHANHOSO": [{"TRUONGHOP": None, "GIAYTO": papers}],
        "DOITUONGTHUCHIEN": [{"TENDOITUONG": "Công dân Việt Nam"}],
        "KETQUATHUCHIEN": [{"MAKETQUA": found.result_code, "TENKETQUA": found.result}],
        "CANCUPHAPLY": [{"SOVANBAN": "99005/2020/NĐ-CP", "TENVANBAN": "Nghị định mẫu"}],
        "COQUANTHUCHIEN": [{"MADONVI": a.code, "TENDONVI": a.name} for a in list(agencies.values())[:10]],
        "YEUCAU": None,
        "TRANGTHAI": 1,
    }


def keep(kept: dict[str, Any], key: str, value: dict[str, Any]) -> None:
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


def digest_of(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
