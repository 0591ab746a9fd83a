"""mocks/budget_unit.py: the register and its dossiers alone, in the ministry's own dialect."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lgsp.model import Data
from lgsp.runtime import HANOI
from lgsp_mocks import budget_unit as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.budget_units import budget_units
from tests.mocks.desk import Desk

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
PAPER = {"loaiGiayTo": "QDTL", "tenTep": "mau.pdf", "noiDung": ministry.PDF}


class Office:
    def __init__(self) -> None:
        self.world, self.desk, self.state = World(Province.load("hoa-binh"), 1, 100), Desk(), {}

    def ask(self, operation: str, **data: Any) -> Ask:
        return Ask(self.world, "budget-unit", "dvqhns", operation, data, NOW, self.state, services=self.desk)

    def __call__(self, operation: str, **data: Any) -> Data:
        return ministry.HANDLERS["dvqhns"][operation](self.ask(operation, **data))

    def send(self, number: int = 1, case: int = 1, papers: Any = (PAPER,), **unit: Any) -> Data:
        told = {"tenDvqhns": "Trung tâm Mẫu", "soQuyetDinh": "1/QĐ-MẪU", **unit}
        code = f"H28.06-221116-{number:04d}"
        return self("guiHoSo", maHoSo=code, truongHop=case, thongTinDonVi=told, fileDinhKem=list(papers))


@pytest.fixture
def office() -> Office:
    return Office()


def test_every_unit_stands_in_the_order_of_the_schema(office: Office) -> None:
    order = ["maDvqhns", "tenDvqhns", "loaiHinh", "maChuong", "maCap", "maDvqhnsCha", "maKbnn", "soQuyetDinh", "ngayQuyetDinh",
             "diaChi", "trangThai", "ngayDong"]  # fmt: skip
    for unit in budget_units(office.world):
        found = office("traCuuDonVi", maDvqhns=unit.code)["donVi"]
        assert list(found) == [name for name in order if name in found]


@pytest.mark.parametrize(
    ("sent", "code", "text"),
    [
        ({"case": 7}, "04", "truongHop không có trong danh mục"),
        ({"tenDvqhns": " "}, "04", "tenDvqhns bắt buộc"),
        ({"case": 5}, "04", "maDvqhns bắt buộc"),
        ({"case": 5, "maDvqhns": "1999999"}, "04", "maDvqhns không tồn tại"),
        ({"case": 6, "maDvqhns": "1990001"}, "04", "maDvqhns không tồn tại"),
        ({"maDvqhnsCha": "1999999"}, "04", "maDvqhnsCha không tồn tại"),
        ({"maChuong": "105"}, "04", "maChuong không có trong danh mục"),
        ({"papers": ()}, "02", "Thiếu giấy tờ: QDTL"),
        ({"case": 3}, "02", "Thiếu giấy tờ: QDDT"),
    ],
)
def test_refusals(office: Office, sent: dict[str, Any], code: str, text: str) -> None:
    assert office.send(**sent) == {"maKetQua": code, "moTaKetQua": text}
    assert office.desk.effects == []
    assert office.desk.waiting == []


def test_a_repetition_is_told_in_the_words_that_clients_wait_for(office: Office) -> None:
    number = office.send()["soHoSoMsns"]
    again = office.send()
    assert (again["maKetQua"], again["soHoSoMsns"]) == ("03", number)
    assert "đã được tiếp nhận" in again["moTaKetQua"]
    assert len(office.desk.effects) == 1


@pytest.mark.parametrize(
    ("case", "paper", "first"), [(1, "QDTL", "1"), (2, "QDTL", "3"), (3, "QDDT", "7"), (4, "QDDT", "7")]
)
def test_cases_that_bring_a_code(office: Office, case: int, paper: str, first: str) -> None:
    office.send(case=case, papers=[PAPER | {"loaiGiayTo": paper}])
    ((_, function, data),) = office.desk.waiting
    getattr(ministry, function)(office.ask("guiHoSo", **data))
    code = office("trangThaiHoSo", maHoSo="H28.06-221116-0001")["maDvqhns"]
    assert code.startswith(f"{first}99")
    unit = office("traCuuDonVi", maDvqhns=code)["donVi"]
    assert (unit["loaiHinh"], unit["trangThai"]) == (case, 1)
    assert office.state["thayDoi"][0]["loaiThayDoi"] == 1


def test_what_has_been_decided_meanwhile_is_not_decided_again(office: Office) -> None:
    office.send()
    ((_, _, data),) = office.desk.waiting
    ministry.xemXet(office.ask("guiHoSo", **data))
    before = dict(office.state["donVi"])
    ministry.xemXet(office.ask("guiHoSo", **data))
    ministry.hetHan(office.ask("guiHoSo", **data))
    assert office.state["donVi"] == before
    assert office("trangThaiHoSo", maHoSo=data["maHoSo"])["trangThai"] == 3
    assert ministry.xemXet(office.ask("guiHoSo", maHoSo="H28.06-000101-0000", lan=1)) == {}


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (("2022-11-30", "2022-11-01"), "tuNgay không được sau denNgay"),
        (("2022-11-01", "2022-12-03"), "Khoảng thời gian không được vượt quá 31 ngày"),
    ],
)
def test_the_feeds_limits(office: Office, days: tuple[str, str], text: str) -> None:
    said = office("danhSachThayDoi", tuNgay=days[0], denNgay=days[1], maTinh="17")
    assert said == {"maKetQua": "04", "moTaKetQua": text}
    other = office("danhSachThayDoi", tuNgay="2022-11-01", denNgay="2022-12-02", maTinh="11")
    assert other["moTaKetQua"] == "maTinh không có trong danh mục"


def test_the_feed_tells_what_the_seed_has(office: Office) -> None:
    found = office("danhSachThayDoi", tuNgay="2021-12-01", denNgay="2022-01-01", maTinh="17")["thayDoi"]
    assert [(row["maDvqhns"], row["loaiThayDoi"]) for row in found] == [("1999901", 3)]
    changed = office("danhSachThayDoi", tuNgay="2022-11-01", denNgay="2022-11-30", maTinh="17")["thayDoi"]
    assert [row["tenDvqhns"] for row in changed] == ["Sở Tài chính"]


def test_dossiers_that_stand_ready_are_in_every_province() -> None:
    for name in ("hoa-binh", "dien-bien"):
        ready = ministry.standing(World(Province.load(name), 1, 100))
        assert [dossier["trangThai"] for dossier in ready.values()] == [3, 2, 4, 1]


def test_examples_cover_every_operation(office: Office) -> None:
    found = ministry.examples(office.world)
    assert {each.operation for each in found if each.expect == "ok"} == set(ministry.HANDLERS["dvqhns"])
    assert {each.expect for each in found} == {"ok", "record-not-found", "provider-fault"}
