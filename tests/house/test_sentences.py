"""What is refused to a person is said in Vietnamese and in English: no message of one language only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lgsp.decisions import Refused

LGSP = Path(__file__).parents[2] / "lgsp"
_VIETNAMESE = re.compile("[À-ỹđĐ]")
SAID = ("Refused", "RegisterError", "PeriodError")
"""Errors whose sentences reach a page of the console."""
_RELAYED = ("cli/office.py", "cli/parent.py")
"""What another process has said already, in both."""


def raised(source: str) -> Iterator[tuple[int, ast.Call]]:
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in SAID:
            yield each.lineno, each


def written(argument: ast.expr) -> str | None:
    """The words of a literal; None for what is made elsewhere."""
    match argument:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return " ".join(str(each.value) for each in parts if isinstance(each, ast.Constant))
    return None


def wrong(source: str) -> list[str]:
    found = []
    for line, call in raised(source):
        if len(call.args) == 1 and isinstance(call.args[0], ast.Starred):
            continue  # both sentences of another one
        if len(call.args) != 2 or call.keywords:
            found.append(f"{line}: not two sentences")
            continue
        vi, en = (written(each) for each in call.args)
        if vi is not None and not _VIETNAMESE.search(vi):
            found.append(f"{line}: no Vietnamese in {vi!r}")
        if en is not None and (_VIETNAMESE.search(en) or not re.search("[a-z]", en)):
            found.append(f"{line}: no English in {en!r}")
    return found


def test_every_refusal_has_both_languages() -> None:
    sources = {
        file.relative_to(LGSP).as_posix(): file.read_text("utf-8")
        for file in sorted(LGSP.rglob("*.py"))
        if not file.name.startswith("sockets")
    }
    counted = sum(len(list(raised(source))) for source in sources.values())
    assert counted > 100
    assert {
        f"lgsp/{name}:{each}" for name, source in sources.items() if name not in _RELAYED for each in wrong(source)
    } == set()


@pytest.mark.parametrize(
    "source",
    [
        'Refused("no such thing")',
        'Refused(f"no system {name}", f"no system {name}")',
        'Refused("Không có", "Không có")',
        'RegisterError("level is 1 to 5")',
    ],
)
def test_one_language_is_found(source: str) -> None:
    assert wrong(source)


def test_pages_show_the_sentence_of_their_language() -> None:
    """`str()` of a refusal has both languages and is for the command line."""
    pages = [*(LGSP / "console").rglob("*.py"), LGSP / "endpoints" / "console.py"]
    found = {
        f"{file.name}: {line.strip()}"
        for file in pages
        for line in file.read_text("utf-8").splitlines()
        if re.search(r"str\((refused|error)\)", line)
    }
    assert found == set()


def test_as_text_both_stand() -> None:
    refused = Refused("Không có hệ thống x", "no system x")
    assert (str(refused), refused.said["vi"], refused.said["en"]) == (
        "no system x (Không có hệ thống x)", "Không có hệ thống x", "no system x",
    )  # fmt: skip
    assert str(Refused(str(refused), str(refused))) == str(refused)  # relayed from another process, said once
