"""A girl is born in Hoà Bình: the one-stop office registers her, waits a day, and finds her in the population register."""

from __future__ import annotations

import asyncio
from typing import Any

from lgsp.simulate import Province, tell
from lgsp_mocks.civil_status_records import sample_unit

DAY = 10.0
"""Seconds that a simulated day of a ministry's work takes at calm realism."""
PURPOSE = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Case": "H28.148-221116-9917"}


def birth(province: Province) -> dict[str, Any]:
    agency, unit = sample_unit(province.simulator.world)
    mother, father = (province.simulator.world.actor(role) for role in ("mother-hoa", "father-binh"))
    return {
        "maDonVi": unit,
        "module": "LTKS",
        "maHoSoLT": "G22.99.99-221116-9917",
        "maHoSoMCDT": f"{agency}-221116-9917",
        "ngayTiepNhan": "2022-11-16",
        "hoSo": {
            "loaiDangKy": "1",
            "nksHoTen": "BÙI THỊ MẪU NHI",
            "nksGioiTinh": "2",
            "nksNgaySinh": "2022-11-12",
            "nksDanToc": "06",
            "nksQuocTich": "VN",
            "nksLoaiKhaiSinh": "1",
            "maGCS": "17001.GCS.00917.22",
            "meHoTen": mother.full_name.upper(),
            "meSoDDCN": mother.cccd,
            "chaHoTen": father.full_name.upper(),
            "chaSoDDCN": father.cccd,
            "nycHoTen": father.full_name,
            "nycQuanHe": "Cha",
        },
    }


async def wait_for(province: Province, operation: str, request: dict[str, Any], done: str) -> dict[str, Any]:
    """Polls as an agency system does, every quarter of a simulated day, for ten days at most."""
    for _ in range(40):
        reply = await province.call("civil-status", operation, request, headers=PURPOSE)
        assert reply.code == "ok", reply.data
        results = reply.data.get("ketQua", [])
        if results and results[0].get("trangThai") == done:
            return dict(results[0])
        await asyncio.sleep(DAY / 4)
    raise AssertionError("the dossier was never finished")


def test_a_newborn_gets_her_number_and_is_found_under_it() -> None:
    async def story(province: Province) -> None:
        dossier = birth(province)
        sent = await province.call("civil-status", "nhanHoSoDKHT", dossier, headers=PURPOSE)
        assert sent.code == "ok", sent.data

        outcome = {"maHoSoLT": dossier["maHoSoLT"], "maTinh": "17", "module": "LTKS"}
        result = await wait_for(province, "traKetQuaHoSoDKHT", outcome, done="4")
        number = result["ketQuaXuLy"]["soDinhDanh"]
        assert number.startswith("017322"), "Hoà Bình, a girl of this century, born in 2022"

        asked = {"SoDinhDanh": number, "HoVaTen": "BÙI THỊ MẪU NHI", "NgayThangNamSinh": "2022-11-12"}
        found = await province.call("population", "traCuuThongTinCongDan", asked, headers=PURPOSE)
        assert found.code == "ok", found.data
        (citizen,) = found.data["CongDan"]
        assert citizen["SoDinhDanh"] == number
        assert citizen["Me"]["SoDinhDanh"] == dossier["hoSo"]["meSoDDCN"]

    tell(story)


def test_the_same_birth_sent_twice_is_one_birth() -> None:
    async def story(province: Province) -> None:
        dossier = birth(province)
        for _ in range(2):
            assert (await province.call("civil-status", "nhanHoSoDKHT", dossier, headers=PURPOSE)).code == "ok"
        assert set(province.simulator.journal.effects["civil-status"].values()) == {1}

    tell(story)


def test_what_the_ministry_complains_about_points_into_the_callers_own_json() -> None:
    async def story(province: Province) -> None:
        agency, unit = sample_unit(province.simulator.world)
        dossier = {
            "maDonVi": unit,
            "module": "KS",
            "maHoSo": f"{agency}-221116-9918",
            "ngayTiepNhan": "2022-11-16",
            "hoSo": {"nksHoTen": "BÙI THỊ MẪU", "nksGioiTinh": "2"},
        }
        reply = await province.call("civil-status", "dangKyHoTich", dossier, headers=PURPOSE)
        assert reply.status == 422
        assert "/hoSo/nksNgaySinh" in {error["path"] for error in reply.data["errors"]}
        assert "nksNgaySinh" in reply.data["provider"]["message"]

    tell(story)
