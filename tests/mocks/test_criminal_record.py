"""mocks/criminal_record.py: the three dialects where the bus is not there to keep a caller from mistakes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import criminal_record as ministry
from lgsp_mocks.criminal_record_records import secret_id
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.mocks.desk import Desk

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
FORM = {
    "fullName": "Bùi Thị Mẫu", "genderId": "0", "birthDateStr": "1990", "nationalityId": 4001, "idTypeId": "3",
    "identifyNo": "017190999601", "phone": 999601, "declareDate": "16/11/2022", "declareTypeId": 3846,
    "requestQty": 1, "objectRequestId": 72, "formType": "1",
}  # fmt: skip


class Ministry:
    def __init__(self) -> None:
        self.world, self.state, self.desk = World(Province.load("hoa-binh"), 1, 400), dict[str, Any](), Desk()

    def __call__(self, backend: str, operation: str, **data: Any) -> dict[str, Any]:
        return dict(ministry.HANDLERS[backend][operation](self.ask(backend, operation, data)))

    def ask(self, backend: str, operation: str, data: dict[str, Any]) -> Ask:
        secrets = {"authKey": "demo-lltp-auth-key"}
        return Ask(
            self.world,
            "criminal-record",
            backend,
            operation,
            data,
            NOW,
            self.state,
            secrets=secrets,
            services=self.desk,
        )


@pytest.mark.parametrize("name", ["declarationWSForm", "declarationForm"])
def test_both_spellings_are_taken(name: str) -> None:
    ask = Ministry()
    said = ask("v1", "nhanHoSoDangKy", idReceivedDec="H28.03-221116-9910", dateReceivedDec="16/11/2022", **{name: FORM})
    assert said == {"STATUS": 1, "DESCRIPTION": "", "ID": secret_id("H28.03-221116-9910")}


def test_what_is_wrong_outside_the_form_is_named_too() -> None:
    said = Ministry()(
        "v1", "nhanHoSoDangKy", idReceivedDec="X", dateReceivedDec="2022-11-16", declarationForm=FORM,
        residenceForm=[{"fromDateStr": "2005", "toDateStr": "2022"}],
    )  # fmt: skip
    assert said["DESCRIPTION"] == "dateReceivedDec không đúng định dạng; residencePlace bắt buộc"


def test_both_generations_hold_the_same_dossiers() -> None:
    ask = Ministry()
    ask("v1", "nhanHoSoDangKy", idReceivedDec="H28.03-221116-9910", dateReceivedDec="16/11/2022", declarationForm=FORM)
    said = ask("v2", "traTrangThaiHs", authKey="demo-lltp-auth-key", maTinh="17", maHoSoMCDT="H28.03-221116-9910")
    assert said["value"][0]["trangThaiXuLy"] == "2"


def test_info_type_means_four_things() -> None:
    ask = Ministry()
    assert len(ask("v1", "traHoSo", infoType="1")["declarationTraHoSoForm"]) == 3
    assert len(ask("v1", "traHoSo", infoType="2")["declarationTraHoSoForm"]) == 1
    online = secret_id("99001")
    assert ask("v1", "danhDauHsThanhCong", declarationId=online, infoType="1")["STATUS"] == 0
    assert ask("v1", "danhDauHsThanhCong", declarationId=f"{online};", infoType="3")["STATUS"] == 1
    assert len(ask("v1", "traDsTrangThaiHs", infoType="1")["LISTCONTENT"]) == 1
    assert ask("v1", "traDanhMuc", infoType="3")["result"][5] == {"ID": 4106, "NAME": "Mường"}
    for operation in ("traHoSo", "traDsTrangThaiHs"):
        assert ask("v1", operation, infoType="3")["STATUS"] == 0


def test_a_mark_with_one_unknown_id_marks_nothing() -> None:
    ask = Ministry()
    assert ask("v1", "danhDauHsThanhCong", declarationId=f"{secret_id('99001')};KHONG", infoType="3")["STATUS"] == 0
    assert ask.desk.effects == []


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [("9921", "2", "00"), ("9921", "4", "00"), ("9921", "10", "00"), ("9921", "7", "00"), ("9922", "2", "01"),
     ("9923", "9", "01"), ("9923", "3", "01"), ("0000", "4", "01")],
)  # fmt: skip
def test_vneid_lets_a_dossier_move_onwards_only(number: str, state: str, code: str) -> None:
    said = Ministry()("vneid", "traKetQuaHoSoLLTP", maHoSoMCDT=f"H28.03-221101-{number}", trangThaiXuLy=state)
    assert said["statusCode"] == code


def test_what_the_fault_schedule_says_keeps_each_dialect() -> None:
    ask = Ministry()
    for backend, handlers in ministry.HANDLERS.items():
        for operation in handlers:
            data = {"idReceivedDec": "X", "maHoSoMCDT": "X", "trangThaiXuLy": "4"}
            for answer in (ministry.business_error, ministry.duplicate):
                said = answer(ask.ask(backend, operation, data))
                assert said.keys() & {"STATUS", "status", "statusCode", "result"}
