"""The documents that agencies' developers read: a contract's OpenAPI with our credentials, headers and errors put in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lgsp import contract as contracts
from lgsp.registry import Connector

_SECURITY: dict[str, Any] = {
    "token": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}},
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_HEADERS = (
    ("X-Correlation-ID", "Names the call in logs and evidence; made where missing"),
    ("Idempotency-Key", "The same key and body give the same answer for 72 hours"),
    ("Prefer", "respond-async: accept the update now, deliver it later"),
    ("X-LGSP-Purpose", "Procedure code, e.g. 1.001193"),
    ("X-LGSP-Case", "Dossier code"),
    ("X-LGSP-Officer", "Who asks, in the agency"),
    ("X-LGSP-Timeout", "Seconds, at most the operation's own limit"),
    ("Accept-Language", "vi or en"),
)
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "fault_domain", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "fault_domain": {"enum": ["caller", "policy", "bus", "network", "backend"]},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": "integer"},
        "system": {"type": "string"},
        "operation": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"path": {"type": "string"}, "rule": {"type": "string"}}},
        },
        "provider": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}


def dressed(document: dict[str, Any], connector: Connector) -> dict[str, Any]:
    """One system's document with security schemes, the headers of INTERFACE and problem+json."""
    paths = {
        path: {method: _operation(each, connector) for method, each in item.items()}
        for path, item in document.get("paths", {}).items()
    }
    components = dict(document.get("components", {}))
    components["schemas"] = {**components.get("schemas", {}), "Problem": _PROBLEM}
    components["securitySchemes"] = _SECURITY
    return {**document, "paths": paths, "components": components, "security": [{"token": []}, {"apiKey": []}]}


def _operation(operation: Any, connector: Connector) -> Any:
    if not isinstance(operation, dict) or "responses" not in operation:
        return operation
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {**operation["responses"], "default": {"description": "An error of the table", "content": problem}}
    headers = [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS
    ]
    parameters = [*operation.get("parameters", []), *headers]
    said = {"deprecated": True} if connector.notice is not None else {}
    return {**operation, "tags": [connector.name], "parameters": parameters, "responses": responses, **said}


def merged(connectors: Iterable[Connector], server: str) -> dict[str, Any]:
    """Everything in one document: paths below `/api/{system}/v{n}`, schemas with the system's name before theirs."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    tags = []
    for connector in (version for each in connectors for version in each.versions()):
        version = connector.version
        prefix = "".join(part.title() for part in connector.name.split("-"))
        prefix += version.upper() if connector.notice is not None else ""
        document = dressed(contracts.openapi(connector.public, server), connector)
        document = _renamed(document, prefix)
        paths |= {f"/api/{connector.name}/{version}{path}": item for path, item in document["paths"].items()}
        schemas |= {f"{prefix}{n}": s for n, s in document["components"]["schemas"].items() if n != "Problem"}
        if connector.notice is None:
            tags.append({"name": connector.name, "description": f"{connector.title.vi} · {connector.title.en}"})
    return {
        "openapi": "3.1.0",
        "info": {"title": "LGSP", "version": "1", "description": "Every system that this bus connects"},
        "servers": [{"url": server}],
        "tags": tags,
        "security": [{"token": []}, {"apiKey": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


def _renamed(value: Any, prefix: str) -> Any:
    """References and operation ids of one document, made its own among the others."""
    if isinstance(value, dict):
        return {key: _reference(key, item, prefix) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, prefix) for item in value]
    return value


def _reference(key: str, item: Any, prefix: str) -> Any:
    head = "#/components/schemas/"
    if key == "$ref" and isinstance(item, str) and item.startswith(head) and item != head + "Problem":
        return f"{head}{prefix}{item.removeprefix(head)}"
    if key == "operationId" and isinstance(item, str):
        return f"{prefix}_{item}"
    return _renamed(item, prefix)
