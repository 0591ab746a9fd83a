"""Contract to OpenAPI 3.1: the REST face as the bus serves it, whatever language the contract was born in."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

from lgsp.contract.model import Codec, Contract, Operation
from lgsp.contract.references import reached
from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage

Document = dict[str, Any]

_PROBLEM: Document = {
    "type": "object",
    "title": "RFC 9457 problem",
    "required": ["type", "title", "status", "code", "fault_domain", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "fault_domain": {"type": "string", "enum": ["caller", "policy", "bus", "network", "backend"]},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": "integer", "description": "seconds"},
        "system": {"type": "string"},
        "operation": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "rule"],
                "properties": {
                    "path": {"type": "string", "description": "JSON Pointer into the request"},
                    "rule": {"type": "string"},
                },
            },
        },
        "provider": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}


def openapi_document(contract: Contract, server: str, *, examples: bool = True) -> Document:
    """Every call builds a document of its own, so that the caller may add to it."""
    components: Document = {}
    paths: Document = {}
    for operation in contract.operations.values():
        for codec in (operation.input, operation.output):
            components |= components_of(codec)
        paths[f"/{operation.name}"] = {"post": _operation(operation, examples=examples)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": contract.title.en,
            "x-title-vi": contract.title.vi,
            "version": contract.version.removeprefix("v"),
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {**copy.deepcopy(components), "LgspProblem": copy.deepcopy(_PROBLEM)},
            "responses": {
                "LgspProblem": {
                    "description": "Refused or failed; `code` says why, `fault_domain` whose turn it is",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/LgspProblem"}}},
                }
            },
        },
    }


def components_of(codec: Codec) -> Document:
    """The schemas that a codec's own schema refers to, all the way down."""
    return reached(codec.json_schema(), getattr(codec, "components", {}))


def _operation(operation: Operation, *, examples: bool) -> Document:
    request: Document = {"schema": copy.deepcopy(operation.input.json_schema())}
    answer: Document = {"schema": copy.deepcopy(operation.output.json_schema())}
    for side, codec, example in (
        (
            (request, operation.input, operation.request_example),
            (answer, operation.output, operation.answer_example),
        )
        if examples
        else ()
    ):
        # a contract without examples of its own still shows messages that it would accept
        with contextlib.suppress(InvalidMessage):
            side["example"] = specimen(codec) if example is None else copy.deepcopy(example)
    document: Document = {
        "operationId": operation.name,
        "summary": operation.title.en,
        "x-title-vi": operation.title.vi,
        "requestBody": {"required": True, "content": {"application/json": request}},
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": answer}},
            "default": {"$ref": "#/components/responses/LgspProblem"},
        },
    }
    if operation.origin:
        document["x-lgsp-origin"] = operation.origin
        document["description"] = operation.origin
    return document
