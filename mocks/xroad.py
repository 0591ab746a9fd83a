"""The X-Road adapter: login by `dstcode`, a session that expires, and calls that it forwards (DOMAIN.md §1.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from lgsp.model import Data, HttpRequest, HttpResponse, Spooled
from lgsp.runtime import Runtime
from lgsp_mocks.ngsp import DEMO

PREFIX = "/XrdAdapter/RestService/forward"
LOGIN = f"{PREFIX}/mapi/login"
LIFE = 1_800.0
"""Seconds that a session lives without being used: a default of ours."""


class Sessions:
    """Who is signed in at the adapter, and for which destination."""

    def __init__(self, runtime: Runtime, life: float = LIFE) -> None:
        self._runtime, self._life = runtime, life
        self._sessions: dict[str, tuple[str, str, float]] = {}

    def login(self, request: HttpRequest) -> HttpResponse:
        """`POST …/mapi/login?dstcode=…` with `{username, password}`."""
        destination = dstcode(request)
        sent = _body(request)
        user, password = str(sent.get("username", "")), str(sent.get("password", ""))
        if not destination:
            return answer({"error_code": "2", "message": "Thiếu dstcode"})
        if not user or not password.startswith(DEMO):
            return answer({"error_code": "1", "message": "Sai tên đăng nhập hoặc mật khẩu"})
        session = self._runtime.ids.token()[:32]
        now = self._now()
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept[2] > now}
        self._sessions[session] = (user, destination, now + self._life)
        return answer({"session": session, "error_code": "0"})

    def user_of(self, request: HttpRequest) -> str | None:
        """Who calls: None where the call carries no session, "" where it is not valid (any more)."""
        session = session_of(request)
        if session is None:
            return None
        user, destination, expires = self._sessions.get(session, ("", "", 0.0))
        wanted = dstcode(request)
        if expires <= self._now() or (wanted and wanted != destination):
            return ""
        self._sessions[session] = (user, destination, self._now() + self._life)
        return user

    def expire(self, request: HttpRequest) -> None:
        self._sessions.pop(session_of(request) or "", None)

    def expire_all(self) -> None:
        self._sessions.clear()

    def state(self) -> Data:
        return {"sessions": {session: list(kept) for session, kept in self._sessions.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._sessions = {session: (kept[0], kept[1], kept[2]) for session, kept in state.get("sessions", {}).items()}

    def _now(self) -> float:
        return self._runtime.clock.now().timestamp()


def expired() -> HttpResponse:
    """What the adapter says of a session that it does not know (any more): HTTP 200 and an error code."""
    return answer({"error_code": "401", "message": "Phiên làm việc không hợp lệ hoặc đã hết hạn"})


def unknown_destination() -> HttpResponse:
    return answer({"error_code": "404", "message": "Không tìm thấy dịch vụ đích"})


def dstcode(request: HttpRequest) -> str | None:
    """The destination: in the query, else in the header."""
    found = parse_qs(request.target.partition("?")[2]).get("dstcode")
    return found[0] if found else request.headers.get("dstcode")


def session_of(request: HttpRequest) -> str | None:
    """The session of a call: header, query, form field or JSON member `session`, or a bearer's token."""
    if header := request.headers.get("session") or request.headers.get("x-session"):
        return header
    if found := parse_qs(request.target.partition("?")[2]).get("session"):
        return found[0]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    sent = _body(request).get("session")
    return str(sent) if sent is not None else None


def answer(document: Data) -> HttpResponse:
    return HttpResponse(
        200, {"content-type": "application/json; charset=utf-8"}, json.dumps(document, ensure_ascii=False).encode()
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    if isinstance(request.body, Spooled) or not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        sent = json.loads(request.body)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}
