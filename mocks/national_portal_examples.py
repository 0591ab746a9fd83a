"""The national portal's examples, repeatable in any order."""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.handler import Example
from lgsp_mocks.national_portal_records import ANSWERED, BORN_THERE, DONE, IN_WORK, STRANGER, first_office
from lgsp_mocks.world import World


def examples(world: World) -> list[Example]:
    (code, agency), mother, officer = first_office(world), world.actor("mother-hoa"), world.actor("officer")
    company, closed = world.company("company-active"), world.company("company-closed")
    known, fresh = f"{code}-{IN_WORK}", f"{code}-221114-9907"
    dossier: Data = {
        "MaHoSo": fresh,
        "MaTTHC": f"1.001193.000.00.00.{world.province.agency}",
        "TenTTHC": "Thủ tục đăng ký khai sinh",
        "MaLinhVuc": "LV-MAU-01",
        "TenLinhVuc": "Hộ tịch",
        "ChuHoSo": mother.full_name,
        "LoaiDoiTuong": "1",
        "MaDoiTuong": mother.cccd,
        "TrichYeuHoSo": "Đăng ký khai sinh",
        "NgayTiepNhan": "2022-11-14T08:30:00+07:00",
        "NgayHenTra": "2022-11-15T10:00:00Z",
        "TrangThaiHoSo": "2",
        "HinhThuc": "0",
        "DonViXuLy": agency,
        "TaiLieuNop": [{"TepDinhKemId": "1", "TenTepDinhKem": "giay-chung-sinh-mau.pdf", "IsDeleted": False}],
        "DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí bản sao", "MaPhiLePhi": "LP01", "HinhThucThu": "1", "Gia": 8000}],
    }
    step: Data = {
        "MaHoSo": known,
        "NguoiXuLy": officer.full_name,
        "ChucDanh": "Công chức tư pháp - hộ tịch",
        "ThoiDiemXuLy": "2022-11-14T15:00:00+07:00",
        "NoiDungXuLy": "Trình ký",
        "TrangThai": "4",
    }
    event: Data = {
        "CodeProfile": "MC-MAU-9901",
        "CodeTTHC": "1.001193",
        "NameTTHC": "Thủ tục đăng ký khai sinh",
        "MaHoSo": known,
        "Status": "1",
        "FormsReception": "2",
        "FormsPayments": "0",
        "Level": "3",
        "IsFromDVCQG": False,
        "IsDVCBC": False,
        "User": {"ID_local": mother.cccd, "TYPE": "2"},
    }
    question: Data = {
        "HOIDAPID": "990101",
        "MaLinhVuc": "LV-MAU-01",
        "NOIDUNG": "Câu hỏi mẫu: lệ phí bản sao là bao nhiêu?",
        "MADONVI": code,
        "TENDONVI": agency,
        "TRALOIID": "990102",
        "NOIDUNGTRALOI": "Trả lời mẫu: theo bảng phí đã niêm yết.",
    }
    papers: Data = {
        "SoDinhDanhChuSoHuu": mother.cccd,
        "HoTenNguoiYeuCau": mother.full_name,
        "KenhThucHien": "2",
        "MaThuTuc": "1.001193",
        "DanhSachDanhMucKetQua": [{"MaKetQua": "KQ-MAU-001193"}],
    }
    return [
        Example("DongBoHoSoMC", dossier, note="a second time the portal says that it has it, which is success"),
        Example("DongBoHoSoMC", dossier | {"isUpdating": True, "MaHoSo": known, "TrangThaiHoSo": "4"}),
        Example("DongBoHoSoMC", dossier | {"isUpdating": True, "MaHoSo": STRANGER}, "record-not-found"),
        Example("DongBoHoSoMC", dossier | {"MaTTHC": "9.999999"}, "provider-fault", note="a procedure that nobody has published"),
        Example("DongBoHoSoMC", dossier | {"NgayHenTra": "15/11/2022"}, "invalid-message"),
        Example("CapNhatTienDoHoSoMC", step),
        Example("CapNhatTienDoHoSoMC", step | {"MaHoSo": STRANGER}, "record-not-found"),
        Example("TraCuuHoSo", {"MaHoSo": known}),
        Example("TraCuuHoSo", {"MaHoSo": BORN_THERE}, note="born at the portal"),
        Example("TraCuuHoSo", {"MaHoSo": f"{code}-{DONE}", "TrangThai": "10"}),
        Example("TraCuuHoSo", {"MaHoSo": f"{code}-{DONE}", "TrangThai": "1"}, "record-not-found", note="not in this state"),
        Example("TraCuuHoSo", {"MaHoSo": STRANGER}, "record-not-found"),
        Example("LayThuTuc", {"MaTTHC": "1.001193"}),
        Example("LayThuTuc", {"MaTTHC": f"2.000806.{world.province.agency}"}, note="with the province's suffix"),
        Example("LayThuTuc", {"MaTTHC": "9.999999"}, "record-not-found"),
        Example("LayDanhSachTTHC", {}),
        Example("LayDanhMucCoQuan", {}),
        Example("LayDanhMucLinhVuc", {}),
        Example("TraCuuTechID", {"mstorcmnd": mother.cccd}),
        Example("TraCuuTechID", {"mstorcmnd": company.mst}),
        Example("TraCuuTechID", {"mstorcmnd": closed.mst}, "record-not-found", note="a closed company"),
        Example("LayDanhSachHoiDap", {}),
        Example("LayDanhSachHoiDap", {"HOIDAPID": ANSWERED}),
        Example("LayDanhSachHoiDap", {"HOIDAPID": "999999"}, "record-not-found"),
        Example("DongBoHoiDap", question),
        Example("DongBoHoiDap", question | {"MaLinhVuc": "LV-LA"}, "provider-fault"),
        Example("GetDanhSachKetQua", papers),
        Example("GetDanhSachKetQua", papers | {"MaThuTuc": "2.000488"}, "record-not-found", note="no such paper"),
        Example("TrackingMCDT", event),
        Example("TrackingMCDT", event | {"Status": "3"}, note="the result was given"),
        Example("TrackingMCDT", event | {"CodeTTHC": "9.999999"}, "provider-fault"),
    ]  # fmt: skip
