"""The written files of a WSDL-born contract, gathered offline: nothing above `contracts/` is read, nothing from the network."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from lgsp.contract.findings import ContractError, Finding
from lgsp.errors import LgspError
from lgsp.xml import MIB, parse_xml


@dataclass(frozen=True, slots=True)
class Document:
    """One xs:schema. `namespace` is where its components live, also for a chameleon that has none of its own."""

    root: etree._Element
    namespace: str
    file: str
    chameleon: bool

    @property
    def qualified(self) -> bool:
        return self.root.get("elementFormDefault") == "qualified"

    @property
    def attributes_qualified(self) -> bool:
        return self.root.get("attributeFormDefault") == "qualified"


@dataclass(slots=True)
class Files:
    """Written files of a contract, by path relative to the root document's folder. Nothing above `contracts/` is read."""

    folder: Path
    read: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _parsed: dict[str, etree._Element] = field(default_factory=dict)

    def find(self, file: str, node: etree._Element | None, construct: str, text: str) -> None:
        finding = Finding(file, int(node.sourceline or 0) if node is not None else 0, construct, text)
        if finding not in self.findings:
            self.findings.append(finding)

    def parse(self, name: str) -> etree._Element:
        """Raises `ContractError` for a file that is not there, outside, or not safe XML."""
        if name not in self._parsed:
            path = (self.folder / name).resolve()
            if self.folder.resolve().parent not in path.parents:
                raise ContractError(Finding(name, 0, "location", "points outside of the contracts folder"))
            try:
                self.read[name] = path.read_bytes()
            except OSError as error:
                raise ContractError(Finding(name, 0, "file", "cannot be read: put it beside the contract")) from error
            self._parsed[name] = parsed(self.read[name], name)
        return self._parsed[name]

    def readable(self, name: str) -> bool:
        """Whether it is XML that may be read; else nothing of it is kept."""
        try:
            self.parse(name)
        except ContractError:
            self.read.pop(name, None)
            return False
        return True

    def exists(self, name: str) -> bool:
        path = (self.folder / name).resolve()
        return name in self.read or (self.folder.resolve().parent in path.parents and path.is_file())


def parsed(raw: bytes, name: str) -> etree._Element:
    try:
        return parse_xml(raw, limit=64 * MIB, max_elements=2_000_000, max_attributes=4_000_000, max_depth=200)
    except LgspError as error:
        rule = ", ".join(each.rule for each in error.errors) or error.code
        raise ContractError(Finding(name, 0, rule, "is not XML that may be read")) from error


def relative(location: str, file: str) -> str:
    """A location beside the file that names it; for an address on the network the bare file name."""
    if "://" in location:
        location = location.partition("?")[0].rstrip("/").rpartition("/")[2]
        return posixpath.normpath(posixpath.join(posixpath.dirname(file), location))
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), location.replace("\\", "/")))
