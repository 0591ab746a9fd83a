"""The coming national platform NDOP (Decree 278/2025/NĐ-CP) as we imagine it: a RECONSTRUCTION, nothing of it is published.

What is known is that it will stand where the platform of today stands, between the province and every ministry. So this one
carries the same ministries' messages untouched, below an address, a token and a header of its own; faults set on `ndop`
strike it and nothing else, and those of the platform of today do not reach it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from lgsp.model import HttpRequest, HttpResponse
from lgsp_mocks import xroad
from lgsp_mocks.faults import Call
from lgsp_mocks.ngsp import Tokens
from lgsp_mocks.outcome import Outcome

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator

NAME = "ndop"
PREFIX = "/ndop/v1"
TOKEN = f"{PREFIX}/token"
EXCHANGE = f"{PREFIX}/exchange"
PROVIDER = "x-ndop-provider"
"""Whom a message is for where its path does not say so: what `dstcode` is to X-Road."""


class Ndop:
    """A door with tokens of its own, in front of the same ministries."""

    def __init__(self, simulator: Simulator) -> None:
        self._sim = simulator
        self.tokens = Tokens(simulator.runtime)

    async def answer(self, request: HttpRequest) -> Outcome:
        path = request.target.partition("?")[0]
        if struck := await self._struck(path):
            return struck
        if path == TOKEN:
            return Outcome(self.tokens.answer(request))
        if not path.startswith(EXCHANGE + "/"):
            return Outcome(_refused(404, "no-such-address"))
        client = self.tokens.client_of(request)
        if not client:
            return Outcome(_refused(401, "token-missing" if client is None else "token-invalid"))
        return await self._sim.ministry.answer(_inner(request), through=NAME, client=client)

    async def _struck(self, path: str) -> Outcome | None:
        """Faults of the platform itself; those of a ministry behind it strike there."""
        sim, call = self._sim, Call("", "", "", "", None)
        if path == TOKEN and (down := sim.faults.meet((NAME,), call, "platform", only="token-down")):
            return Outcome(_refused(int(down.params["status"]), "sign-in-down"))
        if path == TOKEN and (wire := sim.faults.meet((NAME,), call, "wire")):
            if wire.kind == "latency":
                await sim.ministry.wait(wire)
                return None
            broken = HttpResponse(503, {}, b"")
            return Outcome(None, "refused") if wire.kind == "refuse" else await sim.ministry.play(wire, broken)
        return None


def _inner(request: HttpRequest) -> HttpRequest:
    """The ministry's own message, as the platform of today would have handed it on."""
    target = request.target.removeprefix(EXCHANGE)
    provider = request.headers.get(PROVIDER)
    if provider:
        mark = "&" if "?" in target else "?"
        target = f"{xroad.PREFIX}{target}{mark}dstcode={quote(provider, safe=':')}"
    headers = {name: value for name, value in request.headers.items() if name not in ("authorization", PROVIDER)}
    return replace(request, target=target, headers=headers)


def _refused(status: int, code: str) -> HttpResponse:
    body = json.dumps({"code": code, "message": "NDOP (mô phỏng, dựng lại)"}, ensure_ascii=False)
    return HttpResponse(status, {"content-type": "application/json"}, body.encode())
