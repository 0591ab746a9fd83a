"""What may be asked of civil status and what it must give, on dossiers that stand ready or are harmless to send again."""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.civil_status_records import FIRST_DAY, JOINT_SAMPLE, PDF, sample_unit
from lgsp_mocks.handler import Example
from lgsp_mocks.world import World


def examples(world: World) -> list[Example]:
    agency, unit = sample_unit(world)
    mother, father = world.actor("mother-hoa"), world.actor("father-binh")
    home, province = mother.residence, world.province.code
    birth: Data = {
        "loaiDangKy": "1",
        "nksHoTen": "BÙI THỊ MẪU",
        "nksGioiTinh": "2",
        "nksNgaySinh": "2022-11-10",
        "nksDanToc": "06",
        "nksQuocTich": "VN",
        "nksLoaiKhaiSinh": "1",
        "meHoTen": mother.full_name.upper(),
        "meNgaySinh": "1990",
        "meSoDDCN": mother.cccd,
        "chaHoTen": father.full_name.upper(),
        "nycHoTen": father.full_name,
        "nycQuanHe": "Cha",
    }
    sent: Data = {
        "maDonVi": unit,
        "module": "KS",
        "maHoSo": f"{agency}-221116-9907",
        "ngayTiepNhan": "2022-11-16",
        "hoSo": birth,
    }
    faulty = sent | {"maHoSo": f"{agency}-221116-9909", "hoSo": {"nksHoTen": "BÙI THỊ MẪU"}}
    address = {"maTinh": home.province, "maHuyen": home.district, "maXa": home.commune, "dcChiTiet": home.detail}
    joint: Data = {
        "maDonVi": unit,
        "module": "LTKS",
        "maHoSoLT": "G22.99.99-221116-9908",
        "maHoSoMCDT": f"{agency}-221116-9908",
        "ngayTiepNhan": "2022-11-16",
        "hoSo": birth | {"maGCS": "17001.GCS.00001.22", "meNoiCuTru": address},
        "fileDinhKem": [
            {
                "loaiGiayTo": "1",
                "tenGiayTo": "Giấy chứng sinh (mẫu)",
                "tenTepDinhKem": "gcs-mau.pdf",
                "duLieuTepDinhKem": PDF,
            }
        ],
    }
    known: Data = {"maDonVi": unit, "maHoSo": f"{agency}-221101-9901"}
    outcome: Data = {"maHoSoLT": JOINT_SAMPLE, "maTinh": province, "module": "LTKS"}
    report: Data = {
        "maTTHC": "2.002621",
        "soHoSoLT": JOINT_SAMPLE,
        "coQuanXuLy": unit,
        "maHoSo": f"{agency}-221101-9902",
        "trangThai": 9,
        "thoiGianThucHien": "2022-11-02T10:00:00+07:00",
        "nguoiXuLy": "Cán bộ Mẫu",
    }
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("dangKyHoTich", sent, "ok", "a birth; asked again it was received before"),
        ("dangKyHoTich", faulty, "provider-fault", "fields missing"),
        ("danhMuc", {"loaiDanhMuc": "3"}, "ok", "ethnic groups"),
        ("danhMuc", {"loaiDanhMuc": "4"}, "ok", "provinces, by the GSO code"),
        ("traTrangThaiHoSo", known, "ok", "registered"),
        ("traTrangThaiHoSo", known | {"maHoSo": f"{agency}-221101-9903"}, "ok", "in need of supplement"),
        ("traTrangThaiHoSo", known | {"maHoSo": f"{agency}-000101-0000"}, "record-not-found", "nobody's dossier"),
        ("traTrangThaiHoSo", known | {"maDonVi": 1}, "provider-fault", "a unit that the ministry does not have"),
        ("ketQuaDangKyHS", known, "ok", "registered"),
        ("ketQuaDangKyHS", known | {"maHoSo": f"{agency}-221101-9904"}, "ok", "not finished: daHoanThanh false"),
        ("dsHoSoDangKy", {"module": "KS", "ngayCapNhat": FIRST_DAY}, "ok", "the births of one day"),
        ("traHoSo", {"module": "KS", "maHoSo": "899901"}, "ok", "by the internal id"),
        ("traHoSo", {"module": "KS", "maHoSo": "1"}, "record-not-found", "no such id"),
        ("traDanhSachHoSo", {"maTinh": province, "module": "KT", "dsMaHoSo": ["899905"]}, "ok", "a death"),
        ("nhanHoSoDKHT", joint, "ok", "a joint birth with one paper"),
        ("traKetQuaHoSoDKHT", outcome, "ok", "with its result"),
        ("traKetQuaHoSoDKHT", outcome | {"maHoSoLT": "G22.99.99-000101-0000"}, "record-not-found", "nobody's dossier"),
        ("capNhatTrangThaiHoSoLT", report, "ok", "finished"),
        ("capNhatTrangThaiHoSoLT", report | {"trangThai": 77}, "provider-fault", "a state that does not exist"),
    )
    headers = {"X-LGSP-Purpose": "1.001193"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]
