"""Schemas of an OpenAPI document brought to one form: JSON Schema 2020-12, every `$ref` into one table of components."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lgsp.contract.documents import line_of, read_document
from lgsp.contract.findings import ContractError, Finding

_PREFIX = "#/components/schemas/"
_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
_SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SCHEMA_ONES = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
)
_DROPPED = frozenset({"nullable", "discriminator", "xml", "example", "externalDocs"})


class Bundle:
    """All files of one OpenAPI contract. Files are taken only from the folder of the root document (RULES 18)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root.parent.resolve()
        self.files: dict[str, bytes] = {}
        self.components: dict[str, dict[str, Any]] = {}
        """Normalised schemas by name, filled as they are reached."""
        self.findings: list[Finding] = []
        self._documents: dict[str, Any] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.document = self._load(root.name)
        self.old = isinstance(self.document, dict) and str(self.document.get("openapi", "")).startswith("3.0")

    def finding(self, file: str, pointer: str, construct: str, text: str) -> None:
        found = Finding(file, line_of(self.files.get(file, b""), pointer), construct, text)
        if found not in self.findings:
            self.findings.append(found)

    def _load(self, name: str) -> Any:
        if name not in self._documents:
            path = (self.folder / name).resolve()
            # a contract may share files with its neighbours below contracts/, never with anything else
            if self.folder.parent not in path.parents:
                raise ContractError(Finding(self.root.name, 0, "$ref", "points outside of the contracts folder"))
            self.files[name], self._documents[name] = read_document(path)
        return self._documents[name]

    def follow(self, reference: str, file: str) -> tuple[Any, str, str]:
        """Value, file and pointer that a reference leads to. Raises `ContractError`."""
        where, _, pointer = reference.partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:|//", where, re.IGNORECASE):
            raise ContractError(
                Finding(file, 0, "$ref", "remote references are refused: put the file beside the contract")
            )
        target = file if not where else str((Path(file).parent / where).as_posix())
        value = self._load(target)
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                raise ContractError(Finding(file, 0, "$ref", f"{reference} leads nowhere"))
        return value, target, pointer

    def plain(self, value: Any, file: str, pointer: str) -> tuple[Any, str, str]:
        """A parameter, request body or response with its own reference followed."""
        for _ in range(16):
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return value, file, pointer
            value, file, pointer = self.follow(value["$ref"], file)
        raise ContractError(Finding(file, line_of(self.files[file], pointer), "$ref", "is a circle of references"))

    def schema(self, schema: Any, file: str, pointer: str) -> Any:
        """The schema in JSON Schema 2020-12, without example, references led into `components`."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            self.finding(file, pointer, "schema", "must be an object")
            return {}
        out: dict[str, Any] = {}
        for key, value in schema.items():
            below = f"{pointer}/{key}"
            if key == "$ref" and isinstance(value, str):
                out["$ref"] = _PREFIX + self._component(value, file)
            elif key in _SCHEMA_MAPS and isinstance(value, dict):
                out[key] = {name: self.schema(each, file, f"{below}/{_escape(name)}") for name, each in value.items()}
            elif key in _SCHEMA_LISTS and isinstance(value, list):
                out[key] = [self.schema(each, file, f"{below}/{index}") for index, each in enumerate(value)]
            elif key in _SCHEMA_ONES:
                out[key] = self.schema(value, file, below)
            elif key == "example" and "examples" not in schema:
                out["examples"] = [value]
            elif key in ("title", "description"):  # a text that looks like a number is a text all the same
                out[key] = value if isinstance(value, str) else str(value)
            elif key not in _DROPPED:
                out[key] = value
        if self.old:
            if "$ref" in out:  # in 3.0 everything beside a reference is ignored
                out = {"$ref": out["$ref"]}
            _upgrade(out, nullable=schema.get("nullable") is True)
        elif schema.get("nullable") is True:  # 3.1 has no such word, but its authors write it
            _upgrade(out, nullable=True)
        return out

    def _component(self, reference: str, file: str) -> str:
        value, target, pointer = self.follow(reference, file)
        key = (target, pointer)
        if key not in self._names:
            base = re.sub(r"[^A-Za-z0-9._-]", "_", pointer.rpartition("/")[2] or Path(target).stem) or "Schema"
            name, number = base, 1
            while name in self._names.values():
                number += 1
                name = f"{base}{number}"
            self._names[key] = name
            self.components[name] = {}
            normal = self.schema(value, target, pointer)
            self.components[name] = normal if isinstance(normal, dict) else ({} if normal else {"not": {}})
        return self._names[key]


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _upgrade(out: dict[str, Any], *, nullable: bool) -> None:
    """OpenAPI 3.0's own words: nullable, and exclusive limits as booleans."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if out.get(exclusive) is True and limit in out:
            out[exclusive] = out.pop(limit)
        elif isinstance(out.get(exclusive), bool):
            del out[exclusive]
    if not nullable:
        return
    if isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
        if isinstance(out.get("enum"), list) and None not in out["enum"]:
            out["enum"] = [*out["enum"], None]
    elif out:
        inner = dict(out)
        out.clear()
        out["anyOf"] = [inner, {"type": "null"}]
