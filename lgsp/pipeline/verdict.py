"""What an answer that is no answer means: the platform's own fault documents, bare HTTP statuses, SOAP faults."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

import msgspec

from lgsp.adapters.envelope import SECURITY_FAULTS
from lgsp.adapters.soap_fault import SoapFaultReceived
from lgsp.errors import (
    BadAnswer,
    CircuitOpen,
    ConnectFailed,
    LgspError,
    Maintenance,
    Overloaded,
    ProviderFault,
    RecordNotFound,
    Timeout,
    Unavailable,
)
from lgsp.model import HttpResponse, Text
from lgsp.upstream import CredentialRefused

_XML_CODE = re.compile(rb"<(?:\w+:)?fault\b[^>]*>\s*<(?:\w+:)?code>\s*([0-9]{6})\s*<")
_SUSPENDED_SECONDS = 30.0

_REFUSED = Text("Nền tảng từ chối tài khoản của trục", "The platform refuses the account of this bus")
_NOT_LET_IN = Text(
    "Cơ sở dữ liệu từ chối tài khoản WS-Security của trục", "The database refuses this bus's WS-Security account"
)
_NOT_SUBSCRIBED = Text(
    "Tài khoản của trục chưa được cấp API này", "The account of this bus is not subscribed to this API"
)
_NO_RESOURCE = Text("Nền tảng không có đường dẫn này", "The platform has no such resource")
_THROTTLED = Text("Nền tảng từ chối vì quá hạn mức", "The platform throttles this bus")
_NO_BACKEND = Text("Nền tảng không nối được tới cơ sở dữ liệu", "The platform cannot connect to the database")
_SLOW_BACKEND = Text("Nền tảng chờ cơ sở dữ liệu quá lâu", "The platform waited too long for the database")
_SUSPENDED = Text("Nền tảng tạm ngắt điểm cuối này", "The platform has suspended this endpoint")
_BLOCKED = Text("Nền tảng đã khoá API này", "The platform has blocked this API")

PLATFORM: Mapping[str, tuple[type[Unavailable], Text, bool]] = MappingProxyType(
    {
        "900901": (CredentialRefused, _REFUSED, False),
        "900902": (CredentialRefused, _REFUSED, False),
        "900906": (BadAnswer, _NO_RESOURCE, False),
        "900908": (BadAnswer, _NOT_SUBSCRIBED, False),
        "900910": (BadAnswer, _NOT_SUBSCRIBED, False),
        "900800": (Overloaded, _THROTTLED, False),
        "900802": (Overloaded, _THROTTLED, False),
        "900803": (Overloaded, _THROTTLED, False),
        "900804": (Overloaded, _THROTTLED, False),
        "900806": (Overloaded, _THROTTLED, False),
        "700700": (Maintenance, _BLOCKED, False),
        "101503": (ConnectFailed, _NO_BACKEND, False),
        "101504": (Timeout, _SLOW_BACKEND, True),
        "101505": (Timeout, _SLOW_BACKEND, True),
        "303001": (CircuitOpen, _SUSPENDED, False),
    }
)
"""The platform's codes (DOMAIN.md 4.3) -> error, our words, and whether the database may have got the request."""


def platform_fault(answer: HttpResponse) -> LgspError | None:
    """The error of a fault document, JSON or XML; None where the answer is none."""
    code = _code(answer)
    if code is None:
        return None
    kind, said, reached = PLATFORM.get(
        code, (BadAnswer, Text(f"Nền tảng báo lỗi {code}", f"Platform fault {code}"), True)
    )
    error = kind(said, provider=(code, said.vi), retry_after=_retry_after(answer))
    error.reached = reached
    error.layer = "account" if said is _NOT_SUBSCRIBED else error.layer
    if isinstance(error, CircuitOpen) and error.retry_after is None:
        error.retry_after = _SUSPENDED_SECONDS
    return error


def http_fault(answer: HttpResponse) -> LgspError:
    """The error of a status outside 2xx without a fault document. Statuses alone do not say what the database has done."""
    status = answer.status
    said = Text(f"HTTP {status}", f"HTTP {status}")
    error: Unavailable
    match status:
        case 401:
            error = CredentialRefused(_REFUSED)
        case 403:
            error = BadAnswer(
                Text("HTTP 403: tài khoản của trục không được phép", "HTTP 403: the account of this bus may not")
            )
            error.layer = "account"
        case 404:
            error = BadAnswer(Text("HTTP 404: không có đường dẫn này", "HTTP 404: there is no such path"))
        case 429:
            error = Overloaded(_THROTTLED, retry_after=_retry_after(answer))
        case 502 | 503:
            error = ConnectFailed(said, retry_after=_retry_after(answer))
            error.reached = True
        case 504:
            error = Timeout(said)
        case _:
            error = BadAnswer(said)
            error.layer = "backend" if status >= 500 else ""
    return error


def refusal(answer: HttpResponse, declared: Collection[str]) -> LgspError | None:
    """A status that the ministry's contract declares, or that blames what was said and not how (409, 422): business, as a
    declared SOAP fault is. Never one that concerns the sign-in, the quota or the server."""
    status = answer.status
    if not 400 <= status < 500 or status in (401, 403, 429):
        return None
    if status not in (409, 422) and str(status) not in declared and f"{status // 100}XX" not in declared:
        return None
    return (RecordNotFound if status == 404 else ProviderFault)(provider=(str(status), ""))


def soap_fault(fault: SoapFaultReceived) -> LgspError:
    """A declared fault, or one that blames the sender, is business in the ministry's own words; the rest is technical."""
    words = (fault.detail_name or fault.code, fault.text)
    if fault.code in SECURITY_FAULTS:  # we were not let in: nothing took effect, and no caller can mend it
        return ConnectFailed(_NOT_LET_IN, provider=words)
    if fault.detail_name is not None or fault.code in ("Client", "Sender"):
        return ProviderFault(provider=words)
    return BadAnswer(Text("Cơ sở dữ liệu báo lỗi SOAP phía máy chủ", "A SOAP fault of the server"), provider=words)


def _code(answer: HttpResponse) -> str | None:
    body = answer.body
    if answer.status < 300 or not isinstance(body, bytes) or len(body) > 16 * 1024:
        return None
    if body.lstrip()[:1] == b"<":
        found = _XML_CODE.search(body)
        return found[1].decode() if found else None
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    fault = said.get("fault") if isinstance(said, dict) else None
    code = fault.get("code") if isinstance(fault, dict) else None
    return str(code) if isinstance(code, int | str) and re.fullmatch(r"[0-9]{6}", str(code)) else None


def _retry_after(answer: HttpResponse) -> float | None:
    value = answer.headers.get("retry-after", "")
    return float(min(int(value), 3600)) if re.fullmatch(r"[0-9]{1,9}", value) else None
