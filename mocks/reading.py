"""What a ministry reads of a call: the message of its contract, without the session that X-Road's callers put into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lgsp.adapters import rest, soap
from lgsp.contract.model import Operation
from lgsp.model import Data
from lgsp_mocks.visit import Visit


def read(visit: Visit) -> Data:
    """The message, validated. Raises `InvalidMessage`."""
    if visit.opened is not None:
        return soap.read_body(visit.opened)
    request = visit.request
    if (
        isinstance(request.body, bytes)
        and b'"session"' in request.body[:200]
        and "session" not in _properties(visit.operation)
    ):
        request = replace(request, body=_without_session(request.body))
    return rest.decode_request(visit.operation, request, visit.path_params)


def _properties(operation: Operation) -> Mapping[str, Any]:
    found = operation.input.json_schema().get("properties", {})
    return found if isinstance(found, dict) else {}


def _without_session(body: bytes) -> bytes:
    try:
        sent = json.loads(body)
    except ValueError:
        return body
    if not isinstance(sent, dict):
        return body
    sent.pop("session", None)
    return json.dumps(sent, ensure_ascii=False).encode()
