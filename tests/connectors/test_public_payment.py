"""public-payment: the mapping's dialect, checksums computed here a second time by the published formulas."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from lgsp.errors import (
    BadAnswer,
    BusFault,
    ConnectFailed,
    InvalidMessage,
    ProviderFault,
    RecordNotFound,
    Unauthenticated,
)
from lgsp.mapping import Context
from tests.connectors.mappings import load

NOW = datetime(2023, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=7)))
SECRETS = {"maXacThuc": "bi-mat-mau", "secretKey": "demo-paygov-secret-key", "accessKey": "khoa-mau"}
VALUES = {"MaDoiTac": "LGSP-17", "PhienBan": "1.0.6", "Ip": "192.0.2.17", "partnerCode": "PAYGOV-HOABINH"}
START: dict[str, Any] = {
    "MaThamChieu": "THU0001",
    "SoTien": 25000,
    "ThongTinGiaoDich": "THANH TOAN HO SO H28.148-230504-9901",
    "ThongTinBienLai": {
        "MaTTHC": "1.001193",
        "MaHoSo": "H28.148-230504-9901",
        "NgayQD": "2023-05-03",
        "PhiLePhi": [{"TenPhiLePhi": "Lệ phí hộ tịch", "SoTien": 20000}, {"SoTien": 5000}],
    },
}


mapping = load("public-payment")


def context(backend: str = "dvcqg", request: dict[str, Any] | None = None, **changes: Any) -> Context:
    values: dict[str, Any] = {"secrets": SECRETS, "values": VALUES, "now": NOW} | changes
    return Context(new_id=lambda: "0" * 26, backend=backend, request=request or {}, **values)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_init_is_written_in_the_ministrys_dialect_and_signed_with_the_secret_last() -> None:
    asked = mapping.ask("INIT", START, context())
    assert asked["SoTien"] == "25000"
    assert asked["ThoiGianGD"] == "20230504093000"
    assert asked["ThongTinBienLai"]["NgayQD"] == "20230503000000"
    assert asked["ThongTinBienLai"]["MaDichVu"] == "2"
    assert [fee["SoTien"] for fee in asked["ThongTinBienLai"]["PhiLePhi"]] == ["20000", "5000"]
    signed = (
        "INIT|1.0.6|LGSP-17|THU0001|25000|PAY|1|1|vi-VN|VND|PAYMENT|THANH TOAN HO SO H28.148-230504-9901"
        "|20230504093000|192.0.2.17|bi-mat-mau"
    )
    assert asked["MaXacThuc"] == sha256(signed)


@pytest.mark.parametrize("operation", ["QUERY", "GET_BILL"])
def test_queries_carry_their_own_kind_and_checksum(operation: str) -> None:
    asked = mapping.ask(operation, {"MaThamChieu": "THU0001", "ThoiGianGD": "2023-05-04T02:30:00Z"}, context())
    assert asked["LoaiBanTin"] == operation
    assert asked["ThoiGianGD"] == "20230504093000", "in Viet Nam's time, whatever offset the caller wrote"
    assert asked["MaXacThuc"] == sha256(f"{operation}|1.0.6|LGSP-17|THU0001|20230504093000|bi-mat-mau")


def test_answers_are_json_inside_a_string() -> None:
    told = {"UrlThanhToan": "https://thanhtoan.example/pg/THU0001", "ThoiGianGD": "20230504093000"}
    answer = mapping.answer("INIT", {"error_code": "0", "message": json.dumps(told)}, context(request=START))
    assert answer == {
        "MaThamChieu": "THU0001",
        "UrlThanhToan": "https://thanhtoan.example/pg/THU0001",
        "ThoiGianGD": "2023-05-04T09:30:00+07:00",
    }


@pytest.mark.parametrize("amount", [25000, "25000"])
def test_a_state_has_clean_types(amount: object) -> None:
    told = {"TrangThaiGD": 3, "SoTien": amount, "MaGiaoDich": "", "ThoiGianGD": "20230504093000"}
    state = mapping.answer("QUERY", {"error_code": "0", "message": json.dumps(told)}, context(request=START))
    assert state == {
        "MaThamChieu": "THU0001",
        "TrangThaiGD": "3",
        "SoTien": 25000,
        "ThoiGianGD": "2023-05-04T09:30:00+07:00",
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error_code": "-1", "message": "Sai mã xác thực"}, ConnectFailed),
        ({"error_code": "1", "message": "Không tìm thấy giao dịch"}, RecordNotFound),
        ({"error_code": "2", "message": "Mã tham chiếu đã tồn tại"}, ProviderFault),
        ({"error_code": "99"}, ProviderFault),
        ({"error_code": "0", "message": "không phải JSON"}, BadAnswer),
        ({"error_code": "0", "message": "[]"}, BadAnswer),
        ({"error_code": "0"}, BadAnswer),
    ],
)
def test_business_errors_are_told_from_broken_contracts(answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        mapping.answer("QUERY", answer, context(request=START))


def test_a_wrong_sum_points_into_the_callers_own_json() -> None:
    with pytest.raises(ProviderFault) as caught:
        mapping.answer(
            "INIT", {"error_code": "2", "message": "Tổng phí, lệ phí không bằng số tiền giao dịch"}, context()
        )
    assert [error.path for error in caught.value.errors] == ["/ThongTinBienLai/PhiLePhi"]
    assert caught.value.provider == ("2", "Tổng phí, lệ phí không bằng số tiền giao dịch")


def confirmed(**changes: Any) -> dict[str, Any]:
    call = {
        "LoaiBanTin": "CONFIRM",
        "MaLoi": "00",
        "MaDoiTac": "LGSP-17",
        "MaThamChieu": "THU0001",
        "SoTien": 25000,
        "MaTienTe": "VND",
        "MaGiaoDich": "PG9900",
        "MaNganHang": "NGANHANGMAU",
        "ThoiGianGD": "20230504093600",
        "ThongTinGiaoDich": "THANH TOAN",
    } | changes
    return call | {"MaXacThuc": sha256("|".join(str(value) for value in call.values()) + "|bi-mat-mau")}


def test_confirm_is_proved_handed_over_and_acknowledged() -> None:
    received = mapping.receive("CONFIRM", confirmed(), context())
    assert received.consumer is None
    assert received.key == "THU0001:PG9900"
    assert received.data["TrangThaiGD"] == "1"
    assert received.data["SoTien"] == 25000
    assert received.data["ThoiGianGD"] == "2023-05-04T09:36:00+07:00"
    assert "MaXacThuc" not in received.data
    assert received.reply["MaLoi"] == "00"
    signed = f"00|{received.reply['MoTaLoi']}|LGSP-17|THU0001|20230504093600|bi-mat-mau"
    assert received.reply["MaXacThuc"] == sha256(signed)


def test_a_payment_that_failed_is_acknowledged_too() -> None:
    received = mapping.receive("CONFIRM", confirmed(MaLoi="04", MaGiaoDich=""), context())
    assert received.data["TrangThaiGD"] == "4"
    assert received.reply["MaLoi"] == "00"


@pytest.mark.parametrize("changed", ["SoTien", "MaLoi", "MaGiaoDich", "MaThamChieu", "ThoiGianGD", "MaXacThuc"])
def test_a_confirm_with_one_changed_field_is_nobodys(changed: str) -> None:
    forged = confirmed() | {changed: {"SoTien": 1, "ThoiGianGD": "20230504093601"}.get(changed, "04")}
    with pytest.raises(Unauthenticated):
        mapping.receive("CONFIRM", forged, context())


def test_the_checksum_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def spy(one: bytes, two: bytes) -> bool:
        compared.append((one, two))
        return one == two

    monkeypatch.setattr(mapping, "hmac", SimpleNamespace(compare_digest=spy))
    mapping.receive("CONFIRM", confirmed(), context())
    assert len(compared) == 1
    assert hmac.compare_digest(*compared[0])


def test_a_confirm_of_another_partner_is_refused() -> None:
    with pytest.raises(InvalidMessage):
        mapping.receive("CONFIRM", confirmed(MaDoiTac="LGSP-99"), context())


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unauthenticated(), "97"), (RecordNotFound(), "01"), (BusFault(), "99"), (InvalidMessage(), "99")],
)
def test_a_refusal_never_acknowledges(error: Exception, code: str) -> None:
    reply = mapping.refuse("CONFIRM", confirmed(), error, context())
    assert reply["MaLoi"] == code
    assert reply["MaThamChieu"] == "THU0001"
    assert mapping.refuse("CONFIRM", {}, error, context())["MaLoi"] == code, "total, even for an empty message"


ORDER = {
    "amount": 40000,
    "orderId": "PG1",
    "orderInfo": "Phí bản sao",
    "requestCode": "H28.148-230504-9903",
    "returnUrl": "https://dichvucong.hoabinh.example/tra-ve",
}
RECEIPT = {
    "payerId": "017190990001",
    "payerName": "Bùi Thị Đào Mẫu",
    "docCode": "H28.148-230504-9904",
    "procedureName": "Cấp bản sao",
    "paids": ["PG99000002"],
    "beneficiaryUnitCode": "H28.148",
    "beneficiaryUnitName": "Trung tâm",
    "decisionDate": "2023-05-04",
}


def test_paygov_joins_its_values_by_nothing_with_the_secret_first() -> None:
    asked = mapping.ask("taoThanhToan", ORDER, context("paygov"))
    assert asked["checksum"] == sha256(
        "demo-paygov-secret-keyPAYGOV-HOABINHkhoa-mau40000PG1Phí bản saoH28.148-230504-9903"
        "https://dichvucong.hoabinh.example/tra-ve"
    )


def test_a_receipt_is_asked_without_accents_and_with_json_in_base64() -> None:
    asked = mapping.ask("layBienLai", RECEIPT, context("paygov"))
    assert asked["payerName"] == "Bui Thi Dao Mau"
    assert json.loads(base64.b64decode(asked["paids"])) == ["PG99000002"]
    assert json.loads(base64.b64decode(asked["otherInfo"])) == {
        "beneficiaryUnitCode": "H28.148",
        "beneficiaryUnitName": "Trung tâm",
    }
    assert asked["decisionDate"] == "04-05-2023"
    joined = "".join(
        asked[name]
        for name in (
            *("partnerCode", "accessKey", "payerId", "payerName", "payerAddress", "payerDistrict", "payerProvince"),
            *("docCode", "procedureName", "paids", "otherInfo", "decisionDate"),
        )
    )
    assert asked["checksum"] == sha256("demo-paygov-secret-key" + joined)


def test_a_return_address_is_read_from_a_query_or_a_whole_address() -> None:
    query = "orderId=PG1&amount=40000&orderInfo=Ph%C3%AD&unknown=1&checksum=ab"
    expected = {"orderId": "PG1", "amount": "40000", "orderInfo": "Phí", "checksum": "ab"}
    assert mapping.ask("CheckSumUrlReturn", {"urlReturn": query}, context("paygov")) == expected
    whole = {"urlReturn": f"https://dichvucong.hoabinh.example/tra-ve?{query}#x"}
    assert mapping.ask("CheckSumUrlReturn", whole, context("paygov")) == expected
    with pytest.raises(InvalidMessage):
        mapping.ask("CheckSumUrlReturn", {"urlReturn": "orderId=PG1"}, context("paygov"))


@pytest.mark.parametrize(
    ("operation", "answer", "error"),
    [
        ("CheckSumUrlReturn", {"error_code": "INVALID_CHECKSUM"}, ProviderFault),
        ("CheckSumUrlReturn", {}, BadAnswer),
        ("taoThanhToan", {"error_code": "DUPLICATED", "message": "Mã đơn đã tồn tại"}, ProviderFault),
        ("taoThanhToan", {"error_code": "INVALID_PARTNER"}, ConnectFailed),
        ("layBienLai", {"error_code": "NOT_FOUND"}, RecordNotFound),
        ("layBienLai", {"error_code": "SUCCESSFUL"}, BadAnswer),
    ],
)
def test_paygov_says_no(operation: str, answer: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        mapping.answer(operation, answer, context("paygov", {"urlReturn": "a=b"}))
