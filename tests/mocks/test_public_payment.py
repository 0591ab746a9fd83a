"""public-payment: the two simulated platforms, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from lgsp.errors import ProviderFault
from lgsp.mapping import Context
from lgsp_mocks import public_payment as platform
from lgsp_mocks.handler import Ask
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

mapping = load("public-payment")
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
BACKENDS = {
    "INIT": ("dvcqg", "INIT"),
    "QUERY": ("dvcqg", "QUERY"),
    "GET_BILL": ("dvcqg", "GET_BILL"),
    "taoThanhToan": ("paygov", "CreatePayment"),
    "CheckSumUrlReturn": ("paygov", "CheckSumUrlReturn"),
    "layBienLai": ("paygov", "PrintReceipt"),
}


def context(backend: str = "dvcqg", request: dict[str, Any] | None = None) -> Context:
    return Context(NOW, lambda: "0" * 26, backend, secrets=SECRETS, values=VALUES, request=request or {})


class Ministry:
    """The mapping and the simulator face to face, without the bus between them."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.services = Desk()

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        backend, name = BACKENDS[operation]
        ctx = context(backend, data)
        asked = mapping.ask(operation, data, ctx)
        answer = platform.HANDLERS[backend][name](self.ask(backend, name, asked))
        found: dict[str, Any] = mapping.answer(operation, answer, ctx)
        return found

    def ask(self, backend: str, name: str, data: dict[str, Any]) -> Ask:
        world: Any = SimpleNamespace(province=SimpleNamespace(agency="H28"))
        return Ask(
            world, "public-payment", backend, name, data, NOW, self.state,
            values=VALUES, secrets=SECRETS, services=self.services,
        )  # fmt: skip

    def time_passes(self) -> None:
        while self.services.waiting:
            _, function, data = self.services.waiting.pop(0)
            getattr(platform, function)(self.ask("dvcqg", function, data))


def test_a_dossier_is_paid_confirmed_and_receipted() -> None:
    ministry = Ministry()
    assert ministry.call("INIT", START)["UrlThanhToan"].startswith("https://thanhtoan.example/")
    assert ministry.call("QUERY", {"MaThamChieu": "THU0001"})["TrangThaiGD"] == "3"
    with pytest.raises(ProviderFault):
        ministry.call("GET_BILL", {"MaThamChieu": "THU0001"})
    ministry.time_passes()
    ((operation, call),) = ministry.services.calls
    received = mapping.receive(operation, call, context())
    assert received.data["TrangThaiGD"] == "1"
    assert platform.acknowledged(operation, received.reply)
    assert ministry.call("QUERY", {"MaThamChieu": "THU0001"})["MaGiaoDich"] == received.data["MaGiaoDich"]
    assert ministry.call("GET_BILL", {"MaThamChieu": "THU0001"})["UrlBienLai"].endswith("THU0001.pdf")
    assert ministry.services.effects == ["THU0001"]


def test_a_used_reference_is_refused_and_has_no_second_effect() -> None:
    ministry = Ministry()
    ministry.call("INIT", START)
    with pytest.raises(ProviderFault):
        ministry.call("INIT", START)
    assert ministry.services.effects == ["THU0001"]


@pytest.mark.parametrize(("amount", "state", "calls"), [(30003, "3", 0), (30004, "4", 1), (30000, "1", 1)])
def test_the_amount_decides_how_a_payment_ends(amount: int, state: str, calls: int) -> None:
    ministry = Ministry()
    bill = {"MaTTHC": "1.001193", "MaHoSo": "H28.148-230504-9901"}
    ministry.call("INIT", START | {"SoTien": amount, "ThongTinBienLai": bill})
    ministry.time_passes()
    assert ministry.call("QUERY", {"MaThamChieu": "THU0001"})["TrangThaiGD"] == state
    assert len(ministry.services.calls) == calls


def test_fees_must_add_up() -> None:
    with pytest.raises(ProviderFault) as caught:
        Ministry().call("INIT", START | {"SoTien": 25001})
    assert caught.value.errors


def test_the_simulators_return_address_is_signed_with_the_manifests_secret() -> None:
    manifest = tomllib.loads((ROOT / "connectors/public-payment/connector.toml").read_text(encoding="utf-8"))
    paygov = manifest["backends"]["paygov"]
    assert paygov["demo_secrets"]["secretKey"] == platform.DEMO_SECRET
    assert paygov["values"]["partnerCode"] == platform.DEMO_PARTNER
