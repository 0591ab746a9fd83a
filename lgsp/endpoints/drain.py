"""The orderly end of a door: it says that it goes, answers what is under way, and closes when nothing comes any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from lgsp.runtime import Clock

QUIET_SECONDS = 0.3
"""So long nothing has come and nothing is under way: who had a connection has been told to take another one."""
_LOOK = 0.05


@dataclass(slots=True)
class Drain:
    """`begun` makes `/readyz` say no and every answer the last one of its connection. Streams of events do not count."""

    clock: Clock
    under_way: int = 0
    begun: bool = False
    last: float = 0.0
    """When a request last began or ended."""

    def watch(self, application: web.Application) -> None:
        application.middlewares.insert(0, self._middleware())
        application.on_response_prepare.append(self._last_answer)

    async def quiet(self, seconds: float) -> None:
        """Begins; returns when nothing is under way and nothing comes any more, at the latest after so many seconds."""
        self.begun = True
        began = self.last = self.clock.monotonic()
        while (now := self.clock.monotonic()) - began < seconds:
            if not self.under_way and now - self.last >= QUIET_SECONDS:
                return
            await asyncio.sleep(_LOOK)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def counted(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if "/events" in request.raw_path and request.path.endswith("/events"):
                return await handler(request)
            self.under_way += 1
            try:
                response = await handler(request)
                if self.begun:  # an answer that is written whole asks nobody before it leaves
                    response.force_close()
                return response
            finally:
                self.under_way -= 1
                if self.begun and not request.path.endswith("z"):  # who asks /readyz is no caller
                    self.last = self.clock.monotonic()

        return counted

    async def _last_answer(self, request: web.Request, response: web.StreamResponse) -> None:
        del request
        if self.begun:
            response.headers[hdrs.CONNECTION] = "close"
            response.force_close()
