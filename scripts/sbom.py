"""Bill of materials of the bundle, CycloneDX 1.6 in JSON: what is in it, under which licence, which hash, needed by whom.

Read from the wheels themselves (name, version, licence, what each requires) and nothing else: docs/decisions/bundle-sbom.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True)
class Wheel:
    file: Path
    name: str
    version: str
    sha256: str
    summary: str
    licence: str
    """As the package says it: an SPDX expression, else a name, else what its classifier says."""
    requires: tuple[Requirement, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def read_wheel(file: Path) -> Wheel:
    with zipfile.ZipFile(file) as wheel:
        inside = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        said = message_from_bytes(wheel.read(inside))
    return described(said, file, hashlib.sha256(file.read_bytes()).hexdigest())


def described(said: Message, file: Path, sha256: str) -> Wheel:
    return Wheel(
        file=file,
        name=canonicalize_name(said["Name"]),
        version=str(said["Version"]),
        sha256=sha256,
        summary=str(said.get("Summary") or ""),
        licence=_licence(said),
        requires=tuple(Requirement(each) for each in said.get_all("Requires-Dist", [])),
    )


def _licence(said: Message) -> str:
    classifiers = [
        each.rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if each.startswith("License ::")
    ]
    plain = str(said.get("License") or "").strip()
    one_line = plain if plain and "\n" not in plain and len(plain) < 100 else ""
    return str(said.get("License-Expression") or one_line or ", ".join(classifiers) or "unknown")


def needed_by(wheel: Wheel, known: Mapping[str, Wheel], extras: Iterable[str]) -> list[Wheel]:
    """What it needs on this Python and machine, by name."""
    found: dict[str, Wheel] = {}
    for each in wheel.requires:
        name = canonicalize_name(each.name)
        wanted = each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        if wanted:
            if name not in known:
                raise SystemExit(f"{wheel.name} needs {name}, which the lock does not bring")
            found[name] = known[name]
    return [found[name] for name in sorted(found)]


def closure(own: Wheel, known: Mapping[str, Wheel], extras: Iterable[str]) -> list[Wheel]:
    """The bus and everything it needs, directly or not; tools of the build are left out."""
    found, waiting = {own.name: own}, [(own, tuple(extras))]
    while waiting:
        wheel, with_extras = waiting.pop()
        for each in needed_by(wheel, known, with_extras):
            asked = next((r.extras for r in wheel.requires if canonicalize_name(r.name) == each.name), set())
            if each.name not in found:
                found[each.name] = each
                waiting.append((each, tuple(asked)))
    return [found[name] for name in sorted(found)]


def document(own: Wheel, needed: Iterable[Wheel], extras: Iterable[str]) -> str:
    """The same wheels give the same text: no time, no random serial number."""
    known = {each.name: each for each in needed}
    made: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": _component(own, "application"),
            "tools": {"components": [{"type": "application", "name": "scripts/sbom.py", "version": own.version}]},
        },
        "components": [_component(each, "library") for each in known.values() if each is not own],
        "dependencies": [
            {
                "ref": each.purl,
                "dependsOn": [one.purl for one in needed_by(each, known, extras if each is own else ())],
            }
            for each in known.values()
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=2)


def _component(wheel: Wheel, kind: str) -> dict[str, Any]:
    spdx = re.fullmatch(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*", wheel.licence)
    licence = {"expression": wheel.licence} if spdx else {"license": {"name": wheel.licence}}
    return {
        "type": kind,
        "bom-ref": wheel.purl,
        "name": wheel.name,
        "version": wheel.version,
        "description": wheel.summary,
        "purl": wheel.purl,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
        "licenses": [licence],
    }
