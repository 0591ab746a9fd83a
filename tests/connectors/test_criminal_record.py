"""criminal-record: what only this system has, two generations of one ministry behind one message."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp import contract
from lgsp.adapters import rest
from lgsp.errors import BadAnswer, ConnectFailed, InvalidMessage, LgspError, ProviderFault, RecordNotFound, Timeout
from lgsp.mapping import Context, FieldError, PlaceTable
from lgsp.runtime import HANOI
from lgsp_mocks import criminal_record as ministry
from lgsp_mocks.criminal_record_records import secret_id
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
SECRETS = {"authKey": "demo-lltp-auth-key"}
ERAS = ("2022-2024", "2025")
PLACES = PlaceTable.read(ROOT / "connectors" / "criminal-record" / "places.csv")
mapping = load("criminal-record")

FORM: dict[str, Any] = {
    "fullName": "Bùi Thị Mẫu",
    "genderId": "2",
    "birthDateStr": "1990-07",
    "nationalityId": "VN",
    "ethnicId": "06",
    "residence": "Xóm Mẫu 1",
    "reRegionId": "04789",
    "idTypeId": "3",
    "identifyNo": "017190999601",
    "phone": "0000999601",
    "declareDate": "2022-11-16",
    "declareTypeId": "3846",
    "requestQty": 1,
    "requestQtyAdd": 2,
    "objectRequestId": "72",
    "formType": "1",
    "isBanPosition": True,
    "delivery": False,
    "purpose": "Xin việc",
}
SENT: dict[str, Any] = {
    "idReceivedDec": "H28.03-221116-9910",
    "dateReceivedDec": "2022-11-16",
    "declarationWSForm": FORM,
    "residenceWSForm": [{"fromDateStr": "2005", "toDateStr": "2022-11", "residencePlace": "Xóm Mẫu 1"}],
}
MANDATOR = {
    "fullName": "Phạm Thị Mẫu",
    "genderId": "2",
    "birthDateStr": "1988",
    "mandatorRelation": "Con",
    "regionId": "148",
}


def context(backend: str = "v1", request: dict[str, Any] | None = None) -> Context:
    values = {"idMinistryJustice": "9917", "maTinh": "17", "tenTinh": "Hoà Bình"}
    return Context(NOW, lambda: "0" * 26, backend, secrets=SECRETS, values=values, places=PLACES, request=request or {})


def backend_of(operation: str, era: str) -> str:
    if operation == "traKetQuaHoSoLLTP":
        return "vneid"
    return "v2" if era == "2025" and operation in ministry.HANDLERS["v2"] else "v1"


@pytest.fixture(scope="module")
def contracts() -> dict[str, contract.Contract]:
    folder = ROOT / "contracts" / "criminal-record"
    files = {"public": "v1.yaml", "v1": "backend-v1.yaml", "v2": "backend-v2.yaml", "vneid": "backend-vneid.yaml"}
    return {name: contract.load(folder / file, name="criminal-record") for name, file in files.items()}


class Bus:
    """Mapping and ministry face to face, with the bytes of both contracts between them."""

    def __init__(self, contracts: dict[str, contract.Contract], era: str) -> None:
        self.contracts, self.era = contracts, era
        self.world = World(Province.load("hoa-binh"), 1, 400)
        self.desk, self.state = Desk(), dict[str, Any]()

    def ask(self, backend: str, operation: str, data: dict[str, Any]) -> Ask:
        return Ask(
            self.world,
            "criminal-record",
            backend,
            operation,
            data,
            NOW,
            self.state,
            secrets=SECRETS,
            services=self.desk,
        )

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        public = self.contracts["public"].operations[operation]
        request = public.input.read_json(json.dumps(request).encode())
        backend = backend_of(operation, self.era)
        ctx, theirs = context(backend, request), self.contracts[backend].operations[operation]
        sent = rest.encode_request(theirs, mapping.ask(operation, request, ctx), "/api")
        answered = ministry.HANDLERS[backend][operation](
            self.ask(backend, operation, rest.decode_request(theirs, sent))
        )
        theirs.output.check(answered)
        answer = mapping.answer(operation, rest.decode_response(theirs, rest.encode_response(theirs, answered)), ctx)
        public.output.check(answer)
        return dict(answer)

    def days_pass(self) -> None:
        for _, function, data in sorted(self.desk.waiting, key=lambda job: job[0]):
            getattr(ministry, function)(self.ask("v1", function, data))
        self.desk.waiting.clear()


@pytest.fixture(params=ERAS)
def bus(request, contracts) -> Bus:
    return Bus(contracts, request.param)


def test_the_first_generation_as_the_guide_prints_it():
    asked = mapping.ask("nhanHoSoDangKy", SENT | {"mandatorWSForm": MANDATOR}, context())
    assert (asked["idMinistryJustice"], asked["dateReceivedDec"]) == ("9917", "16/11/2022")
    form = asked["declarationWSForm"]
    assert form["genderId"] == 0, "a woman is 0 there"
    assert (form["birthDateStr"], form["declareDate"]) == ("07/1990", "16/11/2022")
    assert (form["nationalityId"], form["ethnicId"], form["reRegionId"]) == (4001, 4106, 47170001)
    assert (form["isBanPosition"], form["delivery"], form["requestQty"], form["declareTypeId"]) == (1, 0, 1, 3846)
    assert form["phone"] == "0000999601", "a number by the guide, but it would lose its zeros"
    assert asked["residenceWSForm"] == [{"fromDateStr": "2005", "toDateStr": "11/2022", "residencePlace": "Xóm Mẫu 1"}]
    assert (asked["mandatorWSForm"]["genderId"], asked["mandatorWSForm"]["regionId"]) == (0, 471701)


def test_the_second_generation_says_the_same_in_other_words():
    asked = mapping.ask("nhanHoSoDangKy", SENT | {"mandatorWSForm": MANDATOR}, context("v2"))
    assert (asked["authKey"], asked["maTinh"], asked["maHoSoMCDT"]) == (
        "demo-lltp-auth-key",
        "17",
        "H28.03-221116-9910",
    )
    assert (asked["nguonDangKy"], asked["ngayTiepNhan"]) == ("3", "16/11/2022")
    form = asked["toKhai"]
    assert (form["nycHoTen"], form["nycGioiTinh"], form["nycNgaySinh"]) == ("Bùi Thị Mẫu", "2", "07/1990")
    assert (form["nycQuocTich"], form["nycDanToc"], form["soLuongCap"]) == ("VN", "06", "3")
    assert form["nycThuongTru"] == {"maPhuongXa": "04789", "dcChiTiet": "Xóm Mẫu 1"}
    assert (form["yeuCauCDNCV"], form["uyQuyen"], form["uyQuyenHoTen"], form["nyqQuanHe"]) == (
        "1",
        "1",
        "Phạm Thị Mẫu",
        "Con",
    )
    assert form["nycCuTru"] == [{"tuNgay": "2005", "denNgay": "11/2022", "noiCuTru": "Xóm Mẫu 1"}]


@pytest.mark.parametrize("backend", ["v1", "v2"])
def test_the_forms_may_be_named_as_clients_name_them(backend):
    names = {
        "declarationWSForm": "declarationForm",
        "residenceWSForm": "residenceForm",
        "mandatorWSForm": "mandatorForm",
    }
    guide = SENT | {"mandatorWSForm": MANDATOR}
    client = {names.get(name, name): value for name, value in guide.items()}
    assert mapping.ask("nhanHoSoDangKy", client, context(backend)) == mapping.ask(
        "nhanHoSoDangKy", guide, context(backend)
    )


@pytest.mark.parametrize("backend", ["v1", "v2"])
def test_one_declaration_neither_none_nor_two(backend):
    none = {name: SENT[name] for name in ("idReceivedDec", "dateReceivedDec")}
    for request, error in (
        (none, FieldError("/declarationWSForm", "required")),
        (SENT | {"declarationForm": FORM}, FieldError("/declarationForm", "once")),
    ):
        with pytest.raises(InvalidMessage) as caught:
            mapping.ask("nhanHoSoDangKy", request, context(backend))
        assert caught.value.errors == (error,)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"birthDateStr": "2022-02-31"}, FieldError("/declarationForm/birthDateStr", "date")),
        ({"reRegionId": "00001"}, FieldError("/declarationForm/reRegionId", "enum")),
        ({"nationalityId": "ZZ"}, FieldError("/declarationForm/nationalityId", "enum")),
    ],
)
def test_what_the_first_generation_cannot_say_is_the_callers_fault(change, error):
    request = {"idReceivedDec": "H28-221116-9910", "dateReceivedDec": "2022-11-16", "declarationForm": FORM | change}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("nhanHoSoDangKy", request, context())
    assert caught.value.errors == (error,)


def test_an_address_in_parts_is_said_in_words_where_words_are_wanted():
    parts = {"maPhuongXa": "04789", "tenPhuongXa": "Phường Thái Bình", "tenTinhThanh": "Hoà Bình", "dcChiTiet": "Tổ 1"}
    form = {name: value for name, value in FORM.items() if name not in ("residence", "reRegionId")} | {
        "nycThuongTru": parts
    }
    first = mapping.ask("nhanHoSoDangKy", SENT | {"declarationWSForm": form}, context())["declarationWSForm"]
    assert (first["residence"], first["reRegionId"]) == ("Tổ 1, Phường Thái Bình, Hoà Bình", 47170001)
    second = mapping.ask("nhanHoSoDangKy", SENT | {"declarationWSForm": form}, context("v2"))["toKhai"]
    assert second["nycThuongTru"] == parts


# infoType means four things


def test_the_acknowledgement_knows_the_number_that_it_takes():
    def row(mark):
        return mapping.ask("danhDauHsThanhCong", {"maDanhDau": mark}, context())

    online = {"declarationTraHoSoForm": [{"declarationId": "a+/b"}]}
    for asked_with, marks_with in (("1", "3"), ("2", "1")):
        (item,) = mapping.answer("traHoSo", online, context(request={"infoType": asked_with}))["declarationTraHoSoForm"]
        assert row(item["maDanhDau"]) == {"declarationId": "a+/b", "infoType": marks_with}
    changed = {"STATUS": 1, "LISTCONTENT": [{"DECLARATION_ID": "a+/b", "DEC_STATUS_ID": 4}]}
    (item,) = mapping.answer("traDsTrangThaiHs", changed, context(request={"infoType": "2"}))["LISTCONTENT"]
    assert row(item["maDanhDau"]) == {"declarationId": "a+/b", "infoType": "2"}


def test_a_state_that_changed_again_is_another_item():
    marks = set()
    for state in (3, 4, "5"):
        changed = {"STATUS": 1, "LISTCONTENT": [{"DECLARATION_ID": "x", "DEC_STATUS_ID": state}]}
        marks.add(mapping.answer("traDsTrangThaiHs", changed, context())["LISTCONTENT"][0]["maDanhDau"])
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("request_", "path"),
    [({"maDanhDau": "9:x"}, "/maDanhDau"), ({"maDanhDau": "2:x"}, "/maDanhDau"), ({"maDanhDau": "abc"}, "/maDanhDau"),
     ({}, "/declarationId"), ({"declarationId": ["x"]}, "/infoType")],
)  # fmt: skip
def test_an_acknowledgement_of_nothing(request_, path):
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("danhDauHsThanhCong", request_, context())
    assert caught.value.errors[0].path == path


def test_several_ids_travel_with_semicolons():
    asked = mapping.ask("danhDauHsThanhCong", {"declarationId": ["id1", "id2"], "infoType": "3"}, context())
    assert asked == {"declarationId": "id1;id2", "infoType": "3"}


def test_without_the_desk_a_paper_is_needed_and_the_second_generation_does_not_know_it():
    request = {"idReceivedDec": "99000017", "infoType": "1"}
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("traTrangThaiHs", request, context())
    assert caught.value.errors == (FieldError("/identifyNo", "required"),)
    with pytest.raises(InvalidMessage) as caught:
        mapping.ask("traTrangThaiHs", request | {"identifyNo": "999000007"}, context("v2"))
    assert caught.value.errors == (FieldError("/infoType", "enum"),)


# Answers


def test_what_comes_back_is_in_our_codes():
    answer = {
        "declarationTraHoSoForm": [
            {"declarationId": "a", "genderId": 0, "birthDateStr": "08/1953", "birthPlace": "47170002, 471701, 4717",
             "nationalityId": "4001", "ethnicId": 4106, "reRegionId": 47170001, "isBanPosition": "0", "delivery": 1,
             "requestQty": "2", "rtRegionId": 1, "email": None},
        ],
        "residenceWSForm": [{"declarationId": "a", "residencePlace": 47170001, "fromDateStr": "01/01/2010"},
                            {"declarationId": "b", "residencePlace": 1}],
        "mandatorWSForm": [{"declarationId": "b", "fullName": "Ai đó"}],
    }  # fmt: skip
    (dossier,) = mapping.answer("traHoSo", answer, context(request={"infoType": "1"}))["declarationTraHoSoForm"]
    assert dossier == {
        "maDanhDau": "3:a",
        "declarationId": "a",
        "genderId": "2",
        "birthDateStr": "1953-08",
        "birthPlaceId": "04792",
        "nationalityId": "VN",
        "ethnicId": "06",
        "reRegionId": "04789",
        "rtRegionId": "1",
        "isBanPosition": False,
        "delivery": True,
        "requestQty": 2,
        "residenceWSForm": [{"residencePlaceId": "04789", "fromDateStr": "2010-01-01"}],
    }


def refused(operation: str, said: str, backend: str = "v1", request: dict[str, Any] | None = None) -> LgspError:
    answer = {"v1": {"STATUS": 0, "DESCRIPTION": said}, "v2": {"status": "0", "statusDescription": said}}[backend]
    with pytest.raises(LgspError) as caught:
        mapping.answer(operation, answer, context(backend, request))
    return caught.value


def test_a_sentence_is_all_that_tells_one_no_from_another():
    assert type(refused("traTrangThaiHs", "Không tìm thấy hồ sơ")) is RecordNotFound
    assert type(refused("danhDauHsThanhCong", "Hồ sơ không tồn tại")) is RecordNotFound
    assert type(refused("traTrangThaiHs", "infoType không có trong danh mục")) is ProviderFault
    assert type(refused("nhanHoSoDangKy", "authKey không hợp lệ", "v2")) is ConnectFailed
    assert refused("traTrangThaiHs", "Không tìm thấy hồ sơ").provider == ("0", "Không tìm thấy hồ sơ")


def test_field_faults_point_into_the_form_as_the_caller_named_it():
    request = {"idReceivedDec": "x", "declarationForm": FORM}
    errors = refused("nhanHoSoDangKy", "birthDateStr không đúng định dạng; momDob bắt buộc", "v1", request).errors
    assert errors == (
        FieldError("/declarationForm/birthDateStr", "format"),
        FieldError("/declarationForm/momDob", "required"),
    )
    errors = refused("nhanHoSoDangKy", "nycNgaySinh không đúng định dạng; nycHoTen bắt buộc", "v2", request).errors
    assert errors == (
        FieldError("/declarationForm/birthDateStr", "format"),
        FieldError("/declarationForm/fullName", "required"),
    )


def test_a_repetition_is_success():
    for backend, answer in (
        ("v1", {"STATUS": 0, "DESCRIPTION": "Hồ sơ X đã được tiếp nhận"}),
        (
            "v2",
            {
                "status": "0",
                "statusDescription": "",
                "errorDescription": "đã được tiếp nhận, không thể cập nhật thông tin",
            },
        ),
    ):
        assert mapping.answer("nhanHoSoDangKy", answer, context(backend, SENT))["daTiepNhanTruoc"] is True


@pytest.mark.parametrize(
    ("state", "first"),
    [("1", "3"), ("2", "3"), ("3", None), ("4", "4"), ("5", "4"), ("6", "4"), ("7", None), ("8", None), ("9", "5"),
     ("10", "5"), ("77", None)],
)  # fmt: skip
def test_ten_states_are_three_where_they_can_be(state, first):
    value = [{"maHoSoMCDT": "x", "trangThaiXuLy": state}]
    told = mapping.answer("traTrangThaiHs", {"status": 1, "value": value}, context("v2", {"idReceivedDec": "x"}))
    assert (told["trangThaiXuLy"], told.get("DEC_STATUS_ID")) == (state, first)


def test_a_state_without_a_state_is_a_broken_contract():
    with pytest.raises(BadAnswer):
        mapping.answer("traTrangThaiHs", {"STATUS": 1}, context())


@pytest.mark.parametrize(
    ("code", "said", "leaf"),
    [("01", "Không thể cập nhật lên trạng thái 4", ProviderFault), ("01", "Không tìm thấy hồ sơ", RecordNotFound),
     ("03", "Yêu cầu bị gián đoạn. Vui lòng thử lại.", Timeout), ("99", "?", ProviderFault)],
)  # fmt: skip
@pytest.mark.parametrize("field", ["statusDescription", "errorDetail"])
def test_vneid_says_no_in_two_fields(code, said, leaf, field):
    with pytest.raises(LgspError) as caught:
        mapping.answer("traKetQuaHoSoLLTP", {"statusCode": code, field: said}, context("vneid"))
    assert type(caught.value) is leaf
    assert caught.value.provider == (code, said)


def test_a_result_goes_to_vneid_with_its_dates():
    result = {
        "ngayCapPhieu": "2022-11-14",
        "thongTinAn": [{"ngayBanAn": "2015-06", "dsToiDanh": [{"toiDanh": "9901"}]}],
    }
    request = {"maHoSoMCDT": "x", "trangThaiXuLy": "9", "ngayHenTraKetQua": "2022-11-15", "ketQuaXuLy": result}
    asked = mapping.ask("traKetQuaHoSoLLTP", request, context("vneid"))
    assert (asked["maTinh"], asked["tenTrangThaiXuLy"], asked["ngayHenTraKetQua"]) == (
        "17",
        "Đã xử lý xong",
        "15/11/2022",
    )
    assert asked["ketQuaXuLy"] == {
        "ngayCapPhieu": "14/11/2022",
        "thongTinAn": [{"ngayBanAn": "06/2015", "dsToiDanh": [{"toiDanh": "9901"}]}],
    }


VALUES = st.none() | st.text() | st.integers()


@given(st.dictionaries(st.sampled_from([*mapping.DATES, *mapping.PLACES, *mapping.FLAGS, "birthPlace", "genderId",
                                        "requestQty", "declarationId", "residencePlace"]), VALUES),
       st.sampled_from(["1", "2", None]))  # fmt: skip
def test_answers_never_surprise(row, kind):
    """Total: whatever stands in the queue gives an answer that keeps the public contract's types, or a leaf."""
    answer = {"declarationTraHoSoForm": [row], "residenceWSForm": [row], "mandatorWSForm": [row]}
    with suppress(LgspError):
        mapping.answer("traHoSo", answer, context(request={"infoType": kind}))


