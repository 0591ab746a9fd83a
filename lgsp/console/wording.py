"""Every word of the pages: one table a page and language, read once. A word that is missing is an error, never an empty place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lgsp.model import Lang

LANGS: tuple[Lang, ...] = ("vi", "en")
_FOLDER = Path(__file__).parent / "words"


class Words:
    """A table of words. Not a dict, so that a key called `items` or `get` is a word and not a method to a template."""

    __slots__ = ("_table",)

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = {name: Words(each) if isinstance(each, dict) else each for name, each in table.items()}

    def __getitem__(self, name: str) -> Any:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Dotted keys; a list counts with its length, since its places mean something."""
        for name, each in self._table.items():
            if isinstance(each, Words):
                yield from each.paths(f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}" + (f"[{len(each)}]" if isinstance(each, list) else "")


@cache
def load(lang: Lang) -> Words:
    """`words/<lang>/<page>.toml`, each a table under its name; read once, since a test-suite makes many gateways."""
    files = sorted((_FOLDER / lang).glob("*.toml"))
    return Words({file.stem: tomllib.loads(file.read_text("utf-8")) for file in files})
