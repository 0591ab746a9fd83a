"""`lgsp check`: one line a system, and every relation between the three folders."""

from __future__ import annotations

from pathlib import Path

from lgsp.check import check
from lgsp.home import builtin
from tests.manifest.small_home import MANIFEST, MAPPING, write_home


def said(folder: Path) -> list[str]:
    from lgsp.home import Home

    report = check([Home.at(folder)])
    return [
        f"{Path(each.file).name} {each.construct}: {each.text}" for system in report.systems for each in system.findings
    ]


def test_a_sound_system_is_one_line(tmp_path: Path) -> None:
    write_home(tmp_path)
    from lgsp.home import Home

    report = check([Home.at(tmp_path)])
    assert report.ok
    assert [each.line().split(", contract")[0] for each in report.systems] == ["register: ok; 2 operations, rest so"]
    assert report.as_json()["systems"][0] == {"system": "register", "ok": True, "operations": 2, "findings": []}


def test_what_is_wrong_is_counted_in_the_line(tmp_path: Path) -> None:
    from lgsp.home import Home

    write_home(tmp_path, MANIFEST.replace("slots", "slotz"))
    report = check([Home.at(tmp_path)])
    assert not report.ok
    assert report.systems[0].line() == "register: 1 findings"
    assert report.as_json()["systems"][0]["findings"][0]["construct"] == "slotz"


def test_a_mapping_imports_nothing_that_is_not_pure(tmp_path: Path) -> None:
    write_home(
        tmp_path,
        mapping="import time\nfrom xml.etree import ElementTree\nimport lgsp.transport\nimport json\n" + MAPPING,
    )
    found = said(tmp_path)
    assert [each.split(";")[0] for each in found] == [
        "mapping.py import: a mapping may not import time",
        "mapping.py import: a mapping may not import xml.etree",
        "mapping.py import: a mapping may not import lgsp.transport",
    ]


def test_one_system_one_name_in_three_folders(tmp_path: Path) -> None:
    home = write_home(tmp_path)
    (home.contracts / "stray").mkdir()
    (home.mocks / "other_name.py").write_text("HANDLERS = {}\n", "utf-8")
    home.simulator("register").unlink()
    found = said(tmp_path)
    assert any(each.startswith("register.py simulator: missing") for each in found)
    assert any(each.startswith("stray name: contracts of no system") for each in found)
    assert any(each.startswith("other_name.py name: simulates no system") for each in found)


def test_a_simulator_must_offer_what_the_engine_asks(tmp_path: Path) -> None:
    home = write_home(tmp_path)
    home.simulator("register").write_text("HANDLERS = {}\n", "utf-8")
    assert [each.split(":")[0] for each in said(tmp_path)] == [
        "register.py examples", "register.py business_error", "register.py duplicate"
    ]  # fmt: skip


def test_the_built_in_systems_are_sound() -> None:
    report = check([builtin()])
    assert report.ok, [str(each) for system in report.systems for each in system.findings]
