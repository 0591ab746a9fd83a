"""A SOAP Fault: an error of ours or a ministry's own words written as one, and one that was received read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from lgsp import lift
from lgsp.adapters.envelope import (
    NAMESPACES,
    SECURITY_FAULTS,
    WRITTEN,
    WSSE,
    MustUnderstand,
    Version,
    VersionMismatch,
    wrapped,
)
from lgsp.adapters.problem import problem
from lgsp.contract.model import Operation
from lgsp.errors import BusFault, LgspError, Unavailable
from lgsp.model import Data, HttpResponse, Lang

ERROR_NS = "urn:lgsp:error:1"
_KEPT = frozenset({401, 405, 413, 415, 429, 503})
"""Statuses that a Fault travels with as they are (INTERFACE); the others become 500, or 400 for a 1.2 Sender."""


class SoapFaultReceived(Exception):
    """The other side answered with a Fault. `detail` is decoded where the contract names it."""

    def __init__(self, code: str, text: str, detail_name: str | None = None, detail: Data | None = None) -> None:
        super().__init__(code)
        self.code, self.text, self.detail_name, self.detail = code, text, detail_name, detail


def encode_fault(error: LgspError, version: Version, lang: Lang, correlation_id: str) -> HttpResponse:
    """An error of the table as a Fault: the members of problem+json in `detail/lgsp:error`."""
    members = problem(error, lang, f"/correlation/{correlation_id}")
    code = fault_code(error, version)
    reason = _text(str(members["title"]))
    detail = f'<lgsp:error xmlns:lgsp="{ERROR_NS}">{"".join(_members(members))}</lgsp:error>'
    if version == "1.1":
        inner = (
            f'<soap:Fault><faultcode>soap:{code}</faultcode><faultstring xml:lang="{lang}">{reason}</faultstring>'
            f"<detail>{detail}</detail></soap:Fault>"
        )  # fmt: skip
    else:
        inner = (
            f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="{lang}">{reason}</soap:Text></soap:Reason>'
            f"<soap:Detail>{detail}</soap:Detail></soap:Fault>"
        )
    status = error.status if error.status in _KEPT else 400 if code == "Sender" else 500
    return HttpResponse(status, {"content-type": WRITTEN[version]}, wrapped(version, inner.encode(), ()))


def plain_fault(code: str, text: str, version: Version, detail: str = "") -> HttpResponse:
    """A Fault in a ministry's own words: `code` is Client or Server (Sender or Receiver), or one of WS-Security's;
    `detail` is written XML."""
    secured = code in SECURITY_FAULTS
    named = (
        {"Client": "Sender", "Server": "Receiver"}.get(code, "Sender" if secured else code)
        if version == "1.2"
        else code
    )
    if version == "1.1":
        written = f"<detail>{detail}</detail>" if detail else ""
        where = f'<faultcode xmlns:wsse="{WSSE}">wsse:{code}' if secured else f"<faultcode>soap:{named}"
        inner = f"<soap:Fault>{where}</faultcode><faultstring>{_text(text)}</faultstring>{written}</soap:Fault>"
    else:
        written = f"<soap:Detail>{detail}</soap:Detail>" if detail else ""
        more = (
            f'<soap:Subcode xmlns:wsse="{WSSE}"><soap:Value>wsse:{code}</soap:Value></soap:Subcode>' if secured else ""
        )
        inner = (
            f"<soap:Fault><soap:Code><soap:Value>soap:{named}</soap:Value>{more}</soap:Code><soap:Reason>"
            f'<soap:Text xml:lang="vi">{_text(text)}</soap:Text></soap:Reason>{written}</soap:Fault>'
        )
    status = 400 if named == "Sender" else 500
    return HttpResponse(status, {"content-type": WRITTEN[version]}, wrapped(version, inner.encode(), ()))


def fault_code(error: LgspError, version: Version) -> str:
    """Who must act, in SOAP's two words: waiting and faults of the bus are the receiver's, all else the sender's."""
    if isinstance(error, VersionMismatch):
        return "VersionMismatch"
    if isinstance(error, MustUnderstand):
        return "MustUnderstand"
    receiver = isinstance(error, Unavailable | BusFault)
    if version == "1.1":
        return "Server" if receiver else "Client"
    return "Receiver" if receiver else "Sender"


def read_fault(operation: Operation, fault: etree._Element, space: str) -> SoapFaultReceived:
    """The element of a Fault, for the caller to raise."""
    if space == NAMESPACES["1.1"]:
        code, text, detail = fault.findtext("faultcode"), fault.findtext("faultstring"), fault.find("detail")
    else:
        code = fault.findtext(f"{{{space}}}Code/{{{space}}}Value")
        text = fault.findtext(f"{{{space}}}Reason/{{{space}}}Text")
        detail = fault.find(f"{{{space}}}Detail")
        below = fault.findtext(f"{{{space}}}Code/{{{space}}}Subcode/{{{space}}}Value")
        code = below if below and _local(below) in SECURITY_FAULTS else code
    local = _local(code)
    for child in detail if detail is not None else ():
        name = operation.soap.fault_roots.get(str(child.tag))
        if name is not None and name in operation.faults:
            return SoapFaultReceived(local, (text or "").strip(), name, operation.faults[name].read_xml(child))
    return SoapFaultReceived(local, (text or "").strip())


def _local(code: str | None) -> str:
    return (code or "").strip().rpartition(":")[2]


def _text(text: str) -> str:
    return lift.escaped(text, "xml").decode()


def _members(value: Mapping[str, Any]) -> Iterator[str]:
    for name, item in value.items():
        if name == "errors":
            inner = "".join(f"<lgsp:error>{''.join(_members(each))}</lgsp:error>" for each in item)
        elif isinstance(item, dict):
            inner = "".join(_members(item))
        else:
            inner = _text(str(item).lower() if isinstance(item, bool) else str(item))
        yield f"<lgsp:{name}>{inner}</lgsp:{name}>"
