"""JSON Schema of `lgsp.toml`, made from the dataclasses of the settings: editors complete keys, pipelines refuse wrong files.

What it cannot say (which file exists, which address answers) is `lgsp config check`'s.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lgsp import settings
from lgsp.settings import Limits, Settings, StoreSettings

_PLAIN: Mapping[Any, Mapping[str, Any]] = types.MappingProxyType(
    {bool: {"type": "boolean"}, int: {"type": "integer"}, float: {"type": "number"}, str: {"type": "string"}}
)
_SIZE = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^ *[0-9]+(\.[0-9]+)? *([KMG]i?B|B)? *$"}]}
_POSITIVE = (Limits, StoreSettings)
"""Their numbers are bounds, and the self-check at the start refuses one that is not above nought."""


def schema(manners: Sequence[str] = ()) -> dict[str, Any]:
    """Draft 2020-12 of the whole file. `manners`: the dances that `upstreams.<name>.manner` may name."""
    made = _table(Settings, manners)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://lgsp.invalid/settings.schema.json",
        "title": "lgsp.toml",
        **made,
    }


def _table(shape: Any, manners: Sequence[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for each, hint in zip(fields(shape), get_type_hints(shape).values(), strict=True):
        secret = bool(each.metadata.get("secret"))
        made: dict[str, Any] = dict(_SIZE) if each.metadata.get("size") else _shape(hint, manners, secret=secret)
        if shape in _POSITIVE and hint in (int, float) and "anyOf" not in made:
            made["exclusiveMinimum"] = 0
        if each.name == "port":
            made |= {"minimum": 0, "maximum": 65535}
        if each.name == "manner" and manners:
            made["enum"] = list(manners)
        said = _said(shape).get(each.name)
        if said:
            made["description"] = said
        if each.default is not MISSING and isinstance(each.default, bool | int | float | str) and not secret:
            made["default"] = each.default
        properties[each.name] = made
        if secret and made.get("type") == "string":
            properties[f"{each.name}_file"] = {"type": "string", "description": f"File that holds {each.name}."}
    whole = {"type": "object", "additionalProperties": False, "properties": properties}
    return {"description": _first(shape), **whole} if shape is not Settings else whole


def _shape(hint: Any, manners: Sequence[str], *, secret: bool) -> dict[str, Any]:
    if is_dataclass(hint):
        return _table(hint, manners)
    origin = get_origin(hint)
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _shape(get_args(hint)[1], manners, secret=secret)}
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if origin is tuple:
        return {"type": "array", "items": _shape(get_args(hint)[0], manners, secret=secret)}
    if origin in (Union, types.UnionType):  # None is not written in TOML: the key is left out
        return _shape(next(part for part in get_args(hint) if part is not type(None)), manners, secret=secret)
    return dict(_PLAIN.get(hint, {"type": "string"}))


def _first(shape: Any) -> str:
    return " ".join((shape.__doc__ or "").split())


@cache
def _written() -> Mapping[str, Mapping[str, str]]:
    """The sentence below each field: what a person reads in the code, an editor shows beside the key."""
    tree = ast.parse(Path(settings.__file__).read_text("utf-8"))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            below = zip(node.body, node.body[1:], strict=False)
            found[node.name] = {
                field.target.id: " ".join(text.value.value.split())
                for field, text in below
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            }
    return found


def _said(shape: Any) -> Mapping[str, str]:
    return _written().get(shape.__name__, {})
