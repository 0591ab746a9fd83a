"""A person at the console without a browser: keeps cookies, follows forms, so that a test may also do what no browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from lgsp.office import put_operator
from tests.endpoints.bus import Bus, Reply

PASSWORD = "mật khẩu mười hai"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Person:
    bus: Bus
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return await self._send("GET", path, None, headers)

    async def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
        """The fields as they are: no guard unless it is among them."""
        return await self._send("POST", path, urlencode(fields).encode(), {"Content-Type": FORM, **(headers or {})})

    async def submit(self, page: str, action: str, fields: Mapping[str, str], **headers: str) -> Reply:
        """As a browser would: from a page that was opened, with what its form hides."""
        shown = (await self.get(page)).body.decode()
        guard = re.search(r'name="guard" value="([0-9a-f]+)"', shown)
        assert guard, shown[:500]
        return await self.post(action, {"guard": guard[1], **fields}, headers)

    async def sign_in(self, user: str, password: str = PASSWORD, to: str = "") -> Reply:
        fields = {"user": user, "password": password, "next": to}
        return await self.submit("/console/sign-in", "/console/sign-in", fields)

    async def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None) -> Reply:
        sent: dict[str, str] = {"Accept": "text/html", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self.bus.session.request(
            method, self.bus.url + path, data=body, headers=sent, allow_redirects=False
        ) as answer:
            self.set_cookies = answer.headers.getall("Set-Cookie", [])
            for line in self.set_cookies:
                for name, morsel in SimpleCookie(line).items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        self.cookies.pop(name, None)
                    else:
                        self.cookies[name] = morsel.value
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, found, await answer.read())


async def operator(bus: Bus, user: str, role: str = "operator", password: str = PASSWORD) -> str:
    await put_operator(bus.gateway.store, bus.gateway.runtime, user, role, password)
    return user


async def signed_in(bus: Bus, user: str, role: str = "operator") -> Person:
    person = Person(bus)
    reply = await person.sign_in(await operator(bus, user, role))
    assert reply.status == 303, text(reply)
    return person


def text(reply: Reply) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.body.decode())))


async def notes(bus: Bus, kind: str) -> list[Any]:
    """Entries of evidence of one kind, oldest first."""
    import msgspec

    rows = await bus.gateway.store.evidence.rows(0, 100_000)
    return [entry for row in rows if (entry := msgspec.json.decode(row.body)).get("what") == kind]