@given(
    st.text(),
    st.sampled_from(["nhanHoSoDangKy", "traTrangThaiHs", "danhDauHsThanhCong"]),
    st.sampled_from(["v1", "v2"]),
)
def test_a_no_is_always_a_leaf(said, operation, backend):
    answer = {"STATUS": "0", "DESCRIPTION": said, "status": 0, "statusDescription": said}
    with suppress(LgspError):
        mapping.answer(operation, answer, context(backend, SENT))


# Both sides together


def test_every_example_gives_what_it_promises_through_both_contracts(bus):
    examples = ministry.examples(World(replace(bus.world.province, era=bus.era), 1, 400))
    assert {each.operation for each in examples} == set(bus.contracts["public"].operations)
    for example in (*examples, *reversed(examples)):
        try:
            public = bus.contracts["public"].operations[example.operation]
            public.input.check(example.request)
            bus.call(example.operation, example.request)
            outcome = "ok"
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, (example.operation, example.note)


def test_examples_of_the_contracts_are_what_the_mapping_speaks(contracts):
    for name, public in contracts["public"].operations.items():
        for backend in ("v1", "v2", "vneid"):
            if theirs := contracts[backend].operations.get(name):
                ctx = context(backend, public.request_example)
                theirs.input.check(mapping.ask(name, public.request_example, ctx))
                public.output.check(mapping.answer(name, theirs.answer_example, ctx))


