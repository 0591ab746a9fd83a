"""Two communes become one overnight: the catalogue knows at once, a ministry refuses yesterday's code and says which field,
the board does not turn red, and the same dossier with today's code goes through.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded, Province
from lgsp_mocks import clock

EVENING = datetime(2022, 11, 30, 23, 50, tzinfo=HANOI)
OLD, OTHER, NEW = "04789", "04792", "99901"
HEADERS = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Case": "H28.148-221201-9917", "X-LGSP-Officer": "CB990001"}
SYSTEMS = ("shared-catalogue", "land-registry", "document-exchange", "population", "vpostcode")


@pytest.fixture(scope="module")
def five() -> Loaded:
    return Loaded.read().only(*SYSTEMS)


def dossier(number: str, commune: str) -> dict[str, Any]:
    return {
        "TinhId": "17",
        "HuyenId": "148",
        "XaId": commune,
        "SoBienNhan": f"H28.148-221201-{number}",
        "NguoiTiepNhan": "Cán bộ Mẫu",
        "NgayTiepNhan": "2022-12-01T08:00:00+07:00",
        "ThongTinNguoiNopDon": {"HoTen": "Bùi Văn Mẫu Bình", "DiaChiChiTiet": "Xóm Mẫu 1"},
        "ThongTinQuyTrinh": {"MaQuyTrinh": "CNQSDD", "TenQuyTrinh": "Chuyển nhượng quyền sử dụng đất"},
    }


async def communes(province: Province) -> dict[str, str | None]:
    """Code -> day on which it ended, as the shared catalogue has it."""
    reply = await province.call("shared-catalogue", "Category", {"code": "donvihanhchinhcap3"})
    assert reply.code == "ok", reply.data
    rows = [{each["PropertyCode"]: each.get("value") for each in record["truong"]} for record in reply.data["banGhi"]]
    return {str(row["MaXa"]): row["HieuLucDen"] for row in rows}


def test_yesterdays_code_is_refused_and_pointed_at(five: Loaded) -> None:
    async def story(province: Province) -> None:
        world = province.simulator.world
        sent = await province.call("land-registry", "TiepNhanHoSo", dossier("9941", OLD), headers=HEADERS)
        assert sent.code == "ok", sent.data
        assert (await communes(province))[OLD] is None
        resident = next(p for p in world.people() if p.residence.commune == OLD)
        before = (await province.get("/status")).data

        await asyncio.sleep(15 * 60)  # past midnight
        assert province.runtime.clock.now().astimezone(HANOI).day == 1
        world.merge([OLD, OTHER], NEW, "Phường Thái Tân (mẫu)", date(2022, 12, 1))

        # every agency system still has yesterday's code in its lists
        for number in ("9942", "9943", "9944", "9945", "9946"):
            late = await province.call("land-registry", "TiepNhanHoSo", dossier(number, OLD), headers=HEADERS)
            assert (late.status, late.code) == (422, "provider-fault")
            assert "/XaId" in {error["path"] for error in late.data["errors"]}
            assert late.data["retryable"] is False
            assert late.headers["x-lgsp-fault-domain"] == "backend"

        # the catalogue has told all along
        told = await communes(province)
        assert told[OLD] == told[OTHER] == "2022-12-01"
        assert NEW in told
        assert told[NEW] is None
        right = await province.call("land-registry", "TiepNhanHoSo", dossier("9942", NEW), headers=HEADERS)
        assert right.code == "ok", right.data

        # people have not moved
        asked = {"SoDinhDanh": resident.cccd, "HoVaTen": resident.full_name.upper()}
        citizen = await province.call("population", "traCuuThongTinCongDan", asked, headers=HEADERS)
        assert citizen.code == "ok", citizen.data
        assert citizen.data["CongDan"][0]["ThuongTru"]["MaPhuongXa"] == NEW

        # a refusal is not an outage: the board is as it was
        after = (await province.get("/status")).data
        assert after["counts"] == before["counts"]
        assert after["health"] == before["health"]
        assert {each["health"] for each in after["systems"]} == {"up"}
        assert {each["breaker"] for each in after["systems"]} == {"closed"}
        effects = province.simulator.journal.effects["land-registry"]
        assert set(effects) == {"H28.148-221201-9941", "H28.148-221201-9942"}

    overnight(story, five)


def test_the_closed_office_takes_no_documents(five: Loaded) -> None:
    async def story(province: Province) -> None:
        world = province.simulator.world
        closed = next(a for a in world.agencies.values() if a.place == OTHER)
        world.merge([OLD, OTHER], NEW, "Phường Thái Tân (mẫu)", date(2022, 12, 1))
        agency = world.agency(closed.code)
        assert agency is not None
        assert not agency.active
        listed = (await province.call("document-exchange", "getAgenciesList", {})).data
        assert any("Thái Tân" in str(row) for row in listed["data"])

    overnight(story, five)


def test_job_titles_drift_with_the_quarter(five: Loaded) -> None:
    """One code a quarter, without anybody's decision: what was kept in a list is out of date on the first of January."""

    async def story(province: Province) -> None:
        async def titles() -> set[str]:
            reply = await province.call("shared-catalogue", "Category", {"code": "machucdanh"})
            records = [{each["PropertyCode"]: each["value"] for each in row["truong"]} for row in reply.data["banGhi"]]
            return {next(iter(record.values())) for record in records}

        before = await titles()
        await asyncio.sleep(15 * 60)
        after = await titles()
        assert len(before - after) == len(after - before) == 1

    overnight(story, five, datetime(2022, 12, 31, 23, 50, tzinfo=HANOI))


def overnight(story: Any, loaded: Loaded, evening: datetime = EVENING) -> None:
    async def main(runtime: Runtime) -> None:
        async with Province(runtime, loaded=loaded) as province:
            await province.gateway.ready.wait()
            await story(province)

    clock.run(main, 1, evening)
