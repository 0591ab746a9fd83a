"""`lgsp report`: a resting bus is asked under the owner's lock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.runtime import HANOI

TODAY = datetime.now(UTC).astimezone(HANOI).date()
PERIOD = ["--from", (TODAY - timedelta(days=5)).isoformat(), "--to", TODAY.isoformat()]


def run(tmp_path: Path, *arguments: str) -> tuple[int, bytes, str]:
    found = CliRunner(env={"LGSP_DATA": str(tmp_path / "data")}).invoke(main, ["report", *arguments])
    return found.exit_code, found.stdout_bytes, found.stderr


def test_every_form(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, *PERIOD)
    assert (code, out[:15]) == (0, b"<!doctype html>")
    assert "Đã kết nối chính thức 0/0 hệ thống".encode() in out
    code, out, _ = run(tmp_path, *PERIOD, "--format", "csv", "--lang", "en")
    assert (code, out[:3]) == (0, b"\xef\xbb\xbf")
    file = tmp_path / "report.docx"
    code, _, said = run(tmp_path, *PERIOD, "--format", "docx", "--out", str(file), "--number", "7")
    assert (code, said.strip()) == (0, str(file))
    assert file.read_bytes()[:2] == b"PK"
    code, out, _ = run(tmp_path, *PERIOD, "--json")
    assert json.loads(out)["period"]["last"] == TODAY.isoformat()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["--from", "2022-11-16"], 2),
        (["--from", "16/11/2022", "--to", "2022-11-17"], 2),
        (["--from", "2022-11-17", "--to", "2022-11-16"], 1),
        (["--from", "2999-11-17", "--to", "2999-11-18"], 1),
        (["--filed", "2022-11"], 1),
        ([*PERIOD, "--format", "pdf"], 2),
    ],
)
def test_what_is_no_report(tmp_path: Path, arguments: list[str], code: int) -> None:
    assert run(tmp_path, *arguments)[0] == code


def test_the_list(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "--list", "--json")
    assert (code, json.loads(out)) == (0, [])
