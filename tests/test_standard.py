"""The standard tests can fail: on a sound home they pass, on a spoiled one they say what is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

HOME = Path(__file__).parent / "mocks" / "home"
INSTALLED = bool(list(metadata.entry_points(group="pytest11", name="lgsp")))


def run(root: Path, home: Path, *options: str) -> tuple[int, int, str]:
    """(passed, failed, output) of `pytest --lgsp-home`."""
    plugin = [] if INSTALLED else ["-p", "lgsp.testing"]
    path = os.pathsep.join([str(root), str(root / "tools" / "names")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", "--lgsp-home", str(home), *options],
        cwd=home.parent, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    counts = {word: int(number) for number, word in re.findall(r"([0-9]+) (passed|failed)", done.stdout)}
    return counts.get("passed", 0), counts.get("failed", 0), done.stdout + done.stderr


def copied(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")
    return Path(shutil.copytree(HOME, tmp_path / "home"))


def test_a_sound_home_passes(root: Path, tmp_path: Path) -> None:
    passed, failed, output = run(root, copied(tmp_path))
    assert (failed, passed >= 20) == (0, True), output


def test_a_broken_promise_is_found(root: Path, tmp_path: Path) -> None:
    home = copied(tmp_path)
    module = home / "mocks" / "so_mau.py"
    module.write_text(
        module.read_text("utf-8").replace('Example("hoiSoap", {"ma": "1"})', 'Example("hoiSoap", {"ma": "LOI"})'),
        "utf-8",
    )
    _, failed, output = run(root, home, "-k", "promise or every_operation_has")
    assert failed == 1, output
    assert "test_every_example_keeps_its_promise_in_any_order[so-mau]" in output


def test_a_missing_example_is_found(root: Path, tmp_path: Path) -> None:
    home = copied(tmp_path)
    module = home / "mocks" / "so_mau.py"
    module.write_text(module.read_text("utf-8").replace('        Example("guiTruc", {"ma": "1"}),\n', ""), "utf-8")
    _, failed, output = run(root, home, "-k", "has_an_example")
    assert failed == 1, output
