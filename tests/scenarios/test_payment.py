"""A citizen pays the fee of a dossier: the bill is opened, the platform calls the province, the receipt is fetched."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from lgsp.simulate import Province, tell

BILL: dict[str, Any] = {
    "MaThamChieu": "LPHT221116917",
    "SoTien": 25000,
    "ThongTinGiaoDich": "THANH TOAN HO SO H28.148-221116-9917",
    "ThongTinBienLai": {
        "MaDVC": "1.001193.01",
        "TenDVC": "Đăng ký khai sinh",
        "MaTTHC": "1.001193",
        "TenTTHC": "Đăng ký khai sinh",
        "MaDonVi": "H28.148",
        "TenDonVi": "UBND thành phố Hoà Bình",
        "MaHoSo": "H28.148-221116-9917",
        "NoiDungThanhToan": "Lệ phí bản sao trích lục",
        "HoTenNguoiNop": "BÙI VĂN MẪU",
        "PhiLePhi": [{"LoaiPhiLePhi": "2", "MaPhiLePhi": "LP01", "TenPhiLePhi": "Lệ phí hộ tịch", "SoTien": 25000}],
    },
}
KEY = {"MaThamChieu": BILL["MaThamChieu"]}


async def inbox(province: Province, consumer: str) -> list[dict[str, Any]]:
    """What payments have brought for this consumer; its other post is not of this story."""
    items = (await province.get("/inbox", consumer=consumer)).data["items"]
    return [item for item in items if item["system"] == "public-payment"]


async def confirmed(province: Province, consumer: str) -> list[dict[str, Any]]:
    """What lies in this consumer's inbox once the platform has called."""
    for _ in range(60):
        items = await inbox(province, consumer)
        if items:
            return items
        await asyncio.sleep(5)
    return []


def test_a_dossier_is_paid_confirmed_and_receipted() -> None:
    async def story(province: Province) -> None:
        opened = await province.call("public-payment", "INIT", BILL)
        assert opened.code == "ok", opened.data
        assert opened.data["UrlThanhToan"].startswith("https://")
        assert (await province.call("public-payment", "QUERY", KEY)).data["TrangThaiGD"] == "3", "not paid yet"

        (item,) = await confirmed(province, "mot-cua")
        assert item["operation"] == "CONFIRM"
        assert item["data"]["MaThamChieu"] == BILL["MaThamChieu"]
        assert item["data"]["TrangThaiGD"] == "1"

        assert (await province.call("public-payment", "QUERY", KEY)).data["TrangThaiGD"] == "1"
        receipt = await province.call("public-payment", "GET_BILL", KEY)
        assert receipt.data["UrlBienLai"].endswith(".pdf")

        for other in ("qlvb", "ioc", "bao-cao"):
            assert not await inbox(province, other), "not theirs"
        key = {"x-api-key": province.secrets["mot-cua"].api_key}
        assert (await province.send("DELETE", f"/inbox/{item['id']}", key)).status == 204
        assert not await inbox(province, "mot-cua")

    tell(story)


def test_a_bill_whose_answer_was_lost_is_settled_by_asking() -> None:
    """The platform has opened the bill, its answer never arrived: nobody may send it again, the status query tells."""

    async def story(province: Province) -> None:
        province.fail("public-payment", "lost-answer", operation="INIT", times=1)
        sent = await province.call("public-payment", "INIT", BILL, headers={"X-LGSP-Timeout": "2"})
        assert sent.status in (502, 504), sent.data
        assert sent.data["retryable"] is False
        submission = sent.headers["location"]
        for _ in range(60):
            state = (await province.get(submission, consumer="mot-cua")).data["state"]
            if state != "indeterminate":
                break
            await asyncio.sleep(5)
        assert state == "delivered"
        assert province.simulator.journal.effects["public-payment"] == {BILL["MaThamChieu"]: 1}

    tell(story)


def test_a_confirmation_that_nobody_signed_is_nobodys() -> None:
    async def story(province: Province) -> None:
        await province.call("public-payment", "INIT", BILL)
        forged = {
            "LoaiBanTin": "CONFIRM",
            "MaLoi": "00",
            "MaDoiTac": "LGSP-17",
            "MaThamChieu": BILL["MaThamChieu"],
            "SoTien": "25000",
            "MaTienTe": "VND",
            "MaGiaoDich": "GD9917",
            "MaNganHang": "MAU",
            "ThoiGianGD": "20221116081500",
            "ThongTinGiaoDich": "x",
            "MaXacThuc": "0" * 64,
        }
        headers = {"content-type": "application/json"}
        reply = await province.send("POST", "/inbound/public-payment/CONFIRM", headers, msgspec.json.encode(forged))
        assert reply.data["MaLoi"] != "00"
        assert not await inbox(province, "mot-cua")

    tell(story)
