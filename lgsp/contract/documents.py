"""YAML and JSON documents of a contract: read with the types of YAML 1.2's core schema, doubled keys refused, lines findable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from lgsp.contract.findings import ContractError, Finding

_MAX_BYTES = 16 << 20


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and without YAML 1.1's surprises: `no` is a word, `12:30` a text, `2024-01-01` a text, `010` a text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own convention


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(
        _tag, re.compile(_pattern), list(_first.replace("\0", "")) + ([""] if "\0" in _first else [])
    )


def _mapping(loader: Any, node: Any, deep: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  PyYAML calls it so
    del deep
    loader.flatten_mapping(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, str) else str(key_node.value)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"doubled key {key}", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _float(loader: Any, node: Any) -> float:
    return float(loader.construct_scalar(node))


def _int(loader: Any, node: Any) -> int:
    return int(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:int", _int)


def read_document(path: Path) -> tuple[bytes, Any]:
    """Bytes and value of a YAML or JSON file (JSON is YAML). Raises `ContractError` with the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ContractError(Finding(path.name, 0, "file", "cannot be read")) from error
    if len(raw) > _MAX_BYTES:
        raise ContractError(Finding(path.name, 0, "file", "is larger than 16 MB"))
    return raw, parse_document(raw, path.name)


def parse_document(raw: bytes, name: str) -> Any:
    try:
        text = raw.decode("utf-8-sig")
        # a JSON text may hold tabs where YAML does not admit them
        if text.lstrip().startswith("{"):
            text = text.replace("\t", " ")
        return yaml.load(text, _Loader)  # noqa: S506  a safe loader of our own
    except UnicodeDecodeError as error:
        raise ContractError(Finding(name, 0, "encoding", "must be UTF-8")) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "is not YAML"
        raise ContractError(Finding(name, mark.line + 1 if mark else 0, "yaml", str(problem))) from error
    except RecursionError as error:
        raise ContractError(Finding(name, 0, "yaml", "is nested too deeply")) from error


def line_of(raw: bytes, pointer: str) -> int:
    """Line of a JSON Pointer in the document, as deep as it can be followed; 0 where nothing is found."""
    try:
        node: Any = yaml.compose(raw.decode("utf-8-sig"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return 0
    line = 0
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if getattr(k, "value", None) == key), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
            node = node.value[int(key)]
            line = node.start_mark.line + 1
        else:
            return line
    return line