def test_a_dossier_from_receipt_to_its_certificate(bus):
    asked = {"idReceivedDec": SENT["idReceivedDec"]}
    assert bus.call("nhanHoSoDangKy", SENT)["daTiepNhanTruoc"] is False
    assert bus.call("nhanHoSoDangKy", SENT)["daTiepNhanTruoc"] is True
    assert bus.desk.effects == [SENT["idReceivedDec"]]
    assert bus.call("traTrangThaiHs", asked)["DEC_STATUS_ID"] == "3"
    assert 3 * ministry.DAY <= max(seconds for seconds, _, _ in bus.desk.waiting) <= 12 * ministry.DAY
    bus.days_pass()
    state = bus.call("traTrangThaiHs", asked)
    assert (state["DEC_STATUS_ID"], state["ISSUE_DATE"]) == ("5", "2022-11-16")
    assert ("phieuLLTP" in state.get("ketQuaXuLy", {})) is (bus.era == "2025")


def test_the_ministry_names_faulty_fields_and_the_caller_finds_them(bus):
    with pytest.raises(ProviderFault) as caught:
        bus.call("nhanHoSoDangKy", SENT | {"declarationWSForm": FORM | {"email": "khong-phai-thu"}})
    assert caught.value.errors == (FieldError("/declarationWSForm/email", "format"),)
    assert bus.desk.effects == []


