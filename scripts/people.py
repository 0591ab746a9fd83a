"""Writes docs/test-people.md from the simulated province: `python scripts/people.py`; with `--check` it only compares."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lgsp.home import builtin
from lgsp_mocks import catalogue
from lgsp_mocks.book import NOTHING, entries
from lgsp_mocks.world import Province, World

PAGE = Path(__file__).resolve().parent.parent / "docs" / "test-people.md"
INTRODUCTION = """\
# The test people's book

Everybody here is invented, and visibly so: personal numbers with the block 99xxxx, tax codes with the serial 99xxxxx, names that
say *mẫu*, *thử* or *giả định*. They are the same in every run, whatever the seed; each simulated system says the same of them.
The simulator serves the book with everything that one has to know to ask (`GET /_sim/people`); this page is the same for Hoà
Bình with seed 1, written by `scripts/people.py`, and a test says when it is out of date. In another province the numbers start
with its own codes.

An outcome is what the ministry's side answers on 16 November 2022 before anybody has changed anything. A system that is not named
cannot be asked about such an entry, or not by anything that the entry has."""
HEADINGS = {
    "person": "People",
    "household": "Families",
    "business": "Companies",
    "agency": "Agencies",
    "dossier": "Dossiers and payments",
}


def page() -> str:
    systems = catalogue.read([builtin()])
    book = entries(World(Province.load("hoa-binh"), 1), systems)
    parts = [INTRODUCTION, f"{len(book)} entries, {len(systems)} systems."]
    for kind, heading in HEADINGS.items():
        parts += [f"## {heading}", table(each for each in book if each["kind"] == kind)]
    return "\n\n".join(parts) + "\n"


def table(book: Iterator[Mapping[str, Any]]) -> str:
    lines = ["| role | id | who or what | what is special | outcomes |", "| --- | --- | --- | --- | --- |"]
    for each in book:
        told = [f"`{system}`: {said}" for system, said in each["outcomes"].items() if said != NOTHING]
        note = f"{each['note']['vi']} · {each['note']['en']}"
        lines.append(f"| `{each['role']}` | `{each['id']}` | {who(each)} | {note} | {'<br>'.join(told)} |")
    return "\n".join(lines)


def who(entry: Mapping[str, Any]) -> str:
    """A line of facts; a name in decomposed Unicode is shown composed, as every page of ours is."""
    facts = [entry.get("name"), entry.get("birth"), entry.get("status"), entry.get("address"), entry.get("old_code")]
    if "members" in entry:
        facts.append(f"{len(entry['members'])} members")
    if entry.get("died"):
        facts.append(f"died {entry['died']}")
    return unicodedata.normalize("NFC", ", ".join(str(fact) for fact in facts if fact))


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != text:
            sys.exit("docs/test-people.md is out of date: python scripts/people.py")
    else:
        PAGE.write_text(text, "utf-8")
