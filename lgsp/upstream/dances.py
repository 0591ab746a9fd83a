"""How one gets in at an upstream: dances as generators without I/O, one per manner; signing; how a refusal looks.

A dance yields `HttpRequest`s, is sent the `HttpResponse`s and returns a `Credential`; so it is written as straight code and
tested by `next()` and `send()` (DOMAIN.md 1.4, 1.5).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeGuard
from urllib.parse import quote, urlencode

import msgspec

from lgsp.model import HttpRequest, HttpResponse, Spooled, Text
from lgsp.settings import Upstream

FORWARD = "/XrdAdapter/RestService/forward"
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 8 * 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """What a dance brought. `seconds` it lives; None means until it is refused."""

    value: str = field(repr=False)
    seconds: float | None = None


class SignInRefused(Exception):
    """The upstream answered, but with no credential."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


Dance = Generator[HttpRequest, HttpResponse, Credential]


@dataclass(frozen=True, slots=True)
class Manner:
    """`dance` None: nothing to fetch, the settings are the credential."""

    dance: Callable[[Upstream, str | None], Dance] | None
    sign: Callable[[HttpRequest, Credential, Upstream, str | None], HttpRequest]
    refused: Callable[[HttpResponse], bool]
    base: Callable[[Upstream], str] = lambda upstream: upstream.url.rstrip("/")


# -- dances -----------------------------------------------------------------------------------------------------------


def client_credentials(upstream: Upstream, _: str | None) -> Dance:
    """A1: OAuth2 client credentials, Basic."""
    headers = {"authorization": _basic(upstream.client_id, upstream.client_secret), "content-type": _FORM}
    answer = yield HttpRequest("POST", "/token", headers, b"grant_type=client_credentials")
    return _token(answer)


def access_token(upstream: Upstream, _: str | None) -> Dance:
    """A2: the header `lgspaccesstoken`, base64 of a JSON object, and a form."""
    headers = {"lgspaccesstoken": _access_token(upstream), "content-type": _FORM}
    answer = yield HttpRequest("POST", "/token", headers, b"grant_type=client_credentials")
    return _token(answer)


def json_token(upstream: Upstream, _: str | None) -> Dance:
    """A4: client id and secret in a JSON body."""
    body = msgspec.json.encode({"client_id": upstream.client_id, "client_secret": upstream.client_secret})
    answer = yield HttpRequest("POST", "/token", {"content-type": "application/json"}, body)
    return _token(answer)


def password_grant(upstream: Upstream, _: str | None) -> Dance:
    """A ministry's own token by user name and password (OAuth2 resource owner password)."""
    form = {
        "grant_type": "password", "username": upstream.username, "password": upstream.password,
        "client_id": upstream.client_id, "client_secret": upstream.client_secret,
    }  # fmt: skip
    answer = yield HttpRequest("POST", "/token", {"content-type": _FORM}, urlencode(form).encode())
    return _token(answer)


def xroad_login(upstream: Upstream, dstcode: str | None) -> Dance:
    """B: the adapter's login, a session for one `dstcode`."""
    body = msgspec.json.encode({"username": upstream.username, "password": upstream.password})
    target = "/mapi/login" + (f"?dstcode={quote(dstcode, safe=':')}" if dstcode else "")
    answer = yield HttpRequest("POST", target, {"content-type": "application/json"}, body)
    said = _object(answer)
    session = said.get("session")
    if answer.status != 200 or str(said.get("error_code")) != "0" or not _sendable(session):
        raise SignInRefused(Text("Bộ chuyển X-Road từ chối đăng nhập", "The X-Road adapter refused the login"))
    return Credential(session)


def _token(answer: HttpResponse) -> Credential:
    said = _object(answer)
    token, life = said.get("access_token"), said.get("expires_in", 3600)
    if answer.status != 200 or not token or not _sendable(token):
        raise SignInRefused(
            Text(
                f"Nền tảng không cấp mã truy cập (HTTP {answer.status})", f"No token was issued (HTTP {answer.status})"
            )
        )
    try:
        return Credential(token, max(1.0, min(float(life), 86400.0)))
    except (TypeError, ValueError, OverflowError):
        return Credential(token, 60.0)


