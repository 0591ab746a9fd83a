"""A pipeline around a wire of the test's own, in virtual time: everything real below Authorize except the socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lgsp.errors import LgspError
from lgsp.events import Event, Events
from lgsp.exchange import Exchange, Handler, chain
from lgsp.health import HealthBook
from lgsp.manifest import demonstration, load
from lgsp.model import Data, Face, HttpRequest, HttpResponse
from lgsp.pipeline.breaker import Breaker
from lgsp.pipeline.bulkhead import Bulkhead
from lgsp.pipeline.call import Call, Surroundings
from lgsp.pipeline.deadline import Deadline
from lgsp.pipeline.identify import Identify
from lgsp.pipeline.minimise import Minimise
from lgsp.pipeline.retry import Retry
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from lgsp.transport import MIB, Keep, Until
from lgsp.upstream import Upstreams
from lgsp_mocks import clock
from tests.manifest.small_home import MANIFEST, write_home

Answer = Callable[[HttpRequest], Awaitable[HttpResponse]]
FOUND = {"TRANG_THAI": 1, "MA": "7", "TEN": "Sổ bảy"}


def answered(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


def raw(request: HttpRequest | HttpResponse) -> bytes:
    """The body of a message that is not spooled."""
    assert isinstance(request.body, bytes)
    return request.body


async def found(_: HttpRequest) -> HttpResponse:
    return answered(FOUND)


def fails(error: Callable[[], LgspError], seconds: float = 0.0) -> Answer:
    async def answer(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(seconds)
        raise error()

    return answer


@dataclass
class Wire:
    """Answers what it is told; a longer wait than the deadline is a time-out, as on the real wire."""

    runtime: Runtime
    answer: Answer = found
    seen: list[HttpRequest] = field(default_factory=list)
    at_once: int = 0
    most: int = 0

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse:
        from lgsp.errors import Timeout

        if request.target == "/token":
            return answered({"access_token": "t", "expires_in": 3600})
        self.seen.append(request)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            async with asyncio.timeout(deadline.at - self.runtime.clock.monotonic()):
                return await self.answer(request)
        except TimeoutError:
            raise Timeout() from None
        finally:
            self.at_once -= 1


class House:
    def __init__(self, runtime: Runtime, folder: Path, manifest: str = MANIFEST) -> None:
        self.runtime, self.wire, self.events = runtime, Wire(runtime), Events()
        self.seen: list[Event] = []
        self.events.subscribe(self.seen.append)
        self.registry = load([write_home(folder, manifest)])
        self.health = HealthBook(lambda: self.registry, runtime, self.events)
        setting = {"ngsp": Upstream("oauth2", "http://platform.example", "lgsp", "demo")}
        self.upstreams = Upstreams(setting, self.wire, runtime, self.events)
        secrets = {name: demonstration(each, {}) for name, each in self.registry.connectors.items()}
        self.call = Call(self.upstreams, self.health, runtime, self.events, Surroundings(secrets=secrets))
        self.bulkhead, self.retry = Bulkhead(runtime.clock), Retry(runtime)
        self.handle: Handler = chain(
            Deadline(runtime.clock), Identify(lambda: self.registry, runtime), Minimise(), self.retry, Breaker(self.health),
            self.bulkhead, then=self.call,
        )  # fmt: skip

    def exchange(self, operation: str = "hoi", data: Data | None = None, **slots: Any) -> Exchange:
        name = self.runtime.ids.new()
        return Exchange(**{
            "id": name, "face": Face.REST, "request": HttpRequest("POST", "/"), "received": self.runtime.clock.now(),
            "started": self.runtime.clock.monotonic(), "correlation_id": name, "system": "register",
            "operation_name": operation, "data": data if data is not None else {"ma": "7"}, **slots,
        })  # fmt: skip

    async def ask(self, operation: str = "hoi", **slots: Any) -> Data:
        return await self.handle(self.exchange(operation, **slots))


def play(folder: Path, story: Callable[[House], Awaitable[None]], manifest: str = MANIFEST) -> None:
    """The story in virtual time. Nothing may be left running at its end."""

    async def main(runtime: Runtime) -> None:
        house = House(runtime, folder, manifest)
        await story(house)
        await house.upstreams.close()
        assert len(asyncio.all_tasks()) == 1
        assert all(slots.taken == 0 and not slots.queue for slots in house.bulkhead.systems.values())
        assert not +house.retry.active
        assert not +house.retry.retrying

    clock.run(main)
