"""civil-servants: the simulated ministry, asked in the dialect that the connector's mapping writes."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from typing import Any

import pytest

from lgsp.errors import ProviderFault, RecordNotFound
from lgsp.mapping import Context
from lgsp.runtime import HANOI
from lgsp.simulate import Loaded, tell
from lgsp.simulate import Province as Whole
from lgsp_mocks import civil_servants as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import load
from tests.mocks.desk import Desk

mapping = load("civil-servants")
NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
ORG = "H28.02"


class Ministry:
    """Mapping and simulator face to face."""

    def __init__(self) -> None:
        self.world, self.state, self.desk = World(Province.load("hoa-binh"), 1, 400), dict[str, Any](), Desk()

    def raw(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        ask = Ask(self.world, "civil-servants", "ccvc", operation, data, NOW, self.state, services=self.desk)
        return ministry.HANDLERS["ccvc"][operation](ask)

    def call(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        ctx = Context(NOW, lambda: "0" * 26, "ccvc", values={"Sender_Code": ""}, request=data)
        asked = mapping.ask(operation, data, ctx)
        theirs = "ServiceM0001_1" if operation == "xemHoSo" else operation
        found: dict[str, Any] = mapping.answer(operation, self.raw(theirs, asked), ctx)
        return found

    def send(self, action: str, number: str, operation: str = "ServiceM0001", **sections: Any) -> dict[str, Any]:
        record = {"SoHieuCBCCVC_BNDP": number, **sections}
        return self.call(operation, {"org_Code": ORG, "Action_Type": action, "HOSO_CBCCVC": record})

    def view(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("xemHoSo", {"org_Code": ORG, "SoHieuCBCCVC_BNDP": number})["HOSO_CBCCVC"]
        return found


@pytest.fixture
def office() -> Ministry:
    return Ministry()


GENERAL = {"HoVaTen": "Bùi Văn Mẫu An", "GioiTinh": "1", "DanToc": "06", "NgaySinh": "1985-03-12"}


def test_a_record_from_its_beginning_to_its_end(office: Ministry) -> None:
    office.send("ADD", "TINH001", THONGTINCHUNG=GENERAL)
    with pytest.raises(ProviderFault):
        office.send("ADD", "TINH001", THONGTINCHUNG=GENERAL)
    office.send("EDIT", "TINH001", "ServiceM0005", THONGTIN_KHAC={"NgayVaoDang": "2012-02-03"})
    assert office.view("TINH001")["THONGTIN_KHAC"] == {"NgayVaoDang": "2012-02-03"}
    office.send("DEL", "TINH001", "ServiceM0005")
    assert "THONGTIN_KHAC" not in office.view("TINH001")
    office.send("DEL", "TINH001")
    with pytest.raises(RecordNotFound):
        office.view("TINH001")
    assert office.desk.effects == [
        f"{ORG}_TINH001",
        f"{ORG}_TINH001:THONGTIN_KHAC:EDIT",
        f"{ORG}_TINH001:THONGTIN_KHAC:DEL",
        f"{ORG}_TINH001:DEL",
    ]


def test_a_section_set_twice_takes_effect_once(office: Ministry) -> None:
    for _ in range(2):
        office.send("EDIT", "CB990003", "ServiceM0006", DS_KETQUA_DANHGIA_PHANLOAI=[{"KetQuaDanhGia": "01"}])
    assert len(office.desk.effects) == 1


def test_servants_of_the_seed_are_people_of_the_province(office: Ministry) -> None:
    general = office.view("CB990001")["THONGTINCHUNG"]
    person = office.world.person(general["SoDinhDanhCaNhan"])
    assert person is not None
    assert general["HoVaTen"] == person.full_name
    with pytest.raises(RecordNotFound):
        office.view("CB999999")


@pytest.mark.parametrize("content", ["%%%", "bm90IGpzb24=", base64.b64encode(b'{"Data": {}}').decode(), "W10="])
def test_an_envelope_that_cannot_be_read_is_refused_in_words(office: Ministry, content: str) -> None:
    said = office.raw("ServiceM0001", {"org_Code": ORG, "jsonContent": content})
    assert said["err_code"] == 1
    assert "định dạng" in said["message"]


def test_what_the_catalogues_refuse(office: Ministry) -> None:
    for sections in ({"THONGTINCHUNG": GENERAL | {"DanToc": "99"}}, {"THONGTINCHUNG": GENERAL | {"HoVaTen": ""}}, {}):
        with pytest.raises(ProviderFault) as caught:
            office.send("ADD", "TINH002", **sections)
        assert caught.value.errors[0].path.startswith("/HOSO_CBCCVC/THONGTINCHUNG")
    assert office.desk.effects == []


def test_a_birth_of_which_only_the_year_is_known(office: Ministry) -> None:
    office.send("ADD", "TINH003", THONGTINCHUNG=GENERAL | {"NgaySinh": "1968"})
    assert office.view("TINH003")["THONGTINCHUNG"]["NgaySinh"] == "1968"


@pytest.mark.parametrize(
    ("action", "fault", "end"),
    [
        ("ADD", "lost-answer", "delivered"),
        ("ADD", "reset", "failed"),
        ("DEL", "lost-answer", "delivered"),
        ("DEL", "reset", "failed"),
        ("EDIT", "lost-answer", "indeterminate"),
        ("EDIT", "reset", "indeterminate"),
    ],
)
def test_an_unknown_outcome_is_settled_by_viewing(lgsp_loaded: Loaded, action: str, fault: str, end: str) -> None:
    """What viewing cannot tell, whether an EDIT took effect, stays with a human; nothing is sent again."""
    number = "VIDU0007" if action == "ADD" else "CB990004"
    record = {"SoHieuCBCCVC_BNDP": number, "THONGTINCHUNG": GENERAL}
    sent = {"org_Code": ORG, "Action_Type": action, "HOSO_CBCCVC": record}

    async def story(province: Whole) -> None:
        province.fail("civil-servants", fault, operation="ServiceM0001", times=1)
        reply = await province.call("civil-servants", "ServiceM0001", sent)
        assert (reply.code, reply.data["retryable"]) == ("timeout", False)
        await asyncio.sleep(3_600)
        where = reply.headers["location"]
        assert (await province.get(where, consumer="mot-cua")).data["state"] == end
        calls = province.simulator.journal.calls("civil-servants", "ServiceM0001")
        assert len(calls) == 1

    tell(story, loaded=lgsp_loaded.only("civil-servants"), size=400)
