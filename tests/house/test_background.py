"""docs/background.md: every figure of the five articles stands there, and every file and test that it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FIGURES = {
    "000": "68% 4.0 2022 5 06 3 4 100% 94,5% 95% 99% 37% 5.500 1.000 200 300 4.500 97% 11/2022 90 21 140.000 96% 53% 493 42",
    "001": "13 2021 2025 2030 3 21/4/2023 2022 2023 30 06 03/06/2022 2001 100% 4 94,5% 57.000 42% 61 35 11 738 66,3% 97,9% 129 "
    "1.387 9.000 2158 01/10/2021",
    "002": "2022 06/12/2022 00:00 01/01/2022 57 1.360 3.236 853 2 1.207 3 1.176 4 100% 99,6% 9/17 8/17 1.482 151 13.000 9 1 41 "
    "11 83 38 45 2023 20 1.623 621 1.002 1.384 70% 16/11/2022 391.333 404.612 97% 2,27% 20/11/2022 4.195 04/25 05 12.345 18/25 28",
    "003": "09:40 03/01/2024 1,5% 1% 2023 50% 49 90% 2024 100% 75% 1 1.400 10.000 4 9,5% 6,63% 86% 84% 97,9% 7% 15 14 165 128 8% "
    "06 53 2025 98%",
    "004": "05/06/2022 23:46 11/2/2022 17 7/3/2019 2019 2020 2025 749 2030 2021 4815 2.0 6 169 100% 90% 14 60",
}
"""Every number of each article, once."""
SYSTEMS = 17


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "background.md").read_text("utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading that begins so."""
    section = page.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("article", FIGURES)
def test_every_figure_is_there(page: str, article: str) -> None:
    told = {figure for row in rows(page, article) for figure in row[0].split(", ")}
    also = {word.strip("(),;") for row in rows(page, article) for word in row[1].split()}
    missing = [figure for figure in FIGURES[article].split() if figure not in told | also]
    assert missing == []


@pytest.mark.parametrize("heading", ["The systems", *FIGURES])
def test_every_line_has_a_place_or_a_reason(page: str, heading: str) -> None:
    for row in rows(page, heading):
        *_, here, test = row
        out = re.fullmatch(r"out of scope: (infrastructure|outcome|law and plan|other product)", here)
        assert bool(out) != bool(re.search(r"`[^`]+`", test)), row


def test_every_path_exists(root: Path, page: str) -> None:
    named = set(re.findall(r"`((?:lgsp|mocks|connectors|contracts|tests|docs)/[^`\s]+)`", page))
    assert len(named) > 40
    assert [path for path in sorted(named) if not (root / path).exists()] == []


def test_every_connected_system_is_there(root: Path, page: str) -> None:
    told = set(re.findall(r"`connectors/([a-z-]+)`", "".join("|".join(row) for row in rows(page, "The systems"))))
    assert len(told) == SYSTEMS
    assert {folder.name for folder in (root / "connectors").iterdir() if folder.is_dir()} <= told


def test_fidelity_is_the_contracts(root: Path) -> None:
    """docs/fidelity.md is what `scripts/fidelity.py` makes of the contracts."""
    done = subprocess.run(
        [sys.executable, "scripts/fidelity.py", "--check"], cwd=root, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{root}:{root / 'tools' / 'names'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_what_was_left_out_is_said_of_every_system(root: Path) -> None:
    told = tomllib.loads((root / "scripts" / "fidelity.toml").read_text("utf-8"))
    assert set(told) == {"platform"} | {folder.parent.name for folder in (root / "connectors").glob("*/connector.toml")}
    assert all(told.values())
