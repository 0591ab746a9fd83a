"""A certificate of criminal record: handed in, paid, issued, sent by post; the portal hears of every step, the queues are emptied."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from lgsp.simulate import Loaded, Province, tell

DAY = 10.0
"""Seconds that a simulated day of a ministry's work takes at calm realism."""
CASE = "H28.03-221116-9917"
HEADERS = {"X-LGSP-Purpose": "2.000488", "X-LGSP-Case": CASE, "X-LGSP-Officer": "CB990001"}
SYSTEMS = ("criminal-record", "public-payment", "postal-delivery", "national-portal")
FEE = 200_000


@pytest.fixture(scope="module")
def four() -> Loaded:
    return Loaded.read().only(*SYSTEMS)


async def done(province: Province, system: str, operation: str, request: dict[str, Any]) -> Any:
    reply = await province.call(system, operation, request, headers=HEADERS)
    assert reply.code == "ok", (operation, reply.data)
    return reply.data


async def until(ask: Callable[[], Any], seen: Callable[[Any], bool], days: float = 20) -> Any:
    """Asks every quarter of a day, as an agency system does."""
    for _ in range(int(days * 4)):
        found = await ask()
        if seen(found):
            return found
        await asyncio.sleep(DAY / 4)
    raise AssertionError("it never happened")


def declaration(province: Province) -> dict[str, Any]:
    person = province.simulator.world.actor("letter-d-bar")
    home = person.residence
    return {
        "idReceivedDec": CASE,
        "dateReceivedDec": "2022-11-16",
        "datePromissoryDec": "2022-11-30",
        "declarationWSForm": {
            "fullName": person.full_name,
            "genderId": person.gender,
            "birthDateStr": person.birth_text,
            "nationalityId": "VN",
            "ethnicId": person.ethnicity,
            "residence": home.detail,
            "reRegionId": home.commune,
            "idTypeId": "3",
            "identifyNo": person.cccd,
            "phone": person.phone,
            "declareDate": "2022-11-16",
            "declareTypeId": "3846",
            "requestQty": 1,
            "objectRequestId": "72",
            "formType": "1",
            "delivery": True,
            "deliveryAddress": home.detail,
            "deliveryDistrict": home.district,
            "purpose": "Xin việc làm (mẫu)",
        },
        "residenceWSForm": [{"fromDateStr": "2010", "toDateStr": "2022-11", "residencePlace": home.text}],
    }


def bill(province: Province) -> dict[str, Any]:
    person = province.simulator.world.actor("letter-d-bar")
    return {
        "MaThamChieu": "LLTP2211169917",
        "SoTien": FEE,
        "ThongTinGiaoDich": f"THANH TOAN HO SO {CASE}",
        "ThongTinBienLai": {
            "MaDVC": "2.000488.01",
            "TenDVC": "Cấp Phiếu lý lịch tư pháp",
            "MaTTHC": "2.000488",
            "TenTTHC": "Cấp Phiếu lý lịch tư pháp",
            "MaDonVi": "H28.03",
            "TenDonVi": "Sở Tư pháp",
            "MaHoSo": CASE,
            "NoiDungThanhToan": "Phí cung cấp thông tin lý lịch tư pháp",
            "HoTenNguoiNop": person.full_name.upper(),
            "PhiLePhi": [
                {"LoaiPhiLePhi": "1", "MaPhiLePhi": "LP02", "TenPhiLePhi": "Phí cung cấp thông tin", "SoTien": FEE}
            ],
        },
    }


def portal_dossier(province: Province) -> dict[str, Any]:
    person = province.simulator.world.actor("letter-d-bar")
    return {
        "MaHoSo": CASE,
        "MaTTHC": "2.000488",
        "TenTTHC": "Thủ tục cấp Phiếu lý lịch tư pháp",
        "MaLinhVuc": "LV-MAU-02",
        "TenLinhVuc": "Lý lịch tư pháp",
        "ChuHoSo": person.full_name,
        "LoaiDoiTuong": "1",
        "MaDoiTuong": person.cccd,
        "TrichYeuHoSo": "Cấp Phiếu lý lịch tư pháp số 1",
        "NgayTiepNhan": "2022-11-16T08:30:00+07:00",
        "NgayHenTra": "2022-11-30T17:00:00+07:00",
        "TrangThaiHoSo": "2",
        "HinhThuc": "1",
        "DonViXuLy": "Sở Tư pháp",
    }


def step(words: str, state: str, at: str) -> dict[str, Any]:
    return {
        "MaHoSo": CASE,
        "NguoiXuLy": "Phạm Thị Mẫu Cán",
        "ThoiDiemXuLy": f"2022-11-{at}:00+07:00",
        "NoiDungXuLy": words,
        "TrangThai": state,
    }


def handed_over() -> dict[str, Any]:
    """The event that EMC counts: the result is with the citizen."""
    return {
        "CodeProfile": CASE,
        "CodeTTHC": "2.000488",
        "NameTTHC": "Thủ tục cấp Phiếu lý lịch tư pháp",
        "MaHoSo": CASE,
        "Status": "3",
        "FormsReception": "2",
        "FormsPayments": "1",
        "Level": "3",
        "IsFromDVCQG": False,
        "IsDVCBC": False,
    }


