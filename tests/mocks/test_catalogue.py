"""What the simulator reads of a home."""

from __future__ import annotations

import shutil
from pathlib import Path

from lgsp.home import Home
from lgsp_mocks import catalogue
from tests.mocks.simulated import HOME


def test_a_home_is_read() -> None:
    (system,) = catalogue.read([HOME]).values()
    assert (system.name, system.version, system.findings) == ("so-mau", "v1", ())
    assert system.kinds["ghiNhan"] == "update"
    assert {name: backend.manner for name, backend in system.backends.items()} == {
        "rest": "oauth2",
        "soap": "oauth2",
        "truc": "xroad-session",
    }
    assert system.backends["truc"].operations == {"g": "guiTruc"}
    assert system.backends["rest"].secrets == {"khoa": "demo-khoa"}
    assert list(system.inbound) == ["BAO"]


def test_a_missing_handler_is_found(tmp_path: Path) -> None:
    shutil.copytree(HOME.connectors.parent, tmp_path / "home")
    module = tmp_path / "home" / "mocks" / "so_mau.py"
    module.write_text(module.read_text("utf-8").replace('"ghiNhan": ghi_nhan', ""), "utf-8")
    (system,) = catalogue.read([Home.at(tmp_path / "home")]).values()
    assert system.findings == ("rest: no handler for ghiNhan",)


def test_a_system_without_a_simulator_is_still_known(tmp_path: Path) -> None:
    shutil.copytree(HOME.connectors.parent, tmp_path / "home")
    (tmp_path / "home" / "mocks" / "so_mau.py").unlink()
    (system,) = catalogue.read([Home.at(tmp_path / "home")]).values()
    assert system.module is None
