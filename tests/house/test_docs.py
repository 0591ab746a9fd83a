"""What the documentation says is true: the reference is the code's, links lead somewhere, the README's calls work in both languages."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lgsp.cli.main import main
from tests.cli.demonstration import Running, lgsp, running

PAGES = ["README.md", "README.vi.md"]


def pages(root: Path) -> Iterator[Path]:
    yield from root.glob("*.md")
    yield from (root / "docs").rglob("*.md")


def test_the_reference_is_the_codes(root: Path) -> None:
    """Every error code, operation, setting, metric, event and command stands there."""
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"], cwd=root, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{root}:{root / 'tools' / 'names'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere(root: Path) -> None:
    linked = [
        (page, target) for page in pages(root) for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    ]
    inside = [(page, target) for page, target in linked if not target.startswith(("http://", "https://", "#"))]
    broken = [
        f"{page.name}: {target}" for page, target in inside if not (page.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_commands_in_the_documentation_exist(root: Path) -> None:
    """`lgsp …` in a page names commands and options that there are."""
    wrong = []
    for page in pages(root):
        for line in re.findall(r"^(?:\.venv/bin/|\./)?lgsp (.+)$", page.read_text("utf-8"), re.MULTILINE):
            words = shlex.split(line)
            command: click.Command = main
            while isinstance(command, click.Group) and words and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            options = {option for parameter in command.params for option in parameter.opts}
            wrong += [
                f"{page.name}: lgsp {line}"
                for word in words
                if word.startswith("--") and word.partition("=")[0] not in options
            ]
            if isinstance(command, click.Group) and not command.invoke_without_command:
                wrong.append(f"{page.name}: lgsp {line}")
    assert wrong == []


def test_make_has_what_the_readme_names(root: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in [*PAGES, "CONTRIBUTING.md"]:
        named = set(re.findall(r"\bmake ([a-z]+)", (root / page).read_text("utf-8")))
        assert named <= targets, page


def test_both_readmes_have_the_same_commands(root: Path) -> None:
    english, vietnamese = (
        re.findall(r"```sh\n(.*?)```", (root / page).read_text("utf-8"), re.DOTALL) for page in PAGES
    )
    assert [strip_comments(block) for block in english] == [strip_comments(block) for block in vietnamese]


def strip_comments(block: str) -> list[str]:
    return [re.sub(r"\s+#.*", "", line).strip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("readme") / "data") as up:
        yield up
        up.end()


def curls(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [
        call
        for block in blocks
        for call in re.findall(r"^curl -s (?:.|\n)*?'$", block.replace("\\\n", ""), re.MULTILINE)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_the_calls_of_the_readme_work(root: Path, page: str, demonstration: Running) -> None:
    """As they stand, but for the port and the key."""
    found = curls(root / page)
    assert len(found) == 2, "one REST and one SOAP call"
    for call in found:
        words = shlex.split(call)
        url = words[2].replace("http://127.0.0.1:8080", demonstration.demo["gateway"])
        named = [words[i + 1].partition(": ") for i, word in enumerate(words) if word == "-H"]
        key = demonstration.demo["consumers"][0]["api_key"]
        headers = {name: value.replace("$KEY", key) for name, _, value in named}
        body = words[words.index("-d") + 1].encode()
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            assert answer.status == 200
            assert "trangThai" in answer.read().decode()


def test_the_readmes_line_for_the_command_line(root: Path, demonstration: Running) -> None:
    line = re.search(r"`\.venv/bin/lgsp (call [^`]+)`", (root / "README.md").read_text("utf-8"))
    assert line is not None
    done = lgsp(demonstration.data, *shlex.split(line[1]))
    assert done.returncode == 0, done.stderr
    assert "trangThai" in json.loads(done.stdout)


def test_addresses_of_the_readme_answer(root: Path, demonstration: Running) -> None:
    addresses = set(re.findall(r"<(http://127\.0\.0\.1:8080[^>]*)>", (root / "README.md").read_text("utf-8")))
    assert addresses
    for address in addresses:
        url = address.replace("http://127.0.0.1:8080", demonstration.demo["gateway"])
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert answer.status == 200
