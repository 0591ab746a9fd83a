"""budget-unit: two-digit codes, dossiers that come back for supplements, and the token that every message carries."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lgsp import contract
from lgsp.adapters import soap
from lgsp.adapters.envelope import WSSE
from lgsp.contract.model import Contract
from lgsp.errors import LgspError, ProviderFault, RecordNotFound
from lgsp.mapping import Context, Data, FieldError
from lgsp.model import Health
from lgsp.runtime import HANOI
from lgsp.settings import Settings, SystemSettings
from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks import budget_unit as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province as Folder
from lgsp_mocks.world import World
from tests.connectors.mappings import ROOT, load
from tests.mocks.desk import Desk

SYSTEM = "budget-unit"
NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
mapping = load(SYSTEM)
CTX = Context(now=NOW, new_id=lambda: "0" * 26, backend="dvqhns", values={"maTinh": "17"})


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    files = {"public": "v1.yaml", "dvqhns": "backend-dvqhns.wsdl"}
    return {name: contract.load(ROOT / "contracts" / SYSTEM / file, name=SYSTEM) for name, file in files.items()}


class Bench:
    """Mapping and ministry face to face, with bytes between them."""

    def __init__(self, contracts: dict[str, Contract], province: str = "hoa-binh") -> None:
        self.world, self.desk, self.state, self.contracts = World(Folder.load(province), 1, 400), Desk(), {}, contracts
        self.ctx = replace(CTX, values={"maTinh": self.world.province.code})

    def ask(self, operation: str, data: Data) -> Ask:
        return Ask(self.world, SYSTEM, "dvqhns", operation, data, NOW, self.state, services=self.desk)

    def call(self, operation: str, request: Data) -> Data:
        ctx, theirs = replace(self.ctx, request=request), self.contracts["dvqhns"].operations[operation]
        sent = soap.encode_request(theirs, mapping.ask(operation, request, ctx))
        answered = ministry.HANDLERS["dvqhns"][operation](
            self.ask(operation, soap.decode_request(self.contracts["dvqhns"], sent).data)
        )
        found: Data = mapping.answer(
            operation, soap.decode_response(theirs, soap.encode_response(theirs, answered)), ctx
        )
        self.contracts["public"].operations[operation].output.check(found)
        return found

    def example(self, operation: str) -> Data:
        return next(each.request for each in ministry.examples(self.world) if each.operation == operation)

    def days_pass(self) -> None:
        waiting, self.desk.waiting = self.desk.waiting, []
        for _, function, data in sorted(waiting, key=lambda each: each[0]):
            getattr(ministry, function)(self.ask("guiHoSo", data))


@pytest.fixture
def bench(contracts: dict[str, Contract]) -> Bench:
    return Bench(contracts)


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_every_example_keeps_both_contracts(contracts: dict[str, Contract], province: str) -> None:
    bench = Bench(contracts, province)
    examples = ministry.examples(bench.world)
    for example in (*examples, *reversed(examples)):
        contracts["public"].operations[example.operation].input.check(example.request)
        outcome = "ok"
        try:
            bench.call(example.operation, example.request)
        except LgspError as error:
            outcome = error.code
        assert outcome == example.expect, example


def test_examples_of_the_contract_are_what_the_mapping_speaks(contracts: dict[str, Contract]) -> None:
    for name, public in contracts["public"].operations.items():
        assert public.request_example is not None
        contracts["dvqhns"].operations[name].input.check(mapping.ask(name, public.request_example, CTX))


def test_a_unit_in_clean_types(bench: Bench) -> None:
    found = bench.call("traCuuDonVi", bench.example("traCuuDonVi"))
    assert (found["loaiHinh"], found["maCap"], found["trangThai"]) == ("1", "2", "1")
    assert found["tenDvqhns"] == "Sở Tài chính"
    assert found["diaChi"]["maTinh"] == "17"
    assert datetime.fromisoformat(found["ngayQuyetDinh"])
    closed = bench.call("traCuuDonVi", {"maDvqhns": "1999901"})
    assert (closed["trangThai"], closed["ngayDong"]) == ("2", "2021-12-31")


def test_dates_may_carry_a_zone() -> None:
    row = {"maDvqhns": "1", "loaiThayDoi": 3, "ngayThayDoi": "2021-12-31+07:00"}
    found = mapping.answer("danhSachThayDoi", {"maKetQua": "00", "thayDoi": [row]}, CTX)
    assert found == {"thayDoi": [{"maDvqhns": "1", "loaiThayDoi": "3", "ngayThayDoi": "2021-12-31"}]}
    assert mapping.answer("danhSachThayDoi", {"maKetQua": "00"}, CTX) == {"thayDoi": []}


def test_the_province_is_the_installations_where_none_is_named() -> None:
    days = {"tuNgay": "2022-11-01", "denNgay": "2022-11-30"}
    assert mapping.ask("danhSachThayDoi", days, CTX) == {"maTinh": "17", **days}
    assert mapping.ask("danhSachThayDoi", days | {"maTinh": "11"}, CTX)["maTinh"] == "11"


def refused(operation: str, code: str, text: str, request: Data | None = None) -> LgspError:
    with pytest.raises(LgspError) as caught:
        mapping.answer(operation, {"maKetQua": code, "moTaKetQua": text}, replace(CTX, request=request or {}))
    assert caught.value.provider == (code, text)
    return caught.value


@pytest.mark.parametrize(
    ("operation", "code", "text", "leaf", "errors"),
    [
        ("traCuuDonVi", "01", "Không tìm thấy đơn vị", RecordNotFound, ()),
        ("guiHoSo", "02", "Thiếu giấy tờ: QDTL", ProviderFault, (FieldError("/fileDinhKem", "required"),)),
        ("guiHoSo", "03", "Trùng tên đơn vị", ProviderFault, ()),
        ("trangThaiHoSo", "03", "Hồ sơ x đã được tiếp nhận", ProviderFault, ()),
        ("danhSachThayDoi", "04", "Khoảng thời gian không được vượt quá 31 ngày", ProviderFault, (FieldError("/denNgay", "maximum"),)),
        ("guiHoSo", "04", "maDvqhnsCha không tồn tại; tenDvqhns bắt buộc", ProviderFault,
         (FieldError("/thongTinDonVi/maDvqhnsCha", "enum"), FieldError("/thongTinDonVi/tenDvqhns", "required"))),
        ("guiHoSo", "99", "?", ProviderFault, ()),
    ],
)  # fmt: skip
def test_every_code_has_its_leaf(
    operation: str, code: str, text: str, leaf: type[LgspError], errors: tuple[Any, ...]
) -> None:
    found = refused(operation, code, text)
    assert (type(found), found.errors) == (leaf, errors)


def test_a_member_that_the_caller_sent_is_found_where_it_stands() -> None:
    found = refused("danhSachThayDoi", "04", "maTinh không có trong danh mục", {"maTinh": "99"})
    assert found.errors == (FieldError("/maTinh", "enum"),)
    inner = {"thongTinDonVi": {"diaChi": {"maXa": "00000"}}, "fileDinhKem": [{"tenTep": "maXa"}]}
    assert refused("guiHoSo", "04", "maXa không có trong danh mục", inner).errors == (
        FieldError("/thongTinDonVi/diaChi/maXa", "enum"),
    )


def test_success_without_a_unit_is_no_unit() -> None:
    with pytest.raises(RecordNotFound):
        mapping.answer("traCuuDonVi", {"maKetQua": "00"}, CTX)


def test_a_dossier_from_receipt_to_its_code(bench: Bench) -> None:
    request = bench.example("guiHoSo")
    poll = {"maHoSo": request["maHoSo"]}
    first, again = bench.call("guiHoSo", request), bench.call("guiHoSo", request)
    assert (first["daTiepNhanTruoc"], again["daTiepNhanTruoc"]) == (False, True)
    assert first["soHoSoMsns"] == again["soHoSoMsns"]
    assert bench.desk.effects == [request["maHoSo"]]
    assert bench.call("trangThaiHoSo", poll)["trangThai"] == "1"
    bench.days_pass()
    state = bench.call("trangThaiHoSo", poll)
    assert (state["trangThai"], state["tenTrangThai"]) == ("3", "Đã cấp mã số")
    unit = bench.call("traCuuDonVi", {"maDvqhns": state["maDvqhns"]})
    told = request["thongTinDonVi"]
    assert {name: unit[name] for name in told if name != "diaChi"} == {
        name: told[name] for name in told if name != "diaChi"
    }
    assert unit["diaChi"] == told["diaChi"]
    changes = bench.call("danhSachThayDoi", {"tuNgay": "2022-11-16", "denNgay": "2022-11-16"})["thayDoi"]
    assert [(each["maDvqhns"], each["loaiThayDoi"]) for each in changes if each["maDvqhns"] == unit["maDvqhns"]] == [
        (unit["maDvqhns"], "1")
    ]


def test_a_dossier_comes_back_and_is_supplemented(bench: Bench) -> None:
    request = bench.example("guiHoSo")
    unit = {name: value for name, value in request["thongTinDonVi"].items() if name != "soQuyetDinh"}
    bench.call("guiHoSo", request | {"thongTinDonVi": unit})
    bench.days_pass()
    state = bench.call("trangThaiHoSo", {"maHoSo": request["maHoSo"]})
    assert (state["trangThai"], state["hanBoSung"]) == ("2", "2022-11-30")
    assert bench.call("guiHoSo", request)["daTiepNhanTruoc"] is False
    bench.days_pass()  # the ten days of the first time are over as well, and concern nobody
    assert bench.call("trangThaiHoSo", {"maHoSo": request["maHoSo"]})["trangThai"] == "3"
    assert bench.desk.effects == [request["maHoSo"], f"{request['maHoSo']}#2"]


def test_a_dossier_that_nobody_supplements_is_refused(bench: Bench) -> None:
    request = bench.example("guiHoSo")
    unit = {name: value for name, value in request["thongTinDonVi"].items() if name != "soQuyetDinh"}
    bench.call("guiHoSo", request | {"thongTinDonVi": unit})
    bench.days_pass()
    bench.days_pass()
    state = bench.call("trangThaiHoSo", {"maHoSo": request["maHoSo"]})
    assert (state["trangThai"], state["lyDo"]) == ("4", "Quá hạn bổ sung hồ sơ")


def test_a_project_moves_on_and_a_unit_changes_its_name(bench: Bench) -> None:
    request = bench.example("guiHoSo")
    papers = {kind: [{"loaiGiayTo": kind, "tenTep": "mau.pdf", "noiDung": "TUFV"}] for kind in ("QDDT", "VBTD")}
    moved = {"maDvqhns": "7990001", "tenDvqhns": "Dự án mẫu 1, giai đoạn thực hiện", "soQuyetDinh": "9909/QĐ-UBND"}
    renamed = {"maDvqhns": "1990005", "tenDvqhns": "Sở Kế hoạch và Đầu tư (tên mới)", "soQuyetDinh": "9910/QĐ-UBND"}
    for number, case, unit, paper in (("9921", "6", moved, "QDDT"), ("9922", "5", renamed, "VBTD")):
        before = bench.call("traCuuDonVi", {"maDvqhns": unit["maDvqhns"]})
        dossier = {
            "maHoSo": f"H28.06-221116-{number}",
            "truongHop": case,
            "thongTinDonVi": unit,
            "fileDinhKem": papers[paper],
        }
        bench.call("guiHoSo", request | dossier)
        bench.days_pass()
        after = bench.call("traCuuDonVi", {"maDvqhns": unit["maDvqhns"]})
        assert after["tenDvqhns"] == unit["tenDvqhns"]
        assert (before["maChuong"], before["diaChi"]) == (after["maChuong"], after["diaChi"])
    assert bench.call("traCuuDonVi", {"maDvqhns": "7990001"})["loaiHinh"] == "4"
    again = {
        "maHoSo": "H28.06-221116-9923",
        "truongHop": "6",
        "thongTinDonVi": moved,
        "fileDinhKem": papers["QDDT"],
    }
    with pytest.raises(ProviderFault) as caught:
        bench.call("guiHoSo", request | again)
    assert caught.value.errors == (FieldError("/thongTinDonVi/maDvqhns", "enum"),)


# the token


def told(loaded: Loaded, story: Any, **options: Any) -> None:
    tell(story, loaded=loaded.only(SYSTEM), size=400, **options)


ASKED = {"maDvqhns": "1990001"}


def test_each_message_carries_a_token_of_its_own(lgsp_loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        for _ in range(3):
            assert (await province.call(SYSTEM, "traCuuDonVi", ASKED)).code == "ok"
        bodies = [bytes(request.body) for system, request, _ in province.transport.seen if system == SYSTEM]
        nonces = {body.partition(b"<wsse:Nonce")[2].partition(b"<")[0] for body in bodies}
        assert len(nonces) == len(bodies) >= 3
        assert all(b"demo-mat-khau-dvqhns" not in body for body in bodies)
        entry = province.simulator.journal.calls(SYSTEM, "traCuuDonVi")[-1]
        assert "Security" not in str(entry)

    told(lgsp_loaded, story)


def test_a_refused_token_stops_everything_and_nobody_is_to_blame_but_us(lgsp_loaded: Loaded) -> None:
    wrong = Settings(systems={SYSTEM: SystemSettings(secrets={"password": "demo-mat-khau-cu"})})

    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        reply = await province.call(SYSTEM, "traCuuDonVi", ASKED)
        assert (reply.code, reply.status) == ("connect-failed", 502)
        assert reply.data["provider"]["code"] == "FailedAuthentication"
        sent = next(each.request for each in ministry.examples(province.simulator.world) if each.operation == "guiHoSo")
        assert (await province.call(SYSTEM, "guiHoSo", sent)).status in (202, 502, 503)
        assert province.simulator.journal.effects.get(SYSTEM, {}) == {}
        assert province.gateway.health.system(SYSTEM).health is not Health.UP

    told(lgsp_loaded, story, settings=wrong)


def test_a_native_client_needs_no_account_at_the_ministry(lgsp_loaded: Loaded, contracts: dict[str, Contract]) -> None:
    """Its own credential is for the bus and stays there."""
    operation = contracts["dvqhns"].operations["traCuuDonVi"]
    mine = f'<o:Security xmlns:o="{WSSE}"><o:UsernameToken><o:Username>x</o:Username></o:UsernameToken></o:Security>'

    async def story(province: Province) -> None:
        sent = soap.encode_request(operation, ASKED, headers=(mine.encode(),), target="/native/apiDVQHNS/1.0")
        key = {"x-api-key": province.secrets["mot-cua"].api_key}
        assert isinstance(sent.body, bytes)
        reply = await province.send("POST", sent.target, {**sent.headers, **key}, sent.body)
        assert reply.status == 200, reply.body
        assert b"<maDvqhns>1990001</maDvqhns>" in reply.body

    told(lgsp_loaded, story)


def test_a_large_paper_reaches_the_ministry(lgsp_loaded: Loaded) -> None:
    paper = base64.b64encode(b"%PDF mau " * 200_000).decode()

    async def story(province: Province) -> None:
        sent = next(each.request for each in ministry.examples(province.simulator.world) if each.operation == "guiHoSo")
        sent = sent | {"fileDinhKem": [{"loaiGiayTo": "QDTL", "tenTep": "mau.pdf", "noiDung": paper}]}
        reply = await province.call(SYSTEM, "guiHoSo", sent)
        assert reply.code == "ok", reply.data
        assert province.simulator.journal.effects[SYSTEM] == {sent["maHoSo"]: 1}

    told(lgsp_loaded, story)
