"""legal-documents: the simulated database, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lgsp.errors import LgspError, ProviderFault
from lgsp.mapping import Context
from lgsp.model import FieldError
from lgsp_mocks import legal_documents as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from lgsp_mocks.world.legal import FUTURE, IN_FORCE, PARTLY, REPLACED, SUSPENDED
from tests.connectors.mappings import load
from tests.mocks.desk import Desk

mapping = load("legal-documents")
NOW = datetime(2022, 11, 16, 9, tzinfo=timezone(timedelta(hours=7)))
WORLD = World(Province.load("hoa-binh"), 1, 200)


class Ministry:
    """The mapping and the simulator face to face, without the bus between them."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.services = Desk()

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        ctx = Context(NOW, lambda: "0" * 26, "vbqppl", request=data)
        asked = mapping.ask(operation, data, ctx)
        ask = Ask(WORLD, "legal-documents", "vbqppl", operation, asked, NOW, self.state, services=self.services)
        found: dict[str, Any] = mapping.answer(operation, ministry.HANDLERS["vbqppl"][operation](ask), ctx)
        return found


def sample() -> dict[str, Any]:
    return dict(next(each.request for each in ministry.examples(WORLD) if each.operation == "capNhatVanBanDiaPhuong"))


def test_a_search_is_paged_without_gaps_or_repetitions() -> None:
    here, seen = Ministry(), []
    for page in range(1, 20):
        found = here.call("timKiem", {"maCoQuanBanHanh": "H28", "trang": page, "soDong": 50})
        seen += [row["itemId"] for row in found.get("danhSach", [])]
        if len(seen) >= found["tongSo"]:
            break
    assert len(seen) == len(set(seen)) == found["tongSo"] > 50
    assert here.call("timKiem", {"maCoQuanBanHanh": "000.00.00.H28"})["tongSo"] == found["tongSo"]


def test_days_words_and_states_narrow_a_search() -> None:
    here = Ministry()
    span = {"tuNgayBanHanh": "2022-10-20", "denNgayBanHanh": "2022-10-20", "tuKhoa": "CHIA SẺ"}
    assert [row["itemId"] for row in here.call("timKiem", span)["danhSach"]] == [IN_FORCE]
    for row in here.call("timKiem", {"tinhTrangHieuLuc": "4", "soDong": 50})["danhSach"]:
        assert row["ngayHetHieuLuc"] <= "2022-11-16"


@pytest.mark.parametrize(
    ("item", "state"), [(IN_FORCE, "2"), (REPLACED, "4"), (FUTURE, "1"), (PARTLY, "3"), (SUSPENDED, "5")]
)
def test_every_state_has_its_document(item: int, state: str) -> None:
    assert Ministry().call("chiTiet", {"itemId": item})["tinhTrangHieuLuc"] == state


def test_what_the_province_adds_is_found_and_refused_the_second_time() -> None:
    here, new = Ministry(), sample()
    item = here.call("capNhatVanBanDiaPhuong", new)["itemId"]
    assert here.call("capNhatVanBanDiaPhuong", new) == {
        "itemId": item,
        "soKyHieu": new["soKyHieu"],
        "daTiepNhanTruoc": True,
    }
    with pytest.raises(ProviderFault) as caught:
        here.call("capNhatVanBanDiaPhuong", new | {"trichYeu": "Khác"})
    assert caught.value.errors == (FieldError("/soKyHieu", "refused"),)
    assert len(here.services.effects) == 1
    found = here.call("chiTiet", {"itemId": item})
    assert found["ngayHieuLuc"] == "2022-11-20"
    assert found["tinhTrangHieuLuc"] == "1", "not yet in force on the 16th"
    (proof,) = here.call(
        "timKiem",
        {"soKyHieu": new["soKyHieu"], "tuNgayBanHanh": new["ngayBanHanh"], "denNgayBanHanh": new["ngayBanHanh"]},
    )["danhSach"]
    assert proof["itemId"] == item
    assert [each["quanHe"] for each in here.call("vanBanLienQuan", {"itemId": item})["vanBan"]] == ["canCu"]


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"maLoaiVanBan": "99"}, "/maLoaiVanBan", "enum"),
        ({"ngayHieuLuc": "2022-11-01"}, "/ngayHieuLuc", "refused"),
        ({"soKyHieu": "123/UBND-KGVX"}, "/soKyHieu", "format"),
        ({"vanBanLienQuan": [{"itemId": 1, "quanHe": "canCu"}]}, "/vanBanLienQuan", "enum"),
        ({"maCoQuanBanHanh": "G22"}, "/maCoQuanBanHanh", "refused"),
    ],
)
def test_refusals_name_the_member(change: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(ProviderFault) as caught:
        Ministry().call("capNhatVanBanDiaPhuong", sample() | change)
    assert FieldError(path, rule) in caught.value.errors


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_every_province_has_examples(province: str) -> None:
    found = ministry.examples(World(Province.load(province), 1, 200))
    assert {each.operation for each in found if each.expect == "ok"} == set(ministry.HANDLERS["vbqppl"])


def test_every_example_gives_what_it_promises_in_any_order() -> None:
    here = Ministry()
    for example in (*ministry.examples(WORLD), *reversed(ministry.examples(WORLD))):
        if example.expect == "invalid-message":
            continue  # the public contract's business
        try:
            here.call(example.operation, dict(example.request))
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)
