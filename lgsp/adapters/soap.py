"""SOAP 1.1 and 1.2, document/literal: data to and from HTTP messages. Pure. The first Body child names the operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from lgsp import lift
from lgsp.adapters.envelope import (
    CONTENT_TYPES,
    ENVELOPES,
    NAMESPACES,
    WRITTEN,
    WSSE,
    UsernameToken,
    Version,
    VersionMismatch,
    action_of,
    alone,
    answer_understood,
    blocks_of,
    first_child,
    parts_of,
    version_of,
    wrapped,
)
from lgsp.adapters.rest import media_type, visible
from lgsp.adapters.soap_fault import read_fault
from lgsp.contract.model import Contract, Operation
from lgsp.errors import (
    BadAnswer,
    InvalidMessage,
    UnknownOperation,
)
from lgsp.model import Data, FieldError, HttpRequest, HttpResponse, Text
from lgsp.xml import parse_xml

_OTHER_VERSION = Text("Phong bì của phiên bản SOAP khác", "The envelope is of another SOAP version")
_OTHER_ELEMENT = Text("Phần tử trong Body không phải của phản hồi này", "The Body's element is not this answer's")


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope that was read once and safely: which operation it asks and what its headers say; the Body not yet."""

    operation: Operation
    version: Version
    message_id: str | None
    username_token: UsernameToken | None
    action: str | None
    body: etree._Element | None = field(repr=False)
    """The Body's element; None where the operation asks with an empty Body."""
    blobs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    signed: bool = False
    """Its header carries a signature, which nobody has verified yet."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request, decoded and validated."""

    operation: Operation
    data: Data = field(repr=False)
    version: Version
    message_id: str | None = None
    username_token: UsernameToken | None = None
    action: str | None = None


def encode_request(
    operation: Operation, data: Data, version: Version = "1.1", headers: Sequence[bytes] = (), target: str = ""
) -> HttpRequest:
    """What a client of this contract sends; `headers` are written header blocks. Raises `InvalidMessage`."""
    small, blobs = lift.lower(data)
    if blobs:  # a placeholder is no value of the caller's: what is checked is the message itself
        operation.input.check(data)
        written = operation.input.write_xml(small)
    else:
        written = operation.input.write_proved_xml(data)
    raw = lift.split(wrapped(version, written, headers), blobs, "xml")
    action = operation.soap.action
    sent = {"content-type": WRITTEN[version], "accept": "text/xml, application/soap+xml"}
    if version == "1.1":
        sent["soapaction"] = f'"{action}"'
    elif action:
        sent["content-type"] += f'; action="{action}"'
    return HttpRequest("POST", target, sent, raw)


def open_request(contract: Contract, request: HttpRequest, limit: int | None = None) -> Opened:
    """Reads the envelope: version, header blocks, operation by the expanded name of the first Body child (RULES 19)."""
    version = version_of(request.headers)
    raw, blobs = visible(request.body)
    root = parse_xml(raw, limit=len(raw) if limit is None else limit)
    if root.tag != f"{{{NAMESPACES[version]}}}Envelope":
        said = Text(
            "Phong bì không thuộc phiên bản SOAP của kiểu nội dung",
            "The envelope is not of the content type's SOAP version",
        )
        raise VersionMismatch(said, errors=(FieldError("", f"envelope {NAMESPACES[version]}"),))
    header, body = parts_of(root, NAMESPACES[version])
    blocks = blocks_of(header, NAMESPACES[version])
    child = first_child(body)
    action = action_of(request.headers, version)
    operation = _operation(contract, child, (action, blocks.action))
    alone(child, operation.input)
    for named in (action, blocks.action):
        if named and _contradicts(contract, operation, named):
            raise InvalidMessage(
                Text("SOAPAction không khớp với nội dung Body", "SOAPAction contradicts the Body"),
                errors=(FieldError("", "soap-action"),),
            )
    return Opened(operation, version, blocks.message_id, blocks.token, action, child, blobs, blocks.signed)


def read_body(opened: Opened) -> Data:
    """The Body of an opened request, validated by its operation's codec. Raises `InvalidMessage`."""
    if opened.body is None:
        return {}
    return lift.restore(opened.operation.input.read_xml(opened.body), opened.blobs)


def with_security(request: HttpRequest, block: bytes) -> HttpRequest:
    """The same message with this Security block in the place of every one that it had: whose credential that was, it
    was for us and stays here."""
    raw, blobs = visible(request.body)
    space = NAMESPACES[version_of(request.headers)]
    root = parse_xml(raw, limit=len(raw))
    header, body = parts_of(root, space)
    if header is None:
        header = etree.Element(f"{{{space}}}Header")
        body.addprevious(header)
    for old in header.findall(f"{{{WSSE}}}Security"):
        header.remove(old)
    header.append(parse_xml(block))
    written = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return replace(request, body=lift.split(written, blobs, "xml"))


