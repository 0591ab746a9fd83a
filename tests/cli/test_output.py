"""Data on stdout, messages on stderr."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from lgsp.cli.output import Exit, as_json, refuse, say, table


@click.command()
@click.argument("what")
def command(what: str) -> None:
    match what:
        case "json":
            as_json({"tên": "Hoà Bình"})
        case "say":
            say("a message")
        case "table":
            table(("a", "b"), [("1", "hai")])
        case _:
            refuse("no", Exit.DEGRADED)


@pytest.mark.parametrize(
    ("what", "out", "err", "code"),
    [("json", "Hoà Bình", "", 0), ("say", "", "a message", 0), ("table", "hai", "", 0), ("refuse", "", "lgsp: no", 3)],
)
def test_streams_and_codes(what: str, out: str, err: str, code: int) -> None:
    done = CliRunner().invoke(command, [what])
    assert out in done.stdout
    assert err in done.stderr
    assert done.exit_code == code
    assert bool(done.stdout) == bool(out)
    assert bool(done.stderr) == bool(err)


def test_no_colour_reaches_a_pipe() -> None:
    assert "\x1b" not in CliRunner().invoke(command, ["table"]).stdout
