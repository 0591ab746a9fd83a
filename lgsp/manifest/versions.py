"""Older major versions of a system: the same database by another public contract, each beside the newest.

An older operation is carried by one of the newest version's (`becomes`), through a small file that translates between the
two public contracts; only the newest has a dialect of the ministry to know. Or it has a backend of its own, where the ministry
itself still runs its older service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from lgsp.contract import Contract
from lgsp.errors import BadAnswer, InvalidMessage
from lgsp.manifest.fields import check_fields
from lgsp.manifest.modules import imported
from lgsp.manifest.table import Table
from lgsp.mapping import Context
from lgsp.model import Data, FieldError, Text
from lgsp.registry import Connector, Dialect, Notice, Operation, ProvedBy

if TYPE_CHECKING:
    from lgsp.manifest.reader import Reader

_VERSION = re.compile(r"v[1-9][0-9]{0,3}")
_NOT_CARRIED = Text(
    "Phiên bản mới của hợp đồng không nhận nội dung này", "The newer version of the contract does not admit this"
)
_NOT_KEPT = Text("Phản hồi không đúng hợp đồng công bố", "The answer does not keep the public contract")


@dataclass(frozen=True, slots=True)
class Translated:
    """The way of an older version's messages: into the newest's, through `mapping.py` to the ministry, and back."""

    version: str
    public: Contract
    newest: str
    becomes: Mapping[str, Operation]
    """Operation -> the newest version's that carries it."""
    own: ModuleType | None
    """`ask` and `answer` between the two public contracts; None where the data fits as it is."""
    dialect: ModuleType | None
    """The system's `mapping.py`."""

    def ask(self, operation: str, data: Data, ctx: Context) -> Data:
        carrier = self.becomes.get(operation)
        if carrier is not None:
            data, ctx = self._newer(operation, carrier, data, ctx)
        return self._plain(operation, carrier, "ask", data, ctx)

    def answer(self, operation: str, data: Data, ctx: Context) -> Data:
        carrier = self.becomes.get(operation)
        if carrier is None:
            return self._plain(operation, None, "answer", data, ctx)
        _, newer = self._newer(operation, carrier, ctx.request, ctx)
        found = self._plain(operation, carrier, "answer", data, newer)
        older: Data = self.own.answer(operation, found, ctx) if self.own else dict(found)
        try:  # what only the newer version has stays with its callers
            return self.public.operations[operation].output.read_data(older)
        except InvalidMessage as error:
            raise BadAnswer(_NOT_KEPT, errors=error.errors) from error

    def _newer(self, operation: str, carrier: Operation, data: Data, ctx: Context) -> tuple[Data, Context]:
        newer: Data = self.own.ask(operation, data, ctx) if self.own else data
        try:
            carrier.public.input.check(newer)
        except InvalidMessage as error:
            raise InvalidMessage(_NOT_CARRIED, errors=tuple(_known(each, data) for each in error.errors)) from error
        return newer, replace(ctx, request=newer, version=self.newest)

    def _plain(self, operation: str, carrier: Operation | None, side: str, data: Data, ctx: Context) -> Data:
        if self.dialect is None:
            return data
        found: Data = getattr(self.dialect, side)(carrier.name if carrier else operation, data, ctx)
        return found


def _known(error: FieldError, data: Data) -> FieldError:
    """A pointer into the newer message means the caller's field where both have one of that name."""
    first = error.path.split("/")[1] if error.path.startswith("/") else ""
    return error if first in data else FieldError("", error.rule)


def older_versions(reader: Reader, newest: Connector, tables: Iterable[tuple[str, Table]]) -> Mapping[str, Connector]:
    """Every `[versions.vN]`, newest first; findings are noted and reading goes on."""
    read = {name: _version(reader, newest, name, table) for name, table in tables}
    found = {name: each for name, each in read.items() if each is not None}
    return MappingProxyType(dict(sorted(found.items(), key=lambda each: -int(each[0][1:]))))


