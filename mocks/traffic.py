"""The simulator's way to the province's bus over a real socket."""

from __future__ import annotations

import aiohttp
from yarl import URL

from lgsp.model import HttpRequest, HttpResponse

SECONDS = 20.0


class HttpGateway:
    """A `Gateway` for `Simulator.gateway`: raises `OSError` or `TimeoutError` where the bus cannot be reached."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=False)
        body = request.body if isinstance(request.body, bytes) else b""
        try:
            async with self._session.request(
                request.method,
                URL(self._url + request.target, encoded=True),
                headers=dict(request.headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return HttpResponse(answer.status, headers, await answer.content.read(1 << 20))
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
