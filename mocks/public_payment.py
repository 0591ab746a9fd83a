"""The two payment gateways: the national portal's platform (`dvcqg`) and PayGov (`paygov`), with citizens who pay.

A payment that was started settles some simulated minutes later, and the platform calls the province (`CONFIRM`) until
it is acknowledged. The amount decides how it ends, as in a payment sandbox: …003 stays pending, …004 fails, all others
succeed. References that start with VIDU (ví dụ, an example) may be started again and again without a second effect;
any other reference is refused when it comes twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World

OK, NOT_ADMITTED, NOT_FOUND, REFUSED = "0", "-1", "1", "2"
SUCCESS, PENDING, FAILED = "1", "3", "4"
PAID, WAITING, BROKEN = "VIDUDATHANHTOAN", "VIDUCHOTHANHTOAN", "VIDUTHATBAI"
PAYGOV_PAID = "PG99000002"
MINUTE = 60.0
DEMO_PARTNER, DEMO_SECRET = "PAYGOV-HOABINH", "demo-paygov-secret-key"
INIT_SIGNED = (
    "LoaiBanTin|PhienBan|MaDoiTac|MaThamChieu|SoTien|LoaiHinhThanhToan|MaKenhThanhToan|MaThietBi|NgonNgu|"
    "MaTienTe|MaNganHang|ThongTinGiaoDich|ThoiGianGD|Ip"
)
CONFIRM_SIGNED = (
    "LoaiBanTin|MaLoi|MaDoiTac|MaThamChieu|SoTien|MaTienTe|MaGiaoDich|MaNganHang|ThoiGianGD|ThongTinGiaoDich"
)
REFERENCE_SIGNED = "LoaiBanTin|PhienBan|MaDoiTac|MaThamChieu|ThoiGianGD"
CREATE_SIGNED = "partnerCode|accessKey|amount|orderId|orderInfo|requestCode|returnUrl|ipnUrl"
RECEIPT_SIGNED = (
    "partnerCode|accessKey|payerId|payerName|payerAddress|payerDistrict|payerProvince|docCode|procedureName|"
    "paids|otherInfo|decisionDate"
)
RETURN_SIGNED = "partnerCode|amount|orderId|orderInfo|requestCode|transactionCode|payDate|errorCode"


# The national portal's platform


def init(ask: Ask) -> Data:
    refused = _wrong(ask, INIT_SIGNED)
    if refused:
        return refused
    payments, bill = _payments(ask), ask.data["ThongTinBienLai"]
    reference, amount = ask.data["MaThamChieu"], int(ask.data["SoTien"])
    before = payments.get(reference)
    if before and not (reference.startswith("VIDU") and before["SoTien"] == amount and before["again"]):
        return duplicate(ask)
    fees = bill.get("PhiLePhi") or []
    if fees and sum(int(fee.get("SoTien", "0")) for fee in fees) != amount:
        return _no(REFUSED, "Tổng phí, lệ phí không bằng số tiền giao dịch")
    if before is None:
        payments[reference] = _payment(ask.data, amount, ask.now, again=True) | {"dossier": bill.get("MaHoSo", "")}
        ask.effect(reference)
        ask.later((3 + int(_sha256(reference), 16) % 15) * MINUTE, "citizen_pays", MaThamChieu=reference)
    address = f"https://thanhtoan.example/pg/{reference}"
    return _yes({"UrlThanhToan": address, "MaThamChieu": reference, "ThoiGianGD": ask.data["ThoiGianGD"]})


def query(ask: Ask) -> Data:
    refused = _wrong(ask, REFERENCE_SIGNED)
    if refused:
        return refused
    payment = _payments(ask).get(ask.data["MaThamChieu"])
    if payment is None:
        return _no(NOT_FOUND, "Không tìm thấy giao dịch")
    return _yes({name: value for name, value in payment.items() if name not in ("again", "dossier")})


def get_bill(ask: Ask) -> Data:
    refused = _wrong(ask, REFERENCE_SIGNED)
    if refused:
        return refused
    payment = _payments(ask).get(ask.data["MaThamChieu"])
    if payment is None:
        return _no(NOT_FOUND, "Không tìm thấy giao dịch")
    if payment["TrangThaiGD"] != SUCCESS:
        return _no(REFUSED, "Giao dịch chưa thanh toán thành công, chưa có biên lai")
    return _yes({"UrlBienLai": f"https://thanhtoan.example/bienlai/{payment['MaThamChieu']}.pdf"})


def citizen_pays(ask: Ask) -> Data:
    """Some minutes after INIT: the bank has said yes, no, or nothing."""
    payment = _payments(ask).get(ask.data["MaThamChieu"])
    if payment is None or payment["TrangThaiGD"] != PENDING or payment["SoTien"] % 1000 == 3:
        return {}
    paid = payment["SoTien"] % 1000 != 4
    payment |= {
        "TrangThaiGD": SUCCESS if paid else FAILED,
        "MaGiaoDich": f"PG{_sha256(payment['MaThamChieu'])[:12].upper()}",
        "ThoiGianGD": _stamp(ask.now),
    }
    names = (
        "MaDoiTac",
        "MaThamChieu",
        "SoTien",
        "MaTienTe",
        "MaGiaoDich",
        "MaNganHang",
        "ThoiGianGD",
        "ThongTinGiaoDich",
    )
    call: Data = {"LoaiBanTin": "CONFIRM", "MaLoi": "00" if paid else "04"} | {name: payment[name] for name in names}
    ask.call_province("CONFIRM", call | {"MaXacThuc": _joined(call, CONFIRM_SIGNED, ask.secrets["maXacThuc"])})
    return {}


def acknowledged(operation: str, reply: Data) -> bool:
    """Did the province take the call? The platform goes on calling until it reads MaLoi "00"."""
    return operation == "CONFIRM" and reply.get("MaLoi") == "00"


# PayGov


def create_payment(ask: Ask) -> Data:
    if not _paygov_signed(ask, CREATE_SIGNED):
        return _paygov_no("INVALID_PARTNER", "Sai checksum hoặc accessKey")
    orders, order = ask.state.setdefault("orders", {}), ask.data["orderId"]
    if order in orders and not (order.startswith("VIDU") and orders[order]["amount"] == ask.data["amount"]):
        return _paygov_no("DUPLICATED", "Mã đơn đã tồn tại")
    if order not in orders:
        orders[order] = {"amount": ask.data["amount"], "transaction": f"PG{_sha256(order)[:8].upper()}"}
        ask.effect(order)
    return {"error_code": "SUCCESSFUL", "data": {"url": f"https://paygov.example/thanh-toan/{order}"}}


def check_sum_url_return(ask: Ask) -> Data:
    expected = _sha256(
        "".join(str(ask.data.get(name, "")) for name in RETURN_SIGNED.split("|")) + ask.secrets["secretKey"]
    )
    genuine = hmac.compare_digest(expected, str(ask.data["checksum"]))
    return {"error_code": "SUCCESSFUL"} if genuine else _paygov_no("INVALID_CHECKSUM", "Chuỗi trả về không hợp lệ")


def print_receipt(ask: Ask) -> Data:
    if not _paygov_signed(ask, RECEIPT_SIGNED):
        return _paygov_no("INVALID_PARTNER", "Sai checksum hoặc accessKey")
    if not ask.data["payerName"].isascii():
        return _paygov_no("INVALID_DATA", "payerName không đúng định dạng: phải không dấu")
    try:
        paid = json.loads(base64.b64decode(ask.data["paids"], validate=True))
    except ValueError:
        return _paygov_no("INVALID_DATA", "paids không đúng định dạng")
    known = {PAYGOV_PAID, *(order["transaction"] for order in ask.state.get("orders", {}).values())}
    if not paid or not set(paid) <= known:
        return _paygov_no("NOT_FOUND", "Không tìm thấy giao dịch")
    return {"error_code": "SUCCESSFUL", "transactionReceipt": f"https://paygov.example/bien-lai/{paid[0]}.pdf"}


# What the fault schedule says in this ministry's words


def business_error(ask: Ask) -> Data:
    if ask.backend == "paygov":
        return _paygov_no("INVALID_DATA", "Dữ liệu không hợp lệ")
    return _no(REFUSED, "Yêu cầu bị từ chối")


def duplicate(ask: Ask) -> Data:
    if ask.backend == "paygov":
        return _paygov_no("DUPLICATED", "Mã đơn đã tồn tại")
    return _no(REFUSED, "Mã tham chiếu đã tồn tại")


HANDLERS: Handlers = {
    "dvcqg": {"INIT": init, "QUERY": query, "GET_BILL": get_bill},
    "paygov": {
        "CreatePayment": create_payment,
        "CheckSumUrlReturn": check_sum_url_return,
        "PrintReceipt": print_receipt,
    },
}


def examples(world: World) -> list[Example]:
    payer = world.nth(0)
    fee = {"LoaiPhiLePhi": "1", "MaPhiLePhi": "LP01", "TenPhiLePhi": "Lệ phí hộ tịch", "SoTien": 25000}
    unit = world.office.code
    dossier = f"{unit}-221114-99"
    start = {
        "MaThamChieu": "VIDU0001",
        "SoTien": 25000,
        "ThongTinGiaoDich": f"THANH TOAN HO SO {dossier}01",
        "ThongTinBienLai": {
            "MaDVC": "1.001193.01",
            "MaTTHC": "1.001193",
            "TenTTHC": "Đăng ký khai sinh",
            "MaDonVi": unit,
            "MaHoSo": f"{dossier}01",
            "HoTenNguoiNop": payer.full_name,
            "SoCMNDNguoiNop": payer.cccd,
            "PhiLePhi": [fee],
            "DSKhoanNop": [{"NoiDung": "Lệ phí hộ tịch", "SoTien": 25000}],
        },
    }
    short = start["ThongTinBienLai"] | {"PhiLePhi": [fee | {"SoTien": 5000}]}  # type: ignore[operator]
    order = {
        "amount": 40000,
        "orderId": "VIDUPG0001",
        "orderInfo": "Phí cấp bản sao",
        "requestCode": f"{dossier}03",
        "returnUrl": "https://dichvucong.hoabinh.example/tra-ve",
    }
    receipt = {
        "payerId": payer.cccd,
        "payerName": payer.full_name,
        "payerAddress": payer.residence.text,
        "docCode": f"{dossier}04",
        "procedureName": "Cấp bản sao trích lục hộ tịch",
        "paids": [PAYGOV_PAID],
        "beneficiaryUnitCode": unit,
        "beneficiaryUnitName": "Trung tâm Phục vụ hành chính công",
        "decisionDate": "2022-11-14",
    }
    back = _return_query(f"{dossier}04")
    return [
        Example("INIT", start),
        Example(
            "INIT",
            start
            | {
                "MaThamChieu": "VIDU0004",
                "SoTien": 30004,
                "ThongTinBienLai": {"MaTTHC": "1.001193", "MaHoSo": f"{dossier}05"},
            },
            note="…004: the payment will fail",
        ),
        Example("INIT", start | {"MaThamChieu": "VIDUSAITONG", "ThongTinBienLai": short}, "provider-fault"),
        Example("INIT", start | {"MaThamChieu": PAID}, "provider-fault", note="the reference was used"),
        Example("INIT", start | {"SoTien": 0}, "invalid-message"),
        Example("QUERY", {"MaThamChieu": PAID}),
        Example("QUERY", {"MaThamChieu": WAITING}),
        Example("QUERY", {"MaThamChieu": BROKEN}),
        Example("QUERY", {"MaThamChieu": "VIDUKHONGCO"}, "record-not-found"),
        Example("GET_BILL", {"MaThamChieu": PAID}),
        Example("GET_BILL", {"MaThamChieu": WAITING}, "provider-fault"),
        Example("GET_BILL", {"MaThamChieu": "VIDUKHONGCO"}, "record-not-found"),
        Example("taoThanhToan", order),
        Example("taoThanhToan", order | {"returnUrl": "http://dichvucong.hoabinh.example/"}, "invalid-message"),
        Example("CheckSumUrlReturn", {"urlReturn": back}),
        Example("CheckSumUrlReturn", {"urlReturn": back.replace("amount=40000", "amount=1")}, "provider-fault"),
        Example("layBienLai", receipt),
        Example("layBienLai", receipt | {"paids": ["PG99999999"]}, "record-not-found"),
    ]


def _return_query(dossier: str) -> str:
    fields = {
        "partnerCode": DEMO_PARTNER,
        "amount": "40000",
        "orderId": "VIDUPG0002",
        "requestCode": dossier,
        "transactionCode": PAYGOV_PAID,
        "payDate": "20221114093600",
        "errorCode": "SUCCESSFUL",
    }
    signed = "".join(fields.get(name, "") for name in RETURN_SIGNED.split("|")) + DEMO_SECRET
    return "&".join(f"{name}={value}" for name, value in fields.items()) + f"&checksum={_sha256(signed)}"


def _payments(ask: Ask) -> dict[str, dict[str, Any]]:
    """By MaThamChieu; three stand there from the beginning, one in each state."""
    payments: dict[str, dict[str, Any]] | None = ask.state.get("payments")
    if payments is None:
        payments = ask.state["payments"] = {}
        for reference, state, amount in ((PAID, SUCCESS, 25000), (WAITING, PENDING, 30003), (BROKEN, FAILED, 30004)):
            about: Data = {
                "MaDoiTac": ask.values.get("MaDoiTac", ""),
                "MaThamChieu": reference,
                "MaTienTe": "VND",
                "ThongTinGiaoDich": f"THANH TOAN HO SO {ask.world.province.agency}.148-221114-9902",
            }
            payment = _payment(about, amount, ask.now - timedelta(days=1), again=False)
            payments[reference] = payment | {"TrangThaiGD": state}
            if state == SUCCESS:
                payments[reference]["MaGiaoDich"] = f"PG{reference}"
    return payments


def _payment(about: Data, amount: int, now: datetime, *, again: bool) -> dict[str, Any]:
    return {
        "MaDoiTac": about["MaDoiTac"],
        "MaThamChieu": about["MaThamChieu"],
        "SoTien": amount,
        "MaTienTe": about["MaTienTe"],
        "MaGiaoDich": "",
        "MaNganHang": "NGANHANGMAU",
        "ThoiGianGD": _stamp(now),
        "ThongTinGiaoDich": about["ThongTinGiaoDich"],
        "TrangThaiGD": PENDING,
        "again": again,
    }


def _wrong(ask: Ask, signed: str) -> Data | None:
    if ask.data["LoaiBanTin"] != ask.operation:
        return _no(REFUSED, "LoaiBanTin không đúng định dạng")
    if ask.data["MaDoiTac"] != ask.values.get("MaDoiTac"):
        return _no(NOT_ADMITTED, "Mã đối tác không hợp lệ")
    expected = _joined(ask.data, signed, ask.secrets["maXacThuc"])
    if not hmac.compare_digest(expected, str(ask.data["MaXacThuc"])):
        return _no(NOT_ADMITTED, "Sai mã xác thực")
    return None


def _joined(data: Data, names: str, secret: str) -> str:
    return _sha256("|".join([*(str(data.get(name, "")) for name in names.split("|")), secret]))


def _paygov_signed(ask: Ask, names: str) -> bool:
    expected = _sha256(ask.secrets["secretKey"] + "".join(str(ask.data.get(name, "")) for name in names.split("|")))
    return ask.data["accessKey"] == ask.secrets["accessKey"] and hmac.compare_digest(
        expected, str(ask.data["checksum"])
    )


def _yes(told: Data) -> Data:
    return {"error_code": OK, "message": json.dumps(told, ensure_ascii=False)}


def _no(code: str, text: str) -> Data:
    return {"error_code": code, "message": text}


def _paygov_no(code: str, text: str) -> Data:
    return {"error_code": code, "message": text}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