def parcel(province: Province) -> dict[str, Any]:
    person, district = province.simulator.world.actor("letter-d-bar"), province.simulator.world.districts()[0].code
    return {
        "OrderNumber": CASE,
        "SenderProvince": "17",
        "SenderDistrict": district,
        "SenderAddress": "Số 1 Đường Mẫu",
        "SenderName": "Trung tâm Phục vụ hành chính công (mẫu)",
        "SenderTel": "0000990001",
        "Description": "Phiếu lý lịch tư pháp (mẫu)",
        "ReceiverName": person.full_name,
        "ReceiverAddress": person.residence.text,
        "ReceiverTel": person.phone,
        "ReceiverProvince": person.residence.province,
        "ReceiverDistrict": person.residence.district,
    }


async def inbox(province: Province, system: str) -> list[dict[str, Any]]:
    """Everything that has come for the one-stop portal from this system."""
    found: list[dict[str, Any]] = []
    path: str | None = "/inbox"
    while path:
        page = (await province.get(path, consumer="mot-cua")).data
        found += page["items"]
        path = f"/inbox?cursor={page['cursor']}" if page["cursor"] else None
    return [item for item in found if item["system"] == system]


def test_from_the_counter_to_the_letter_box(four: Loaded) -> None:
    async def story(province: Province) -> None:
        await done(province, "national-portal", "DongBoHoSoMC", portal_dossier(province))

        # one payment settles one dossier
        opened = await done(province, "public-payment", "INIT", bill(province))
        assert opened["UrlThanhToan"].startswith("https://")
        (paid,) = await until(lambda: inbox(province, "public-payment"), bool)
        assert CASE in paid["data"]["ThongTinGiaoDich"]
        assert paid["data"]["SoTien"] == FEE

        # the ministry takes the dossier, works, and issues the certificate
        await done(province, "criminal-record", "nhanHoSoDangKy", declaration(province))
        await done(province, "national-portal", "CapNhatTienDoHoSoMC", step("Chuyển Sở Tư pháp", "4", "16T09:30"))
        key = {"idReceivedDec": CASE, "infoType": "2"}
        state = await until(
            lambda: done(province, "criminal-record", "traTrangThaiHs", key),
            lambda found: found["DEC_STATUS_ID"] == "5",
        )
        assert state["ISSUE_DATE"]
        await done(province, "national-portal", "CapNhatTienDoHoSoMC", step("Đã có phiếu", "9", "25T09:30"))

        # the post collects and delivers; its cursor tells
        await done(province, "postal-delivery", "PostOrder", parcel(province))

        async def events() -> list[dict[str, Any]]:
            items = [item["data"] for item in await inbox(province, "postal-delivery")]
            return [item for item in items if item["OrderNumber"] == CASE]

        told = await until(events, lambda found: any(event["StatusCode"] == "40" for event in found), days=200)
        assert [event["StatusCode"] for event in told] == ["10", "20", "30", "40"]
        await done(
            province, "national-portal", "CapNhatTienDoHoSoMC", step("Đã trả kết quả qua bưu chính", "10", "28T15:00")
        )

        await done(province, "national-portal", "TrackingMCDT", handed_over())

        shown = await done(province, "national-portal", "TraCuuHoSo", {"MaHoSo": CASE})
        assert shown["MaTrangThai"] == "10"
        assert [each["TrangThai"] for each in shown["QuaTrinhXuLy"]] == ["4", "9", "10"]
        for system in SYSTEMS:
            effects = province.simulator.journal.effects[system]
            assert set(effects.values()) == {1}, (system, effects)

    tell(story, loaded=four)


def test_the_pull_queue_is_read_once_and_acknowledged(four: Loaded) -> None:
    """What citizens handed in online waits at the ministry until the bus has it for good; then it is marked, and only then."""

    async def story(province: Province) -> None:
        waiting = await done(province, "criminal-record", "traHoSo", {"infoType": "1"})
        names = {form["fullName"] for form in waiting["declarationTraHoSoForm"]}
        assert len(names) == 3

        async def fetched() -> list[dict[str, Any]]:
            items = [item["data"] for item in await inbox(province, "criminal-record")]
            return [item for item in items if "declarationCode" in item]

        forms = await until(fetched, lambda found: len(found) >= 3, days=200)
        assert {form["fullName"] for form in forms} == names
        year = next(form for form in forms if form["birthDateStr"] == "1948")
        assert year["genderId"] == "2", "the ministry's 0 is a woman"

        await asyncio.sleep(4 * 300)
        assert len(await fetched()) == 3, "nothing comes a second time"
        empty = await done(province, "criminal-record", "traHoSo", {"infoType": "1"})
        assert not empty.get("declarationTraHoSoForm")
        effects = province.simulator.journal.effects["criminal-record"]
        assert [count for key, count in effects.items() if key.startswith("3:")] == [1, 1, 1]

    tell(story, loaded=four)


def test_a_queue_whose_acknowledgement_fails_is_not_lost(four: Loaded) -> None:
    async def story(province: Province) -> None:
        province.fail("criminal-record", "http-status", status=500, operation="danhDauHsThanhCong", times=8)

        async def online() -> list[str]:
            items = [item["data"] for item in await inbox(province, "criminal-record")]
            return [item["fullName"] for item in items if "declarationCode" in item]

        first = await until(online, lambda found: len(found) >= 3, days=400)
        await asyncio.sleep(10 * 300)
        assert sorted(await online()) == sorted(first), "kept once, whatever became of the mark"
        empty = await done(province, "criminal-record", "traHoSo", {"infoType": "1"})
        assert not empty.get("declarationTraHoSoForm"), "marked once the ministry could"

    tell(story, loaded=four)
