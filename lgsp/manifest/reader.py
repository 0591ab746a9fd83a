"""One manifest with its contracts and mapping becomes a `Connector`; every finding is noted and reading goes on."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, cast

from lgsp import contract as contracts
from lgsp.contract.findings import ContractError
from lgsp.errors import InvalidMessage
from lgsp.home import Home
from lgsp.manifest.pin import pinned
from lgsp.manifest.table import MIB, Table
from lgsp.mapping import PlaceTable
from lgsp.model import Kind, Stage
from lgsp.registry import (
    Backend,
    BackendRoute,
    Collector,
    Connector,
    Delivery,
    InboundOperation,
    NativeRule,
    Operation,
    ProvedBy,
)

HARD_TIMEOUT = 120.0
DEMO_MANNERS = ("oauth2", "lgspaccesstoken", "json-token", "password-grant", "basic")
"""What the simulator takes, at its token endpoint or (`basic`) with each call."""
MAPPING_FUNCTIONS = ("ask", "answer")
TOKEN_SECRETS = ("username", "password")
"""Secrets that `soap_security = "username-token"` is made of."""


class Reader:
    """One manifest being read. Every method notes findings and goes on, so that one look finds all of them."""

    def __init__(self, home: Home, system: str, top: Table) -> None:
        self.home, self.system, self.top = home, system, top
        self.contracts = home.contracts / system

    def connector(self) -> Connector | None:
        top = self.top
        name = top.text("name")
        if name and name != self.system:
            top.finding("name", f'is "{name}" but the folder is "{self.system}"; one system, one name')
        title, owner = top.both("title"), top.both("owner")
        contact = top.both("contact") if top.has("contact") else owner
        personal = top.flag("personal", default=None)
        slots = top.number("slots", 16, 1, 1000)
        stage = top.table("stage")
        now, since, decision = stage.choice("now", tuple(Stage)), stage.date("since"), stage.text("decision")
        stage.done()
        named = top.table("contract")
        public = self._contract(named, "public", named.text("public"), self.system)
        public = pinned(named, public) if named.has("sha256") else public
        named.done()
        backends = {key: self._backend(key, table) for key, table in top.tables("backends")}
        operations: dict[str, Operation] = {}
        inbound: dict[str, InboundOperation] = {}
        collectors: dict[str, Collector] = {}
        sound = {key: backend for key, backend in backends.items() if backend is not None}
        tables = list(top.tables("operations"))
        for key, table in tables:
            if operation := self._operation(key, table, public, sound, backends, personal=bool(personal)):
                operations[key] = operation
        for key, table in top.tables("inbound"):
            if called := self._inbound(key, table, sound, backends):
                inbound[key] = called
        for key, table in top.tables("collectors"):
            collectors[key] = self._collector(key, table, {each for each, _ in tables})
        top.done()
        mapping = self._mapping(inbound=bool(inbound))
        if public is not None:
            for missing in sorted(public.operations.keys() - {key for key, _ in tables}):
                top.finding(f"operations.{missing}", f"the public contract has it; add [operations.{missing}]")
            self._between(operations, top)
        if public is None or since is None:
            return None
        return Connector(
            self.system, title, owner, contact, bool(personal), Stage(now or Stage.PLANNED), since, decision, public,
            MappingProxyType(sound), MappingProxyType(operations), MappingProxyType(inbound),
            MappingProxyType(collectors), mapping, self.top.folder, int(slots), self._places(),
        )  # fmt: skip

    def _contract(self, table: Table, key: str, file: str, name: str) -> contracts.Contract | None:
        if not file:
            return None
        path = self.contracts / file
        if path.parent != self.contracts or not path.is_file():
            table.finding(key, f"{path} does not exist; contracts of a system stand in its own folder")
            return None
        try:
            return contracts.load(path, name=name)
        except ContractError as error:
            self.top.findings += error.findings
            return None

    def _backend(self, name: str, table: Table) -> Backend | None:
        file = table.text("contract")
        contract = self._contract(table, "contract", file, Path(file).stem)
        adapter = table.choice("adapter", ("rest", "soap"))
        path = table.text("path", default="")
        if path and (not path.startswith("/") or path.endswith("/") or "?" in path or "//" in path):
            table.finding("path", 'starts with "/", has no "/" at its end, no query, no host')
        backend: dict[str, Any] = {
            "upstream": table.text("upstream"),
            "path": path,
            "dstcode": table.text("dstcode", default="") or None,
            "soap_version": table.choice("soap_version", ("1.1", "1.2"), "1.1"),
            "secrets": table.names("secrets"),
            "values": table.strings("values"),
            "era": table.names("era"),
            "demo_secrets": table.strings("demo_secrets"),
            "reads_errors": bool(table.flag("reads_errors", default=False)),
        }
        backend["native_headers"] = {key.lower(): value for key, value in table.strings("native_headers").items()}
        for header, name_ in backend["native_headers"].items():
            if name_ not in backend["secrets"] and name_ not in backend["values"]:
                table.finding("native_headers", f'"{header}" names "{name_}", which is neither a secret nor a value')
        if table.has("demo_manner"):
            backend["demo_manner"] = table.choice("demo_manner", DEMO_MANNERS)
            if backend["dstcode"] is not None:
                table.finding("demo_manner", "a dstcode means the X-Road session; remove one of the two")
        if table.has("soap_security"):
            backend["soap_security"] = table.choice("soap_security", ("username-token",)) or None
            if adapter != "soap":
                table.finding("soap_security", 'belongs to adapter = "soap"')
            for missing in [each for each in TOKEN_SECRETS if each not in backend["secrets"]]:
                table.finding("soap_security", f'needs "{missing}" among secrets')
        for secret in backend["demo_secrets"]:
            if secret not in backend["secrets"]:
                table.finding("demo_secrets", f'"{secret}" is not among secrets; add it there or remove it')
        table.done()
        if contract is None or not adapter:
            return None
        return Backend(name, contract, cast(Literal["rest", "soap"], adapter), **backend)

    def _operation(
        self, name: str, table: Table, public: contracts.Contract | None, sound: Mapping[str, Backend],
        known: Mapping[str, object], *, personal: bool,
    ) -> Operation | None:  # fmt: skip
        kind = table.choice("kind", tuple(Kind))
        chosen = table.names("backend")
        their_name = table.text("backend_operation", default=name)
        safe = bool(table.flag("safe", default=False))
        values: dict[str, Any] = {
            "safe": safe,
            "keyed": bool(table.flag("keyed", default=False)),
            "personal": bool(table.flag("personal", default=personal)),
            "timeout": table.seconds("timeout", 10.0, HARD_TIMEOUT),
            "max_body": table.size("max_body", MIB),
            "streamed": bool(table.flag("streamed", default=False)),
            "deliver": self._delivery(table, kind),
            "proved_by": self._proved_by(table),
            "probe": table.data("probe"),
            "key": table.text("key", default="") or None,
            "subject": table.names("subject"),
            "native": self._native(table),
        }
        table.done()
        if safe and kind == Kind.UPDATE:
            table.finding("safe", "an update is never safe to ask twice; say keyed where the backend honours a key")
        if values["probe"] is not None and not safe:
            table.finding("probe", "only an operation with safe = true may be asked without need")
        routes = [route for each in self._chosen(chosen, table, known) if (
            route := self._route(sound[each], their_name, table) if each in sound else None)]  # fmt: skip
        operation = public.operations.get(name) if public else None
        if public is not None and operation is None:
            table.finding("", "the public contract has no such operation" + table.nearest(name, public.operations))
        if operation is None or not routes or not kind:
            return None
        asked = Operation(self.system, name, Kind(kind), public=operation, routes=tuple(routes), **values)
        self._fields(asked, table)
        return asked

    def _chosen(self, chosen: tuple[str, ...], table: Table, known: Mapping[str, object]) -> list[str]:
        if not chosen and len(known) == 1:
            return list(known)
        if not chosen:
            table.finding("backend", "several backends exist; name one, or a list of them told apart by era")
        for each in chosen:
            if each not in known:
                table.finding("backend", f"no [backends.{each}]" + table.nearest(each, known))
        return [each for each in chosen if each in known]

    def _route(self, backend: Backend, name: str, table: Table) -> BackendRoute | None:
        operation = backend.contract.operations.get(name)
        if operation is None:
            hint = table.nearest(name, backend.contract.operations)
            table.finding("backend_operation", f'contract of backend "{backend.name}" has no operation "{name}"{hint}')
            return None
        return BackendRoute(backend, operation)

    def _delivery(self, table: Table, kind: str) -> Delivery | None:
        if not table.has("deliver"):
            return None
        inner = table.table("deliver")
        found = Delivery(
            bool(inner.flag("when_away", default=False)),
            inner.seconds("expires", 7 * 86400.0, 366 * 86400.0),
            inner.text("order_by", default="") or None,
        )
        inner.done()
        if kind == Kind.QUERY:
            table.finding("deliver", "a query has nothing to deliver; remove it")
        return found

    def _proved_by(self, table: Table) -> ProvedBy | None:
        if not table.has("proved_by"):
            return None
        inner = table.table("proved_by")
        found = ProvedBy(inner.text("operation"), inner.text("key"), inner.data("request") or {})
        inner.done()
        return found

    def _native(self, table: Table) -> NativeRule | Literal[False] | None:
        if table.value("native") is False or not table.has("native"):
            return False if table.value("native") is False else None
        inner = table.table("native")
        rule = NativeRule(inner.text("field"), inner.text("equals"))
        inner.done()
        return rule

    def _fields(self, operation: Operation, table: Table) -> None:
        """What the manifest names must exist in the public request; a probe must be a valid one."""
        schema = operation.public.input.json_schema()
        for key in ("key", "subject"):
            named = operation.subject if key == "subject" else (operation.key,) if operation.key else ()
            for each in named:
                if not _has_field(schema, each):
                    table.finding(key, f'the request has no field "{each}"' + table.nearest(each, _properties(schema)))
        if operation.deliver and operation.deliver.order_by and not _has_field(schema, operation.deliver.order_by):
            table.finding("deliver.order_by", f'the request has no field "{operation.deliver.order_by}"')
        if operation.probe is not None:
            try:
                operation.public.input.check(operation.probe)
            except InvalidMessage as error:
                for broken in error.errors:
                    table.finding(f"probe{broken.path.replace('/', '.')}", f"breaks the contract: {broken.rule}")

    def _between(self, operations: Mapping[str, Operation], top: Table) -> None:
        """Relations between operations, when all of them are known."""
        for name, operation in operations.items():
            proof = operation.proved_by
            if proof is None:
                continue
            where, query = f"operations.{name}.proved_by", operations.get(proof.operation)
            if operation.kind is not Kind.UPDATE:
                top.finding(where, "only an update needs its outcome proved")
            if query is None:
                top.finding(
                    f"{where}.operation", f'no operation "{proof.operation}"' + top.nearest(proof.operation, operations)
                )
            elif not query.safe:
                top.finding(f"{where}.operation", f'"{proof.operation}" must be marked safe = true to be asked')
            elif not _has_field(query.public.input.json_schema(), proof.key):
                top.finding(f"{where}.key", f'the request of "{proof.operation}" has no field "{proof.key}"')

    def _inbound(
        self, name: str, table: Table, sound: Mapping[str, Backend], known: Mapping[str, object]
    ) -> InboundOperation | None:
        backend = table.text("backend")
        if backend and backend not in known:
            table.finding("backend", f"no [backends.{backend}]" + table.nearest(backend, known))
        their_name = table.text("backend_operation", default=name)
        key, max_body = table.text("key"), table.size("max_body", MIB)
        authenticate = table.choice("authenticate", ("message", "credential"))
        table.done()
        route = self._route(sound[backend], their_name, table) if backend in sound else None
        if route is None or not authenticate:
            return None
        if key and not _has_field(route.operation.input.json_schema(), key):
            table.finding("key", f'the message has no field "{key}"')
        return InboundOperation(
            self.system, name, route.backend, route.operation, key,
            cast(Literal["message", "credential"], authenticate), int(max_body),
        )  # fmt: skip

    def _collector(self, name: str, table: Table, operations: set[str]) -> Collector:
        asked, acknowledge = table.text("operation"), table.text("acknowledge", default="") or None
        for key, each in (("operation", asked), ("acknowledge", acknowledge)):
            if each and each not in operations:
                table.finding(key, f'no operation "{each}"' + table.nearest(each, operations))
        found = Collector(
            self.system, name, asked, acknowledge, table.seconds("every", 300.0, 366 * 86400.0), table.text("item_key"),
            table.data("request") or {}, table.text("items"), table.text("cursor", default="") or None,
            table.text("consumer_by", default="") or None,
        )  # fmt: skip
        table.done()
        return found

    def _places(self) -> PlaceTable:
        file = self.top.folder / "places.csv"
        try:
            return PlaceTable.read(file)
        except (OSError, ValueError, KeyError) as error:
            self.top.finding("gso,code", f"cannot be read: {type(error).__name__}", file=file)
            return PlaceTable()

    def _mapping(self, *, inbound: bool) -> ModuleType | None:
        """mapping.py by path, under a private name of its own; a system without dialect needs none."""
        path = self.top.folder / "mapping.py"
        if not path.is_file():
            if inbound:
                self.top.finding("inbound", "the ministry's calls need mapping.py with receive()", file=path)
            return None
        private = f"_lgsp_mapping_{self.system.replace('-', '_')}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        spec = util.spec_from_file_location(private, path)
        assert spec is not None
        assert spec.loader is not None
        module = util.module_from_spec(spec)
        sys.modules[private] = module  # dataclasses of the mapping look themselves up here
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001  whatever a mapping does while it is imported is a finding
            self.top.finding("import", f"{type(error).__name__}: {error}", file=path)
            return None
        for name in (*MAPPING_FUNCTIONS, *(("receive",) if inbound else ())):
            if not callable(getattr(module, name, None)):
                self.top.finding(name, f"the function {name}() is missing", file=path)
        return module


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _has_field(schema: Mapping[str, Any], dotted: str) -> bool:
    """Whether a dotted path exists; a part that hides behind a reference is believed."""
    here: Any = schema
    for part in dotted.split("."):
        if not isinstance(here, dict) or "$ref" in here or not {"properties", "items"} & here.keys():
            return True
        inner = here.get("items", here) if "properties" not in here else here
        if "$ref" in inner:
            return True
        if part not in _properties(inner):
            return False
        here = _properties(inner)[part]
    return True
