"""What a browser sends with a form, within bounds: fields, and files whole in memory."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from lgsp.adapters.rest import FORM, media_type
from lgsp.console.visit import Form, Upload
from lgsp.endpoints import edge
from lgsp.endpoints.house import House
from lgsp.errors import InvalidMessage, TooLarge, UnsupportedMediaType
from lgsp.model import FieldError

_FIELDS = 200
_MULTIPART = "multipart/form-data"


async def read_form(house: House, request: web.Request, limit: int) -> Form:
    """Raises `TooLarge`, `UnsupportedMediaType` and `InvalidMessage`."""
    kind = media_type(edge.lower(request))
    if kind == _MULTIPART:
        return await _multipart(house, request, limit)
    if kind not in (FORM, ""):
        raise UnsupportedMediaType()
    body = await edge.read_body(house, request, limit)
    assert isinstance(body, bytes)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise InvalidMessage(errors=(FieldError("", "form"),)) from error
    return Form(_gathered(pairs))


async def _multipart(house: House, request: web.Request, limit: int) -> Form:
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge()
    pairs: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    left = limit
    try:
        async with asyncio.timeout(house.settings.limits.body_seconds):
            reader = await request.multipart()
            while (part := await reader.next()) is not None:
                if not isinstance(part, BodyPartReader) or not part.name or len(pairs) + len(files) >= _FIELDS:
                    raise InvalidMessage(errors=(FieldError("", "form"),))
                content = bytearray()
                while chunk := await part.read_chunk(64 * 1024):
                    left -= len(chunk)
                    if left < 0:
                        raise TooLarge()
                    content += chunk
                if part.filename is None:
                    pairs.append((part.name, content.decode()))
                elif content:
                    files[part.name] = Upload(part.filename[-200:], bytes(content))
    except (ValueError, AssertionError, TimeoutError) as error:
        raise InvalidMessage(errors=(FieldError("", "form"),)) from error
    return Form(_gathered(pairs), files)


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value.replace("\r\n", "\n"))
    return fields
