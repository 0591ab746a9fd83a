"""What changed between two contracts, element by element, and whether those who call by the old one would notice.

A request may only become wider: what was admitted must still be admitted. An answer may only become narrower: what is read
must still be there, and nothing may come that nobody was told of, save new fields, which readers drop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lgsp.contract.diff_values import Verdict, values
from lgsp.contract.model import Codec, Contract, Operation
from lgsp.contract.openapi_write import components_of
from lgsp.contract.shape import (
    TEXT_KEY,
    TYPE_KEY,
    Attribute,
    Element,
    Group,
    Items,
    Listing,
    Named,
    Particle,
    Record,
    Scalar,
    Shape,
    Table,
    Wild,
    content_scope,
    resolve,
)

Side = Literal["operation", "input", "output", "fault"]
_PROSE = frozenset({"title", "description", "example", "examples", "$comment", "deprecated", "externalDocs"})


@dataclass(frozen=True, slots=True)
class Change:
    """`path` is dotted from the message's top, "" for the message or operation itself."""

    operation: str
    side: Side
    path: str
    breaking: bool
    text: str


def diff(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Every difference that a caller could meet; empty where there is none."""
    found: list[Change] = []
    for name in old.operations.keys() | new.operations.keys():
        was, now = old.operations.get(name), new.operations.get(name)
        if now is None:
            found.append(Change(name, "operation", "", True, "is gone"))
        elif was is None:
            found.append(Change(name, "operation", "", False, "is new"))
        else:
            found += _operation(was, now, old.born)
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.operation, each.side, each.path, each.text)))


def _operation(old: Operation, new: Operation, born: str) -> Iterator[Change]:
    name = old.name
    if gone := old.soap.versions - new.soap.versions:
        yield Change(name, "operation", "", True, f"is no longer spoken in SOAP {', '.join(sorted(gone))}")
    if old.soap.action != new.soap.action:
        yield Change(name, "operation", "", True, "has another SOAPAction; the old one would be refused")
    if old.soap.one_way != new.soap.one_way:
        yield Change(name, "operation", "", True, "has an answer now" if old.soap.one_way else "has no answer any more")
    if born == "openapi":
        yield from _wire(old, new)
    yield from _message(old.input, new.input, name, "input")
    yield from _message(old.output, new.output, name, "output")
    for fault in old.faults.keys() | new.faults.keys():
        was, now = old.faults.get(fault), new.faults.get(fault)
        if was is None or now is None:
            yield Change(
                name, "fault", fault, was is None, "may be met now" if was is None else "is not declared any more"
            )
        else:
            yield from _message(was, now, name, "fault")


def _wire(old: Operation, new: Operation) -> Iterator[Change]:
    """Where an OpenAPI document puts things: callers of our own faces do not see it, those of the native one do."""
    if (old.http.method, old.http.path) != (new.http.method, new.http.path):
        yield Change(old.name, "operation", "", True, "stands at another path or method (native calls)")
    places = ({each.field: (each.place, each.name) for each in which.http.parameters} for which in (old, new))
    was, now = places
    for field in was.keys() & now.keys():
        if was[field] != now[field]:
            yield Change(old.name, "input", field, True, f"travels in the {now[field][0]} now (native calls)")
    if (old.http.consumes, old.http.produces) != (new.http.consumes, new.http.produces):
        yield Change(old.name, "operation", "", True, "has another media type (native calls)")


def _message(old: Codec, new: Codec, operation: str, side: Side) -> Iterator[Change]:
    if old.root != new.root:
        yield Change(operation, side, "", True, "its element has another name or namespace (SOAP)")
    walk = _Walk(operation, side, getattr(old, "table", {}), getattr(new, "table", {}))
    found = list(walk.shapes(getattr(old, "element").shape, getattr(new, "element").shape, ""))  # noqa: B009
    yield from found
    if not found and _plain(old) != _plain(new):
        yield Change(operation, side, "", True, "its schema differs in a rule that is not compared here: look at it")


def _plain(codec: Codec) -> str:
    """The message's JSON Schema with everything that it refers to, prose left out."""
    return json.dumps([_rules(codec.json_schema()), _rules(components_of(codec))], sort_keys=True)


def _rules(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rules(each) for key, each in value.items() if key not in _PROSE or isinstance(each, dict)}
    return [_rules(each) for each in value] if isinstance(value, list) else value


@dataclass(slots=True)
class _Field:
    part: Element | Group | Wild | Attribute
    required: bool


class _Walk:
    """Two shapes walked side by side. Pairs of named shapes are compared once, so recursion ends."""

    def __init__(self, operation: str, side: Side, old: Table, new: Table) -> None:
        self._operation, self._side, self._old, self._new = operation, side, old, new
        self._seen: set[tuple[str, str]] = set()

    def change(self, path: str, text: str, verdict: Verdict) -> Change:
        breaking = verdict in ("other", "narrower" if self._side == "input" else "wider")
        return Change(self._operation, self._side, path, breaking, text)

    def shapes(self, old: Shape, new: Shape, path: str) -> Iterator[Change]:
        if isinstance(old, Named) and isinstance(new, Named):
            if (old.key, new.key) in self._seen:
                return
            self._seen.add((old.key, new.key))
        was, now = resolve(old, self._old), resolve(new, self._new)
        if isinstance(was, Scalar | Items) and isinstance(now, Scalar | Items):
            for text, verdict in values(was, now):
                yield self.change(path, text, verdict)
        elif type(was) is not type(now):
            yield self.change(path, f"is {_kind(now)} instead of {_kind(was)}", "other")
        elif isinstance(was, Record) and isinstance(now, Record):
            yield from self.records(was, now, path)
        elif isinstance(was, Listing) and isinstance(now, Listing):
            yield from self.elements(was.item, now.item, path)

    def records(self, old: Record, new: Record, path: str) -> Iterator[Change]:
        was, now = _fields(old), _fields(new)
        for name in was.keys() | now.keys():
            below = f"{path}.{name}".lstrip(".")
            if name not in now:
                yield self.change(below, "is gone", "other")
            elif name not in was:
                needed = now[name].required
                verdict: Verdict = "narrower" if needed and self._side == "input" else "new"
                yield self.change(below, "is new and required" if needed else "is new", verdict)
            else:
                yield from self.fields(was[name], now[name], below)
        if (old.text is None) != (new.text is None):
            yield self.change(f"{path}.{TEXT_KEY}".lstrip("."), "text content came or went", "other")
        elif old.text is not None and new.text is not None:
            yield from self.shapes(old.text, new.text, f"{path}.{TEXT_KEY}".lstrip("."))
        common = [name for name in was if name in now]
        if _ordered(old) and _ordered(new) and common != [name for name in now if name in was]:
            yield self.change(path, "its elements stand in another order (SOAP)", "other")
        yield from self.subtypes(old, new, path)

    def subtypes(self, old: Record, new: Record, path: str) -> Iterator[Change]:
        below = f"{path}.{TYPE_KEY}".lstrip(".")
        for name in old.subtypes.keys() | new.subtypes.keys():
            if name not in new.subtypes:
                yield self.change(below, f"{name} is gone", "narrower")
            elif name not in old.subtypes:
                yield self.change(below, f"{name} is new", "wider")
            else:
                yield from self.shapes(Named(old.subtypes[name][0]), Named(new.subtypes[name][0]), path)
        if old.abstract != new.abstract:
            yield self.change(
                below, "is required now" if new.abstract else "may be left out", "narrower" if new.abstract else "wider"
            )

    def fields(self, old: _Field, new: _Field, path: str) -> Iterator[Change]:
        if old.required != new.required:
            yield self.change(
                path, "is required now" if new.required else "is optional now", "narrower" if new.required else "wider"
            )
        was, now = old.part, new.part
        if type(was) is not type(now):
            yield self.change(path, f"is {_kind(now)} instead of {_kind(was)}", "other")
        elif isinstance(was, Element) and isinstance(now, Element):
            yield from self.elements(was, now, path)
        elif isinstance(was, Attribute) and isinstance(now, Attribute):
            yield from self.shapes(was.shape, now.shape, path)
            yield from self.filled(was, now, path)
        elif isinstance(was, Group) and isinstance(now, Group):
            yield from self.records(
                Record(was.__class__(was.kind, was.parts)), Record(now.__class__(now.kind, now.parts)), path
            )

    def elements(self, old: Element, new: Element, path: str) -> Iterator[Change]:
        if old.tag != new.tag:
            yield self.change(path, "its element has another name or namespace (SOAP)", "other")
        if old.repeated != new.repeated:
            yield self.change(path, "is a list now" if new.repeated else "is one value instead of a list", "other")
        elif old.most != new.most:
            yield self.change(
                path, f"at most {new.most} instead of {old.most}", "narrower" if new.most < old.most else "wider"
            )
        if max(old.least, 1) != max(new.least, 1):
            yield self.change(
                path, f"at least {new.least} instead of {old.least}", "narrower" if new.least > old.least else "wider"
            )
        if old.nillable != new.nillable:
            yield self.change(
                path,
                "may be null now" if new.nillable else "may not be null any more",
                "wider" if new.nillable else "narrower",
            )
        yield from self.filled(old, new, path)
        yield from self.shapes(old.shape, new.shape, path)

    def filled(self, old: Element | Attribute, new: Element | Attribute, path: str) -> Iterator[Change]:
        if old.fixed != new.fixed:
            verdict: Verdict = "narrower" if old.fixed is None else "wider" if new.fixed is None else "other"
            yield self.change(path, "its fixed value changed", verdict)
        if old.default != new.default:
            yield self.change(path, "stands for another value where it is left empty", "other")


def _fields(record: Record) -> Mapping[str, _Field]:
    found = {each.name: _Field(each, each.required) for each in record.attributes}
    needed = set(_required(record.content)) if record.content is not None else set()
    return found | {name: _Field(part, name in needed) for name, part in content_scope(record).items()}


def _required(part: Particle) -> Iterator[str]:
    """Names that are in every message: not those of a choice with others, nor of an optional group."""
    if isinstance(part, Group) and part.name is None:
        if part.least and (part.kind != "choice" or len(part.parts) == 1):
            for each in part.parts:
                yield from _required(each)
    elif part.least and part.name is not None:
        yield part.name


def _ordered(record: Record) -> bool:
    return record.content is not None and record.content.kind == "sequence"


def _kind(shape: object) -> str:
    word = type(shape).__name__.lower()
    return _WORDS.get(word, word)


_WORDS = {
    "scalar": "one value",
    "items": "a list of values",
    "record": "an object",
    "listing": "a list",
    "raw": "raw XML",
    "json": "any JSON",
    "element": "one field",
    "group": "a repeated group",
    "wild": "any element",
}