def test_the_queue_gives_until_it_is_acknowledged(contracts):
    bus = Bus(contracts, "2022-2024")
    first = bus.call("traHoSo", {"infoType": "1"})["declarationTraHoSoForm"]
    assert bus.call("traHoSo", {"infoType": "1"})["declarationTraHoSoForm"] == first
    assert {dossier["declarationCode"] for dossier in first} == {"99001", "99002", "99003"}
    authorised = next(dossier for dossier in first if dossier["declarationCode"] == "99003")
    assert (authorised["birthDateStr"], "mandatorWSForm" in authorised) == ("1948", True)
    for _ in range(2):
        bus.call("danhDauHsThanhCong", {"maDanhDau": first[0]["maDanhDau"]})
    assert bus.desk.effects == [first[0]["maDanhDau"]]
    left = bus.call("traHoSo", {"infoType": "1"})["declarationTraHoSoForm"]
    assert [dossier["maDanhDau"] for dossier in left] == [dossier["maDanhDau"] for dossier in first[1:]]
    for dossier in left:
        bus.call("danhDauHsThanhCong", {"maDanhDau": dossier["maDanhDau"]})
    assert bus.call("traHoSo", {"infoType": "1"}) == {}
    (counter,) = bus.call("traHoSo", {"infoType": "2"})["declarationTraHoSoForm"]
    assert (counter["declarationId"], counter["decStatusId"]) == (secret_id("99000017"), "4")


