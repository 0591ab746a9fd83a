"""social-protection: the simulated ministry, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lgsp.errors import ConnectFailed, ProviderFault, RecordNotFound
from lgsp.mapping import Context, PlaceTable
from lgsp.runtime import HANOI
from lgsp_mocks import social_protection as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

mapping = load("social-protection")
NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
CONTEXT = Context(
    NOW,
    lambda: "0" * 26,
    "btxh",
    secrets={"AcceptKey": "demo-khoa"},
    values={"LoaiDuLieu": "100"},
    places=PlaceTable.read(Path(ROOT) / "connectors" / "social-protection" / "places.csv"),
)


class Ministry:
    """Mapping and simulator face to face."""

    def __init__(self, province: str = "hoa-binh") -> None:
        self.world, self.state, self.desk = World(Province.load(province), 1, 400), dict[str, Any](), Desk()
        self.context = CONTEXT

    def ask(self, operation: str, data: dict[str, Any]) -> Ask:
        secrets = {"AcceptKey": "demo-khoa"}
        world, desk = self.world, self.desk
        return Ask(world, "social-protection", "btxh", operation, data, NOW, self.state, secrets=secrets, services=desk)

    def raw(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        return ministry.HANDLERS["btxh"][operation](self.ask(operation, data))

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        ctx = replace(self.context, request=data)
        found: dict[str, Any] = mapping.answer(operation, self.raw(operation, mapping.ask(operation, data, ctx)), ctx)
        return found

    def days_pass(self) -> None:
        for _, function, data in self.desk.waiting:
            getattr(ministry, function)(self.ask("DongBoDVC", data))
        self.desk.waiting.clear()


@pytest.fixture(params=["hoa-binh", "dien-bien", "phu-tho-2025"])
def office(request: pytest.FixtureRequest) -> Ministry:
    return Ministry(request.param)


def test_a_dossier_until_it_is_decided(office: Ministry) -> None:
    sent = ministry.examples(office.world)[0].request
    one = {"MaTinh": sent["MaTinh"], "MaHoSo": sent["MaHoSo"]}
    with pytest.raises(RecordNotFound):
        office.call("LayKetQua", one)
    assert office.call("DongBoDVC", sent)["daTiepNhanTruoc"] is False
    assert office.call("DongBoDVC", sent)["daTiepNhanTruoc"] is True
    assert office.desk.effects == [sent["MaHoSo"]]
    (waiting,) = office.call("LayKetQua", one)["hoSo"]
    for name, value in sent.items():
        if name not in ("MaHoSo", "DanhSachTaiLieuNop"):
            assert waiting[name] == value, name
    office.days_pass()
    (decided,) = office.call("LayKetQua", one)["hoSo"]
    assert (decided["StatusId"], decided["NgayBanHanh"]) == ("10", "2022-11-16")
    assert decided["DanhSachGiayToKetQua"][0]["MaGiayToKetQua"] == "1.001776"


def test_a_place_narrows_what_is_told(office: Ministry) -> None:
    sent = ministry.examples(office.world)[0].request
    everything = office.call("LayKetQua", {"MaTinh": sent["MaTinh"], "from": "2022-11-01"})["hoSo"]
    assert len(everything) == 2
    row = everything[0]
    there = {name: row[name] for name in ("MaTinh", "MaHuyen", "MaXa") if name in row}
    assert ("MaHuyen" in there) is bool(office.world.districts())
    assert row in office.call("LayKetQua", there | {"from": "2022-11-01"})["hoSo"]
    later = office.call("LayKetQua", there | {"from": "2022-11-30"})
    assert later == {"hoSo": []}


def test_the_case_drifts_as_the_serializer_makes_it(office: Ministry) -> None:
    asked = {"AcceptKey": "demo-khoa", "MaTinh": office.world.province.code, "from": "01/11/2022", "LoaiDuLieu": "100"}
    row = office.raw("LayKetQua", asked)["result"]["data"][0]
    assert {"cmnd", "cmnD_NgayCap", "hktT_MaTinh", "nohT_MaXa", "maTTHC", "maCSDL", "acceptKey"} <= row.keys()


def test_another_key_is_not_admitted(office: Ministry) -> None:
    office.context = replace(CONTEXT, secrets={"AcceptKey": "khac"})
    for operation in ("DongBoDVC", "LayKetQua", "XuLyHoSo"):
        example = next(each for each in ministry.examples(office.world) if each.operation == operation)
        with pytest.raises(ConnectFailed):
            office.call(operation, example.request)
    assert office.desk.effects == []


def test_a_step_reported_twice_takes_effect_once(office: Ministry) -> None:
    step = next(each.request for each in ministry.examples(office.world) if each.operation == "XuLyHoSo")
    for _ in range(2):
        office.call("XuLyHoSo", step)
    office.call("XuLyHoSo", step | {"StatusId": "4", "ThoiDiemXuLy": "2022-11-03T10:00:00+07:00"})
    assert len(office.desk.effects) == 2


def test_what_it_finds_wrong_is_named(office: Ministry) -> None:
    sent = ministry.examples(office.world)[0].request
    with pytest.raises(ProviderFault) as caught:
        office.call("DongBoDVC", sent | {"MaHoSo": "H28.148-221116-0001", "NOHT_MaXa": "99999"})
    assert [error.path for error in caught.value.errors] == ["/NOHT_MaXa"]
