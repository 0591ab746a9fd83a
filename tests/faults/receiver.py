"""Where an agency system is called back in the experiments: it verifies each signature and remembers every id it was told.

Some call-backs are answered badly on purpose, so that some are told again. A repetition has the same id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter
from random import Random
from typing import Any, Self

from aiohttp import web

REFUSED = 0.01


class Receiver:
    """Listens on loopback as long as the block lasts. `secret` is set once the bus has given one."""

    def __init__(self, seed: int = 1) -> None:
        self.secret = ""
        self.told: Counter[str] = Counter()
        """How often each id was taken."""
        self.subjects: set[tuple[str, str]] = set()
        """(kind, id of the submission or item) that were taken."""
        self.forged = 0
        self._random = Random(seed)
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/told", self._take)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/told"

    @property
    def repeated(self) -> int:
        """Ids that were taken more than once, as "at least once" allows."""
        return sum(times > 1 for times in self.told.values())

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        name, moment = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not self._signed(name, moment, body, request.headers.get("webhook-signature", "")):
            self.forged += 1
            return web.Response(status=401)
        if self._random.random() < REFUSED:
            return web.Response(status=400)
        said: dict[str, Any] = json.loads(body)
        self.told[name] += 1
        self.subjects.add((said["type"], said["data"]["id"]))
        return web.Response(status=204)

    def _signed(self, name: str, moment: str, body: bytes, given: str) -> bool:
        """Standard Webhooks, worked out from the specification and not by the bus's own code."""
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        wanted = base64.b64encode(hmac.digest(key, f"{name}.{moment}.".encode() + body, hashlib.sha256)).decode()
        return any(hmac.compare_digest(f"v1,{wanted}", each) for each in given.split())
