"""Every command of the pages about moving from another gateway is carried out, in their order, against a running bus."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from tests.cli.demonstration import running
from tests.importing.exported import twenty_four, zipped

PAGES = ("migrate-from-wso2.md", "observer.md")
LINE = 'x - [16/Nov/2022:10:42:18 +0700] "POST /bhxh/1.0/getMaSoBhxhTheoTieuChi HTTP/1.1" 200 1 "-" "-" 0.2\n'
SETTINGS = """
[upstreams.cu]
url = "http://127.0.0.1:9"
[passthrough]
upstream = "cu"
[passthrough.paths]
"/apiBHXH/1.0" = "social-insurance"
"""
WAITING = ("import", "ask")
"""Ends with 1: the rows of the sheet are not completed."""


def commands(root: Path) -> list[list[str]]:
    text = "\n".join((root / "docs" / page).read_text("utf-8") for page in PAGES)
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines() if line.startswith("lgsp ")]


def with_data(words: list[str], data: Path) -> list[str]:
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group):
        command = command.commands[rest.pop(0)]
    return [*words, "--data", str(data)] if any(each.name == "data" for each in command.params) else words


@pytest.mark.slow
def test_the_pages_do_what_they_say(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lgsp.toml").write_text(SETTINGS)
    (tmp_path / "export.zip").write_bytes(zipped(twenty_four()))
    (tmp_path / "access.log").write_text(LINE)
    monkeypatch.chdir(tmp_path)
    found = commands(root)
    assert len(found) > 9
    with running(tmp_path / "data") as up:
        for words in found:
            done = CliRunner().invoke(main, with_data(words, up.data), input=LINE)
            assert done.exit_code == (1 if tuple(words[:2]) == WAITING else 0), (words, done.output, done.exception)
        assert up.end() == 0
