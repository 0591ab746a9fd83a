"""The command line as a whole: every command explains itself, the start is lean, wrong usage ends with 2."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from lgsp.cli.main import main


def commands(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.split("\n")) > 4


def test_the_start_imports_click_and_nothing_heavy() -> None:
    """`lgsp --help` stays within 150 ms because the bus is imported by the command that needs it."""
    program = "import sys; import lgsp.cli.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"aiohttp", "lxml", "zeep", "msgspec", "asyncio", "apsw", "cryptography", "rich", "yaml"} & set(loaded)


@pytest.mark.parametrize("arguments", [["nonsense"], ["up", "--no-such"], ["serve", "--port", "many"], ["call"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_version() -> None:
    from lgsp import __version__

    assert __version__ in CliRunner().invoke(main, ["--version"]).output


PLAIN = {"up", "serve", "sim", "through", "keys", "backup", "witness", "config", "audit key"}
"""Servers, and commands whose output is a key, a file or another program's."""


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_json_everywhere(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for each in path:
        assert isinstance(command, click.Group)
        command = command.commands[each]
    if not isinstance(command, click.Group) and not {path[0], " ".join(path)} & PLAIN:
        assert any("--json" in option.opts for option in command.params)
