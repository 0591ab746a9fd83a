"""Fields that a manifest names must exist in the messages of the public contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.errors import InvalidMessage
from lgsp.manifest.table import Table
from lgsp.model import Kind
from lgsp.registry import Operation


def check_fields(operation: Operation, table: Table) -> None:
    """What the manifest names must exist in the public request; a probe must be a valid one."""
    schema = operation.public.input.json_schema()
    for key in ("key", "subject"):
        named = operation.subject if key == "subject" else (operation.key,) if operation.key else ()
        for each in named:
            if not has_field(schema, each):
                table.finding(key, f'the request has no field "{each}"' + table.nearest(each, _properties(schema)))
    if operation.signed is not None:
        holder = operation.public.input if operation.kind is Kind.UPDATE else operation.public.output
        shape = holder.json_schema()
        for each in (operation.signed.field, operation.signed.sender, *operation.signed.repeats):
            if each and not has_field(shape, each):
                table.finding("signed", f'the message has no field "{each}"' + table.nearest(each, _properties(shape)))
    if operation.deliver and operation.deliver.order_by and not has_field(schema, operation.deliver.order_by):
        table.finding("deliver.order_by", f'the request has no field "{operation.deliver.order_by}"')
    if operation.probe is not None:
        try:
            operation.public.input.check(operation.probe)
        except InvalidMessage as error:
            for broken in error.errors:
                table.finding(f"probe{broken.path.replace('/', '.')}", f"breaks the contract: {broken.rule}")


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def has_field(schema: Mapping[str, Any], dotted: str) -> bool:
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
