"""What faults make of an answer: pure functions on data and on encoded responses."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lgsp.adapters import soap_fault
from lgsp.lift import has_blob
from lgsp.model import Data, HttpResponse

HTML = (
    "<!DOCTYPE html><html><head><title>Thông báo</title></head><body><h1>Hệ thống đang bận</h1>"
    "<p>Yêu cầu của bạn đã bị tường lửa ứng dụng chặn. Mã hỗ trợ: 0000000000.</p></body></html>"
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><lolz>&c;</lolz>'
)
_CODE_FIELD = re.compile(r"dan_?toc|gioi_?tinh|ma_?(tinh|huyen|xa)|quoc_?tich|ton_?giao", re.IGNORECASE)
_STRANGE_HEADER = b'<q:BatBuoc xmlns:q="urn:mau:khong-hieu" xmlns:e="%s" e:mustUnderstand="1">1</q:BatBuoc>'


def instead(kind: str, params: Mapping[str, Any], *, xml: bool, version: str) -> HttpResponse:
    """Another answer than the ministry's. `xml` tells whether its clients expect SOAP."""
    headers = {"content-type": "text/xml; charset=utf-8" if xml else "application/json"}
    match kind:
        case "http-status":
            if params.get("retry_after") is not None:
                headers["retry-after"] = str(params["retry_after"])
            status = int(params["status"])
            headers["content-type"] = "text/html; charset=utf-8"
            return HttpResponse(status, headers, b"" if status in (204, 304) else f"<h1>{status}</h1>".encode())
        case "html-200":
            return HttpResponse(200, {"content-type": "text/html; charset=utf-8"}, HTML.encode())
        case "empty":
            return HttpResponse(int(params["status"]), headers, b"")
        case "garbage":
            return HttpResponse(200, headers, b"\x00\xff\xfe{]<" + bytes(range(128, 200)))
        case "entity-bomb":
            return HttpResponse(200, {"content-type": "text/xml; charset=utf-8"}, BOMB.encode())
        case _:  # soap-fault, fault-200
            answer = soap_fault.plain_fault(
                str(params["code"]), str(params["text"]), "1.2" if version == "1.2" else "1.1"
            )
            return replace(answer, status=200) if kind == "fault-200" else answer


def data(kind: str, params: Mapping[str, Any], answer: Data) -> Any:
    """The ministry's data with one value spoiled: a code that nobody knows, or base64 that was cut."""
    if has_blob(answer):
        return answer
    field = params.get("field")
    if kind == "unknown-code":
        return _one_leaf(
            answer,
            lambda name, _: name == field if field else bool(_CODE_FIELD.search(name)),
            lambda _: str(params["value"]),
        )
    return _one_leaf(answer, lambda name, value: name == field if field else _base64(value), lambda value: value[:-3])


def response(kind: str, params: Mapping[str, Any], answer: HttpResponse, *, xml: bool) -> HttpResponse:
    """The ministry's answer as bytes, spoiled. A body of files passes as it is."""
    body = answer.body
    if not isinstance(body, bytes):
        return answer
    match kind:
        case "charset":
            spoiled = body.decode("utf-8", "replace").encode(str(params["encoding"]), "replace")
        case "nfd":
            spoiled = unicodedata.normalize("NFD", body.decode("utf-8", "replace")).encode()
        case "oversized":
            spoiled = body + b" " * int(params["bytes"])
        case "wrong-namespace":
            spoiled = _other_namespace(body)
        case "old-contract":
            spoiled = _other_namespace(body, "/0.9") if xml else _renamed_keys(body)
        case "schema-invalid":
            spoiled = _strange_element(body) if xml else _wrong_types(body)
        case "must-understand":
            spoiled = _with_header(body)
        case "version-mismatch":
            return _other_version(answer)
        case _:
            spoiled = body
    return replace(answer, body=spoiled)


def _one_leaf(value: Any, wanted: Callable[[str, str], bool], change: Callable[[str], str]) -> Any:
    """A tree like this one with the first fitting string changed, also inside XML or JSON that stands in a string."""
    done = False

    def walk(node: Any, name: str) -> Any:
        nonlocal done
        if done:
            return node
        if isinstance(node, dict):
            return {key: walk(each, key) for key, each in node.items()}
        if isinstance(node, list):
            return [walk(each, name) for each in node]
        if isinstance(node, str) and wanted(name, node):
            done = True
            return change(node)
        if isinstance(node, str) and node.lstrip().startswith("<"):
            for match in re.finditer(r"<([A-Za-z_][\w.-]*)(?:\s[^>]*)?>([^<>]+)</", node):
                if wanted(match[1], match[2]):
                    done = True
                    return node[: match.start(2)] + change(match[2]) + node[match.end(2) :]
        return node

    return walk(value, "")


def _base64(text: str) -> bool:
    try:
        return len(text) >= 24 and bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _renamed_keys(body: bytes) -> bytes:
    document = _json(body)
    if isinstance(document, dict):
        document = {f"cu_{key}": value for key, value in document.items()}
    elif isinstance(document, list):
        document = {"cu": document}
    return json.dumps(document, ensure_ascii=False).encode()


def _wrong_types(body: bytes) -> bytes:
    """Every member of an object another type than it was; a list becomes an object."""
    document = _json(body)
    spoiled: Any = (
        {key: [[value]] if not isinstance(value, list) else "sai kiểu" for key, value in document.items()}
        if isinstance(document, dict)
        else {"sai": document}
    )
    return json.dumps(spoiled, ensure_ascii=False).encode()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _body_at(body: bytes) -> int:
    match = re.search(rb"<(?:\w+:)?Body[^>]*>", body)
    return match.end() if match else 0


def _other_namespace(body: bytes, ending: str = "/sai") -> bytes:
    at = _body_at(body)
    changed = re.sub(rb'(xmlns(?::\w+)?=")([^"]+)"', lambda m: m[1] + m[2] + ending.encode() + b'"', body[at:])
    return body[:at] + changed


def _strange_element(body: bytes) -> bytes:
    at = _body_at(body)
    return body[:at] + re.sub(
        rb"(<[^/?!][^>]*[^/]>)", rb"\1<khongCoTrongHopDong>1</khongCoTrongHopDong>", body[at:], count=1
    )


def _with_header(body: bytes) -> bytes:
    found = re.search(rb'<(\w+):Envelope[^>]*xmlns:\1="([^"]+)"[^>]*>', body)
    if not found:
        return body
    head = b"<" + found[1] + b":Header>" + _STRANGE_HEADER % found[2] + b"</" + found[1] + b":Header>"
    return body[: found.end()] + head + body[found.end() :]


def _other_version(answer: HttpResponse) -> HttpResponse:
    one, two = b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"
    if not isinstance(answer.body, bytes):
        return answer
    old, new, kind = (one, two, "application/soap+xml") if one in answer.body else (two, one, "text/xml")
    return replace(
        answer, headers={**answer.headers, "content-type": f"{kind}; charset=utf-8"}, body=answer.body.replace(old, new)
    )
