"""Who may import whom (ARCHITECTURE): the import-linter contracts of pyproject.toml hold, and a stray import is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lgsp.check import check
from lgsp.home import builtin

LINT = Path(sys.executable).parent / "lint-imports"


def test_arrows_go_down(root: Path) -> None:
    done = subprocess.run([LINT, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model", "import lgsp.app"),
        ("policy", "from lgsp.endpoints import rest"),
        ("exchange", "import aiohttp"),
        ("pipeline/record", "import apsw"),
        ("mapping/context", "import zeep"),
        ("app", "import lgsp_mocks"),
        ("health/__init__", "from lxml import etree"),
    ],
)
def test_an_arrow_that_goes_up_is_found(root: Path, package: Path, tmp_path: Path, module: str, line: str) -> None:
    """In a copy of the tree with one import more."""
    import shutil

    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "lgsp", ignore=skip)
    shutil.copytree(root / "mocks", tmp_path / "lgsp_mocks", ignore=skip)
    shutil.copy(root / "pyproject.toml", tmp_path)
    path = tmp_path / "lgsp" / f"{module}.py"
    path.write_text(path.read_text("utf-8") + f"\n{line}\n", "utf-8")
    done = subprocess.run(
        [LINT, "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout, done.stdout + done.stderr


def test_manifests_contracts_mappings_and_simulator_keep_the_rules_of_the_house() -> None:
    """`lgsp check`: also that mappings import the standard library and two modules, nothing else."""
    report = check((builtin(),))
    assert report.ok, report.as_json()
