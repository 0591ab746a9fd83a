"""Civil servants: a record as JSON inside base64, every leaf a string, one `err_code` for all that can go wrong.

The ministry knows a record by `org_Code + "_" + SoHieuCBCCVC_BNDP`; the prefix is its own work, agencies send the number.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from lgsp.errors import BadAnswer, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import (
    Context,
    Data,
    FieldError,
    filled,
    json_data,
    json_text,
    listed,
    not_admitted,
    read_date,
    rule_of,
    text_of,
    write_date,
)

DATE = "dd/MM/yyyy"
READ = ("dd/MM/yyyy", "yyyy-MM-dd", "yyyyMMdd")
_TIME = ("TuNgay", "DenNgay")
LEAVES: Mapping[str, Sequence[str]] = {
    "THONGTINCHUNG": (
        "SoHieuCBCCVC", "PhanLoaiHoSo", "MaDonviSuDung", "TenDonViSuDung", "MaDonViQuanLy", "TenDonViQuanLy", "HoVaTen",
        "GioiTinh", "NgaySinh", "SoCMND", "SoDinhDanhCaNhan", "SoSoBaoHiemXaHoi", "DanToc", "TonGiao",
    ),
    "TUYENDUNG_QT_CONGTAC": (
        "NgayTuyenDungLanDau", "MaCoQuan", "TenCoQuan", "ViTriTuyenDung", "NgayVaoCoQuanHienNay", "ViTriViecLam",
    ),
    "LUONG_PHUCAP_CHUCVU": (
        "MaNgachChucDanh", "TuNgayHuongNgach", "BacLuong", "HeSoLuong", "TuNgayHuongBac", "PhanTramHuong", "ChucVu",
        "NgayBoNhiemLanDau", "NgayBoNhiemLai", "ChucVuChucDanhKiemNhiem",
    ),
    "TRINHDO_DAOTAO_BOIDUONG": (
        "HocVanPhoThong", "TrinhDoChuyenMon", "TrinhDoLyLuanChinhTri", "TrinhDoQuanLyNhaNuoc", "BoiDuongQuocPhongAnNinh",
        "TiengDanTocThieuSo", "MaChucDanhKhoaHoc", "NgayPhongChucDanh", "MaHocVi", "NgayQuyetDinhHocVi",
    ),
    "THONGTIN_KHAC": ("NgayVaoDang", "NgayVaoDangChinhThuc", "SoTheDang", "ChucVuDang"),
    "DS_QUATRINH_CONGTAC": (*_TIME, "MaCoQuan", "TenCoQuan", "ViTriViecLam"),
    "DS_QUATRINH_PHUCAP": (*_TIME, "LoaiPhuCap", "HeSo", "PhanTramHuongPhuCap", "GiaTri", "HinhThucHuong"),
    "DS_QUATRINH_LUONG": (*_TIME, "Ngach", "BacLuong", "HeSoLuong", "PhanTramHuong"),
    "DS_TINHOC": ("TrinhDo",),
    "DS_NGOAINGU": ("MaNgoaiNgu", "TrinhDo"),
    "DS_QUATRINH_DAOTAO_BOIDUONG": (
        *_TIME, "ChuyenNganhDaoTao", "TrinhDoDaoTao", "CoSoDaoTao", "XepLoaiTotNghiep", "NuocDaoTao",
    ),
    "DS_KETQUA_DANHGIA_PHANLOAI": ("KetQuaDanhGia", "Nam", "ThamQuyenDanhGia"),
}  # fmt: skip
"""What a section or a row of a list holds. The ministry wants every leaf there, empty where nothing is known."""
LISTS: Mapping[str, Sequence[str]] = {
    "TUYENDUNG_QT_CONGTAC": ("DS_QUATRINH_CONGTAC",),
    "LUONG_PHUCAP_CHUCVU": ("DS_QUATRINH_PHUCAP", "DS_QUATRINH_LUONG"),
    "TRINHDO_DAOTAO_BOIDUONG": ("DS_TINHOC", "DS_NGOAINGU", "DS_QUATRINH_DAOTAO_BOIDUONG"),
}
NUMBERS = ("PhanTramHuong", "PhanTramHuongPhuCap", "GiaTri", "Nam")
_GENERAL = "/HOSO_CBCCVC/THONGTINCHUNG"
_SALARY = "/HOSO_CBCCVC/LUONG_PHUCAP_CHUCVU"
NAMED = (
    ("mã đơn vị sử dụng", f"{_GENERAL}/MaDonviSuDung"),
    ("mã đơn vị quản lý", f"{_GENERAL}/MaDonViQuanLy"),
    ("mã đơn vị gửi", ""),
    ("mã đơn vị", "/org_Code"),
    ("họ tên", f"{_GENERAL}/HoVaTen"),
    ("mã giới tính", f"{_GENERAL}/GioiTinh"),
    ("mã dân tộc", f"{_GENERAL}/DanToc"),
    ("mã tôn giáo", f"{_GENERAL}/TonGiao"),
    ("mã phân loại hồ sơ", f"{_GENERAL}/PhanLoaiHoSo"),
    ("mã vị trí tuyển dụng", "/HOSO_CBCCVC/TUYENDUNG_QT_CONGTAC/ViTriTuyenDung"),
    ("mã ngạch", f"{_SALARY}/MaNgachChucDanh"),
    ("mã bậc lương", f"{_SALARY}/BacLuong"),
    ("mã chức vụ", f"{_SALARY}/ChucVu"),
    ("mã loại phụ cấp", f"{_SALARY}/DS_QUATRINH_PHUCAP"),
    ("mã trình độ tin học", "/HOSO_CBCCVC/TRINHDO_DAOTAO_BOIDUONG/DS_TINHOC"),
    ("mã ngoại ngữ", "/HOSO_CBCCVC/TRINHDO_DAOTAO_BOIDUONG/DS_NGOAINGU"),
    ("mã kết quả đánh giá", "/HOSO_CBCCVC/DS_KETQUA_DANHGIA_PHANLOAI"),
    ("thông tin chung", _GENERAL),
    ("hành động", "/Action_Type"),
    ("số hiệu", "/HOSO_CBCCVC/SoHieuCBCCVC_BNDP"),
)
"""Words of a refusal -> the member that they are about; the first that fits counts."""


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """The envelope. Raises `InvalidMessage` where a date is none."""
    if operation == "xemHoSo":
        action, record = "VIEW", {"SoHieuCBCCVC_BNDP": data["SoHieuCBCCVC_BNDP"]}
    else:
        action, record = data["Action_Type"], _record(data["HOSO_CBCCVC"])
    header = {"Action_Type": action, "Sender_Code": ctx.values.get("Sender_Code", "")}
    message = {"Data": {"Header": header, "Body": {"HOSO_CBCCVC": record}}}
    content = base64.b64encode(json_text(message).encode()).decode()
    return {"org_Code": data["org_Code"], "jsonContent": content}


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """Raises the leaf of a refusal; `xemHoSo` with `doiChieu` says whether that update has taken effect."""
    said = text_of(data.get("message"))
    record = ctx.request.get("HOSO_CBCCVC") or {}
    number = ctx.request.get("SoHieuCBCCVC_BNDP") or record.get("SoHieuCBCCVC_BNDP")
    about = {"org_Code": ctx.request.get("org_Code"), "SoHieuCBCCVC_BNDP": number}
    wanted = ctx.request.get("doiChieu")
    if text_of(data["err_code"]) != "0":
        error = _refusal(said)
        if wanted == "DEL" and isinstance(error, RecordNotFound):
            return filled(about | {"daXoa": True, "moTa": said})
        raise error
    if wanted == "DEL":
        raise RecordNotFound(provider=("0", said))
    if wanted == "EDIT":  # that the record is there says nothing of what was to be changed
        raise ProviderFault(provider=("0", said))
    found = filled(about | {"maGiaoDich": data.get("transaction_id"), "moTa": said})
    if operation == "xemHoSo" or ctx.request.get("Action_Type") == "VIEW":
        found["HOSO_CBCCVC"] = _read(data.get("value"), text_of(number))
    return found


def _record(record: Data) -> Data:
    written: Data = {"SoHieuCBCCVC_BNDP": record["SoHieuCBCCVC_BNDP"]}
    for name, value in record.items():
        if name.startswith("DS_"):
            written[name] = _rows(name, value, f"/HOSO_CBCCVC/{name}")
        elif name in LEAVES:
            path = f"/HOSO_CBCCVC/{name}"
            written[name] = _leaves(name, value, path)
            for part in LISTS.get(name, ()):
                if part in value:
                    written[name][part] = _rows(part, value[part], f"{path}/{part}")
    return written


def _rows(name: str, rows: Any, path: str) -> list[Data]:
    return [_leaves(name, row, f"{path}/{n}") for n, row in enumerate(rows)]


def _leaves(name: str, values: Data, path: str) -> Data:
    return {leaf: _leaf(leaf, values.get(leaf), f"{path}/{leaf}") for leaf in LEAVES[name]}


def _leaf(name: str, value: Any, path: str) -> str:
    if value is None or not _is_date(name):
        return text_of(value)
    try:
        return write_date(value, DATE)
    except InvalidMessage as wrong:
        raise InvalidMessage(errors=(FieldError(path, "date"),)) from wrong


def _is_date(name: str) -> bool:
    return name.startswith(("Ngay", "TuNgay", "DenNgay"))


def _read(value: object, number: str) -> Data:
    """The record behind VIEW, without the agency's prefix before its number."""
    try:
        text = base64.b64decode(text_of(value), validate=True).decode()
    except ValueError as wrong:  # no base64, no UTF-8
        raise BadAnswer from wrong
    message: Any = json_data(text)
    for part in ("Data", "Body", "HOSO_CBCCVC"):
        message = message.get(part) if isinstance(message, Mapping) else None
    if not isinstance(message, Mapping):
        raise BadAnswer
    record: Data = {"SoHieuCBCCVC_BNDP": number or text_of(message.get("SoHieuCBCCVC_BNDP")).rpartition("_")[2]}
    for name, section in message.items():
        if name.startswith("DS_") and name in LEAVES:
            record[name] = _clean_rows(name, section)
        elif name in LEAVES and isinstance(section, Mapping):
            record[name] = _clean(name, section)
            record[name] |= {part: _clean_rows(part, section.get(part)) for part in LISTS.get(name, ())}
    return filled(record)


def _clean_rows(name: str, rows: Any) -> list[Data]:
    return [_clean(name, row) for row in listed(rows) if isinstance(row, Mapping)]


def _clean(name: str, values: Mapping[str, Any]) -> Data:
    return {leaf: _value(leaf, values.get(leaf)) for leaf in LEAVES[name]}


def _value(name: str, value: Any) -> Any:
    if _is_date(name):
        return read_date(value, *READ)
    text = text_of(value)
    if name in NUMBERS:
        return int(text) if text.isdecimal() and text.isascii() else None
    return text


def _refusal(said: str) -> LgspError:
    """The ministry has one code for everything; what was meant stands in its words."""
    words = said.casefold()
    if "phân quyền" in words or "xác thực" in words:
        return not_admitted("1", said)
    path = next((path for phrase, path in NAMED if phrase in words), "")
    missing = "không tồn tại" in words or "chưa có" in words
    if missing and path.endswith("SoHieuCBCCVC_BNDP"):
        return RecordNotFound(provider=("1", said))
    rule = "unique" if "đã tồn tại" in words else "enum" if "thuộc" in words else rule_of(said)
    return ProviderFault(provider=("1", said), errors=(FieldError(path, rule),) if path else ())