def _version(reader: Reader, newest: Connector, name: str, table: Table) -> Connector | None:
    file = table.text("contract")
    deprecated = table.date("deprecated")
    sunset = table.date("sunset") if table.has("sunset") else None
    info = table.text("info", default="") or None
    translation = table.text("mapping", default="")
    if not _VERSION.fullmatch(name) or not _VERSION.fullmatch(newest.version):
        table.finding("", 'versions are called v1, v2 …, and so are their files: public = "v2.yaml"')
        return None
    if int(name[1:]) >= int(newest.version[1:]):
        table.finding("", f"is not older than {newest.version}, which [contract] public names")
    if file and file.partition(".")[0] != name:
        table.finding("contract", f"a version's file has its name: {name}.yaml or {name}.wsdl")
    if sunset is not None and deprecated is not None and sunset < deprecated:
        table.finding("sunset", "is before deprecated")
    if info is not None and not re.fullmatch(r"https?://[^\s<>\"]+", info):
        table.finding("info", "must be an address (https://…)")
    public = reader.public_contract(table, "contract", file)
    tables = dict(table.tables("operations"))
    own = _translation(reader, newest.folder, translation, table) if translation else None
    table.done()
    if public is None or deprecated is None:
        return None
    operations: dict[str, Operation] = {}
    becomes: dict[str, Operation] = {}
    for each in public.operations:
        said = tables.pop(each, None) or Table(table.file, (*table.path, "operations", each), {}, table.findings)
        _operation(reader, newest, public, each, said, operations, becomes)
    for strange, inner in tables.items():
        inner.finding("", f"{file} has no such operation" + inner.nearest(strange, public.operations))
    notice = Notice(
        newest.version, deprecated, sunset, info, MappingProxyType({key: op.name for key, op in becomes.items()})
    )
    dialect = newest.mapping if isinstance(newest.mapping, ModuleType) else None
    way: Dialect = Translated(name, public, newest.version, MappingProxyType(becomes), own, dialect)
    return replace(
        newest, public=public, operations=MappingProxyType(_settled(operations, becomes)), inbound=MappingProxyType({}),
        collectors=MappingProxyType({}), mapping=way, older=MappingProxyType({}), notice=notice,
    )  # fmt: skip


def _translation(reader: Reader, folder: Path, file: str, table: Table) -> ModuleType | None:
    path = folder / file
    if path.parent != folder or not path.is_file():
        table.finding("mapping", f"{path} does not exist; it stands beside the manifest")
        return None
    return imported(path, ("ask", "answer"), reader.system, reader.top)


def _operation(
    reader: Reader, newest: Connector, public: Contract, name: str, table: Table, operations: dict[str, Operation],
    becomes: dict[str, Operation],
) -> None:  # fmt: skip
    if table.has("backend"):
        if found := reader.operation(name, table, public, newest.backends, personal=newest.personal):
            operations[name] = found
        return
    carried = table.text("becomes", default=name)
    carrier = newest.operations.get(carried)
    changed: dict[str, Any] = {}
    if table.has("key"):
        changed["key"] = table.text("key", default="") or None
    if table.has("subject"):
        changed["subject"] = table.names("subject")
    if table.has("deliver"):
        changed["deliver"] = reader.delivery(table, carrier.kind if carrier else "")
    if table.has("proved_by"):
        changed["proved_by"] = reader.proved_by(table)
    table.done()
    if carrier is None:
        said = f'{newest.version} has no operation "{carried}"; say which one it becomes, or its own backend'
        table.finding("becomes", said + table.nearest(carried, newest.operations))
        return
    found = replace(carrier, name=name, public=public.operations[name], native=False, probe=None, **changed)
    check_fields(found, table)
    becomes[name], operations[name] = carrier, found


def _settled(operations: Mapping[str, Operation], becomes: Mapping[str, Operation]) -> dict[str, Operation]:
    """An inherited proof names the newest's query: where this version has that query too, it is asked by this version."""
    names = {carrier.name: name for name, carrier in becomes.items()}

    def own(proof: ProvedBy | None) -> ProvedBy | None:
        if proof is None or proof.operation in operations or proof.operation not in names:
            return proof
        return replace(proof, operation=names[proof.operation])

    return {name: replace(each, proved_by=own(each.proved_by)) for name, each in operations.items()}
