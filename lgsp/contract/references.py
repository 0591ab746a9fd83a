"""Which of a document's schemas a schema refers to. A message takes along its own, not the whole document."""

from __future__ import annotations

from typing import Any

PREFIX = "#/components/schemas/"
Schema = dict[str, Any]


def reached(schema: Schema, every: Schema) -> Schema:
    """The components that are referred to, all the way down, by name."""
    found: Schema = {}
    pending = [schema]
    while pending:
        for name in sorted(_named(pending.pop())):
            if name not in found and name in every:
                found[name] = every[name]
                pending.append(every[name])
    return found


def _named(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_named, schema))
    if not isinstance(schema, dict):
        return set()
    found = set().union(*map(_named, schema.values()))
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(PREFIX):
        found.add(reference.removeprefix(PREFIX))
    return found
