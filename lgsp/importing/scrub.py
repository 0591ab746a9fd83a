"""Definitions without what an old gateway wrote into them: addresses, sign-in, extensions; credentials stand there."""

from __future__ import annotations

import re
from typing import Any

from lgsp.importing.found import bare_address

_GATEWAYS_OWN = (
    "x-wso2-",
    "x-mediation-script",
    "x-auth-type",
    "x-throttling-tier",
    "x-scope",
    "x-endpoints",
    "x-amf-",
)
_AT_THE_TOP = frozenset({"servers", "security", "host", "basePath"})
_LOCATION = re.compile(
    rb"""(<[A-Za-z0-9_.-]*:?address\b[^>]{0,400}?\b(?:location|uri)\s*=\s*)(["'])([^"'<>]{0,2000})\2"""
)


def without_gateway(document: Any) -> Any:
    """An OpenAPI document as the ministry's contract: what messages are, and nothing of who carried them."""
    if not isinstance(document, dict):
        return document
    kept = {name: _bare(value) for name, value in document.items() if name not in _AT_THE_TOP and not _own(name)}
    if isinstance(kept.get("components"), dict):
        kept["components"] = {name: value for name, value in kept["components"].items() if name != "securitySchemes"}
    return kept


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        operation = "responses" in value
        return {
            name: _bare(each)
            for name, each in value.items()
            if not _own(name) and not (operation and name in ("security", "servers"))
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _own(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(_GATEWAYS_OWN)


def without_credentials(raw: bytes) -> bytes:
    """A WSDL whose addresses say host and path alone. The bus calls none of them; a person reads them once."""

    def bare(found: re.Match[bytes]) -> bytes:
        written = bare_address(found[3].decode("utf-8", "replace")) or "urn:removed"
        return found[1] + found[2] + written.encode() + found[2]

    return _LOCATION.sub(bare, raw)
