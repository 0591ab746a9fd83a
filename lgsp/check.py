"""The program behind `lgsp check`: manifests, contracts, mappings and simulator modules, one line a system.

A simulator module is read, not run: the bus knows its name and what it must offer, nothing more.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgsp.contract.findings import Finding
from lgsp.home import Home
from lgsp.manifest import load_what_can_be
from lgsp.registry import Connector

_ALLOWED = ("lgsp.mapping", "lgsp.errors")
_BANNED = frozenset({"xml", "time", "random", "asyncio", "threading", "subprocess", "socket", "urllib.request", "http"})
_OFFERED = ("HANDLERS", "examples", "business_error", "duplicate")


@dataclass(frozen=True, slots=True)
class SystemReport:
    """One system. `connector` is None where it could not be loaded."""

    name: str
    findings: tuple[Finding, ...]
    connector: Connector | None = None

    @property
    def ok(self) -> bool:
        return not self.findings

    def line(self) -> str:
        if self.connector is None:
            return f"{self.name}: {len(self.findings)} findings"
        dialects = ", ".join(f"{each.adapter} {each.name}" for each in self.connector.backends.values())
        operations = len(self.connector.operations)
        said = "ok" if self.ok else f"{len(self.findings)} findings"
        without = ", ".join(each.rpartition("/")[2] for each in self.connector.public.left_out)
        return (
            f"{self.name}: {said}; {operations} operations, {dialects}, contract {self.connector.public.sha256[:12]}"
            + (f", left out: {without}" if without else "")
        )


@dataclass(frozen=True, slots=True)
class Report:
    systems: tuple[SystemReport, ...]

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.systems)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "systems": [
                {
                    "system": each.name,
                    "ok": each.ok,
                    "operations": len(each.connector.operations) if each.connector else 0,
                    "findings": [
                        {"file": f.file, "line": f.line, "construct": f.construct, "text": f.text}
                        for f in each.findings
                    ],
                }
                for each in self.systems
            ],
        }


def check(homes: Iterable[Home]) -> Report:
    """Everything that can be known without a socket."""
    homes = tuple(homes)
    registry, loading = load_what_can_be(homes)
    reports: dict[str, SystemReport] = {}
    placed: set[Finding] = set()
    for home in homes:
        for name in home.systems():
            if name in reports:
                continue
            folders = (home.connectors / name, home.contracts / name)
            own = [each for each in loading if any(Path(each.file).is_relative_to(folder) for folder in folders)]
            placed.update(own)
            found = (*own, *_imports(home.connectors / name / "mapping.py"), *_simulator(home, name))
            reports[name] = SystemReport(name, tuple(found), registry.connector(name))
    stray = tuple(each for home in homes for each in _strays(home))
    rest = tuple(each for each in loading if each not in placed) + stray
    named = [reports[name] for name in sorted(reports)]
    return Report((*named, *((SystemReport("(homes)", rest),) if rest else ())))


def _imports(mapping: Path) -> Iterator[Finding]:
    """A mapping imports the standard library (not clock, chance, parser, wire), lgsp.mapping and lgsp.errors."""
    for node, name in _imported(mapping):
        top = name.partition(".")[0]
        if name in _ALLOWED:
            continue
        if top not in sys.stdlib_module_names or top in _BANNED or name in _BANNED:
            text = f"a mapping may not import {name}; it is pure: standard library, lgsp.mapping, lgsp.errors"
            yield Finding(str(mapping), node.lineno, "import", text)


def _imported(file: Path) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            yield from ((node, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, "." * node.level + (node.module or "")


def _simulator(home: Home, system: str) -> Iterator[Finding]:
    module = home.simulator(system)
    if not home.mocks.is_dir():
        return
    if not module.is_file():
        yield Finding(str(module), 0, "simulator", f"missing; {system} is simulated by a module of this name")
        return
    for name in _OFFERED:
        if name not in _names(module):
            yield Finding(str(module), 0, name, "the simulator module must offer it (docs/simulator.md)")


def _strays(home: Home) -> Iterator[Finding]:
    """One system, one name, in all three folders."""
    systems = set(home.systems())
    if home.contracts.is_dir():
        for folder in sorted(each for each in home.contracts.iterdir() if each.is_dir() and each.name not in systems):
            yield Finding(str(folder), 0, "name", f"contracts of no system: connectors/{folder.name} has no manifest")
    if home.mocks.is_dir():
        for module in sorted(home.mocks.glob("*.py")):
            name = module.stem.replace("_", "-")
            if name not in systems and "HANDLERS" in _names(module) and module.stem != "handler":
                yield Finding(str(module), 0, "name", f"simulates no system: connectors/{name} has no manifest")


def _names(file: Path) -> frozenset[str]:
    """What a module defines at its top."""
    found: set[str] = set()
    for node in _parsed(file).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            found.update(each.asname or each.name for each in node.names)
    return frozenset(found)


def _parsed(file: Path) -> ast.Module:
    """An empty module for one that is missing or broken: the loader has said so already."""
    try:
        return ast.parse(file.read_text("utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ast.Module(body=[], type_ignores=[])
