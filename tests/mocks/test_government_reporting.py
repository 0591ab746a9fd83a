"""government-reporting: the simulated system, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lgsp.errors import LgspError, ProviderFault
from lgsp.mapping import Context
from lgsp_mocks import government_reporting as ministry
from lgsp_mocks.handler import Ask, SoapFault
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import load
from tests.mocks.desk import Desk

mapping = load("government-reporting")
HANOI = timezone(timedelta(hours=7))
NOW = datetime(2022, 11, 16, 9, tzinfo=HANOI)
WORLD = World(Province.load("hoa-binh"), 1, 200)


class Ministry:
    """The mapping and the simulator face to face, without the bus between them."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.state: dict[str, Any] = {}
        self.services = Desk()

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        ctx = Context(self.now, lambda: "0" * 26, "baocao", values={"officeCode": "H28"}, request=data)
        asked = mapping.ask(operation, data, ctx)
        ask = Ask(
            WORLD, "government-reporting", "baocao", operation, asked, self.now, self.state, services=self.services
        )
        found: dict[str, Any] = mapping.answer(operation, ministry.HANDLERS["baocao"][operation](ask), ctx)
        return found


def sample(**changes: Any) -> dict[str, Any]:
    return dict(next(each.request for each in ministry.examples(WORLD) if each.operation == "submit")) | changes


@pytest.mark.parametrize(
    ("ky", "rhythms"), [("2022-11", {"thang", "dot-xuat"}), ("2022-Q4", {"quy"}), ("2022", {"nam"})]
)
def test_what_is_due_depends_on_the_period(ky: str, rhythms: set[str]) -> None:
    found = Ministry().call("reports", {"ky": ky})["baoCao"]
    assert {row["loaiKy"] for row in found} == rhythms
    assert {row["trangThai"] for row in found} == {"0"}


@pytest.mark.parametrize(
    ("code", "ky", "due"),
    [
        ("BC-MAU-01", "2022-11", "2022-11-25"),
        ("BC-MAU-03", "2022-Q1", "2022-03-25"),
        ("BC-MAU-04", "2022", "2022-12-25"),
    ],
)
def test_reports_are_due_on_the_25th(code: str, ky: str, due: str) -> None:
    form = next(each for each in ministry.FORMS if each.code == code)
    assert ministry.deadline(form, ky) == datetime.fromisoformat(f"{due}T17:00:00+07:00")


def test_a_month_end_report() -> None:
    here = Ministry(datetime(2022, 11, 25, 16, 59, tzinfo=HANOI))
    row = {"maChiTieu": "CT-MAU-001", "loaiSoLieu": "3", "giaTri": "40001"}
    report = sample(maBaoCao="BC-MAU-01", chiTieu=[row])
    taken = here.call("submit", report)
    assert here.call("submit", report) == {"maGiaoDich": taken["maGiaoDich"], "daTiepNhanTruoc": True}
    with pytest.raises(ProviderFault) as caught:
        here.call("submit", report | {"nguoiKy": "Người khác"})
    assert caught.value.provider == ("03", "Trùng kỳ báo cáo")
    assert len(here.services.effects) == 1
    proof = {"ky": "2022-11", "maCoQuan": "H28", "maBaoCao": "BC-MAU-01", "daNop": True}
    (told,) = here.call("reports", proof)["baoCao"]
    assert (told["maGiaoDich"], told["ngayNop"]) == (taken["maGiaoDich"], "2022-11-25T16:59:00+07:00")
    figures = {each["ky"]: each["giaTri"] for each in here.call("indicators", row | {"maCoQuan": "H28"})["soLieu"]}
    assert figures["2022-11"] == "40001"


def test_a_minute_late_is_late() -> None:
    here = Ministry(datetime(2022, 11, 25, 17, 1, tzinfo=HANOI))
    row = {"maChiTieu": "CT-MAU-004", "loaiSoLieu": "3", "giaTri": "1.5"}
    with pytest.raises(ProviderFault) as caught:
        here.call("submit", sample(maBaoCao="BC-MAU-02", ky="2022-11", maCoQuan="H28.06", chiTieu=[row]))
    assert caught.value.provider == ("01", "Hết hạn nộp báo cáo")
    proof = {"ky": "2022-11", "maCoQuan": "H28.06", "maBaoCao": "BC-MAU-02"}
    assert here.call("reports", proof)["baoCao"][0]["trangThai"] == "2"


def test_most_of_the_past_was_submitted_in_time() -> None:
    here = Ministry()
    offices = [agency.code for agency in WORLD.agencies.values() if agency.level == 2][:20]
    rows = [row for office in offices for row in here.call("reports", {"ky": "2022-06", "maCoQuan": office})["baoCao"]]
    states = [row["trangThai"] for row in rows if row["loaiKy"] == "thang"]
    assert states.count("1") > 0.8 * len(states)
    assert set(states) <= {"1", "2"}


def test_figures_are_the_same_each_time_and_fit_their_unit() -> None:
    asked = {"maChiTieu": "CT-MAU-002", "loaiSoLieu": "3"}
    one, other = (Ministry().call("indicators", asked) for _ in range(2))
    assert one == other
    assert [each["ky"] for each in one["soLieu"]][-1] == "2022-10"
    assert all(90 < float(each["giaTri"]) < 100 for each in one["soLieu"])


@pytest.mark.parametrize("operation", ["reports", "indicators"])
def test_a_question_for_a_strange_office_is_a_fault(operation: str) -> None:
    asked = {"ky": "2022-11", "maCoQuan": "Z99", "maChiTieu": "CT-MAU-001", "loaiSoLieu": "3"}
    with pytest.raises(SoapFault) as caught:
        Ministry().call(operation, asked)
    assert "<maLoi>05</maLoi>" in caught.value.detail


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_every_province_has_examples(province: str) -> None:
    world = World(Province.load(province), 1, 200)
    found = ministry.examples(world)
    assert {each.operation for each in found if each.expect == "ok"} == set(ministry.HANDLERS["baocao"])
    assert all(each.request.get("maCoQuan", "Z99").startswith((world.province.agency, "Z99")) for each in found)


def test_every_example_gives_what_it_promises_in_any_order() -> None:
    here = Ministry()
    for example in (*ministry.examples(WORLD), *reversed(ministry.examples(WORLD))):
        if example.expect == "invalid-message":
            continue  # the public contract's business
        try:
            here.call(example.operation, dict(example.request))
            outcome = "ok"
        except SoapFault:
            outcome = "provider-fault"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)
