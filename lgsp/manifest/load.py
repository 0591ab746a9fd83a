"""All systems of all homes: loaded whole or refused whole, with every finding."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lgsp.contract.findings import Finding
from lgsp.home import Home
from lgsp.manifest.reader import Reader
from lgsp.manifest.table import Table
from lgsp.registry import Connector, NativeEntry, Registry, native_place


class RegistryError(Exception):
    """Manifests, contracts or mappings that cannot be carried; all findings together."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = tuple(findings)


def load(homes: Iterable[Home]) -> Registry:
    """Every system of every home. Raises `RegistryError` with all findings of all systems."""
    registry, findings = load_what_can_be(homes)
    if findings:
        raise RegistryError(findings)
    return registry


def load_what_can_be(homes: Iterable[Home]) -> tuple[Registry, tuple[Finding, ...]]:
    """The systems that are sound, and every finding of those that are not: for `lgsp check`."""
    connectors: dict[str, Connector] = {}
    findings: list[Finding] = []
    for home in homes:
        for system in home.systems():
            if system in connectors:
                file = str(home.connectors / system / "connector.toml")
                findings.append(Finding(file, 0, "name", f'"{system}" exists in an earlier home; name it differently'))
                continue
            try:
                connectors[system] = load_connector(home, system)
            except RegistryError as error:
                findings += error.findings
    registry = Registry.of(connectors.values())
    findings += _ambiguous(registry)
    return registry, tuple(findings)


def load_connector(home: Home, system: str) -> Connector:
    """One system. Raises `RegistryError`."""
    folder = home.connectors / system
    file = folder / "connector.toml"
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegistryError([Finding(str(file), 0, "toml", f"cannot be read: {error}")]) from error
    reader = Reader(home, system, Table(str(file), (), raw, []))
    connector = reader.connector()
    if connector is None or reader.top.findings:
        raise RegistryError(reader.top.findings)
    return connector


def _ambiguous(registry: Registry) -> list[Finding]:
    """Native calls that two public operations would claim."""
    findings: list[Finding] = []
    places: dict[tuple[Any, ...], list[NativeEntry]] = {}
    for connector in (version for each in registry.connectors.values() for version in each.versions()):
        for operation in connector.operations.values():
            for route in operation.routes if operation.native is not False else ():
                entry = NativeEntry(connector, operation, route, {})
                key = (*native_place(route), route.backend.dstcode, route.operation.input.root, route.operation.name)
                places.setdefault(key, []).append(entry)
    for (method, path, *_), entries in places.items():
        seen: dict[object, NativeEntry] = {}
        for entry in entries:
            rule = entry.operation.native
            if rule in seen and seen[rule].operation is not entry.operation:
                said = (
                    f"{method} /native{path} is {seen[rule].operation.name} as well; tell them apart by "
                    'native = { field = "…", equals = "…" }, or say native = false for one of them'
                )
                file = str(entry.connector.folder / "connector.toml")
                findings.append(Finding(file, 0, f"operations.{entry.operation.name}.native", said))
            seen.setdefault(rule, entry)
    return findings


def demonstration(connector: Connector, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Secrets of a system in the demonstration profile: the manifests' invented ones, overridden by the settings."""
    invented = {name: value for backend in connector.backends.values() for name, value in backend.demo_secrets.items()}
    return {**invented, **secrets}
