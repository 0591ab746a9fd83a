"""The simulator's own sample home, and a caller that signs in as a gateway would."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgsp.home import Home
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp_mocks import clock
from lgsp_mocks.outcome import Outcome
from lgsp_mocks.simulator import Simulator

HOME = Home.at(Path(__file__).parent / "home")
FORWARD = "/XrdAdapter/RestService/forward"
DESTINATION = "VN:GOV:000.00.00.G99:mau"
BASIC = "Basic " + base64.b64encode(b"lgsp:demo-secret").decode()
SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'


@dataclass
class Caller:
    """Asks the simulator in memory."""

    sim: Simulator
    token: str = ""
    session: str = ""

    async def sign_in(self) -> None:
        self.token = (
            await self.json("POST", "/token", "grant_type=client_credentials", {"authorization": BASIC}, form=True)
        )["access_token"]
        credentials = {"username": "lgsp", "password": "demo-x"}
        self.session = (await self.json("POST", f"{FORWARD}/mapi/login?dstcode={DESTINATION}", credentials))["session"]

    async def ask(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None, *, form: bool = False
    ) -> Outcome:
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        raw = (
            b""
            if body is None
            else body
            if isinstance(body, bytes)
            else body.encode()
            if form
            else json.dumps(body).encode()
        )
        mine = {"content-type": kind, "authorization": f"Bearer {self.token}", **(headers or {})}
        return await self.sim.exchange(HttpRequest(method, target, mine, raw))

    async def response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        outcome = await self.ask(*args, **kwargs)
        assert outcome.response is not None
        return outcome.response

    async def json(self, *args: Any, **kwargs: Any) -> Any:
        body = (await self.response(*args, **kwargs)).body
        assert isinstance(body, bytes)
        return json.loads(body) if body else None

    async def look_up(self, ma: str = "KHONG-CO") -> Outcome:
        return await self.ask("GET", f"/apiSoMau/traCuu/{ma}")

    async def note(self, ma: str) -> Any:
        return await self.json("POST", "/apiSoMau/ghiNhan", {"ma": ma, "noiDung": "Mẫu"})

    async def soap(self, ma: str = "1") -> HttpResponse:
        namespace = self.sim.systems["so-mau"].backends["soap"].contract.namespace
        body = SOAP.format(f'<n:hoiSoap xmlns:n="{namespace}"><n:ma>{ma}</n:ma></n:hoiSoap>').encode()
        return await self.response("POST", "/apiSoMauSoap", body, {"content-type": "text/xml; charset=utf-8"})

    async def forward(self, ma: str = "1") -> Any:
        return await self.json(
            "POST",
            f"{FORWARD}/mapi/g?dstcode={DESTINATION}",
            {"session": self.session, "ma": ma},
            {"authorization": ""},
        )


def play(story: Callable[[Caller], Coroutine[Any, Any, Any]], *, seed: int = 1, **options: Any) -> Any:
    """Runs a story against a simulator of the sample home, signed in, in virtual time."""

    async def main(runtime: Runtime) -> Any:
        sim = Simulator([HOME], runtime=runtime, seed=seed, size=400, **options)
        await sim.start()
        try:
            caller = Caller(sim)
            await caller.sign_in()
            return await story(caller)
        finally:
            await sim.close()

    return clock.run(main, seed)


def text(response: HttpResponse | None) -> str:
    """The body of an answer that came."""
    assert response is not None
    assert isinstance(response.body, bytes)
    return response.body.decode("utf-8", "replace")


async def put(caller: Caller, kind: str, name: str = "so-mau", **params: Any) -> HttpResponse:
    """Sets a fault over the desk."""
    return await caller.response("PUT", f"/_sim/faults/{name}", {"kind": kind, **params})
