"""document-exchange: the two dialects of the mapping."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import Blob
from lgsp_mocks.world.documents import ERRORS
from tests.connectors.mappings import load

NOW = datetime(2023, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=7)))
SECRETS = {"secretKey": "bi-mat-mau", "sdkSecretKey": "bi-mat-khac"}
VALUES = {"systemId": "LGSP.DEMO.001"}


mapping = load("document-exchange")


def context(request: dict[str, Any] | None = None, backend: str = "vdxp") -> Context:
    return Context(NOW, lambda: "0" * 26, backend, secrets=SECRETS, values=VALUES, request=request or {})


def test_the_document_passes_untouched_also_when_it_lies_in_a_file(tmp_path: Path) -> None:
    blob = Blob(tmp_path / "0001", 50 << 20, "0" * 64, 50 << 20, 50 << 20)
    assert mapping.ask("sendEdoc", {"edocFile": blob}, context())["edocFile"] is blob
    assert mapping.ask("guiVanBan", {"edocFile": blob}, context(backend="vxp"))["edocFile"] is blob
    told = {"success": True, "data": {"docId": "1", "from": "G22", "edxml": blob, "attachments": []}}
    assert mapping.answer("getEdoc", told, context({"docId": "1"})) == {"docId": "1", "from": "G22", "edxml": blob}
    sdk = {"status": "OK", "ErrorCode": "0", "data": blob}
    assert mapping.answer("layVanBan", sdk, context({"docId": "1"}, "vxp"))["data"] is blob


def test_credentials_travel_as_each_dialect_has_them() -> None:
    assert mapping.ask("getAgenciesList", {}, context()) == {
        "X-SystemId": "LGSP.DEMO.001",
        "X-SecretKey": "bi-mat-mau",
    }
    assert mapping.ask("getReceivedEdocList", {}, context(backend="vxp")) == {
        "SystemId": "LGSP.DEMO.001",
        "SecretKey": "bi-mat-khac",
        "servicetype": "eDoc",
        "messagetype": "edoc",
    }


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2023/04/27", "2023/05/04"),
        ({"toDate": "2023-03-03"}, "2023/02/24", "2023/03/03"),
        ({"fromDate": "2023-05-01", "toDate": "2023-05-02"}, "2023/05/01", "2023/05/02"),
    ],
)
def test_days_are_written_with_slashes_and_look_back_seven(asked: dict[str, str], first: str, last: str) -> None:
    written = mapping.ask("syncReceivedEdocList", asked, context())
    assert (written["fromDate"], written["toDate"], written["messageType"]) == (first, last, "edoc")


@pytest.mark.parametrize("wrong", ["04/05/2023", "2023-02-30", "x"])
def test_what_is_no_day_is_the_callers_fault(wrong: str) -> None:
    with pytest.raises(InvalidMessage):
        mapping.ask("syncReceivedEdocList", {"toDate": wrong}, context())


def test_lists_have_clean_times() -> None:
    row = {"docId": "1", "status": "03", "statusDesc": "Đã tiếp nhận", "createdTime": "2023/05/04 08:15:00", "x": "y"}
    answer = mapping.answer("syncReceivedEdocList", {"success": True, "count": 9, "data": [row]}, context())
    assert answer["count"] == 1
    assert answer["data"] == [
        {"docId": "1", "status": "03", "statusDesc": "Đã tiếp nhận", "createdTime": "2023-05-04T08:15:00+07:00"}
    ]
    row = {"docId": "1", "status_desc": "Đã đến", "created_time": "2023/05/04 08:15:00"}
    answer = mapping.answer("getReceivedEdocList", {"status": "OK", "ErrorCode": "0", "data": [row]}, context())
    assert answer["data"][0] == {"docId": "1", "statusDesc": "Đã đến", "createdTime": "2023-05-04T08:15:00+07:00"}


def test_an_empty_list_is_absent_in_both_dialects() -> None:
    assert mapping.answer("syncReceivedEdocList", {"success": True, "data": []}, context()) == {"count": 0}
    assert mapping.answer("getSentEdocList", {"status": "OK", "ErrorCode": "0"}, context()) == {}


@pytest.mark.parametrize("code", sorted(ERRORS))
@pytest.mark.parametrize("operation", ["sendEdoc", "getEdoc", "syncReceivedEdocList", "guiVanBan", "layVanBan"])
def test_every_code_of_the_exchange_is_told_apart(operation: str, code: str) -> None:
    about_one = operation in ("getEdoc", "layVanBan")
    expected = {"10": RecordNotFound if about_one else ProviderFault, "15": ConnectFailed, "20": BadAnswer}
    told: dict[str, Any] = {"success": False, "message": "Lỗi", "data": {"errorCode": code, "errorDesc": ERRORS[code]}}
    if operation == "syncReceivedEdocList":
        told = {"success": False, "errorCode": code, "errorDesc": ERRORS[code]}
    if operation in ("guiVanBan", "layVanBan"):
        told = {"status": "FAIL", "ErrorCode": code, "ErrorDesc": ERRORS[code]}
    with pytest.raises(expected.get(code, ProviderFault)) as caught:
        mapping.answer(operation, told, context({"docId": "1"}))
    assert caught.value.provider == (code, ERRORS[code])


@pytest.mark.parametrize("operation", ["sendEdoc", "getEdoc"])
def test_a_yes_without_its_document_breaks_the_contract(operation: str) -> None:
    with pytest.raises(BadAnswer):
        mapping.answer(operation, {"success": True, "data": {}}, context())
