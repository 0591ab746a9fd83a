"""A contract in memory: operations, their messages as compiled codecs, and how each stands on the wire.

Contract
└─ Operation            name, documentation, origin (sourced or reconstructed)
   ├─ input, output     Codec: data <-> JSON, data <-> XML, validated by the written half
   ├─ faults            Codec by name
   ├─ soap              how it stands in a SOAP binding (written in WSDL, or generated)
   └─ http              how it stands in an OpenAPI document (written, or generated)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lxml import etree

from lgsp.contract.findings import Finding
from lgsp.model import Data, Text


class Codec(Protocol):
    """One message, compiled. Every method is pure; `read_*` and `check` raise `InvalidMessage` with JSON Pointer paths."""

    root: str
    """Clark name `{namespace}local` of the element that carries this message in a SOAP Body."""

    def read_json(self, raw: bytes) -> Data:
        """Parse (strict: no doubled keys, no NaN, bounded depth) and validate."""

    def read_data(self, data: Data) -> Data:
        """As `read_json`, for an object that has been parsed already (parameters, forms); it may be changed in place."""

    def write_json(self, data: Data) -> bytes: ...

    def read_xml(self, element: etree._Element) -> Data:
        """Validate and walk one element that `lgsp.xml.parse_xml` has parsed."""

    def write_xml(self, data: Data) -> bytes:
        """The element as UTF-8 text with its own namespace declarations, without an XML declaration."""

    def write_proved_xml(self, data: Data) -> bytes:
        """`check` and `write_xml` in one: the text that was proved is the text that is sent. No `Blob` may be in it."""

    def check(self, data: Data) -> None:
        """Validate by the written half. A `Blob` counts as the string that it stands for."""

    @property
    def cold(self) -> bool:
        """Its first use would take longer than the loop may be blocked: call `warm` off the loop before (RULES 11)."""

    def warm(self) -> None:
        """Compiles everything now, which otherwise happens at first use."""

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the data, `$ref`s into `#/components/schemas`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input field that travels outside the body. `field` is its name in the data, `name` on the wire."""

    name: str
    place: Literal["path", "query", "header"]
    required: bool
    field: str
    schema: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Http:
    """How an operation stands in an OpenAPI document."""

    method: str
    path: str
    """Template below the server's path, e.g. `/dmdc/Category/{code}`."""
    parameters: tuple[Parameter, ...] = ()
    consumes: str = "application/json"
    """`application/json`, `application/x-www-form-urlencoded` or `multipart/form-data`; "" where there is no body."""
    body_field: str | None = None
    """Name in the data of a body that is not an object (an array, a string); None where its fields stand beside the
    parameters."""
    produces: str = "application/json"
    answer_field: str | None = None
    """Name in the data of an answer that is not an object; None where the answer's own fields are the data."""


@dataclass(frozen=True, slots=True)
class Soap:
    """How an operation stands in a SOAP binding."""

    action: str
    versions: frozenset[Literal["1.1", "1.2"]]
    style: Literal["document", "rpc"] = "document"
    header_parts: Mapping[str, Codec] = dataclasses.field(default_factory=dict)
    one_way: bool = False
    fault_roots: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Clark name of a fault's detail element -> its name in `Operation.faults`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked, as the contract has it."""

    name: str
    input: Codec
    output: Codec
    faults: Mapping[str, Codec]
    soap: Soap
    http: Http
    title: Text
    origin: str = ""
    """`sourced: <where>` or `reconstructed: <why>` (RULES 27), from `x-lgsp-origin` or the WSDL's documentation."""
    request_example: Data | None = None
    answer_example: Data | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract file with its other half generated."""

    name: str
    """System name for a public contract, file stem for a backend's."""
    version: str
    born: Literal["wsdl", "openapi"]
    title: Text
    namespace: str
    """Target namespace of the WSDL, written or generated."""
    operations: Mapping[str, Operation]
    by_root: Mapping[str, Operation]
    """Clark name of the first Body child -> operation (RULES 19); "" for the one that asks with an empty Body."""
    files: Mapping[str, bytes]
    """Written documents by name, as they stand in the repository."""
    sha256: str
    """Over the written documents, for evidence and for `lgsp check`."""
    shared_roots: frozenset[str] = frozenset()
    """Roots with which several operations of a written WSDL ask, against WS-I: only SOAPAction tells which one is meant."""
    left_out: Mapping[str, Finding] = dataclasses.field(default_factory=dict)
    """`binding/operation` of the written WSDL that cannot be carried, and why: they are not there for anybody."""


class Halves(Protocol):
    """What `lgsp.contract` offers of a loaded contract's documents."""

    def wsdl(self, contract: Contract, address: str) -> bytes: ...
    def xsd(self, contract: Contract, name: str, address: str) -> bytes: ...
    def openapi(self, contract: Contract, server: str) -> dict[str, Any]: ...
