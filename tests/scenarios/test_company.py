"""A company of the register: one tax code in four systems, its owner in the population register, a branch, a closed one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lgsp.simulate import Loaded, Province, tell

DAY = 10.0
PURPOSE = {"X-LGSP-Purpose": "2.001199", "X-LGSP-Case": "H28.04-221116-9917", "X-LGSP-Officer": "CB990001"}
SYSTEMS = ("business-registration", "budget-unit", "land-registry", "national-portal", "population")
PDF = "JVBERi0xLjQKJeKAkyBt4bqrdQolJUVPRgo="


@pytest.fixture(scope="module")
def five() -> Loaded:
    return Loaded.read().only(*SYSTEMS)


async def done(province: Province, system: str, operation: str, request: dict[str, Any]) -> Any:
    reply = await province.call(system, operation, request, headers=PURPOSE)
    assert reply.code == "ok", (operation, reply.data)
    return reply.data


def unit(province: Province, name: str) -> dict[str, Any]:
    company, owner = province.simulator.world.company("company-active"), province.simulator.world.actor("owner")
    return {
        "maHoSo": "H28.06-221116-9927",
        "truongHop": "2",
        "thongTinDonVi": {
            "tenDvqhns": name,
            "maChuong": "405",
            "maCap": "2",
            "soQuyetDinh": "9917/QĐ-UBND",
            "ngayQuyetDinh": "2022-11-01",
            "diaChi": {"maTinh": "17", "maXa": company.address.commune, "chiTiet": company.address.detail},
        },
        "nguoiDaiDien": {"hoTen": owner.full_name, "chucVu": "Giám đốc", "soDinhDanh": owner.cccd},
        "fileDinhKem": [{"loaiGiayTo": "QDTL", "tenTep": "quyet-dinh-mau.pdf", "noiDung": PDF}],
    }


def land(name: str, code: str, province: Province) -> dict[str, Any]:
    where = province.simulator.world.company("company-active").address
    return {
        "TinhId": where.province,
        "HuyenId": where.district,
        "XaId": where.commune,
        "SoBienNhan": "H28.148-221116-9937",
        "MaHoSoMotCua": "H28.148-221116-9937",
        "NguoiTiepNhan": "Cán bộ Mẫu",
        "NgayTiepNhan": "2022-11-16T08:00:00+07:00",
        "NgayHenTra": "2022-12-07T17:00:00+07:00",
        "DiaChiTaiSan": where.text,
        "ThongTinNguoiNopDon": {"HoTen": name, "SoChungMinh": code, "DiaChiChiTiet": where.text},
        "ThongTinQuyTrinh": {"MaQuyTrinh": "GD", "TenQuyTrinh": "Thuê đất (mẫu)"},
        "ThongTinThuaDat": [{"SoThuTuThua": "12", "SoHieuBanDo": "7", "DienTich": "1200"}],
    }


def test_one_company_in_four_systems(five: Loaded) -> None:
    async def story(province: Province) -> None:
        world = province.simulator.world
        company, owner = world.company("company-active"), world.actor("owner")

        # the register has it, and its owner is a citizen
        found = await done(province, "business-registration", "chiTietDoanhNghiep", {"msdn": company.mst})
        assert company.name in str(found)
        assert owner.full_name.upper() in str(found)
        asked = {"SoDinhDanh": owner.cccd, "HoVaTen": owner.full_name.upper()}
        citizen = await done(province, "population", "traCuuThongTinCongDan", asked)
        assert citizen["CongDan"][0]["SoDinhDanh"] == owner.cccd
        account = await done(province, "national-portal", "TraCuuTechID", {"mstorcmnd": company.mst})
        assert account

        # it does public work, so the treasury needs a code for it
        sent = await done(province, "budget-unit", "guiHoSo", unit(province, company.name))
        assert sent["soHoSoMsns"]
        await asyncio.sleep(2 * DAY)
        state = await done(province, "budget-unit", "trangThaiHoSo", {"maHoSo": "H28.06-221116-9927"})
        assert state["trangThai"] == "3", state
        given = await done(province, "budget-unit", "traCuuDonVi", {"maDvqhns": state["maDvqhns"]})
        assert company.name in str(given)

        # and it rents land: the tax notice comes by itself, in its name
        await done(province, "land-registry", "TiepNhanHoSo", land(company.name, company.mst, province))
        for _ in range(60):
            items = (await province.get("/inbox", consumer="mot-cua")).data["items"]
            notices = [item["data"] for item in items if item["system"] == "land-registry"]
            if notices:
                break
            await asyncio.sleep(DAY / 4)
        (notice,) = notices
        assert notice["SoBienNhan"] == "H28.148-221116-9937"
        assert company.name in str(notice)

        for system in ("budget-unit", "land-registry"):
            assert list(province.simulator.journal.effects[system].values()) == [1]

    tell(story, loaded=five)


def test_a_branch_a_suspended_and_a_closed_company(five: Loaded) -> None:
    async def story(province: Province) -> None:
        world = province.simulator.world
        branch = world.company("company-branches").branches[0]
        texts = {}
        for role, code in (
            ("active", world.company("company-active").mst),
            ("suspended", world.company("company-suspended").mst),
            ("closed", world.company("company-closed").mst),
            ("branch", branch),
        ):
            texts[role] = await done(province, "business-registration", "chiTietDoanhNghiep", {"msdn": code})
        states = {role: state_of(found) for role, found in texts.items()}
        assert len({states["active"], states["suspended"], states["closed"]}) == 3
        assert states["branch"] == states["active"]
        gone = {"mstorcmnd": world.company("company-closed").mst}
        reply = await province.call("national-portal", "TraCuuTechID", gone, headers=PURPOSE)
        assert reply.code == "record-not-found", "a closed company has no account"
        coop = {"msdn": world.company("cooperative").mst}
        reply = await province.call("business-registration", "chiTietDoanhNghiep", coop, headers=PURPOSE)
        assert reply.code == "record-not-found"

    tell(story, loaded=five)


def state_of(found: dict[str, Any]) -> str:
    """The legal state, as the public contract names it."""
    (state,) = found["TinhTrangPhapLy"] if isinstance(found["TinhTrangPhapLy"], list) else [found["TinhTrangPhapLy"]]
    return str(state["TinhTrangPhapLy"] if isinstance(state, dict) else state)


def test_a_code_whose_digit_is_wrong_never_leaves_the_bus(five: Loaded) -> None:
    async def story(province: Province) -> None:
        reply = await province.call(
            "business-registration", "chiTietDoanhNghiep", {"msdn": "54990000"}, headers=PURPOSE
        )
        assert (reply.status, reply.code) == (400, "invalid-message")
        assert reply.data["errors"][0]["path"] == "/msdn"
        asked = province.simulator.journal.as_data("business-registration", "chiTietDoanhNghiep")
        assert all("54990000" not in str(entry) for entry in asked)

    tell(story, loaded=five)
