"""One manifest with its contracts and mapping becomes a `Connector`; every finding is noted and reading goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, cast

from lgsp import contract as contracts
from lgsp.contract.findings import ContractError
from lgsp.home import Home
from lgsp.manifest.fields import check_fields, has_field
from lgsp.manifest.modules import imported
from lgsp.manifest.pin import pinned
from lgsp.manifest.table import MIB, Table
from lgsp.manifest.versions import older_versions
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
    SignedField,
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
        self.keep_payload = False

    def connector(self) -> Connector | None:
        top = self.top
        name = top.text("name")
        if name and name != self.system:
            top.finding("name", f'is "{name}" but the folder is "{self.system}"; one system, one name')
        title, owner = top.both("title"), top.both("owner")
        contact = top.both("contact") if top.has("contact") else owner
        personal = top.flag("personal", default=None)
        self.keep_payload = bool(top.flag("keep_payload", default=False))
        slots = top.number("slots", 16, 1, 1000)
        stage = top.table("stage")
        now, since, decision = stage.choice("now", tuple(Stage)), stage.date("since"), stage.text("decision")
        stage.done()
        named = top.table("contract")
        public = self.public_contract(named, "public", named.text("public"))
        named.done()
        backends = {key: self._backend(key, table) for key, table in top.tables("backends")}
        operations: dict[str, Operation] = {}
        inbound: dict[str, InboundOperation] = {}
        collectors: dict[str, Collector] = {}
        sound = {key: backend for key, backend in backends.items() if backend is not None}
        tables = list(top.tables("operations"))
        for key, table in tables:
            if operation := self.operation(key, table, public, sound, backends, personal=bool(personal)):
                operations[key] = operation
        for key, table in top.tables("inbound"):
            if called := self._inbound(key, table, sound, backends):
                inbound[key] = called
        for key, table in top.tables("collectors"):
            collectors[key] = self._collector(key, table, {each for each, _ in tables})
        versions = list(top.tables("versions"))
        top.done()
        mapping = self._mapping(inbound=bool(inbound))
        if public is not None:
            for missing in sorted(public.operations.keys() - {key for key, _ in tables}):
                top.finding(f"operations.{missing}", f"the public contract has it; add [operations.{missing}]")
            self._between(operations, top)
        if public is None or since is None:
            return None
        found = Connector(
            self.system, title, owner, contact, bool(personal), Stage(now or Stage.PLANNED), since, decision, public,
            MappingProxyType(sound), MappingProxyType(operations), MappingProxyType(inbound),
            MappingProxyType(collectors), mapping, self.top.folder, int(slots), self._places(),
        )  # fmt: skip
        return replace(found, older=older_versions(self, found, versions)) if versions else found

    def public_contract(self, table: Table, key: str, file: str) -> contracts.Contract | None:
        """A document that agencies see, and its pin where there is one."""
        public = self._contract(table, key, file, self.system)
        return pinned(table, public) if table.has("sha256") else public

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

    def operation(
        self, name: str, table: Table, public: contracts.Contract | None, sound: Mapping[str, Backend],
        known: Mapping[str, object] | None = None, *, personal: bool,
    ) -> Operation | None:  # fmt: skip
        """`known` are the backends that the manifest names, where not all of them are sound."""
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
            "deliver": self.delivery(table, kind),
            "proved_by": self.proved_by(table),
            "probe": table.data("probe"),
            "key": table.text("key", default="") or None,
            "subject": table.names("subject"),
            "native": self._native(table),
            "signed": self._signed(table),
            "keep_payload": bool(table.flag("keep_payload", default=self.keep_payload)),
        }
        table.done()
        if safe and kind == Kind.UPDATE:
            table.finding("safe", "an update is never safe to ask twice; say keyed where the backend honours a key")
        if values["probe"] is not None and not safe:
            table.finding("probe", "only an operation with safe = true may be asked without need")
        routes = [route for each in self._chosen(chosen, table, sound if known is None else known) if (
            route := self._route(sound[each], their_name, table) if each in sound else None)]  # fmt: skip
        operation = public.operations.get(name) if public else None
        if public is not None and operation is None:
            table.finding("", "the public contract has no such operation" + table.nearest(name, public.operations))
        if operation is None or not routes or not kind:
            return None
        asked = Operation(self.system, name, Kind(kind), public=operation, routes=tuple(routes), **values)
        check_fields(asked, table)
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

    def delivery(self, table: Table, kind: str) -> Delivery | None:
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

    def proved_by(self, table: Table) -> ProvedBy | None:
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

    def _signed(self, table: Table) -> SignedField | None:
        if not table.has("signed"):
            return None
        inner = table.table("signed")
        name = inner.text("field")
        encoding = inner.choice("encoding", ("text", "base64"), "text")
        found = SignedField(
            name, inner.text("native", default=name), cast(Literal["text", "base64"], encoding or "text"),
            inner.text("sender", default=""), inner.names("repeats"),
        )  # fmt: skip
        inner.done()
        return found

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
            elif not has_field(query.public.input.json_schema(), proof.key):
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
        if key and not has_field(route.operation.input.json_schema(), key):
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
        if table.data("acknowledge_request") and not acknowledge:
            table.finding("acknowledge_request", "nothing is acknowledged")
        found = Collector(
            self.system, name, asked, acknowledge, table.seconds("every", 300.0, 366 * 86400.0), table.text("item_key"),
            table.data("request") or {}, table.text("items"), table.text("cursor", default="") or None,
            table.text("consumer_by", default="") or None, table.data("acknowledge_request") or {},
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
        """mapping.py; a system without dialect needs none."""
        path = self.top.folder / "mapping.py"
        if path.is_file():
            return imported(path, (*MAPPING_FUNCTIONS, *(("receive",) if inbound else ())), self.system, self.top)
        if inbound:
            self.top.finding("inbound", "the ministry's calls need mapping.py with receive()", file=path)
        return None
