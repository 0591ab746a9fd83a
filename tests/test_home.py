"""Homes: the built-in one, and one of one's own."""

from __future__ import annotations

from pathlib import Path

from lgsp.home import Home, builtin


def test_the_built_in_home_is_the_checkout(root: Path) -> None:
    home = builtin()
    assert (home.connectors, home.contracts) == (root / "connectors", root / "contracts")
    assert home.simulator("public-payment") == root / "mocks" / "public_payment.py"


def test_a_folder_without_a_manifest_is_no_system(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    assert home.systems() == ()
    (tmp_path / "connectors" / "empty").mkdir(parents=True)
    (tmp_path / "connectors" / "some").mkdir()
    (tmp_path / "connectors" / "some" / "connector.toml").touch()
    assert home.systems() == ("some",)
