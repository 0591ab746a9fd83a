"""`lgsp new`: a contract alone becomes a system with both faces, a simulator, tests and a place on the board.

What cannot be carried exactly is refused here with a sentence, and never lost later. Drafting writes nothing; `write` puts
a draft down below a home, or refuses to overwrite.
"""

from __future__ import annotations

import keyword
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from lgsp.contract import Contract, load
from lgsp.contract.findings import ContractError, Finding
from lgsp.home import builtin
from lgsp.scaffold import render
from lgsp.scaffold.gather import Born, Vendored, gather
from lgsp.scaffold.proof import prove

__all__ = ["Born", "Draft", "draft", "name_findings", "write"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ADDRESS = re.compile(rb"""<[A-Za-z0-9_.-]*:?address\b[^>]{0,200}?\blocation\s*=\s*["']([^"']{1,300})["']""")


@dataclass(frozen=True, slots=True)
class Draft:
    """`files` by path below a home; empty where the contract is refused."""

    name: str
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    notes: tuple[Finding, ...] = ()
    """Operations that are left out of what is accepted, each with the reason."""

    @property
    def accepted(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "findings": [_shown(each) for each in self.findings],
            "notes": [_shown(each) for each in self.notes],
        }


def name_findings(name: str, into: Path) -> tuple[Finding, ...]:
    """Why a system may not be called so, or not be written there."""
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or len(name) > 40:
        return (
            Finding("", 0, "NAME", "lower-case words of a-z and 0-9 with hyphens between them, 40 letters at most"),
        )
    if keyword.iskeyword(module):
        return (Finding("", 0, "NAME", f"{name} is a word of Python, which a simulator module cannot be called"),)
    found = []
    if name in builtin().systems():
        found.append(Finding("", 0, "NAME", f"{name} is built in; name yours differently"))
    places = (into / "connectors" / name, into / "contracts" / name, into / "mocks" / f"{module}.py")
    found += [
        Finding(str(place), 0, "NAME", "exists already; nothing is overwritten") for place in places if place.exists()
    ]
    return tuple(found)


def draft(name: str, source: Path, born: Born, today: date, *, enough: Callable[[], bool] = lambda: False) -> Draft:
    """Everything that the system is made of, or every finding at once. Writes nothing but a temporary folder.

    `enough` ends the proof of single messages early in a document that has very many.
    """
    vendored: Vendored | None = None
    try:
        vendored = gather(source, born)
        contract = _loaded(vendored, name)
    except ContractError as error:
        return Draft(name, tuple(_as_named_by_the_author(each, vendored) for each in error.findings), {})
    found = tuple(_as_named_by_the_author(each, vendored) for each in prove(contract, vendored.root, enough))
    notes = tuple(_as_named_by_the_author(each, vendored) for each in contract.left_out.values())
    return Draft(name, found, {} if found else _files(name, vendored, contract, today), notes)


def write(files: Mapping[str, bytes], into: Path) -> list[Path]:
    """The files of an accepted draft, below `into`. Raises `FileExistsError` before anything is written."""
    paths = {into / place: raw for place, raw in files.items()}
    for path in paths:
        if path.exists():
            raise FileExistsError(path)
    for path, raw in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return list(paths)


def _loaded(vendored: Vendored, name: str) -> Contract:
    """The contract as the bus will load it. Raises `ContractError`."""
    with tempfile.TemporaryDirectory(prefix="lgsp-new-") as folder:
        for place, raw in vendored.files.items():
            path = Path(folder) / "contracts" / name / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        root = Path(folder) / "contracts" / name / vendored.root
        return load(root, name=name, xml=True)


def _files(name: str, vendored: Vendored, contract: Contract, today: date) -> dict[str, bytes]:
    module = name.replace("-", "_")
    address = _ADDRESS.search(vendored.files[vendored.root]) if contract.born == "wsdl" else None
    said = address[1].decode("utf-8", "replace") if address else ""
    texts = {
        f"connectors/{name}/connector.toml": render.manifest(name, contract, vendored.root, said, today),
        f"mocks/{module}.py": render.simulator(name, contract, vendored.root),
        f"tests/test_{module}.py": render.test_module(name),
    }
    # only what the contract really reads is vendored, so that the pin is over all of it
    kept = {place: raw for place, raw in vendored.files.items() if place in contract.files}
    return {f"contracts/{name}/{place}": raw for place, raw in kept.items()} | {
        place: text.encode() for place, text in texts.items()
    }


def _shown(finding: Finding) -> dict[str, Any]:
    return {"file": finding.file, "line": finding.line, "construct": finding.construct, "text": finding.text}


def _as_named_by_the_author(finding: Finding, vendored: Vendored | None) -> Finding:
    if vendored is None:
        return finding
    return replace(finding, file=vendored.origins.get(finding.file, finding.file))
