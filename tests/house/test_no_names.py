"""No file under lgsp/ names a system: the core must not know the parts. Names are taken from connectors/."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

EXEMPT = {"identifiers.py"}
"""The rules of Vietnamese identifiers are the law's, not a system's."""


def spellings(system: str) -> set[str]:
    """civil-status, civil_status, CivilStatus, civilStatus."""
    parts = system.split("-")
    camel = "".join(part.title() for part in parts)
    return {system, "_".join(parts), camel, camel[0].lower() + camel[1:]}


def _docstrings(tree: ast.AST) -> set[int]:
    """Sentences for people may use any word of the language; ids of their nodes."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def words(source: str) -> Iterator[tuple[int, str]]:
    """(line, identifier or string literal) of a module, docstrings left out."""
    tree = ast.parse(source)
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield line, node.value
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield line, value


def named(text: str, systems: list[str]) -> str | None:
    for system in systems:
        for spelling in spellings(system):
            if re.search(rf"(?<![\w-]){re.escape(spelling)}(?![\w-])", text):
                return spelling
    return None


def test_no_module_names_a_system(root: Path, package: Path) -> None:
    systems = sorted(path.parent.name for path in (root / "connectors").glob("*/connector.toml"))
    assert systems, "no connector is registered"
    found = [
        f"{path.relative_to(package)}:{line}: {name}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in EXEMPT and "_home" not in path.parts
        for line, text in words(path.read_text("utf-8"))
        if (name := named(text, systems))
    ]
    assert found == []


def test_no_page_style_or_migration_names_a_system(root: Path, package: Path) -> None:
    systems = [path.parent.name for path in (root / "connectors").glob("*/connector.toml")]
    found = [
        f"{path.relative_to(package)}: {name}"
        for path in sorted(package.rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc"} and "_home" not in path.parts
        if (name := named(path.read_text("utf-8", "replace"), systems))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["civil_status = 1", "x = 'civil-status'", "f(civilStatus=1)", "from a import civil_status", "y.civil_status"],
)
def test_a_name_is_found(source: str) -> None:
    assert any(named(text, ["civil-status"]) for _, text in words(source))


def test_prose_and_longer_words_are_left_alone() -> None:
    source = '"""About civil-status."""\npopulations = "uncivil-status"'
    assert not any(named(text, ["civil-status", "population"]) for _, text in words(source))
