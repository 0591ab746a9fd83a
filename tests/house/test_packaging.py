"""The wheel, installed into an empty environment, runs the demonstration from any directory."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.cli.demonstration import answered, printed, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).resolve().parent.parent.parent
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(root),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("lgsp-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment: the wheel, and the locked packages of this one by a path file (nothing is fetched)."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    own = subprocess.run(
        [folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(own) / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "bin"


def test_it_carries_the_built_in_home_and_the_simulator(wheel: Path, root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (
        ("connectors", "lgsp/_home/connectors"),
        ("contracts", "lgsp/_home/contracts"),
        ("mocks", "lgsp_mocks"),
    ):
        ours = {
            f"{inside}/{path.relative_to(root / folder)}"
            for path in (root / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert ours <= names, ours - names
    assert not {name for name in names if name.startswith(("tests/", "bench/", "mocks/")) or "__pycache__" in name}


def test_it_is_what_runs_and_from_anywhere(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed / "python", "-c", "import lgsp, lgsp_mocks; print(lgsp.__file__, lgsp_mocks.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert all(path.startswith(str(installed.parent)) for path in where)
    checked = subprocess.run([installed / "lgsp", "check"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with running(tmp_path / "data", program=[str(installed / "lgsp")]) as up:
        assert json.loads(answered(printed(up.said)[0]))
        assert up.end() == 0


def test_the_lock_has_hashes_and_no_address(root: Path) -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (root / name).read_text("ascii").splitlines()
        assert not [
            line
            for line in lines
            if "://" in line or line.startswith(("-i", "--index", "--extra", "--find", "--trusted"))
        ]
        pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in pinned)


def test_every_direct_dependency_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    locked = {
        line.partition("==")[0] for line in (root / "requirements.lock").read_text("ascii").splitlines() if "==" in line
    }
    wanted = {dependency.partition(">=")[0] for dependency in project["dependencies"]}
    assert wanted <= locked


def test_every_direct_dependency_has_a_floor_and_is_used(root: Path, package: Path) -> None:
    """A dependency that no module imports is one too many."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    imported_as = {
        "pyyaml": "yaml",
        "python-docx": "docx",
        "jinja2": "jinja2",
        "prometheus-client": "prometheus_client",
        "swagger-ui-py": "swagger_ui",
    }
    sources = "\n".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    for dependency in project["dependencies"]:
        name, floor, _ = dependency.partition(">=")
        assert floor, dependency
        module = imported_as.get(name, name.replace("-", "_"))
        assert f"import {module}" in sources or f"from {module}" in sources or f'"{module}"' in sources, name


def test_an_editable_install_copies_nothing() -> None:
    """In the checkout, what runs is the checkout: a copy of the simulator in the environment would hide it."""
    copies = [Path(sysconfig.get_path("purelib")) / name for name in ("lgsp", "lgsp_mocks")]
    assert not [path for path in copies if path.exists()]
