"""Writes docs/fidelity.md from the contracts: `python scripts/fidelity.py`; with `--check` it only says whether the page is true.

What stands in the page comes from `x-lgsp-origin` (or a WSDL's documentation), from the difference between a ministry's message
and ours, and from `scripts/fidelity.toml`, which says what of a published dialect was left out and why.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lgsp import contract as contracts
from lgsp import manifest
from lgsp.home import builtin
from lgsp.registry import Connector, Operation

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "fidelity.md"
LEFT_OUT = ROOT / "scripts" / "fidelity.toml"
SAFE = yaml.CSafeLoader

INTRODUCTION = """\
Written from the contracts by `scripts/fidelity.py`; a test says when it is out of date. *Sourced*: the operation and its fields
stand in a published guide, a public client or a standard, named here. *Reconstructed*: no contract is public, the shape is ours
after published neighbours and must never be presented as the ministry's.

An operation may be sourced while some of its fields are not; those are named in its line or below the table. *Behind the
mapping* are the ministry's names that our public message does not have: they are translated, filled in (keys, constants,
checksums) or dropped. *Left out* is what a published dialect has and we do not."""


def page() -> str:
    registry, findings = manifest.load_what_can_be([builtin()])
    for finding in findings:
        print(finding, file=sys.stderr)
    left_out = tomllib.loads(LEFT_OUT.read_text("utf-8"))
    systems = sorted(registry.connectors.items())
    parts = [
        "# Fidelity",
        INTRODUCTION,
        overview(systems),
    ]
    for name, connector in systems:
        parts += section(name, connector, left_out.get(name, []))
    parts += ["## The platform itself", bullets(left_out["platform"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview(systems: list[tuple[str, Connector]]) -> str:
    rows = []
    for name, connector in systems:
        origins = [kind_of(each.public.origin) for each in connector.operations.values()]
        dialects = ", ".join(f"{each.name} ({each.adapter.upper()})" for each in connector.backends.values())
        count = [str(origins.count(kind)) for kind in ("sourced", "partly", "reconstructed")]
        rows.append((f"[`{name}`](#{name})", dialects, str(len(origins)), *count))
    total = [str(sum(int(row[i]) for row in rows)) for i in range(2, 6)]
    rows.append(("all", "", *total))
    return table(("system", "the ministry's dialects", "operations", "sourced", "partly", "reconstructed"), rows)


def kind_of(origin: str) -> str:
    """ "partly": sourced, with named parts of our making, or the other way round."""
    if not origin.startswith("sourced"):
        return "partly" if "sourced:" in origin or "is sourced" in origin else "reconstructed"
    return "partly" if "reconstructed" in origin else "sourced"


def section(name: str, connector: Connector, left_out: list[str]) -> Iterator[str]:
    yield f"## {name}"
    yield f"{connector.title.vi} · {connector.title.en}"
    rows = []
    for each in connector.operations.values():
        origin = " ".join(each.public.origin.split())
        theirs = ", ".join(dict.fromkeys(f"{route.operation.name} ({route.backend.name})" for route in each.routes))
        rows.append((f"`{each.name}`", theirs, kind_of(origin), origin, ", ".join(behind(connector, each)) or "—"))
    yield table(("operation", "the ministry's", "", "from where", "behind the mapping"), rows)
    if inbound := [(f"`{op}`", each.operation.name, " ".join(each.operation.origin.split()) or "—")
                   for op, each in sorted(connector.inbound.items())]:  # fmt: skip
        yield "What the ministry calls the province with:"
        yield table(("inbound", "the ministry's", "from where"), inbound)
    carried = {
        (route.backend.name, route.operation.name) for each in connector.operations.values() for route in each.routes
    }
    carried |= {(each.backend.name, each.operation.name) for each in connector.inbound.values()}
    unused = [
        f"`{operation}` of `{backend.name}` is in the contract, no public operation carries it"
        for backend in connector.backends.values()
        for operation in backend.contract.operations
        if (backend.name, operation) not in carried
    ]
    if fields := list(dict.fromkeys(marked(connector))):
        yield "Fields with an origin of their own: " + "; ".join(fields) + "."
    yield "Left out:\n\n" + bullets([*unused, *left_out] or ["nothing that is published"])


def behind(connector: Connector, operation: Operation) -> list[str]:
    """The ministry's names, request and answer together, that our message does not have (case does not matter)."""
    ours = {each.casefold() for each in names(connector.public, operation.public.name)}
    theirs = dict.fromkeys(
        each for route in operation.routes for each in names(route.backend.contract, route.operation.name)
    )
    return [f"`{each}`" for each in theirs if each.casefold() not in ours]


def names(contract: contracts.Contract, operation: str) -> list[str]:
    """Every member's name in an operation's messages, in order."""
    document = contracts.openapi(contract, "http://bus.example")
    found: dict[str, None] = {}
    done: set[str] = set()
    pending: list[Any] = [
        each
        for path in document["paths"].values()
        for each in path.values()
        if isinstance(each, dict) and each.get("operationId") == operation
    ]
    while pending:
        node = pending.pop(0)
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in done:
                done.add(reference)
                pending.append(resolve(document, reference))
            if isinstance(node.get("properties"), dict):
                found.update(dict.fromkeys(node["properties"]))
            if node.get("in") in ("path", "query", "header") and "name" in node:
                found[node["name"]] = None
            pending += [
                value for key, value in node.items() if key not in ("example", "examples", "$ref", "x-lgsp-example")
            ]
    return list(found)


def resolve(document: Mapping[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")] if isinstance(node, dict) and part in node else {}
    return node


def marked(connector: Connector) -> Iterator[str]:
    """Fields that say where they come from, in the public contract and in the ministry's."""
    for contract in (connector.public, *(each.contract for each in connector.backends.values())):
        for file, text in contract.files.items():
            if file.endswith((".yaml", ".yml")):
                yield from fields_of(yaml.load(text, SAFE), "")  # noqa: S506  the safe loader, in C


def fields_of(node: Any, name: str) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from fields_of(each, name)
    if not isinstance(node, dict):
        return
    if name and "x-lgsp-origin" in node and "operationId" not in node:
        yield f"`{name}` ({' '.join(str(node['x-lgsp-origin']).split())})"
    for key, value in node.items():
        if key in ("properties", "schemas") and isinstance(value, dict):
            for inner, schema in value.items():
                yield from fields_of(schema, inner)
        elif key not in ("example", "examples", "x-lgsp-origin"):
            yield from fields_of(value, name if key in ("items", "schema") else "")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != text:
            sys.exit("docs/fidelity.md is out of date: python scripts/fidelity.py")
    else:
        PAGE.write_text(text, "utf-8")
