"""postal-delivery: what only this system has, the post's own place numbers and a cursor."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp import contract
from lgsp.adapters import rest
from lgsp.errors import ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context, FieldError, PlaceTable
from lgsp.runtime import HANOI
from lgsp_mocks import postal_delivery as post
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
VALUES = {"CustomerCode": "DEMO-H28", "FlagConfig": "2"}
PLACES = PlaceTable.read(ROOT / "connectors" / "postal-delivery" / "places.csv")
mapping = load("postal-delivery")

ORDER: dict[str, Any] = {
    "OrderNumber": "H28.03-221116-9910",
    "CODAmount": 30000,
    "SenderProvince": "17",
    "SenderDistrict": "148",
    "SenderAddress": "Số 1 Đường Mẫu",
    "SenderName": "Trung tâm mẫu",
    "SenderTel": "0000990001",
    "ReceiverName": "Bùi Văn Mẫu",
    "ReceiverAddress": "Xóm Mẫu 1",
    "ReceiverTel": "0000999600",
    "ReceiverProvince": "22",
}


def context(request: dict[str, Any] | None = None) -> Context:
    return Context(NOW, lambda: "0" * 26, "bcci", values=VALUES, places=PLACES, request=request or {})


@pytest.fixture(scope="module")
def contracts() -> tuple[contract.Contract, contract.Contract]:
    folder = ROOT / "contracts" / "postal-delivery"
    return contract.load(folder / "v1.yaml", name="postal-delivery"), contract.load(
        folder / "backend-bcci.yaml", name="backend-bcci"
    )


class Bus:
    """Mapping and post face to face, with the bytes of both contracts between them."""

    def __init__(self, contracts: tuple[contract.Contract, contract.Contract]) -> None:
        self.public, self.theirs = contracts
        self.world = World(Province.load("hoa-binh"), 1, 400)
        self.desk, self.state = Desk(), dict[str, Any]()

    def ask(self, operation: str, data: dict[str, Any]) -> Ask:
        return Ask(
            self.world, "postal-delivery", "bcci", operation, data, NOW, self.state, values=VALUES, services=self.desk
        )

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        request = self.public.operations[operation].input.read_json(json.dumps(request).encode())
        ctx, theirs = context(request), self.theirs.operations[operation]
        sent = rest.encode_request(theirs, mapping.ask(operation, request, ctx), "/api")
        answered = post.HANDLERS["bcci"][operation](self.ask(operation, rest.decode_request(theirs, sent)))
        theirs.output.check(answered)
        answer = mapping.answer(operation, rest.decode_response(theirs, rest.encode_response(theirs, answered)), ctx)
        self.public.operations[operation].output.check(answer)
        return dict(answer)

    def days_pass(self) -> None:
        for _, function, data in sorted(self.desk.waiting, key=lambda job: job[0]):
            getattr(post, function)(self.ask(function, data))
        self.desk.waiting.clear()

    def states(self, number: str) -> list[str]:
        last, found = "0" * 24, list[str]()
        while rows := (page := self.call("GetOrderTracking", {"pageSize": 3, "lastId": last})).get("data"):
            found += [row["StatusCode"] for row in rows if row["OrderNumber"] == number]
            last = page["lastId"]
        return found


@pytest.fixture
def bus(contracts) -> Bus:
    return Bus(contracts)


def test_an_order_in_the_posts_words():
    asked = mapping.ask("PostOrder", ORDER, context())
    assert (asked["CustomerCode"], asked["FlagConfig"]) == ("DEMO-H28", 2)
    assert (asked["SenderProvince"], asked["SenderDistrict"]) == (36, 3601)
    assert asked["ReceiverProvince"] == 1, "Quảng Ninh is 01, and a number has no zero in front"
    assert "ReceiverDistrict" not in asked
    without = {name: value for name, value in ORDER.items() if name != "SenderDistrict"}
    assert mapping.ask("PostOrder", without, context())["SenderDistrict"] == 0
    assert mapping.ask("PostOrder", ORDER | {"CustomerCode": "KHAC", "FlagConfig": "1"}, context())["FlagConfig"] == 1


@pytest.mark.parametrize(("name", "code"), [("ReceiverProvince", "99"), ("ReceiverDistrict", "001")])
def test_a_place_that_the_post_does_not_know(name, code):
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("PostOrder", ORDER | {name: code}, context())
    assert caught.value.errors == (FieldError(f"/{name}", "enum"),)


def test_all_provinces_are_the_simulators_and_ours_have_their_districts():
    assert {code for gso, code in PLACES.theirs_by_gso.items() if len(gso) == 2} == set(post.PROVINCES)
    assert len(post.PROVINCES) == 63
    for name in ("hoa-binh", "dien-bien"):
        world = World(Province.load(name), 1, 100)
        assert PLACES.theirs(world.province.code) == world.province.post_prefix
        for n, district in enumerate(world.districts(), 1):
            assert PLACES.theirs(district.code) == f"{world.province.post_prefix}{n:02d}"


def test_the_cursor_begins_with_zeros_and_goes_on_from_the_last():
    assert mapping.ask("GetOrderTracking", {}, context()) == {"pageSize": 100, "lastId": "0" * 24}
    page = {"result": [{"id": "a1"}, {"id": "a2", "StatusCode": 40, "StatusDate": "16/11/2022 09:00:00"}]}
    told = mapping.answer("GetOrderTracking", page, context())
    assert told["lastId"] == "a2"
    assert told["data"][1] == {"id": "a2", "StatusCode": "40", "StatusDate": "2022-11-16T09:00:00+07:00"}
    for nothing in ({"result": []}, {"result": None}):
        assert mapping.answer("GetOrderTracking", nothing, context({"lastId": "f" * 24})) == {"lastId": "f" * 24}


def test_a_refusal_may_come_in_the_lists_place(bus):
    answer = bus.ask("GetOrderTracking", {"pageSize": 1001, "lastId": "0" * 24})
    with pytest.raises(ProviderFault) as caught:
        mapping.answer("GetOrderTracking", post.GetOrderTracking(answer), context())
    assert caught.value.provider[0] == "101"


def refused(operation: str, status: object, said: str) -> LgspError:
    with pytest.raises(LgspError) as caught:
        mapping.answer(operation, {"Status": status, "Message": said}, context(ORDER))
    return caught.value


@pytest.mark.parametrize(
    ("operation", "status", "said", "leaf"),
    [("PostOrder", "101", "ReceiverTel không đúng định dạng", ProviderFault), ("PostOrder", 102, "Đã có", ProviderFault),
     ("PostOrder", "103", "CustomerCode không hợp lệ", ConnectFailed), ("PostOrder", "104", "?", ProviderFault),
     ("CancelOrder", "104", "?", RecordNotFound), ("CancelOrder", "999", "Không tìm thấy đơn hàng", RecordNotFound),
     ("CancelOrder", "105", "Đã phát, không thể huỷ", ProviderFault), ("CancelOrder", "", "", ProviderFault)],
)  # fmt: skip
def test_all_but_100_is_no(operation, status, said, leaf):
    error = refused(operation, status, said)
    assert type(error) is leaf
    assert error.provider == (str(status), said)


def test_the_post_names_faulty_fields():
    error = refused("PostOrder", "101", "ReceiverTel không đúng định dạng; ReceiverName bắt buộc")
    assert error.errors == (FieldError("/ReceiverTel", "format"), FieldError("/ReceiverName", "required"))


def test_a_repetition_is_success():
    answer = {"Status": "102", "Message": "Đơn hàng X đã được tiếp nhận"}
    assert mapping.answer("PostOrder", answer, context(ORDER))["daTiepNhanTruoc"] is True
    with pytest.raises(ProviderFault):
        mapping.answer("CancelOrder", answer, context(ORDER))


@given(st.text(), st.text(), st.sampled_from(["PostOrder", "CancelOrder"]))
def test_answers_never_surprise(status, said, operation):
    with suppress(LgspError):
        mapping.answer(operation, {"Status": status, "Message": said}, context(ORDER))


def test_every_example_gives_what_it_promises(bus):
    examples = post.examples(bus.world)
    assert {each.operation for each in examples} == set(bus.public.operations)
    for example in (*examples, *reversed(examples)):
        try:
            bus.call(example.operation, example.request)
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)


def test_examples_of_the_contracts_are_what_the_mapping_speaks(contracts):
    public, theirs = contracts
    for name, operation in public.operations.items():
        ctx = context(operation.request_example)
        theirs.operations[name].input.check(mapping.ask(name, operation.request_example, ctx))
        operation.output.check(mapping.answer(name, theirs.operations[name].answer_example, ctx))


def test_an_order_from_the_desk_to_the_door(bus):
    assert bus.call("PostOrder", ORDER)["daTiepNhanTruoc"] is False
    assert bus.call("PostOrder", ORDER)["daTiepNhanTruoc"] is True
    assert bus.desk.effects == [ORDER["OrderNumber"]]
    assert bus.states(ORDER["OrderNumber"]) == ["10"]
    bus.days_pass()
    assert bus.states(ORDER["OrderNumber"]) == ["10", "20", "30", "40"]
    with pytest.raises(ProviderFault):
        bus.call("CancelOrder", {"OrderNumber": ORDER["OrderNumber"]})


def test_nobody_at_home(bus):
    bus.call("PostOrder", ORDER | {"OrderNumber": "H28.03-221116-9904"})
    bus.days_pass()
    assert bus.states("H28.03-221116-9904")[-1] == "41"


def test_a_cancelled_order_goes_nowhere(bus):
    bus.call("PostOrder", ORDER)
    for _ in range(2):
        bus.call("CancelOrder", {"OrderNumber": ORDER["OrderNumber"]})
    bus.days_pass()
    assert bus.states(ORDER["OrderNumber"]) == ["10", "90"]
    assert len(bus.desk.effects) == 2


def test_pages_lose_nothing_and_double_nothing(bus):
    bus.call("PostOrder", ORDER)
    bus.days_pass()
    whole = bus.call("GetOrderTracking", {"pageSize": 1000})["data"]
    ids = [row["id"] for row in whole]
    assert ids == sorted(set(ids))
    rest_, last = [], "0" * 24
    while rows := (page := bus.call("GetOrderTracking", {"pageSize": 2, "lastId": last})).get("data"):
        rest_ += rows
        last = page["lastId"]
    assert rest_ == whole


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ReceiverTel": "khong"}, "/ReceiverTel"),
        ({"SenderName": " "}, "/SenderName"),
        ({"SenderDistrict": None}, "/SenderDistrict"),
    ],
)
def test_the_caller_finds_what_the_post_refused(bus, change, path):
    order = {name: value for name, value in (ORDER | change).items() if value is not None}
    with pytest.raises(ProviderFault) as caught:
        bus.call("PostOrder", order)
    assert [error.path for error in caught.value.errors] == [path]
    assert bus.desk.effects == []
