"""`/token` and `/revoke`: OAuth2 client credentials (RFC 6749 §4.4), the same for our consumers and the platform's clients."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from lgsp.adapters.rest import FORM, JSON, media_type
from lgsp.endpoints import edge
from lgsp.endpoints.house import House, Route
from lgsp.errors import LgspError, Overloaded, Unauthenticated
from lgsp.pipeline.authenticate import unpack_access_token

_LIMIT = 16 * 1024
_LONGEST_SCOPE = 500


def routes(house: House) -> list[Route]:
    async def token(request: web.Request) -> web.StreamResponse:
        return await issue(house, request)

    async def revoke(request: web.Request) -> web.StreamResponse:
        return await _revoke(house, request)

    return [Route("POST", "/token", "client", token), Route("POST", "/revoke", "client", revoke)]


async def issue(house: House, request: web.Request) -> web.StreamResponse:
    """Dialects A1 (Basic), the form's own fields, A2 (`lgspaccesstoken`) and A4 (a JSON body), DOMAIN §1.4."""
    try:
        client, secret, fields = await _client(house, request)
        grant_type = fields.get("grant_type", "client_credentials" if "client_id" in fields else "")
        if grant_type != "client_credentials":
            return _error(400, "unsupported_grant_type", "grant_type must be client_credentials")
        scope = fields.get("scope", "")
        if len(scope) > _LONGEST_SCOPE:
            return _error(400, "invalid_scope", f"a scope has at most {_LONGEST_SCOPE} letters")
        token = await house.policy.issue(client, secret, scope, edge.peer(house, request))
    except Unauthenticated as error:
        return _unauthenticated(error)
    except Overloaded as error:
        refused = _error(error.status, "temporarily_unavailable", "too many scopes at a time")
        refused.headers["Retry-After"] = str(int(error.retry_after or 0) + 1)
        return refused
    except LgspError:
        return _error(400, "invalid_request", "the request cannot be read")
    return _json(
        200,
        {
            "access_token": token.access_token,
            "scope": token.scope,
            "token_type": "Bearer",
            "expires_in": token.expires_in,
        },
    )


async def _revoke(house: House, request: web.Request) -> web.StreamResponse:
    """RFC 7009: 200 also for a token that is not known."""
    try:
        client, secret, fields = await _client(house, request)
        consumer = house.policy.by_secret(client, secret, edge.peer(house, request))
    except Unauthenticated as error:
        return _unauthenticated(error)
    except LgspError:
        return _error(400, "invalid_request", "the request cannot be read")
    await house.policy.revoke_token(fields.get("token", ""), consumer.id)
    return _json(200, {})


async def _client(house: House, request: web.Request) -> tuple[str, str, dict[str, str]]:
    """(client id, secret, fields of the body)."""
    headers = edge.lower(request)
    body = await edge.read_body(house, request, _LIMIT)
    fields = _fields(media_type(headers), bytes(body) if isinstance(body, bytes) else b"")
    authorization = headers.get("authorization", "")
    if authorization[:6].lower() == "basic ":
        try:
            client, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise Unauthenticated() from error
        return client, secret, fields
    if packed := headers.get("lgspaccesstoken"):
        return *unpack_access_token(packed), fields
    return fields.get("client_id", ""), fields.get("client_secret", ""), fields


def _fields(kind: str, body: bytes) -> dict[str, str]:
    try:
        if kind == JSON:
            return msgspec.json.decode(body, type=dict[str, str])
        if kind in (FORM, ""):
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return {}


def _unauthenticated(error: Unauthenticated) -> web.Response:
    response = _error(401, "invalid_client", "Client credentials are not valid")
    response.headers["WWW-Authenticate"] = 'Basic realm="lgsp"'
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return response


def _error(status: int, code: str, description: str) -> web.Response:
    response = _json(status, {"error": code, "error_description": description})
    response.headers["X-LGSP-Fault-Domain"] = "caller"
    return response


def _json(status: int, body: object) -> web.Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=JSON, headers=headers)
