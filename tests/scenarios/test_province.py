"""Whole provinces: nine official and eight in trial, all up by probes; one killed and still nine and eight; a third is a folder."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks.world.province import PROVINCES
from tests.cli.demonstration import running
from tests.scenarios.test_newborn import PURPOSE, birth, wait_for

TOTAL, OFFICIAL, TRIAL = 17, 9, 8


@pytest.fixture(scope="module")
def all_systems() -> Loaded:
    return Loaded.read()


async def board(province: Province) -> dict[str, Any]:
    await province.gateway.ready.wait()
    for _ in range(60):
        shown = (await province.get("/status")).data
        if not shown["health"].get("unknown"):
            break
        await asyncio.sleep(1)
    return dict(shown)


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_nine_official_eight_in_trial_all_up(all_systems: Loaded, name: str) -> None:
    async def story(province: Province) -> None:
        shown = await board(province)
        assert shown["province"]["code"] == {"hoa-binh": "17", "dien-bien": "11"}[name]
        assert shown["counts"] == {"total": TOTAL, "official": OFFICIAL, "trial": TRIAL, "suspended": 0}
        assert shown["health"]["up"] == TOTAL, {each["id"]: each["cause"] for each in shown["systems"]}
        for each in shown["systems"]:
            assert each["evidence"] == "declared", "proven comes by promotion alone"
            assert each["checked_at"], "each by a probe"
            assert each["decision"]

    tell(story, loaded=all_systems, province=name)


def test_one_system_killed_and_still_nine_and_eight(all_systems: Loaded) -> None:
    async def story(province: Province) -> None:
        before = await board(province)
        province.fail("social-insurance", "refuse", always=True)
        for _ in range(60):
            await asyncio.sleep(5)
            shown = await board(province)
            if shown["health"].get("down"):
                break
        assert shown["counts"] == before["counts"], "an outage never moves the count"
        assert (shown["health"]["up"], shown["health"]["down"]) == (TOTAL - 1, 1)
        (dead,) = [each for each in shown["systems"] if each["health"] == "down"]
        assert (dead["id"], dead["stage"]) == ("social-insurance", "official")
        assert dead["cause"]["vi"]
        assert dead["cause"]["en"]

        province.heal("social-insurance")
        for _ in range(60):
            await asyncio.sleep(5)
            shown = await board(province)
            if shown["health"]["up"] == TOTAL:
                break
        assert shown["health"]["up"] == TOTAL

    tell(story, loaded=all_systems)


def test_the_same_seed_gives_the_same_bytes(all_systems: Loaded) -> None:
    """Everything that may be asked, asked twice in two provinces of one seed: what went over the wire is the same to the byte."""

    async def story(province: Province) -> tuple[str, list[tuple[str, str, bytes]]]:
        await board(province)
        for example in province.simulator.admin.examples():
            await province.call(
                example["system"], example["operation"], example["request"], headers=example.get("headers")
            )
        wire = [
            (request.target.partition("?")[0], str(outcome.response.status), bytes_of(outcome.response.body))
            for _, request, outcome in province.transport.seen
            if outcome.response
        ]
        return json.dumps(province.simulator.admin.people(), sort_keys=True), wire

    one, two, other = (tell(story, seed=seed, loaded=all_systems) for seed in (5, 5, 6))
    assert one == two
    assert one[1] != other[1]


def test_a_hundred_thousand_people_cost_little(tmp_path: Path) -> None:
    """Both processes of `lgsp up` with all systems, after a look-up in the last corner of the register."""
    with running(tmp_path / "data") as up:
        children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children").read_text("utf-8").split()
        with urllib.request.urlopen(f"{up.demo['simulator']}/_sim/people", timeout=20) as answer:
            assert len(json.load(answer)) >= 60
        resident = [memory(pid) for pid in (str(up.process.pid), *children)]
        assert len(resident) == 2
        assert sum(resident) <= 250, resident
        up.end()


def memory(pid: str) -> float:
    """Megabytes that are resident."""
    (line,) = [row for row in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines() if row.startswith("VmRSS:")]
    return int(line.split()[1]) / 1_024


def bytes_of(body: Any) -> bytes:
    return body if isinstance(body, bytes) else b"spooled"


def test_one_newborn_in_three_systems(all_systems: Loaded) -> None:
    """Registered by the civil-status office, known to the population register and to the social insurance under one number."""

    async def story(province: Province) -> None:
        dossier = birth(province)
        sent = await province.call("civil-status", "nhanHoSoDKHT", dossier, headers=PURPOSE)
        assert sent.code == "ok", sent.data
        outcome = {"maHoSoLT": dossier["maHoSoLT"], "maTinh": "17", "module": "LTKS"}
        number = (await wait_for(province, "traKetQuaHoSoDKHT", outcome, done="4"))["ketQuaXuLy"]["soDinhDanh"]

        asked = {"SoDinhDanh": number, "HoVaTen": "BÙI THỊ MẪU NHI"}
        found = await province.call("population", "traCuuThongTinCongDan", asked, headers=PURPOSE)
        assert found.code == "ok", found.data
        assert found.data["CongDan"][0]["SoDinhDanh"] == number

        criteria = {"hoTen": "BÙI THỊ MẪU NHI", "ngaySinh": "2022-11-12", "gioiTinh": "2"}
        insured = await province.call("social-insurance", "getMaSoBhxhTheoTieuChi", criteria, headers=PURPOSE)
        assert insured.code == "ok", insured.data
        person = province.simulator.world.person(number)
        assert person is not None
        assert insured.data["maSoBhxh"] == person.insurance_no

    tell(story, loaded=all_systems.only("civil-status", "population", "social-insurance"))


def test_a_third_province_is_a_folder(all_systems: Loaded, tmp_path: Path) -> None:
    """Made here of another one's files: a code, a name, fewer places. No line of code."""
    folder = tmp_path / "tinh-mau"
    shutil.copytree(PROVINCES / "dien-bien", folder)
    facts = (folder / "province.toml").read_text("utf-8")
    changes = (('"dien-bien"', '"tinh-mau"'), ('"11"', '"95"'), ('"Điện Biên"', '"Mẫu"'), ('"H18"', '"H99"'))
    for old, new in changes:
        assert old in facts, old
        facts = facts.replace(old, new)
    (folder / "province.toml").write_text(facts, "utf-8")
    rows = (folder / "places.csv").read_text("utf-8").replace("\n11,Điện Biên,", "\n95,Mẫu,").splitlines()
    (folder / "places.csv").write_text("\n".join(rows[:60]) + "\n", "utf-8")
    shutil.rmtree(folder / "codes")
    (folder / "consumers.toml").write_text(
        (folder / "consumers.toml").read_text("utf-8").replace("H18", "H99"), "utf-8"
    )

    async def story(province: Province) -> None:
        shown = await board(province)
        assert shown["province"]["code"] == "95"
        assert shown["counts"] == {"total": TOTAL, "official": OFFICIAL, "trial": TRIAL, "suspended": 0}
        assert shown["health"]["up"] == TOTAL, {each["id"]: each["cause"] for each in shown["systems"]}
        mother = province.simulator.world.actor("mother-hoa")
        assert mother.cccd.startswith("095")
        purpose = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Officer": "CB990001"}
        asked = {"SoDinhDanh": mother.cccd, "HoVaTen": mother.full_name.upper()}
        found = await province.call("population", "traCuuThongTinCongDan", asked, headers=purpose)
        assert found.code == "ok", found.data

    tell(story, loaded=all_systems, province=folder)
