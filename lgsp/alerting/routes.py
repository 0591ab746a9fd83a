"""Where alerts are sent: webhooks and mail addresses that operators have registered. A bounded queue, few tries.

What cannot be told within the tries is counted and let go: the page and the store have the alert all the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from lgsp.alerting.mail import Mail
from lgsp.errors import LgspError
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest
from lgsp.runtime import Runtime
from lgsp.store import Keys
from lgsp.store.port.alerts import AlertRow, RouteRow
from lgsp.submissions.webhook import Secret, address, signed
from lgsp.transport import Transport

MOST = 1000
"""Messages that wait; the oldest goes first."""
TRIES = 5
_SECONDS = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
_ANSWER = 64 * 1024
What = Literal["alert.raised", "alert.cleared", "alert.acknowledged"]


class Routes(Protocol):
    async def routes(self) -> list[RouteRow]: ...


@dataclass(frozen=True, slots=True)
class Message:
    route: RouteRow
    id: str
    body: bytes = field(repr=False)


def message(what: What, alert: AlertRow) -> bytes:
    """No name of a person that asked, no payload: what is wrong, since when, in both languages."""
    return msgspec.json.encode(
        {
            "type": what,
            "timestamp": (alert.cleared or alert.acknowledged or alert.raised).isoformat(),
            "data": {
                "id": alert.id,
                "cause": alert.cause,
                "kind": alert.kind,
                "severity": alert.severity,
                "text": alert.text.as_dict(),
                "raised": alert.raised.isoformat(),
                "cleared": alert.cleared.isoformat() if alert.cleared else None,
                "by": alert.by or None,
            },
        }
    )


def seal_secret(keys: Keys, route: str, secret: Secret) -> bytes:
    return keys.seal(secret.text.encode(), f"alert-route:{route}")


def open_secret(keys: Keys, route: RouteRow) -> Secret:
    return Secret(keys.unseal(route.secrets, f"alert-route:{route.id}").decode())


@dataclass(slots=True)
class Sender:
    """One message at a time to each receiver: a dead one delays its own alone."""

    transport: Transport
    runtime: Runtime
    keys: Keys
    demonstration: bool = False
    mail: Mail | None = None
    """None where the settings name no mail server."""
    waiting: deque[Message] = field(default_factory=deque)
    lost: int = 0
    """Messages let go: the queue was full, or every try failed."""
    _busy: set[str] = field(default_factory=set)
    """Routes that are being told something."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, routes: Iterable[RouteRow], what: What, alert: AlertRow) -> None:
        """Never waits."""
        body = message(what, alert)
        for route in routes:
            if alert.severity >= route.least:
                if len(self.waiting) >= MOST:
                    self.waiting.popleft()
                    self.lost += 1
                self.waiting.append(Message(route, f"{alert.id}-{what.rpartition('.')[2]}", body))
        self._wake.set()

    async def run(self) -> None:
        """For the supervised group; ends by being cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for one in list(self.waiting):
                    if one.route.id not in self._busy:
                        self.waiting.remove(one)
                        self._busy.add(one.route.id)
                        group.create_task(self._tell(one), name=f"alert {one.id}")
                await self._wake.wait()

    async def _tell(self, one: Message) -> None:
        try:
            if not await self._deliver(one):
                self.lost += 1
        finally:
            self._busy.discard(one.route.id)
            self._wake.set()

    async def _deliver(self, one: Message) -> bool:
        for attempt in range(TRIES):
            if attempt:
                pause = min(_FIRST_PAUSE * 2.0**attempt, _LONGEST_PAUSE)
                await asyncio.sleep(pause * self.runtime.random.uniform(0.5, 1.0))
            try:
                if await self._send(one):
                    return True
            except (LgspError, OSError, ValueError):
                continue
        return False

    async def _send(self, one: Message) -> bool:
        if one.route.kind == "email":
            if self.mail is None:
                return False
            await self.mail.send(msgspec.json.decode(one.body), one.route.target)
            return True
        base, target = address(one.route.target, demonstration=self.demonstration)
        headers = signed([open_secret(self.keys, one.route)], one.id, one.body, self.runtime.clock.now())
        until = Deadline(self.runtime.clock.monotonic() + _SECONDS)
        request = HttpRequest("POST", target, headers, one.body)
        answer = await self.transport.send(f"alert:{one.route.id}", base, request, until, limit=_ANSWER)
        return 200 <= answer.status < 300