def decode_request(contract: Contract, request: HttpRequest, limit: int | None = None) -> Envelope:
    """Both steps at once: what a server of this contract receives."""
    opened = open_request(contract, request, limit)
    return Envelope(
        opened.operation, read_body(opened), opened.version, opened.message_id, opened.username_token, opened.action
    )


def encode_response(
    operation: Operation, data: Data, version: Version = "1.1", headers: Sequence[bytes] = ()
) -> HttpResponse:
    """What a server of this contract answers. The data is taken as valid: whoever made it has checked it."""
    if operation.soap.one_way:  # WS-I R2714, R2727: accepted, nothing in the entity body
        return HttpResponse(202, {}, b"")
    small, blobs = lift.lower(data)
    raw = lift.split(wrapped(version, operation.output.write_xml(small), headers), blobs, "xml")
    return HttpResponse(200, {"content-type": WRITTEN[version]}, raw)


def encode_proved_response(operation: Operation, data: Data, version: Version = "1.1") -> HttpResponse:
    """The same for data that nobody has checked yet, in one pass where nothing is large. Raises `InvalidMessage`."""
    if not operation.soap.one_way:
        try:
            written = operation.output.write_proved_xml(data)
        except InvalidMessage:
            if not lift.has_blob(data):  # no value that a schema knows
                raise
        else:
            return HttpResponse(200, {"content-type": WRITTEN[version]}, wrapped(version, written, ()))
    return encode_response(operation, data, version)


def decode_response(operation: Operation, response: HttpResponse, version: Version | None = None) -> Data:
    """What a client received. Raises `SoapFaultReceived` for a Fault, whatever the HTTP status, else `BadAnswer`.

    `version` is the one that was asked with: an answer has the same; a Fault may have another, to say just that.
    """
    if operation.soap.one_way and 200 <= response.status < 300 and not response.body:
        return {}  # taken, and nothing to say
    kind = media_type(response.headers)
    if kind not in CONTENT_TYPES and kind != "application/xml":
        said = Text(f"HTTP {response.status}, không phải SOAP", f"HTTP {response.status}, not SOAP")
        raise BadAnswer(said)
    raw, blobs = visible(response.body)
    try:
        root = parse_xml(raw, limit=len(raw))
        space = ENVELOPES.get(str(root.tag))
        if space is None:
            raise BadAnswer(Text("Phản hồi không phải phong bì SOAP", "The answer is not a SOAP envelope"))
        header, body = parts_of(root, space)
        child = first_child(body)
        alone(child, operation.output)
        if child is not None and child.tag == f"{{{space}}}Fault":
            raise read_fault(operation, child, space)
        if version is not None and space != NAMESPACES[version]:
            raise BadAnswer(_OTHER_VERSION, errors=(FieldError("", f"soap: envelope {NAMESPACES[version]}"),))
        if header is not None:
            answer_understood(header, space)
        if not 200 <= response.status < 300:
            raise BadAnswer(Text(f"Phản hồi HTTP {response.status}", f"HTTP {response.status} answered"))
        if child is None and not operation.output.root:
            return {}
        if child is None or child.tag != operation.output.root:
            raise BadAnswer(_OTHER_ELEMENT, errors=(FieldError("", "element"),))
        found = operation.output.read_xml(child)
        return lift.restore(found, blobs) if blobs else found
    except InvalidMessage as error:
        broken = Text("Phản hồi không đúng hợp đồng", "The answer does not keep the contract")
        raise BadAnswer(broken, errors=error.errors) from error


def _operation(contract: Contract, child: etree._Element | None, said: Sequence[str | None]) -> Operation:
    """By the Body's element; `said` are SOAPActions, asked only where a contract lets several operations ask alike."""
    root = "" if child is None else str(child.tag)
    if root in contract.shared_roots:
        named_so = set(filter(None, said)) or {""}  # no SOAPAction means the one that has none
        for operation in contract.operations.values():
            if operation.input.root == root and operation.soap.action in named_so:
                return operation
        named = Text("SOAPAction phải cho biết nghiệp vụ", "SOAPAction must name the operation: several ask alike")
        raise InvalidMessage(named, errors=(FieldError("", "soap-action"),))
    if root in contract.by_root:
        return contract.by_root[root]
    if child is None:
        raise InvalidMessage(errors=(FieldError("", "soap: one element in the Body"),))
    local = etree.QName(child).localname
    if any(root and etree.QName(root).localname == local for root in contract.by_root):
        said_namespace = Text(
            "Phần tử đầu của Body thuộc không gian tên khác", "The first Body element is of another namespace"
        )
        raise InvalidMessage(said_namespace, errors=(FieldError("", f"namespace {contract.namespace}"),))
    raise UnknownOperation()


def _contradicts(contract: Contract, operation: Operation, said: str) -> bool:
    if operation.soap.action:
        return said != operation.soap.action
    return any(said == other.soap.action for other in contract.operations.values() if other is not operation)
