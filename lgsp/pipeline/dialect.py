"""Which operation a native call means: by path, by `dstcode`, by the Body's element, by the fields that tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from lgsp.adapters import forms
from lgsp.adapters.rest import FORM, MULTIPART, XML, media_type, visible
from lgsp.adapters.soap import open_request
from lgsp.errors import InvalidMessage, UnknownOperation
from lgsp.model import FieldError, HttpRequest
from lgsp.registry import NativeEntry, Registry
from lgsp.runtime import Runtime

AWAY_FROM = 64 * 1024


async def find(registry: Registry, request: HttpRequest, runtime: Runtime) -> NativeEntry:
    """Raises `UnknownOperation`, or `InvalidMessage` for a body that had to be read and cannot be."""
    path = request.target.partition("?")[0]
    entries = registry.native.at(request.method.upper(), path)
    named = _dstcode(request)
    if named is not None:
        entries = tuple(each for each in entries if each.route.backend.dstcode == named)
    if not entries:
        raise UnknownOperation()
    if len(entries) == 1 and entries[0].route.backend.adapter == "rest" and not entries[0].constants:
        return entries[0]
    if len(request.body) > AWAY_FROM:
        return await runtime.offload(lambda: choose(entries, request))
    return choose(entries, request)


def choose(entries: tuple[NativeEntry, ...], request: HttpRequest) -> NativeEntry:
    """Reads the body only as far as it tells operations apart."""
    if entries[0].route.backend.adapter == "soap":
        opened = open_request(entries[0].route.backend.contract, request)
        entries = tuple(each for each in entries if each.route.operation.input.root == opened.operation.input.root)
    fields: Mapping[str, Any] | None = None
    if any(each.constants or each.operation.native for each in entries):
        fields = _fields(request)
        entries = tuple(each for each in entries if all(fields.get(k) == v for k, v in each.constants.items()))
    exact = [each for each in entries if each.operation.native and fields is not None and _says(fields, each)]
    if exact:
        return exact[0]
    general = [each for each in entries if not each.operation.native]
    if not general:
        raise UnknownOperation()
    return general[0]


def _says(fields: Mapping[str, Any], entry: NativeEntry) -> bool:
    rule = entry.operation.native
    assert rule
    here: Any = fields
    for part in rule.field.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return here is not None and str(here) == rule.equals


def _fields(request: HttpRequest) -> Mapping[str, Any]:
    """Query and body as the ministry's own field names; what stands on disk is a placeholder."""
    found: dict[str, Any] = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    kind = media_type(request.headers)
    raw, _ = visible(request.body)
    if not raw or kind in XML:
        return found
    if kind == FORM:
        return {**found, **dict(forms.read_urlencoded(raw))}
    if kind == MULTIPART:
        return {**found, **dict(forms.read_multipart(request.headers.get("content-type", ""), raw))}
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidMessage(errors=(FieldError("", "json"),)) from error
    return {**found, **body} if isinstance(body, dict) else found


def _dstcode(request: HttpRequest) -> str | None:
    query = dict(parse_qsl(request.target.partition("?")[2]))
    return query.get("dstcode") or request.headers.get("dstcode")
