"""Requests in the manner of .NET and Axis clients (`examples/recorded`), written byte for byte and sent over a socket."""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from lgsp.contract.model import Contract, Operation
from lgsp.contract.shape import XSI, Element, Facets, Listing, Record, Scalar, Table, resolve, split
from lgsp.lift import escaped
from lgsp.model import Data
from lgsp.xml import parse_xml

FILE = Path(__file__).parents[2] / "examples" / "recorded" / "manners.toml"


@dataclass(frozen=True, slots=True)
class Manner:
    """One kit's way of writing a request; the file says what each field means."""

    id: str
    title: str
    version: str
    names: str
    sent: str
    head: str = field(repr=False)
    envelope: str = field(repr=False)
    types: bool = False
    mark: bool = False
    kept: str = "open"


def manners() -> list[Manner]:
    return [Manner(**each) for each in tomllib.loads(FILE.read_text("utf-8"))["manner"]]


def send(
    manner: Manner, url: str, key: str, contract: Contract, operation: Operation, data: Data, more: Mapping[str, str]
) -> tuple[int, bytes]:
    """Status and body of the answer; `more` are headers that a program adds."""
    target = urlsplit(url)
    assert target.hostname is not None
    assert target.port is not None
    facts = {
        "path": target.path, "host": target.netloc, "key": key, "action": operation.soap.action or "",
        "namespace": contract.namespace, "operation": operation.name,
        "id": str(uuid5(NAMESPACE_URL, f"{manner.id}/{url}/{operation.name}/{data}")),
    }  # fmt: skip
    message = manner.envelope.format(**facts, body=written(manner, operation, data)).encode()
    message = (b"\xef\xbb\xbf" if manner.mark else b"") + message
    lines = manner.head.strip().format(**facts, length=len(message)).splitlines()
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in more.items()), "", ""]).encode()
    with socket.create_connection((target.hostname, target.port), timeout=60) as wire:
        wire.sendall(head)
        if manner.sent == "expect":
            assert wire.recv(65_536).startswith(b"HTTP/1.1 100 "), "a client that waits is told to go on"
        wire.sendall(_chunked(message) if manner.sent == "chunked" else message)
        answer = HTTPResponse(wire)
        answer.begin()
        return answer.status, answer.read()


def written(manner: Manner, operation: Operation, data: Data) -> str:
    """The message as this kit writes it: the same expanded names, other prefixes."""
    codec = operation.input
    if not codec.root:
        return ""
    element = parse_xml(codec.write_xml(data))
    shape: Element = getattr(codec, "element")  # noqa: B009  the codecs of this house have both
    return _element(manner, element, shape, getattr(codec, "table"), "")  # noqa: B009


def _element(manner: Manner, element: etree._Element, shape: Element | None, table: Table, outer: str) -> str:
    """`outer` is the namespace that the default, or the manner's prefix, stands for here."""
    space, local = split(str(element.tag))
    prefix = "" if manner.names == "default" else manner.names
    declared = ""
    if space != outer:
        declared = f' xmlns{":" + prefix if prefix else ""}="{space}"'
    name = f"{prefix}:{local}" if prefix and space else local
    attributes = "".join(_attribute(key, value) for key, value in element.attrib.items())
    content = _content(shape, table)
    if manner.types and isinstance(content, Scalar) and content.facets == Facets() and not content.members:
        attributes += f' xsi:type="xsd:{content.base}"'
    fields = {each.tag: each for each in _fields(content)}
    inside = "".join(_element(manner, child, fields.get(str(child.tag)), table, space) for child in element)
    inside = inside or escaped(element.text or "", "xml").decode()
    if not inside and manner.kept == "short":
        return f"<{name}{declared}{attributes} />"
    return f"<{name}{declared}{attributes}>{inside}</{name}>"


def _attribute(name: str, value: str) -> str:
    space, local = split(name)
    assert space in ("", XSI), "no contract of ours has attributes of another namespace"
    written = escaped(value, "xml").decode().replace('"', "&quot;")
    own = f' xmlns:xsi="{XSI}"' if space else ""
    return f'{own} {"xsi:" if space else ""}{local}="{written}"'


def _content(shape: Element | None, table: Table) -> object:
    return None if shape is None else resolve(shape.shape, table)


def _fields(content: object) -> list[Element]:
    if isinstance(content, Listing):
        return [content.item]
    return list(content.elements()) if isinstance(content, Record) else []


def _chunked(message: bytes) -> bytes:
    """In three pieces, one of them a single byte, so that none of them is a message."""
    cuts = [0, 1, max(2, len(message) // 2), len(message)]
    pieces = [message[start:end] for start, end in pairwise(cuts) if end > start]
    return b"".join(f"{len(piece):X}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
