"""What is simulated: every manifest's backends with their contracts, and the module of handlers of the same name.

Only what the simulator needs is read of a manifest; judging it is `lgsp check`'s business.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tomllib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

from lgsp import contract as contracts
from lgsp.contract.model import Contract, Operation
from lgsp_mocks.handler import Handler, Handlers


class Home(Protocol):
    """A folder of systems; `lgsp.home.Home` is one."""

    @property
    def connectors(self) -> Path: ...
    @property
    def contracts(self) -> Path: ...
    @property
    def mocks(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class SimBackend:
    """One dialect of one ministry, seen from the ministry's side."""

    system: str
    name: str
    contract: Contract
    adapter: Literal["rest", "soap"]
    upstream: str
    path: str
    dstcode: str | None
    soap_version: Literal["1.1", "1.2"]
    values: Mapping[str, str]
    secrets: Mapping[str, str]
    handlers: Mapping[str, Handler]
    operations: Mapping[str, str]
    """Operation of this contract -> public operation."""
    demo_manner: str = ""
    """`password-grant`: the ministry has a sign-in of its own, by user name and password; `basic`: it wants both each time."""
    soap_security: str = ""
    """`username-token`: each message must carry one, made of `secrets`."""

    @property
    def manner(self) -> Literal["oauth2", "password-grant", "basic", "xroad-session", "none"]:
        """How one signs in where it lives: a `dstcode` means X-Road, `direct` means nowhere, all else is the platform,
        unless the ministry asks for a user name and a password of its own."""
        if self.dstcode is not None:
            return "xroad-session"
        if self.demo_manner == "password-grant":
            return "password-grant"
        if self.demo_manner == "basic":
            return "basic"
        return "none" if self.upstream == "direct" else "oauth2"


@dataclass(frozen=True, slots=True)
class Older:
    """An older public contract, as far as somebody who asks by it must know."""

    contract: Contract
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SimSystem:
    """One simulated system."""

    name: str
    title: Mapping[str, str]
    module: ModuleType | None
    """None where a home has a connector without a simulator."""
    backends: Mapping[str, SimBackend]
    kinds: Mapping[str, str]
    """Public operation -> query or update."""
    keys: Mapping[str, str]
    """Public operation -> the field that names the business record."""
    inbound: Mapping[str, tuple[SimBackend, Operation]]
    version: str
    findings: tuple[str, ...] = field(default=())
    older: Mapping[str, Older] = field(default_factory=dict)
    """Older major versions of the public contract that are served too."""


def read(homes: Iterable[Home]) -> dict[str, SimSystem]:
    """All systems of the homes, by name; the first home that has a name keeps it."""
    found: dict[str, SimSystem] = {}
    for home in homes:
        for manifest in sorted(home.connectors.glob("*/connector.toml")):
            if manifest.parent.name not in found:
                found[manifest.parent.name] = _system(home, manifest)
    return found


def _system(home: Home, path: Path) -> SimSystem:
    manifest = tomllib.loads(path.read_text("utf-8"))
    name = path.parent.name
    module = _module(home, name)
    handlers: Handlers = getattr(module, "HANDLERS", {})
    operations: Mapping[str, Mapping[str, Any]] = manifest.get("operations", {})
    older = {version: _older(home, name, entry, operations) for version, entry in manifest.get("versions", {}).items()}
    own = {
        public: entry
        for version in manifest.get("versions", {}).values()
        for public, entry in version.get("operations", {}).items()
        if "backend" in entry
    }
    backends = {
        key: _backend(home, name, key, entry, handlers.get(key, {}), {**own, **operations})
        for key, entry in manifest.get("backends", {}).items()
    }
    inbound = {
        operation: (backend, backend.contract.operations[entry.get("backend_operation", operation)])
        for operation, entry in manifest.get("inbound", {}).items()
        for backend in (backends[entry["backend"]],)
    }
    outward = {(backend.name, operation.name) for backend, operation in inbound.values()}
    missing = tuple(
        f"{backend.name}: no handler for {operation}"
        for backend in backends.values()
        for operation in backend.contract.operations
        if operation not in backend.handlers and (backend.name, operation) not in outward
    )
    return SimSystem(
        name=name,
        title=manifest.get("title", {"vi": name, "en": name}),
        module=module,
        backends=backends,
        kinds={operation: entry.get("kind", "query") for operation, entry in operations.items()},
        keys={operation: entry["key"] for operation, entry in operations.items() if "key" in entry},
        inbound=inbound,
        version=manifest.get("contract", {}).get("public", "v1.yaml").partition(".")[0],
        findings=missing,
        older=older,
    )


def _older(home: Home, system: str, entry: Mapping[str, Any], newest: Mapping[str, Mapping[str, Any]]) -> Older:
    contract = contracts.load(home.contracts / system / entry["contract"], name=system)
    tables: Mapping[str, Mapping[str, Any]] = entry.get("operations", {})
    kinds = {}
    for name in contract.operations:
        own = tables.get(name, {})
        kinds[name] = own.get("kind") or newest.get(own.get("becomes", name), {}).get("kind", "query")
    return Older(contract, kinds)


def _backend(
    home: Home,
    system: str,
    name: str,
    entry: Mapping[str, Any],
    handlers: Mapping[str, Handler],
    operations: Mapping[str, Mapping[str, Any]],
) -> SimBackend:
    file = home.contracts / system / entry["contract"]
    carried = {}
    for public, operation in operations.items():
        named = operation.get("backend", name)
        if name == named or name in named:
            carried[operation.get("backend_operation", public)] = public
    return SimBackend(
        system=system,
        name=name,
        contract=contracts.load(file, name=file.stem),
        adapter=entry["adapter"],
        upstream=entry.get("upstream", "direct"),
        path=entry.get("path", "").rstrip("/"),
        dstcode=entry.get("dstcode"),
        soap_version=entry.get("soap_version", "1.1"),
        values=entry.get("values", {}),
        secrets=entry.get("demo_secrets", {}),
        handlers=handlers,
        operations=carried,
        demo_manner=entry.get("demo_manner", ""),
        soap_security=entry.get("soap_security", ""),
    )


def _module(home: Home, system: str) -> ModuleType | None:
    """The module of handlers: ours by its name, a user's by its path, so that a package `mocks` never collides."""
    stem = system.replace("-", "_")
    file = home.mocks / f"{stem}.py"
    if not file.is_file():
        return None
    if file.resolve().parent == Path(__file__).resolve().parent:
        return importlib.import_module(f"lgsp_mocks.{stem}")
    name = f"lgsp_mocks_of_home_{zlib.crc32(str(file.parent).encode()):08x}_{stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {file.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