def test_a_state_comes_again_only_when_it_has_changed(contracts):
    bus = Bus(contracts, "2022-2024")
    bus.call("nhanHoSoDangKy", SENT)

    def changes():
        return {
            row["RECEIVE_NO"]: row for row in bus.call("traDsTrangThaiHs", {"infoType": "2"}).get("LISTCONTENT", [])
        }

    shown = changes()
    assert len(shown) == 5
    bus.days_pass()  # while the list is on its way
    for row in shown.values():
        bus.call("danhDauHsThanhCong", {"maDanhDau": row["maDanhDau"]})
    again = changes()
    assert {number: row["DEC_STATUS_ID"] for number, row in again.items()} == {SENT["idReceivedDec"]: "5"}


def test_catalogues_are_in_our_codes(contracts):
    bus = Bus(contracts, "2022-2024")
    places = {row["ID"] for row in bus.call("traDanhMuc", {"infoType": "1"})["danhMuc"]}
    assert {"17", "148", "04789"} <= places
    assert len(places) == 162
    assert {row["ID"] for row in bus.call("traDanhMuc", {"infoType": "2"})["danhMuc"]} == {"VN", "LA", "CN", "US"}
    assert {row["ID"] for row in bus.call("traDanhMuc", {"infoType": "5"})["danhMuc"]} == {"9917"}


def test_the_two_provinces_places_are_the_simulators():
    for name in ("hoa-binh", "dien-bien"):
        for place in World(Province.load(name), 1, 100).places.values():
            assert PLACES.theirs(place.code) == place.codes["lltp"]


def test_a_wrong_key_is_ours_to_mend(contracts):
    bus = Bus(contracts, "2025")
    asked = mapping.ask("traTrangThaiHs", {"idReceivedDec": "x"}, context("v2")) | {"authKey": "khac"}
    answer = ministry.HANDLERS["v2"]["traTrangThaiHs"](bus.ask("v2", "traTrangThaiHs", asked))
    with pytest.raises(ConnectFailed):
        mapping.answer("traTrangThaiHs", answer, context("v2"))
