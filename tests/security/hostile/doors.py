"""Hostile addresses and forms: query strings of everything that is read, fields of everything that is filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote, urlencode

READ = (
    "/", "/status", "/api/systems", "/inbox", "/api/openapi.json", "/api/civil-status/v1/openapi.json", "/docs", "/metrics",
    "/livez", "/readyz", "/submissions/x", "/soap/civil-status/v1", "/soap/khong-co/v1", "/console/sign-in", "/console/",
    "/native/XrdAdapter/RestService/forward/mapi/login", "/nowhere",
)  # fmt: skip
"""Addresses that are read; none of them streams."""
PAGES = (
    "/console/", "/console/account", "/console/alerts", "/console/approvals", "/console/consumers", "/console/consumers/tester",
    "/console/explain", "/console/desk", "/console/desk/again", "/console/exchanges", "/console/exchanges/person",
    "/console/maintenance", "/console/reports", "/console/reports/paper", "/console/reports/file/csv",
    "/console/reports/file/docx", "/console/security", "/console/systems/vpostcode", "/console/systems/vpostcode/stage",
    "/console/systems/vpostcode/dossier/x/html", "/console/topology",
)  # fmt: skip
"""The console behind its sign-in."""
_NAMES = (
    "lang", "wsdl", "xsd", "page", "next", "said", "from", "to", "consumer", "call", "purpose", "system", "operation", "state",
    "cursor", "limit", "after", "q", "format", "outcome", "day", "month", "sort", "id", "resource", "service",
)  # fmt: skip
_VALUES = (
    "", "vi", "en", "xx", "0", "-1", "1e999", "9" * 4000, "NaN", "null", "true", "[]", "{}", "../../../etc/passwd", "%2e%2e%2f" * 50,
    "a\0b", "\r\nSet-Cookie: a=b", "\u202e\u2028", "😀" * 200, "' OR 1=1 --", '"><script>alert(1)</script>', "{{7*7}}", "${jndi:ldap://x}",
    "http://127.0.0.1:1/", "//evil.invalid", "file:///etc/passwd", "0000-00-00", "9999-12-31", "31/02/2023", "2023-13-45T99:99",
    "x" * 6000, "e\u0301" * 500, "\udcff", "*", "%", "%zz", ";", "&", "=",
)  # fmt: skip
_RAW = (
    "?", "&&&&", "=", "====", "%", "%00", "%ff%fe", "%zz", "a=%u1234", "a=b;c=d", "wsdl&wsdl&wsdl", "xsd=a&xsd=b", "&".join(["a=1"] * 1500),
    "&".join(f"k{number}=1" for number in range(900)), "a[]=1&a[b]=2", "a" * 7000, "?" * 3000, "#x", "a=b#c", "lang=vi&lang=en&lang=%00",
)  # fmt: skip
"""What no form writes."""


def queries() -> list[str]:
    """Query strings, without the question mark."""
    made = [
        f"{name}={quote(value, errors='surrogateescape')}"
        for number, name in enumerate(_NAMES)
        for value in _VALUES[number % 5 :: 5]
    ]
    return [*_RAW, *made]


def forms() -> list[tuple[str, bytes]]:
    """Bodies of the token endpoints, each with its name: form-encoded, or pretending to be."""
    good = {"grant_type": "client_credentials", "client_id": "tester", "client_secret": "x", "scope": "default"}
    found = [
        (f"{name}={value[:12]!r}", urlencode({**good, name: value}, errors="surrogateescape").encode())
        for name in (*good, "token", "token_type_hint", "username")
        for value in _VALUES
    ]
    pair = urlencode(good).encode()
    return [
        *found,
        *((f"raw-{raw[:12]}", raw.encode()) for raw in _RAW),
        ("all-twice", pair + b"&" + pair),
        ("many-fields", b"&".join([pair] * 5000)),
        ("many-empty", b"&" * 500_000),
        ("long-name", b"a" * 900_000 + b"=1"),
        ("long-value", pair + b"&client_id=" + b"x" * 900_000),
        ("percents", b"client_id=" + b"%41" * 300_000),
        ("broken-percents", b"client_id=" + b"%" * 900_000),
        ("bytes", b"client_id=\xff\xfe\x00&client_secret=\x80"),
        ("utf-16", urlencode(good).encode("utf-16")),
        ("multipart", b'--b\r\nContent-Disposition: form-data; name="client_id"\r\n\r\nx\r\n--b--'),
    ]


def basics() -> Iterator[str]:
    """What may stand behind `Authorization:` and is nobody's credential."""
    yield from (
        "", "Basic", "Basic ", "Basic %%%", "Basic " + "A" * 7000, "Basic Og==", "Basic OjpdOjo6", "basic eDp5", "Basic eDp5 eDp5",
        "Basic /////w==", "Basic AAAA", "Bearer", "Bearer ", "Bearer \t", "Bearer " + "x" * 7000, "Bearer sandbox.", "Bearer a b c",
        "Digest username=x", "Negotiate YII=", "Bearer \xff\xfe", ",,,", "=", "null",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a page: where it goes, what it hides, what a person fills in."""

    action: str
    hidden: dict[str, str]
    open: tuple[str, ...]


def forms_of(page: str, path: str) -> Iterator[Form]:
    """Those that change something and that a person fills in; signing out is left to the end."""
    for head, inner in re.findall(r"<form\b([^>]*)>(.*?)</form>", page, re.DOTALL):
        if 'method="post"' not in head.lower():
            continue
        said = re.search(r'action="([^"]*)"', head)
        hidden: dict[str, str] = {}
        shown: list[str] = []
        for kind, field in re.findall(r"<(input|select|textarea)\b([^>]*)>", inner):
            name = re.search(r'\bname="([^"]*)"', field)
            if name is None:
                continue
            if kind == "input" and 'type="hidden"' in field:
                value = re.search(r'\bvalue="([^"]*)"', field)
                hidden[name[1]] = unescape(value[1]) if value else ""
            else:
                shown.append(name[1])
        action = unescape(said[1]) if said and said[1] else path
        if shown and not action.endswith("sign-out"):
            yield Form(action, hidden, tuple(dict.fromkeys(shown)))


VALUES = _VALUES
