"""national-portal: the simulated portal, its store and EMC, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lgsp.errors import ConnectFailed, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.model import FieldError
from lgsp_mocks import national_portal as portal
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

mapping = load("national-portal")
NOW = datetime(2022, 11, 16, 9, tzinfo=timezone(timedelta(hours=7)))
MANIFEST = tomllib.loads((ROOT / "connectors/national-portal/connector.toml").read_text("utf-8"))
BACKENDS = {name: each["backend"] for name, each in MANIFEST["operations"].items()}
VALUES = {name: value for each in MANIFEST["backends"].values() for name, value in each["values"].items()}
WORLD = World(Province.load("hoa-binh"), 1, 200)


class Portal:
    """The mapping and the simulator face to face, without the bus between them."""

    def __init__(self, **values: str) -> None:
        self.state: dict[str, Any] = {}
        self.services = Desk()
        self.values = VALUES | values

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        backend = BACKENDS[operation]
        ctx = Context(NOW, lambda: "0" * 26, backend, values=self.values, request=data)
        asked = mapping.ask(operation, data, ctx)
        ask = Ask(
            WORLD, "national-portal", backend, operation, asked, NOW, self.state, values=VALUES, services=self.services
        )
        found: dict[str, Any] = mapping.answer(operation, portal.HANDLERS[backend][operation](ask), ctx)
        return found


def sample(operation: str, n: int = 0) -> dict[str, Any]:
    return dict([each.request for each in portal.examples(WORLD) if each.operation == operation][n])


def test_a_dossier_from_reception_to_result() -> None:
    here, dossier = Portal(), sample("DongBoHoSoMC")
    code = dossier["MaHoSo"]
    assert here.call("DongBoHoSoMC", dossier)["daTiepNhanTruoc"] is False
    assert here.call("TraCuuHoSo", {"MaHoSo": code})["TrangThaiHoSo"] == "Được tiếp nhận"
    step = sample("CapNhatTienDoHoSoMC") | {"MaHoSo": code, "TrangThai": "9"}
    here.call("CapNhatTienDoHoSoMC", step)
    proof = {"MaHoSo": code, "TrangThai": "9", "ThoiDiemXuLy": step["ThoiDiemXuLy"]}
    assert here.call("TraCuuHoSo", proof)["MaTrangThai"] == "9"
    done = dossier | {"isUpdating": True, "TrangThaiHoSo": "10", "NgayTra": "2022-11-15T16:00:00+07:00"}
    here.call("DongBoHoSoMC", done)
    found = here.call("TraCuuHoSo", {"MaHoSo": code})
    assert found["MaTrangThai"] == "10"
    assert len(found["QuaTrinhXuLy"]) == 1
    assert found["NgayTiepNhan"] == "2022-11-14T08:30:00+07:00"
    assert len(here.services.effects) == 3


@pytest.mark.parametrize("operation", ["DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoHoiDap", "TrackingMCDT"])
def test_a_second_time_changes_nothing_and_is_success(operation: str) -> None:
    here, request = Portal(), sample(operation)
    assert here.call(operation, request)["daTiepNhanTruoc"] is False
    assert here.call(operation, request)["daTiepNhanTruoc"] is True
    assert len(here.services.effects) == 1


def test_an_update_that_is_repeated_is_one() -> None:
    here, update = Portal(), sample("DongBoHoSoMC", 1)
    here.call("DongBoHoSoMC", update)
    here.call("DongBoHoSoMC", update)
    assert len(here.services.effects) == 1


def test_the_portal_says_what_is_wrong_with_a_dossier() -> None:
    wrong = sample("DongBoHoSoMC") | {"MaTTHC": "9.999999", "NgayHenTra": "2022-11-01T00:00:00+07:00"}
    with pytest.raises(ProviderFault) as caught:
        Portal().call("DongBoHoSoMC", wrong)
    assert caught.value.errors == (FieldError("/MaTTHC", "enum"),)
    with pytest.raises(ProviderFault) as caught:
        Portal().call("DongBoHoSoMC", wrong | {"MaTTHC": "1.001193"})
    assert FieldError("/NgayHenTra", "refused") in caught.value.errors


@pytest.mark.parametrize("operation", [name for name, backend in BACKENDS.items() if backend == "mapi"])
def test_a_unit_that_is_not_admitted_is_no_callers_fault(operation: str) -> None:
    with pytest.raises(ConnectFailed):
        Portal(madonvi="000.00.00.H99").call(operation, sample(operation))


def test_emc_knows_its_sites() -> None:
    with pytest.raises(ProviderFault):
        Portal(SiteId="LA").call("TrackingMCDT", sample("TrackingMCDT"))


def test_the_store_has_what_people_have() -> None:
    here, asked = Portal(), sample("GetDanhSachKetQua")
    (paper,) = here.call("GetDanhSachKetQua", asked)["DanhSachGiayToKetQua"]
    assert paper["TenGiayTo"] == "Giấy khai sinh"
    assert here.call("GetDanhSachKetQua", asked | {"DanhSachDanhMucKetQua": []})["DanhSachGiayToKetQua"] == [paper]
    single = asked | {"SoDinhDanhChuSoHuu": WORLD.actor("single-mother").cccd, "MaThuTuc": "1.000894"}
    for nobody in (single, asked | {"SoDinhDanhChuSoHuu": "001099990000"}, asked | {"MaThuTuc": "9.999999"}):
        with pytest.raises(RecordNotFound):
            here.call("GetDanhSachKetQua", nobody | {"DanhSachDanhMucKetQua": []})


def test_children_and_the_dead_have_no_account() -> None:
    here = Portal()
    assert here.call("TraCuuTechID", {"mstorcmnd": WORLD.actor("old-cmnd").cmnd})["TECHNICALID"].startswith("mau-")
    for role in ("child-an", "deceased"):
        with pytest.raises(RecordNotFound):
            here.call("TraCuuTechID", {"mstorcmnd": WORLD.actor(role).cccd})


def test_a_question_that_was_published_is_found() -> None:
    here, question = Portal(), sample("DongBoHoiDap")
    here.call("DongBoHoiDap", question)
    (row,) = here.call("LayDanhSachHoiDap", {"HOIDAPID": question["HOIDAPID"]})["result"]
    assert row["NOIDUNGTRALOI"] == question["NOIDUNGTRALOI"]
    assert row["MALINHVUC"] == question["MaLinhVuc"]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgsp_mocks.national_portal_records.KEPT", 5)
    here, event = Portal(), sample("TrackingMCDT")
    for n in range(9):
        here.call("TrackingMCDT", event | {"CodeProfile": f"MC-{n}"})
    assert len(here.state["emc"]) == 5


def test_every_example_gives_what_it_promises_in_any_order() -> None:
    here = Portal()
    for example in (*portal.examples(WORLD), *reversed(portal.examples(WORLD))):
        if example.expect == "invalid-message":
            continue  # the public contract's business
        try:
            here.call(example.operation, dict(example.request))
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)
