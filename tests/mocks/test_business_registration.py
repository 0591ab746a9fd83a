"""mocks/business_registration.py: the register alone, in both of its dialects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import business_registration as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.registrations import dossiers

NOW = datetime(2022, 11, 18, 9, 0, tzinfo=HANOI)


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), 1, 400)


def ask(world: World, operation: str, backend: str = "csdldkdn", **data: Any) -> Any:
    asked = Ask(world, "business-registration", backend, operation, data, NOW, {})
    return ministry.HANDLERS[backend][operation](asked)


def test_keys_are_shouted_and_places_are_numbers(world: World) -> None:
    found = ask(world, "chiTietDoanhNghiep", msdn="5499000017")
    assert all(name.isupper() for name in found["MainInformation"])
    assert found["HOAdress"]["CityID"] == 17
    assert found["HOAdress"]["WardID"] == int(world.company("company-active").address.commune)
    assert (found["Status"], found["Message"]) == ("1", "success")


@pytest.mark.parametrize("role", ["company-active", "company-suspended", "company-closed"])
def test_states(world: World, role: str) -> None:
    code = {"company-active": "1", "company-suspended": "2", "company-closed": "3"}[role]
    mst = world.company(role).mst
    assert ask(world, "chiTietDoanhNghiep", msdn=mst)["MainInformation"]["ENTERPRISE_STATUS"] == code
    (state,) = ask(world, "chiTietDoanhNghiep", "dkkd", msdn=mst)["GetEntCert"][0]["TinhTrangPhapLy"]
    assert state["MaTinhTrangPhapLy"] == code
    assert (state["LyDoTamNgung"] is None) == (code != "2")


def test_branches_have_their_own_code_and_no_others(world: World) -> None:
    first, second = world.company("company-branches").branches
    for code in (first, second, first.replace("-", "")):
        main = ask(world, "chiTietDoanhNghiep", msdn=code)["MainInformation"]
        assert (main["ENTERPRISE_TYPE_ID"], main["ENTERPRISE_GDT_CODE"]) == ("CN", code if "-" in code else first)
        assert main["NAME"].startswith("CHI NHÁNH ")
    assert ask(world, "chiTietDoanhNghiep", msdn=first[:-1] + "9")["Status"] == "0"
    assert ask(world, "chiTietDoanhNghiep", "dkkd", msdn=first[:-1] + "9") == {"GetEntCert": None}


@pytest.mark.parametrize(
    ("operation", "data", "message"),
    [
        ("danhSachHoSoTrongNgay", {"from_ts": "7:30", "to_ts": "24:00"}, "from_ts không đúng định dạng HH:mm; to_ts không đúng định dạng HH:mm"),
        ("danhSachHoSo", {"from_date": "2022-11-14", "to_date": "16/11/2022"}, "from_date không đúng định dạng dd/MM/yyyy"),
        ("danhSachHoSo", {"from_date": "17/11/2022", "to_date": "16/11/2022"}, "from_date không được sau ngày kết thúc"),
        ("danhSachHoSo", {"from_date": "10/11/2022", "to_date": "16/11/2022"}, "Khoảng thời gian từ from_date đến to_date không được vượt quá 5 ngày"),
        ("danhSachHoSo", {"from_date": "16/11/2022", "to_date": "16/11/2022", "limit": 0}, "offset, limit không hợp lệ"),
        ("tinhTrangHoSo", {"in_journal_no": "x"}, "in_journal_no không đúng định dạng"),
        ("tinhTrangHoSo", {"in_journal_no": "1"}, "Hồ sơ không tồn tại"),
    ],
)  # fmt: skip
def test_refusals_are_words(world: World, operation: str, data: dict[str, Any], message: str) -> None:
    assert ask(world, operation, **data) == {"MainInformation": None, "DataCount": 0, "Status": "0", "Message": message}


def test_pages_and_days(world: World) -> None:
    days = {"from_date": "14/11/2022", "to_date": "19/11/2022"}
    whole = ask(world, "danhSachHoSo", **days)
    assert whole["DataCount"] == len(whole["MainInformation"]) >= 12
    page = ask(world, "danhSachHoSo", **days, offset=2, limit=3)
    assert page["MainInformation"] == whole["MainInformation"][2:5]
    assert page["DataCount"] == whole["DataCount"]
    assert {row["RECEIPT_DATE"] for row in whole["MainInformation"]} == {f"{day}/11/2022" for day in range(14, 19)}
    ahead = {"from_date": "18/11/2022", "to_date": "22/11/2022"}
    assert {row["RECEIPT_DATE"] for row in ask(world, "danhSachHoSo", **ahead)["MainInformation"]} == {"18/11/2022"}


def test_today_between_two_times(world: World) -> None:
    every = ask(world, "danhSachHoSoTrongNgay", from_ts="00:00", to_ts="23:59")["MainInformation"]
    first = dossiers(world, NOW.date())[0]
    clock = f"{first.minute // 60:02d}:{first.minute % 60:02d}"
    assert len(every) == len(dossiers(world, NOW.date()))
    assert ask(world, "danhSachHoSoTrongNgay", from_ts=clock, to_ts=clock)["MainInformation"] == every[:1]


def test_what_is_not_there_is_null(world: World) -> None:
    mst = world.company("company-active").mst
    assert ask(world, "chiTietHoKinhDoanh", "dkkd", mst=mst) == {"HHCert": None}
    assert ask(world, "chiTietHopTacXa", "dkkd", mst=mst) == {"CoopCert": None}
    assert ask(world, "chiTietDoanhNghiep", "dkkd", msdn=world.company("cooperative").mst) == {"GetEntCert": None}


def test_what_the_engine_asks_for(world: World) -> None:
    for backend, handlers in ministry.HANDLERS.items():
        for operation in handlers:
            asked = Ask(world, "business-registration", backend, operation, {"msdn": "5499000017", "mst": "1"}, NOW, {})
            said = ministry.business_error(asked)
            assert said == ministry.duplicate(asked)
            assert said.get("Status") == "0" if backend == "csdldkdn" else set(said.values()) == {None}
