"""`lgsp crash-points` lists what LGSP_CRASH_AT takes."""

from __future__ import annotations

import json

from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.crash import FURTHER_POINTS, POINTS


def test_all_are_listed() -> None:
    assert json.loads(CliRunner().invoke(main, ["crash-points", "--json"]).stdout) == {**POINTS, **FURTHER_POINTS}
    shown = CliRunner().invoke(main, ["crash-points"]).stdout
    assert all(name in shown for name in POINTS)
