"""The glossary has the vocabulary of the code and the words of the console, in both languages: one thing, one word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lgsp.console.wording import load

VOCABULARY = (
    "Exchange", "Consumer", "System", "Connector", "Contract", "Operation", "query", "update", "safe", "idempotent", "Adapter",
    "Codec", "Upstream", "Transport", "Step", "Stage", "Health", "Grant", "Submission", "Inbound", "Collector", "World",
    "Evidence", "Home", "purpose", "security level", "indeterminate", "observed", "NGSP", "X-Road", "NDOP",
)  # fmt: skip
ELSEWHERE = {
    "api": "documents, no word of the field",
    "security": "the page of security levels",
    "consumers": "",
    "exchanges": "",
}
"""Entries of the navigation that stand there under another heading."""


def rows(root: Path) -> list[list[str]]:
    lines = (root / "docs" / "glossary.md").read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][1:]


def shown(lang: str) -> Iterator[tuple[str, str]]:
    """States, roles and pages as the console names them."""
    words = load(lang)
    tables = {
        "stage": words["common"]["stage"], "health": words["common"]["health"], "evidence": words["common"]["evidence"],
        "role": words["common"]["role"], "submission": words["exchanges"]["states"], "domain": words["exchanges"]["domains"],
        "page": {name: words["nav"][name] for name in words["nav"] if name not in ELSEWHERE},
    }  # fmt: skip
    for kind, table in tables.items():
        yield from ((f"{kind} {name}", str(table[name])) for name in table if table[name])


def test_three_columns_and_none_empty(root: Path) -> None:
    found = rows(root)
    assert {len(row) for row in found} == {3}
    assert [row for row in found if not all(row)] == []
    assert len({row[0] for row in found}) == len(found)


def test_the_vocabulary_of_the_code(root: Path) -> None:
    first = " ".join(row[0] for row in rows(root))
    assert [each for each in VOCABULARY if not re.search(rf"\b{re.escape(each)}\b", first)] == []


@pytest.mark.parametrize(("lang", "columns"), [("vi", (1,)), ("en", (0, 2))])
def test_the_words_of_the_console(root: Path, lang: str, columns: tuple[int, ...]) -> None:
    text = " ".join(row[column] for row in rows(root) for column in columns).casefold()

    missing = [f"{kind}: {word}" for kind, word in shown(lang) if not said(word, text)]
    assert missing == []


def said(word: str, text: str) -> bool:
    """A plural of the navigation is the same word."""
    return word.casefold() in text or (word.endswith("s") and word.casefold()[:-1] in text)
