"""The national platform: its token endpoint in three dialects (DOMAIN.md §1.4 A1, A2, A4), and its own faults (§4.3).

Ministries with a sign-in of their own (grant `password`, §6.3) share the endpoint, never the tokens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp.runtime import Runtime

LIFE = 3_600.0
"""Seconds that a token lives [sourced]."""
DEMO = "demo-"
"""Every secret of the demonstration begins so; nothing else is let in."""
PLATFORM, OWN = "client_credentials", "password"
"""Grants: a token of the one opens nothing behind the other."""

FAULTS: Mapping[int, tuple[int, str, str]] = {
    900901: (401, "Invalid Credentials", "Access failure for API: the access token is invalid or has expired"),
    900902: (401, "Missing Credentials", "Required OAuth credentials not provided"),
    900906: (404, "No matching resource found in the API for the given request", "Check the API documentation"),
    900800: (429, "Message throttled out", "You have exceeded your quota"),
    101503: (503, "Error connecting to the back end", "The endpoint could not be reached"),
    101504: (504, "Connection timed out", "The endpoint did not answer"),
    303001: (
        503,
        "Currently , Address endpoint : [ Name : endpoint ] [ State : SUSPENDED ]",
        "The endpoint is suspended",
    ),
}


def fault(
    code: int, request: HttpRequest, *, xml: bool | None = None, status: int | None = None, message: str = ""
) -> HttpResponse:
    """The platform's own fault document: JSON, or XML where Accept asks for it or `xml` says so (its older default)."""
    usual, title, description = FAULTS.get(code, (500, message, message))
    title = message or title
    accept = request.headers.get("accept", "")
    if xml if xml is not None else ("xml" in accept and "json" not in accept):
        space = "http://wso2.org/apimanager/security" if 900900 <= code <= 900999 else "http://wso2.org/apimanager"
        body = (
            f'<ams:fault xmlns:ams="{space}"><ams:code>{code}</ams:code><ams:message>{title}</ams:message>'
            f"<ams:description>{description}</ams:description></ams:fault>"
        )
        return HttpResponse(status or usual, {"content-type": "application/xml; charset=UTF-8"}, body.encode())
    document = {"fault": {"code": code, "message": title, "description": description}}
    return HttpResponse(
        status or usual, {"content-type": "application/json; charset=UTF-8"}, json.dumps(document).encode()
    )


class Tokens:
    """Who may call through the platform. Asking again inside the validity gives the same token with what is left of it."""

    def __init__(self, runtime: Runtime, life: float = LIFE) -> None:
        self._runtime, self._life = runtime, life
        self.clients: dict[str, str] = {}
        """Clients with a secret of their own, beside those whose secret begins with `demo-`."""
        self._tokens: dict[str, tuple[str, float, str]] = {}
        """Token -> owner, end, grant."""

    def answer(self, request: HttpRequest) -> HttpResponse:
        """`POST /token`."""
        fields = _fields(request)
        client, secret = _credentials(request, fields)
        grant = fields.get("grant_type", PLATFORM)
        if grant not in (PLATFORM, OWN):
            return _refused(400, "unsupported_grant_type", "The grant type is not supported")
        if not self._known(client, secret):
            return _refused(401, "invalid_client", "A valid OAuth client could not be found for the client_id")
        if grant == OWN and not (fields.get("username") and fields.get("password", "").startswith(DEMO)):
            return _refused(400, "invalid_grant", "User name or password is wrong")
        token, left = self.issue(client, grant)
        return _json(200, {
            "access_token": token,
            **({"refresh_token": token[::-1]} if grant == OWN else {}),
            "scope": "am_application_scope default",
            "token_type": "Bearer",
            "expires_in": int(left),
        })  # fmt: skip

    def by_password(self, request: HttpRequest) -> bool:
        """Is this a sign-in of a ministry's own?"""
        return _fields(request).get("grant_type") == OWN

    def revoke_request(self, request: HttpRequest) -> HttpResponse:
        """`POST /revoke`: gone, or never there; the answer is the same."""
        self.revoke(_fields(request).get("token", ""))
        return HttpResponse(200, {"content-type": "application/json"}, b"")

    def issue(self, client: str, grant: str = PLATFORM) -> tuple[str, float]:
        """The client's token and the seconds that are left of it."""
        now = self._now()
        for token, (owner, expires, given) in self._tokens.items():
            if owner == client and given == grant and expires > now + 1:
                return token, expires - now
        digest = hashlib.sha256(self._runtime.ids.token().encode()).hexdigest()
        token = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
        self._tokens = {key: kept for key, kept in self._tokens.items() if kept[1] > now}
        self._tokens[token] = (client, now + self._life, grant)
        return token, self._life

    def client_of(self, request: HttpRequest, *, own: bool = False) -> str | None:
        """Whose token a call carries: None where it carries none, "" where it is not valid, or not here (`own`: behind a
        ministry's own sign-in)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        owner, expires, grant = self._tokens.get(token.strip(), ("", 0.0, ""))
        return owner if expires > self._now() and (grant == OWN) is own else ""

    def client_by_basic(self, request: HttpRequest) -> str:
        """Whose name and password a call carries; "" where they are missing or wrong."""
        if not request.headers.get("authorization", "").lower().startswith("basic "):
            return ""
        client, secret = _credentials(request, {})
        return client if self._known(client, secret) else ""

    def revoke(self, token: str) -> None:
        self._tokens.pop(token.removeprefix("Bearer ").strip(), None)

    def revoke_all(self) -> None:
        self._tokens.clear()

    def state(self) -> Data:
        return {"tokens": {token: list(kept) for token, kept in self._tokens.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._tokens = {
            token: (kept[0], kept[1], (*kept, PLATFORM)[2]) for token, kept in state.get("tokens", {}).items()
        }

    def _known(self, client: str, secret: str) -> bool:
        own = self.clients.get(client)
        if own is not None:
            return hmac.compare_digest(own, secret)
        return bool(client) and secret.startswith(DEMO)

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()


def system_header(request: HttpRequest) -> str | None:
    """A3: `X-SystemId` and `X-SecretKey` on every call. None where there are none, "" where they do not fit."""
    system, secret = request.headers.get("x-systemid"), request.headers.get("x-secretkey", "")
    if system is None:
        return None
    return system if secret.startswith(DEMO) else ""


def _fields(request: HttpRequest) -> dict[str, str]:
    body = request.body if isinstance(request.body, bytes) else b""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            sent = json.loads(body)
        except ValueError:
            return {}
        return {str(key): str(value) for key, value in sent.items()} if isinstance(sent, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _credentials(request: HttpRequest, fields: Mapping[str, str]) -> tuple[str, str]:
    """A1 Basic, A2 `lgspaccesstoken`, A4 and the plain form: client and secret."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client, _, secret = _b64(encoded).partition(":")
        return client, secret
    if dialect := request.headers.get("lgspaccesstoken"):
        try:
            sent = json.loads(_b64(dialect))
        except ValueError:
            return "", ""
        return (str(sent.get("AccessKey", "")), str(sent.get("SecretKey", ""))) if isinstance(sent, dict) else ("", "")
    return fields.get("client_id", fields.get("username", "")), fields.get("client_secret", fields.get("password", ""))


def _b64(text: str) -> str:
    try:
        return base64.b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _refused(status: int, error: str, description: str) -> HttpResponse:
    return _json(status, {"error": error, "error_description": description})


def _json(status: int, document: Data) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(document).encode())
