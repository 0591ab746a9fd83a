"""land-registry: its own sign-in at the simulator, and the tax of a dossier that comes to whoever handed it in."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from lgsp.model import HttpRequest
from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks import land_registry as registry
from lgsp_mocks.world import World

SYSTEM = "land-registry"


@pytest.fixture(scope="module")
def alone(lgsp_loaded: Loaded) -> Loaded:
    return lgsp_loaded.only(SYSTEM)


def dossier(world: World) -> dict[str, Any]:
    found: dict[str, Any] = registry.examples(world)[0].request
    return found


async def inbox(province: Province, consumer: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await province.get("/inbox", consumer=consumer)).data["items"]
    return [item for item in items if item["system"] == SYSTEM]


def test_the_tax_comes_to_the_system_that_handed_the_dossier_in(alone: Loaded) -> None:
    async def story(province: Province) -> None:
        sent = dossier(province.simulator.world)
        about = {"SoBienNhan": sent["SoBienNhan"]}
        assert (await province.call(SYSTEM, "TiepNhanHoSo", sent)).data["daTiepNhanTruoc"] is False
        assert (await province.call(SYSTEM, "TiepNhanHoSo", sent)).data["daTiepNhanTruoc"] is True
        assert (await province.call(SYSTEM, "ThongBaoThue", about)).data == {"ThongBaoThue": []}
        assert await inbox(province, "mot-cua") == []
        await asyncio.sleep(60)  # six days of the registry's time
        (item,) = await inbox(province, "mot-cua")
        assert item["operation"] == "CapNhatKetQuaThongBaoThue"
        assert item["data"]["SoBienNhan"] == sent["SoBienNhan"]
        assert "CodeGet" not in json.dumps(item)
        assert await inbox(province, "bao-cao") == [], "not theirs"
        (notice,) = (await province.call(SYSTEM, "ThongBaoThue", about)).data["ThongBaoThue"]
        (voucher,) = (await province.call(SYSTEM, "ChungTuThue", about)).data["ChungTuThue"]
        assert voucher["MaThongBaoThue"] == notice["SoQuyetDinh"]
        assert voucher["SoTien"] == notice["SoTien"]
        assert voucher["TrangThaiThanhToan"] is True
        assert province.simulator.journal.effects[SYSTEM] == {sent["SoBienNhan"]: 1}
        assert not province.simulator.defects

    tell(story, loaded=alone, size=400)


def test_a_notice_with_another_code_is_taken_by_nobody(alone: Loaded) -> None:
    async def story(province: Province) -> None:
        await province.call(SYSTEM, "TiepNhanHoSo", dossier(province.simulator.world))
        body = {
            "SoBienNhan": dossier(province.simulator.world)["SoBienNhan"],
            "NgayCoKetQuaThue": "2022-11-17T09:00:00",
            "DanhSachThongBaoThue": [{"HoVaChu": "Mẫu"}],
        }
        for query, result in (("CodeGet=sai", 0), ("", 0), ("CodeGet=demo-ma-xac-thuc-thue", 1)):
            path = f"/inbound/{SYSTEM}/CapNhatKetQuaThongBaoThue?{query}"
            headers = {"content-type": "application/json"}
            reply = await province.send("POST", path, headers, msgspec.json.encode(body))
            assert reply.data["Result"] == result, reply.data
        assert len(await inbox(province, "mot-cua")) == 1

    tell(story, loaded=alone, size=400)


def test_its_own_token_opens_its_own_door_only(alone: Loaded) -> None:
    async def story(province: Province) -> None:
        simulator = province.simulator
        form = {"client_id": "lgsp", "client_secret": "demo-lgsp", "username": "lgsp", "password": "demo-lgsp"}

        async def token(**fields: str) -> tuple[int, dict[str, Any]]:
            headers = {"content-type": "application/x-www-form-urlencoded"}
            body = urlencode({**form, **fields}).encode()
            answer = await simulator.handle(HttpRequest("POST", "/token", headers, body))
            assert isinstance(answer.body, bytes)
            return answer.status, json.loads(answer.body)

        async def look(bearer: str) -> int:
            headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
            body = msgspec.json.encode({"HoSoId": "x"})
            return (await simulator.handle(HttpRequest("POST", "/apiILIS/ThongBaoThue", headers, body))).status

        _, own = await token(grant_type="password")
        _, platform = await token(grant_type="client_credentials")
        assert own["refresh_token"]
        assert own["access_token"] != platform["access_token"]
        assert (await look(own["access_token"]), await look(platform["access_token"])) == (200, 401)
        status, wrong = await token(grant_type="password", password="that")
        assert (status, wrong["error"]) == (400, "invalid_grant")

    tell(story, loaded=alone, size=400)


def test_a_dead_sign_in_of_its_own_is_this_upstreams_alone(alone: Loaded) -> None:
    async def story(province: Province) -> None:
        await asyncio.sleep(5)
        province.fail("ilis", "token-down")
        await asyncio.sleep(90)
        reply = await province.call(SYSTEM, "ThongBaoThue", {"SoBienNhan": "H28.148-221101-9921"})
        assert reply.code in ("connect-failed", "circuit-open")
        status = (await province.get("/status")).data
        assert [each["id"] for each in status["systems"] if each["health"] == "down"] == [SYSTEM]
        province.heal("ilis")
        await asyncio.sleep(120)
        assert (await province.call(SYSTEM, "ThongBaoThue", {"SoBienNhan": "H28.148-221101-9921"})).code == "ok"

    tell(story, loaded=alone, size=400)
