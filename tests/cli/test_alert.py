"""`lgsp alert`, on a resting bus."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from lgsp.cli.main import main


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    found = CliRunner(env={"LGSP_DATA": str(tmp_path / "data")}).invoke(main, ["alert", *arguments])
    return found.exit_code, found.stdout


def test_a_route_is_registered_listed_and_dropped(tmp_path: Path) -> None:
    assert run(tmp_path, "list", "--json") == (0, "[]\n")
    code, out = run(tmp_path, "route", "--url", "https://soc.example/hook", "--least", "8")
    made = json.loads(out)
    assert (code, made["secret"][:6]) == (0, "whsec_")
    (listed,) = json.loads(run(tmp_path, "route", "--json")[1])
    assert (listed["target"], listed["least"]) == ("https://soc.example/hook", 8)
    assert "secret" not in listed
    assert run(tmp_path, "route", "--drop", made["id"])[0] == 0
    assert run(tmp_path, "route", "--drop", made["id"])[0] == 1


def test_what_does_not_stand_cannot_be_taken(tmp_path: Path) -> None:
    assert run(tmp_path, "ack", "none", "--note", "x")[0] == 1
