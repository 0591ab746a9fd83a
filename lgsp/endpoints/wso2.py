"""The platform's own words for the bus's refusals: `fault` documents with WSO2's codes, JSON, or XML by Accept (DOMAIN §4.3)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lgsp.errors import (
    BusFault,
    CircuitOpen,
    ConnectFailed,
    Forbidden,
    InvalidMessage,
    LgspError,
    Maintenance,
    Overloaded,
    PolicyFault,
    QuotaExceeded,
    Suspended,
    Timeout,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownOperation,
    UnsupportedMediaType,
)
from lgsp.lift import escaped
from lgsp.model import HttpResponse, Lang

_NS = "http://wso2.org/apimanager/security"
MISSING = 900902

TABLE: tuple[tuple[type[LgspError], int, int, str], ...] = (
    (Unauthenticated, 900901, 401, "Invalid Credentials"),
    (UnknownOperation, 900906, 404, "No matching resource found for given API Request"),
    (Suspended, 700700, 503, "API blocked"),
    (QuotaExceeded, 900800, 429, "Message throttled out"),
    (Forbidden, 900908, 403, "Resource forbidden"),
    (PolicyFault, 900908, 403, "Resource forbidden"),
    (ConnectFailed, 101503, 503, "Error connecting to the back end"),
    (Timeout, 101504, 504, "Connection timed out"),
    (CircuitOpen, 303001, 503, "Address endpoint is suspended"),
    (Maintenance, 303001, 503, "Address endpoint is suspended"),
    (Overloaded, 303001, 503, "Address endpoint is suspended"),
    (Unavailable, 101500, 502, "Error sending the request to the back end"),
    (TooLarge, 413, 413, "Request entity too large"),
    (UnsupportedMediaType, 415, 415, "Unsupported Media Type"),
    (InvalidMessage, 400, 400, "Bad Request"),
    (BusFault, 900967, 500, "General Error"),
)
"""Our error -> WSO2's code, HTTP status and message; the first row that fits. The 4xx without a WSO2 code use HTTP's."""


def fault(
    error: LgspError, headers: Mapping[str, str], lang: Lang, *, missing: bool = False, session: bool = False
) -> HttpResponse:
    """`missing`: no credential was sent at all. `session`: an X-Road client, who looks for `error_code` beside it."""
    code, status, message = next(
        ((c, s, m) for kind, c, s, m in TABLE if isinstance(error, kind)), (900967, error.status, "General Error")
    )
    if isinstance(error, Unauthenticated) and missing:
        code, message = MISSING, "Missing Credentials"
    status = error.status if error.status in (405, 503) else status
    said = (error.detail or error.title)[lang] if not isinstance(error, BusFault) else error.title[lang]
    description = "; ".join([said, *(f"{each.path} {each.rule}".strip() for each in error.errors)])
    if _wants_xml(headers.get("accept", "")):
        text = "".join(
            f"<ams:{name}>{escaped(value, 'xml').decode()}</ams:{name}>"
            for name, value in (("code", str(code)), ("message", message), ("description", description))
        )
        body = f'<ams:fault xmlns:ams="{_NS}">{text}</ams:fault>'.encode()
        return HttpResponse(status, {"content-type": "application/xml; charset=utf-8"}, body)
    document: dict[str, object] = {"fault": {"code": code, "message": message, "description": description}}
    if session:
        document = {"error_code": str(code), "message": description, **document}
    return HttpResponse(status, {"content-type": "application/json; charset=utf-8"}, msgspec.json.encode(document))


def _wants_xml(accept: str) -> bool:
    for part in accept.lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in ("application/json", "*/*"):
            return False
        if kind in ("application/xml", "text/xml"):
            return True
    return False
