"""Every command that a page names, in prose, tables and blocks, is one that the programs take: parsed by their own parsers.

What is more than that, carrying them out, is done page by page: tests/house/test_handbook.py, tests/house/test_docs.py,
tests/backup/test_documented.py, tests/cli/test_beside.py, tests/drill/test_drill.py, scripts/prove_handbook.py.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lgsp.cli.main import main

PROGRAM = re.compile(
    r"^(?:\$ )?(?:LGSP_\w+=\S+ )*(?:(?:/opt/lgsp/bin/|\.venv/bin/|\./)?lgsp|\S*python3? -m \S+|make) .+"
)
ANY = re.compile(r"^(?:…|\.\.\.|<.+>|[A-ZĐ][A-Z0-9_:/-]*|\$[A-Z_]+|\[.*\]?)$")
"""Stands for a value: not judged."""


def pages(root: Path) -> list[Path]:
    return [*root.glob("*.md"), *sorted((root / "docs").rglob("*.md"))]


def named(page: Path) -> Iterator[tuple[str, bool]]:
    """(command, whole): a line of a block is a whole one; what stands in prose may leave out what is required."""
    text = page.read_text("utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r" \|\|? |&& |; (?=do |done)|\$\(", line):
                yield from ((each, True) for each in [part.strip()] if PROGRAM.match(each))
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for span in re.findall(r"`([^`]+)`", re.sub(r"\s*\n\s*", " ", prose)):
        if PROGRAM.match(span):
            yield from ((each, False) for each in choices(span))


def choices(span: str) -> list[str]:
    """`lgsp new NAME --wsdl F | --openapi F`, `lgsp user add|passwd`: each way to say it."""
    if " | --" in span:
        head, *others = span.split(" | ")
        begin = head[: head.rindex(" --")]
        return [head, *(f"{begin} {each}" for each in others)]
    if found := re.search(r"(?<= )(\w[\w-]*(?:\|\w[\w-]*)+)(?= |$)", span):
        return [span.replace(found[1], each, 1) for each in found[1].split("|")]
    return [span]


def wrong(line: str, *, whole: bool, root: Path) -> str | None:
    words = shlex.split(re.sub(r"\s#.*$", "", line if whole else line.translate({ord("["): " ", ord("]"): " "})))
    while "=" in words[0] or words[0] == "$":
        words.pop(0)
    program = words.pop(0)
    if program == "make":
        targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
        variables = set(
            re.findall(r"^([A-Z]+) *\?=|\$\(([A-Z]+)\)", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
        )
        known = {each for pair in variables for each in pair}
        bad = [each for each in words if each.partition("=")[0] not in targets | known]
        return f"make has no {bad}" if bad else None
    if "python" in program:
        module = words[1]
        return (
            None
            if module in ("pip", "venv", "http.server") or importlib.util.find_spec(module)
            else f"no module {module}"
        )
    return wrong_words(words, whole=whole)


def wrong_words(words: list[str], *, whole: bool) -> str | None:
    kept = list(words)  # an option's value that is left out stays, and so on is not a word
    words = [each for at, each in enumerate(kept) if each not in ("…", "...") or kept[at - 1].startswith("--")]
    if ">" in words:
        words = words[: words.index(">")]
    command: click.Command = main
    context = click.Context(main, info_name="lgsp")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        if inner is None:
            return None if ANY.match(words[0]) and not whole else f"{command.name} has no {words[0]}"
        command, context = inner, click.Context(inner, info_name=words.pop(0), parent=context)
    if isinstance(command, click.Group):
        return f"{command.name} wants a command" if whole and not command.invoke_without_command else None
    try:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return None if not whole and "requires an argument" in error.format_message() else error.format_message()
    if rest:
        return f"takes no {rest}"
    for parameter in command.params:
        given = values.get(parameter.name or "")
        given = given if isinstance(given, list | tuple) else [given]
        said = [each for each in given if isinstance(each, str)]  # a flag says no text
        if whole and parameter.required and not said:
            return f"wants {parameter.name}"
        if isinstance(parameter.type, click.Path | click.File):
            continue  # which files there are, another machine knows
        for each in said:
            if not ANY.match(each):
                try:
                    parameter.type.convert(each, parameter, context)
                except click.UsageError as error:
                    return error.format_message()
    return None


def test_every_command_of_every_page_is_taken(root: Path) -> None:
    found, bad = 0, []
    for page in pages(root):
        for line, whole in named(page):
            found += 1
            if said := wrong(line, whole=whole, root=root):
                bad.append(f"{page.relative_to(root)}: {line}: {said}")
    assert bad == []
    assert found > 300


@pytest.mark.parametrize(
    "line",
    [
        "lgsp maintenance add", "lgsp consumer key", "lgsp audit verify --strange", "lgsp stage population nowhere --decision 1",
        "lgsp grant list a b", "make nothing", "python -m tests.nothing", "lgsp drill no-such-exercise", "lgsp backup create",
        "lgsp backup restore X",
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(line: str, root: Path) -> None:
    assert wrong(line, whole=True, root=root) is not None


def test_prose_may_leave_out_and_stand_for() -> None:
    for line in (
        "consumer approve ID --level … --until …",
        "keys escrow",
        "keys",
        "grant approve ID --by …",
        "grant …",
    ):
        assert wrong_words(line.split(), whole=False) is None
    assert wrong_words(["consumer", "approve", "ID", "--wrong", "…"], whole=False) is not None
    assert choices("lgsp user add|passwd NAME") == ["lgsp user add NAME", "lgsp user passwd NAME"]
    assert choices("lgsp new N --wsdl F | --openapi F") == ["lgsp new N --wsdl F", "lgsp new N --openapi F"]
