"""`lgsp conform`: a backend that keeps its contract scores 100, each way of breaking it has its class."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from lgsp.conform import Conformity, conform
from lgsp.conform.reports import junit, page, remember
from lgsp.scaffold import draft, write
from lgsp.simulate import Loaded, Province, tell
from lgsp.testing import Sim
from lgsp_mocks.clock import EPOCH

FIXTURES = Path(__file__).parents[1] / "scaffold" / "fixtures"
SYSTEM = "tau-ca"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A system with one operation marked safe by a person."""
    home = tmp_path_factory.mktemp("home")
    write(draft(SYSTEM, FIXTURES / "tau-ca", "wsdl", date(2022, 11, 16)).files, home)
    manifest = home / "connectors" / SYSTEM / "connector.toml"
    marked = '[operations.traCuuTau]\nsafe = true\nprobe = { soDangKy = "KHONG-CO" }'
    manifest.write_text(manifest.read_text("utf-8").replace("[operations.traCuuTau]", marked), "utf-8")
    return Loaded.read([home], built_in=False)


def asked(loaded: Loaded, fault: str | None = None, **given: object) -> Conformity:
    async def story(province: Province) -> Conformity:
        await asyncio.sleep(1)
        if fault:
            province.fail(SYSTEM, fault, **given)
        connector = loaded.registry.connectors[SYSTEM]
        return await conform(connector, province.gateway.upstreams, province.runtime, {}, {})

    return tell(story, loaded=loaded, size=50)


def test_a_sound_backend_scores_all(loaded: Loaded) -> None:
    found = asked(loaded)
    assert (found.score, dict(found.classes), found.unasked) == (100, {}, ("dangKyTau",))
    assert [each.sample for each in found.checks] == ["probe", "specimen"]


@pytest.mark.parametrize(
    ("fault", "deviation"),
    [
        ("hang", "timeout"),
        ("refuse", "unreachable"),
        ("garbage", "form"),
        ("html-200", "form"),
        ("http-status", "status"),
        ("wrong-namespace", "form"),
        ("truncate", "form"),
    ],
)
def test_each_way_of_breaking_it_has_its_class(loaded: Loaded, fault: str, deviation: str) -> None:
    found = asked(loaded, fault)
    assert (found.score, set(found.classes)) == (0, {deviation}), found.checks


def test_a_business_refusal_is_no_deviation(loaded: Loaded) -> None:
    assert asked(loaded, "business-error").score == 100


def test_reports_say_what_was_found(loaded: Loaded, tmp_path: Path) -> None:
    found = asked(loaded, "garbage", times=1)
    suite = etree.fromstring(junit(found).encode())[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    before = remember(tmp_path, found, "http://mau.invalid", EPOCH)
    assert before == []
    (first,) = remember(tmp_path, found, "http://mau.invalid", EPOCH)
    assert (first["score"], first["deviations"]) == (50, {"form": 1})
    assert "50 of 100" in page(found, [first])


def test_the_command_signs_in_at_the_simulator(lgsp_simulator: Sim, tmp_path: Path) -> None:
    example = next(each for each in lgsp_simulator.examples() if each["kind"] == "query" and each["expect"] == "ok")
    report = tmp_path / "junit.xml"
    done = subprocess.run(
        [sys.executable, "-m", "lgsp", "conform", example["system"], "--url", lgsp_simulator.url, "--data", str(tmp_path),
         "--junit", str(report), "--json"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["score"] == 100
    assert etree.parse(report).getroot().tag == "testsuites"
    assert (tmp_path / "conform" / f"{example['system']}.jsonl").is_file()