def _sendable(value: object) -> TypeGuard[str]:
    """It goes into a header of every call: no end of a line, nothing that is no text there, and not more than one takes."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= _LONGEST


# -- signing ----------------------------------------------------------------------------------------------------------


def _bearer(request: HttpRequest, credential: Credential, _: Upstream, __: str | None) -> HttpRequest:
    return _with(request, {"authorization": f"Bearer {credential.value}"})


def _through_ndop(request: HttpRequest, credential: Credential, _: Upstream, dstcode: str | None) -> HttpRequest:
    """A reconstruction (Decree 278/2025/NĐ-CP publishes nothing): the message untouched, whom it is for in a header."""
    headers = {"authorization": f"Bearer {credential.value}"} | ({"x-ndop-provider": dstcode} if dstcode else {})
    signed = _with(request, headers)
    return HttpRequest(signed.method, f"/exchange{signed.target}", signed.headers, signed.body)


def _bearer_and_access_token(
    request: HttpRequest, credential: Credential, upstream: Upstream, _: str | None
) -> HttpRequest:
    return _with(request, {"authorization": f"Bearer {credential.value}", "lgspaccesstoken": _access_token(upstream)})


def _system_headers(request: HttpRequest, _: Credential, upstream: Upstream, __: str | None) -> HttpRequest:
    """A3: on every call, no token."""
    return _with(request, {"x-systemid": upstream.client_id, "x-secretkey": upstream.client_secret})


def _basic_header(request: HttpRequest, _: Credential, upstream: Upstream, __: str | None) -> HttpRequest:
    return _with(request, {"authorization": _basic(upstream.username, upstream.password)})


def _unsigned(request: HttpRequest, _: Credential, __: Upstream, ___: str | None) -> HttpRequest:
    return request


def _in_session(request: HttpRequest, credential: Credential, _: Upstream, dstcode: str | None) -> HttpRequest:
    """`mapi` calls carry the session in their JSON, as published; document paths in a header (reconstruction)."""
    path, _mark, query = request.target.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("dstcode=")]
    if dstcode:
        kept.append(f"dstcode={quote(dstcode, safe=':')}")
    request = replace(request, target=path + ("?" + "&".join(kept) if kept else ""))
    if "/mapi/" not in path or "json" not in request.headers.get("content-type", ""):
        return _with(request, {"session": credential.value})
    session = msgspec.json.encode(credential.value)
    if isinstance(request.body, Spooled):
        first, *rest = request.body.pieces
        if not isinstance(first, bytes) or not first.startswith(b"{"):
            return _with(request, {"session": credential.value})
        head = b'{"session":' + session + b","
        return replace(request, body=Spooled((head + first[1:], *rest), request.body.size + len(head) - 1))
    try:  # only the top level is read; values stay the bytes that they are
        fields = msgspec.json.decode(request.body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return _with(request, {"session": credential.value})
    return replace(request, body=msgspec.json.encode({"session": msgspec.Raw(session), **_without_session(fields)}))


def _without_session(fields: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {name: value for name, value in fields.items() if name != "session"}


def _unauthorised(answer: HttpResponse) -> bool:
    return answer.status == 401


def _session_lost(answer: HttpResponse) -> bool:
    """An expired session is an `error_code` other than 0 that speaks of the session; any other one is business."""
    if answer.status == 401:
        return True
    if len(answer.body) > 4096:
        return False
    said = _object(answer)
    message = " ".join(str(said.get(name, "")) for name in ("message", "error_message", "error", "description")).lower()
    return str(said.get("error_code", "0")) != "0" and ("session" in message or "phiên" in message)


def _never(_: HttpResponse) -> bool:
    return False


def _forwarding(upstream: Upstream) -> str:
    url = upstream.url.rstrip("/")
    return url if url.endswith(FORWARD) else url + FORWARD


def _below_ndop(upstream: Upstream) -> str:
    return upstream.url.rstrip("/") + "/ndop/v1"


MANNERS: Mapping[str, Manner] = MappingProxyType({
    "none": Manner(None, _unsigned, _never),
    "basic": Manner(None, _basic_header, _never),
    "headers": Manner(None, _system_headers, _never),
    "oauth2": Manner(client_credentials, _bearer, _unauthorised),
    "lgspaccesstoken": Manner(access_token, _bearer_and_access_token, _unauthorised),
    "json-token": Manner(json_token, _bearer, _unauthorised),
    "password-grant": Manner(password_grant, _bearer, _unauthorised),
    "ndop": Manner(client_credentials, _through_ndop, _unauthorised, _below_ndop),
    "xroad-session": Manner(xroad_login, _in_session, _session_lost, _forwarding),
})  # fmt: skip
"""What `manner` of `[upstreams.<name>]` may say."""


def _with(request: HttpRequest, headers: Mapping[str, str]) -> HttpRequest:
    return HttpRequest(request.method, request.target, {**request.headers, **headers}, request.body)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _access_token(upstream: Upstream) -> str:
    fields = {"AccessKey": upstream.client_id, "SecretKey": upstream.client_secret, "AppName": upstream.username}
    return base64.b64encode(msgspec.json.encode(fields)).decode()


def _object(answer: HttpResponse) -> dict[str, Any]:
    if not isinstance(answer.body, bytes):
        return {}
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
