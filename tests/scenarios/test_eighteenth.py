"""The eighteenth system: a ministry sends a WSDL, and an hour later its register is on the bus, in trial, with both faces."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lgsp.adapters import soap
from lgsp.cli.main import main
from lgsp.model import HttpResponse
from lgsp.simulate import Loaded, Province, tell

FIXTURES = Path(__file__).parents[1] / "scaffold" / "fixtures"
SYSTEM = "tau-ca"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lgsp new` writes."""
    into = tmp_path_factory.mktemp("home")
    said = CliRunner().invoke(
        main, ["new", SYSTEM, "--wsdl", str(FIXTURES / "tau-ca" / "tau-ca.wsdl"), "--into", str(into), "--json"]
    )
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["accepted"] is True
    return into


def test_it_stands_beside_the_seventeen(home: Path) -> None:
    loaded = Loaded.read([home])

    async def story(province: Province) -> None:
        await asyncio.sleep(10)
        status = (await province.get("/status")).data
        assert status["counts"] == {"total": 18, "official": 9, "trial": 9, "suspended": 0}
        mine = next(each for each in status["systems"] if each["id"] == SYSTEM)
        assert (mine["stage"], mine["evidence"], mine["health"]) == ("trial", "declared", "unknown")
        assert "safe = true" in mine["cause"]["vi"]

    tell(story, loaded=loaded, size=400)


def test_both_faces_give_the_same_invented_data(home: Path) -> None:
    async def story(province: Province) -> None:
        rest = await province.call(SYSTEM, "traCuuTau", {"soDangKy": "HB-00001-TS"})
        assert rest.code == "ok", rest.data
        assert rest.headers["x-lgsp-stage"] == "trial"
        (tau,) = rest.data["tau"]
        assert tau["chuTau"] == "MAU-chuTau", "visibly invented"
        operation = loaded.registry.connectors[SYSTEM].public.operations["traCuuTau"]
        for version in ("1.1", "1.2"):
            sent = soap.encode_request(operation, {"soDangKy": "HB-00001-TS"}, version, target=f"/soap/{SYSTEM}/v1")  # type: ignore[arg-type]
            key = {"x-api-key": province.secrets["mot-cua"].api_key}
            reply = await province.send("POST", sent.target, {**sent.headers, **key}, bytes(sent.body))  # type: ignore[arg-type]
            assert soap.decode_response(operation, HttpResponse(reply.status, reply.headers, reply.body)) == rest.data

    loaded = Loaded.read([home], built_in=False)
    tell(story, loaded=loaded, size=50)


def test_its_declared_fault_is_told_on_request(home: Path) -> None:
    async def story(province: Province) -> None:
        refused = await province.call(SYSTEM, "traCuuTau", {"soDangKy": "LOI:tuChoi"})
        assert refused.code == "provider-fault"
        assert refused.data["provider"]["code"] == "tuChoi"
        province.fail(SYSTEM, "business-error", operation="traCuuTau")
        again = await province.call(SYSTEM, "traCuuTau", {"soDangKy": "HB-00001-TS"})
        assert again.code == "provider-fault"

    tell(story, loaded=Loaded.read([home], built_in=False), size=50)


def test_a_person_marks_a_safe_operation_and_the_board_knows(home: Path, tmp_path: Path) -> None:
    import shutil

    mine = Path(shutil.copytree(home, tmp_path / "home"))
    manifest = mine / "connectors" / SYSTEM / "connector.toml"
    marked = '[operations.traCuuTau]\nsafe = true\nprobe = { soDangKy = "KHONG-CO" }'
    manifest.write_text(manifest.read_text("utf-8").replace("[operations.traCuuTau]", marked), "utf-8")

    async def story(province: Province) -> None:
        await asyncio.sleep(10)
        systems: list[dict[str, Any]] = (await province.get("/status")).data["systems"]
        assert [(each["id"], each["health"]) for each in systems] == [(SYSTEM, "up")]

    tell(story, loaded=Loaded.read([mine], built_in=False), size=50)


def test_lgsp_check_finds_it_sound_until_its_contract_is_touched(home: Path, tmp_path: Path) -> None:
    import shutil

    mine = Path(shutil.copytree(home, tmp_path / "home"))
    assert SYSTEM in CliRunner().invoke(main, ["check", "--home", str(mine)]).output
    contract = mine / "contracts" / SYSTEM / "chung" / "ma.xsd"
    contract.write_text(contract.read_text("utf-8").replace("nam-bo", "chim"), "utf-8")
    said = CliRunner().invoke(main, ["check", "--home", str(mine), "--json"])
    assert said.exit_code == 1
    report = next(each for each in json.loads(said.stdout)["systems"] if each["system"] == SYSTEM)
    assert [each["construct"] for each in report["findings"]] == ["contract.sha256"]
