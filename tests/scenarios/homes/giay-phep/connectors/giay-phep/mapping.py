"""The ministry's dialect; it knows the newest public contract, and what only an older version asks."""

from __future__ import annotations

from lgsp.errors import RecordNotFound
from lgsp.mapping import Context, Data


def ask(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "thongKe":
        assert ctx.version == "v1", "only the older version has it"
        return {"NAM": data["nam"]}
    asked: Data = {"MA": data["soGiayPhep"]}
    if operation == "ghi":
        asked["CHU"] = data["chuSoHuu"]["hoTen"]
    return asked


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "thongKe":
        return {"soLuong": data["SO_LUONG"]}
    if data["TRANG_THAI"] == 0:
        raise RecordNotFound(provider=("0", "khong co"))
    so = ctx.request["soGiayPhep"]  # the newer request, also where the caller speaks the older version
    if operation == "ghi":
        return {"maTiepNhan": f"TN-{so}"}
    return {"soGiayPhep": so, "chuSoHuu": {"hoTen": data["CHU"]}, "ngayCap": data["NGAY"], "trangThai": "hieu-luc"}
