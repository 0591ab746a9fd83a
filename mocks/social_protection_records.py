"""Dossiers of the simulated social protection: as the ministry keeps them, and as its serializer gives them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lgsp.model import Data
from lgsp_mocks.world import Person, Place, World

GENDERS = {"1": "1034", "2": "1035"}
POLICE = "1047"
RECEIVED, DECIDED = "2", "10"


def home_of(world: World, commune: str, prefix: str) -> Data:
    """Public place members of a commune; the district only where the ministry has an id for it."""
    place = world.places[commune]
    district = world.places.get(place.parent)
    found = {f"{prefix}MaTinh": world.province.code, f"{prefix}MaXa": commune}
    if district is not None and "btxh" in district.codes:
        found[f"{prefix}MaHuyen"] = district.code
    return found


def id_of(place: Place) -> str:
    """What the ministry calls a place."""
    return place.codes.get("btxh", place.code).lstrip("0")


def standing(world: World) -> dict[str, Any]:
    """The dossiers that are there from the seed; never written."""
    office = world.office.code
    at = datetime.fromisoformat("2022-11-08T10:00:00")
    decided = row_of(world, f"{office}-221101-9931", world.actor("year-only")) | decision_of(world, 1, at)
    running = row_of(world, f"{office}-221101-9932", world.actor("old-cmnd"))
    return {each["MaHoSo"]: each for each in (decided, running)}


def row_of(world: World, code: str, person: Person) -> Data:
    commune = world.places[person.residence.commune]
    district = world.places.get(commune.parent)
    row: Data = {
        "LoaiDuLieu": "100",
        "MaHoSo": code,
        "MaTTHC": "1.001776",
        "TenTTHC": "Thực hiện trợ cấp xã hội hằng tháng",
        "KenhThucHien": "1",
        "LoaiDoiTuong": "1",
        "HoVaTen": person.full_name,
        "NgayThangNamSinh": "/".join(reversed(person.birth_text.split("-"))),
        "GioiTinhId": GENDERS[person.gender],
        "DanTocId": person.ethnicity.lstrip("0"),
        "CMND": person.cmnd or person.cccd,
        "CMND_NgayCap": "10/05/2021",
        "CMND_NoiCap": POLICE,
        "SoDienThoai": person.phone,
        "NgayTiepNhan": "01/11/2022 08:00:00",
        "NgayHenTra": "22/11/2022 17:00:00",
        "DonViXuLy": "Phòng Lao động - Thương binh và Xã hội",
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "0",
        "LoaiDinhDanh": "2" if person.cmnd else "1",
        "SoDinhDanh": person.cmnd or person.cccd,
        "MaCSDL": "1",
        "StatusId": RECEIVED,
        "UrlDetail": "",
        "SubmitedDate": "01/11/2022 08:00:00",
        "CertificateExtentData": papers_of(f"to-khai-{code[-4:]}.pdf", ""),
        "capNhat": "2022-11-01",
    }
    for prefix in ("", "HKTT_", "NOHT_"):
        row |= {
            f"{prefix}MaTinh": world.province.code.lstrip("0"),
            f"{prefix}MaHuyen": id_of(district) if district and district.level == "district" else "",
            f"{prefix}MaXa": id_of(commune),
        }
        if prefix:
            row |= {f"{prefix}MaThon": "", f"{prefix}ChiTiet": person.residence.detail}
    return row


def decision_of(world: World, n: int, now: datetime) -> Data:
    number = f"{9_900 + n}/QĐ-UBND"
    return {
        "LoaiKetQua": "1",
        "SoQuyetDinh": number,
        "NgayBanHanh": now.strftime("%d/%m/%Y"),
        "CoQuanBanHanh": f"UBND tỉnh {world.province.title}",
        "TrichYeu": "Về việc trợ cấp xã hội hằng tháng (mẫu)",
        "NgayKetThucXuLy_ThucTe": now.strftime("%d/%m/%Y %H:%M:%S"),
        "StatusId": DECIDED,
        "CertificateExtentData": papers_of("to-khai-mau.pdf", f"quyet-dinh-{9_900 + n}.pdf"),
        "capNhat": now.date().isoformat(),
    }


def papers_of(handed_in: str, result: str) -> str:
    """ExtentData as this ministry writes it, with its two ways to spell DanhSach."""
    paper = (
        f"<TaiLieuNop><TepDinhKemId>1</TepDinhKemId><TenTepDinhKem>{handed_in}</TenTepDinhKem><IsDeleted>0</IsDeleted>"
        f"<DuongDanTaiTepTin>https://btxh.example/tep/{handed_in}</DuongDanTaiTepTin><DuocSoHoa>1</DuocSoHoa>"
        "<DuocTaiSuDung>0</DuocTaiSuDung><DuocLayTuKhoDMQG>0</DuocLayTuKhoDMQG><MaKetQuaThayThe /></TaiLieuNop>"
    )
    decision = (
        f"<GiayToKetQua><TenGiayTo>{result}</TenGiayTo><MaThanhPhanHoSo>0</MaThanhPhanHoSo><GiayToId>1</GiayToId>"
        f"<DuongDanTepTinKetQua>https://btxh.example/tep/{result}</DuongDanTepTinKetQua>"
        "<MaGiayToKetQua>1.001776</MaGiayToKetQua></GiayToKetQua>"
    )
    return (
        f"<ExtentData><DanhsachTaiLieuNop>{paper}</DanhsachTaiLieuNop>"
        f"<DanhSachGiayToKetQua>{decision if result else ''}</DanhSachGiayToKetQua></ExtentData>"
    )


def drifted(dossier: Data, key: str) -> Data:
    """As the ministry's serializer names the members; it gives even the key back."""
    named = {"AcceptKey": key} | {name: text for name, text in dossier.items() if name != "capNhat"}
    return {drift(name): text for name, text in named.items()}


def drift(name: str) -> str:
    """`CMND_NgayCap` -> `cmnD_NgayCap`: leading capitals are lowered up to the one before what is no capital."""
    letters = list(name)
    for i, letter in enumerate(letters):
        if not letter.isupper() or (i > 0 and i + 1 < len(letters) and not letters[i + 1].isupper()):
            break
        letters[i] = letter.lower()
    return "".join(letters)
