"""XML and JSON inside the strings of other messages, as data and back."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from lgsp.errors import BadAnswer, LgspError
from lgsp.mapping.shapes import listed, text_of
from lgsp.model import Data
from lgsp.xml import parse_xml

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot carry, not even escaped."""


def xml_text(root: str, data: Mapping[str, Any], *, namespace: str | None = None) -> str:
    """An element with the children of `data` in its order: lists repeat, "@name" is an attribute, "#text" the text,
    None is left out, "" is an empty element. No XML declaration, as the guides print it."""
    return _element(root, {"@xmlns": namespace, **data} if namespace else data)


def _element(name: str, value: object) -> str:
    attributes, content = "", ""
    for key, child in value.items() if isinstance(value, Mapping) else (("#text", value),):
        if key == "#text":
            content += html.escape(_writable(child), quote=False)
        elif key.startswith("@"):
            attributes += f' {key[1:]}="{html.escape(_writable(child))}"'
        else:
            content += "".join(_element(key, item) for item in listed(child))
    return f"<{name}{attributes}>{content}</{name}>"


def _writable(value: object) -> str:
    return _UNWRITABLE.sub("", text_of(value))


def xml_data(text: object, *, lists: Collection[str] = (), wrong: type[LgspError] = BadAnswer) -> Data:
    """XML text as data without namespaces: leaves are strings, repeated children and those named in `lists` are lists,
    the root is left out. Through the one `parse_xml`; raises `wrong` for what is not XML or over its limits."""
    try:
        root = parse_xml(text_of(text).removeprefix("\ufeff").strip().encode())
    except LgspError as problem:
        raise wrong from problem
    found = _walk(root, frozenset(lists))
    return found if isinstance(found, dict) else {"#text": found} if found else {}


def _walk(element: Any, lists: frozenset[str]) -> Data | str:
    data: Data = {f"@{_local(name)}": str(value) for name, value in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):  # a comment
            continue
        name, value = _local(child.tag), _walk(child, lists)
        if name not in data:
            data[name] = [value] if name in lists else value
        elif isinstance(data[name], list):
            data[name].append(value)
        else:
            data[name] = [data[name], value]
    text = unicodedata.normalize("NFC", (element.text or "").strip())
    if not data:
        return text
    return data | {"#text": text} if text else data


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def json_text(value: object) -> str:
    """Compact JSON as it stands inside another message's string; Vietnamese letters stay letters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_data(text: object, *, wrong: type[LgspError] = BadAnswer) -> Any:
    """Strict reading of JSON inside a string: no doubled keys, no NaN. Raises `wrong` for what is not JSON."""
    try:
        return json.loads(text_of(text).removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError) as problem:
        raise wrong from problem


def _once(pairs: list[tuple[str, Any]]) -> Data:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("doubled key")
    return data


def _never(constant: str) -> Any:
    raise ValueError(constant)
