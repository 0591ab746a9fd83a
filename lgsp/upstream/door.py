"""The driver of the dances: signs in once for all callers, renews early, repeats once after a refusal.

The platform refused, so the ministry has done nothing: that repetition is no retry (RULES 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from lgsp.errors import ConnectFailed, LgspError
from lgsp.events import Events, UpstreamSignedIn
from lgsp.model import HttpRequest, HttpResponse, Text
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from lgsp.transport import MIB, Keep, Transport, Until
from lgsp.upstream.dances import MANNERS, Credential, SignInRefused

SIGN_IN_SECONDS = 10.0
PAUSE_SECONDS = 5.0
"""After a failed sign-in nobody asks again for so long: callers are refused at once, the platform gets no storm."""
RENEW_BEFORE = 60.0
_SMALL = 64 * 1024


class UpstreamUnavailable(ConnectFailed):
    """Nobody gets through to any system behind this upstream: its sign-in failed. No system is to blame."""

    upstream: str = ""


class CredentialRefused(ConnectFailed):
    """A fresh credential was refused: by this API alone, or by the whole platform; another system's fate will tell."""

    layer = "token"


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float


@dataclass(slots=True)
class Door:
    """The credential of one upstream (and, with X-Road, of one `dstcode`), fetched by one task for all who wait."""

    name: str
    upstream: Upstream
    dstcode: str | None
    transport: Transport
    runtime: Runtime
    events: Events
    held: Credential | None = None
    good_until: float = 0.0
    renew_at: float = 0.0
    closed_until: float = 0.0
    failure: Text | None = None
    layer: str = ""
    """Of the last failure: the wire below the sign-in, or the credential itself."""
    task: asyncio.Task[None] | None = None

    async def credential(self, until: Until) -> Credential:
        """Raises `UpstreamUnavailable`. A caller that gives up leaves the sign-in to the others."""
        now = self.runtime.clock.monotonic()
        if self.held is not None and now < self.good_until:
            if now >= max(self.renew_at, self.closed_until):
                self._start()
            return self.held
        if now < self.closed_until:
            raise self._unavailable(self.closed_until - now)
        task = self._start()
        await asyncio.wait({task}, timeout=max(0.0, until.at - now))
        if task.done():
            task.result()
            if self.held is not None and self.runtime.clock.monotonic() < self.good_until:
                return self.held
        else:
            self.failure = Text("Đăng nhập chưa trả lời trong thời hạn", "The sign-in has not answered in time")
            self.layer = self._credential_layer()
        raise self._unavailable(PAUSE_SECONDS)

    def refused(self, credential: Credential) -> None:
        """The upstream no longer takes this one; a newer one stays."""
        if self.held is credential:
            self.held = None

    def _start(self) -> asyncio.Task[None]:
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._sign_in(), name=f"sign-in {self.name}")
        return self.task

    async def _sign_in(self) -> None:
        outcome = "ok"
        clock = self.runtime.clock
        try:
            credential = await self._dance(_Moment(clock.monotonic() + SIGN_IN_SECONDS))
        except SignInRefused as refusal:
            outcome, self.failure, self.layer = "unauthenticated", refusal.said, self._credential_layer()
        except LgspError as error:
            outcome, self.failure = error.code, error.detail or error.title
            self.layer = getattr(error, "layer", "") or self._credential_layer()
        else:
            now = clock.monotonic()
            life = credential.seconds
            self.held, self.failure, self.closed_until = credential, None, 0.0
            self.good_until = now + life if life is not None else float("inf")
            self.renew_at = self.good_until - min(RENEW_BEFORE, (life or 0.0) * 0.1)
        if outcome != "ok":
            self.closed_until = clock.monotonic() + PAUSE_SECONDS
        self.events.publish(UpstreamSignedIn(self.name, outcome))

    async def _dance(self, until: Until) -> Credential:
        manner = MANNERS[self.upstream.manner]
        assert manner.dance is not None
        dance, base = manner.dance(self.upstream, self.dstcode), manner.base(self.upstream)
        request = next(dance)
        while True:
            answer = await self.transport.send(f"upstream:{self.name}", base, request, until, limit=_SMALL)
            try:
                request = dance.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # StopIteration carries what the generator returns

    def _unavailable(self, retry_after: float) -> UpstreamUnavailable:
        error = UpstreamUnavailable(self.failure, retry_after=retry_after)
        error.upstream, error.layer = self.name, self.layer
        return error

    def _credential_layer(self) -> str:
        return "session" if self.upstream.manner == "xroad-session" else "token"


class Upstreams:
    """Sends requests of exchanges to where backends live, signed."""

    def __init__(
        self, settings: Mapping[str, Upstream], transport: Transport, runtime: Runtime, events: Events
    ) -> None:
        self._settings, self._transport, self._runtime, self._events = settings, transport, runtime, events
        self._doors: dict[tuple[str, str | None], Door] = {}

    async def send(
        self, system: str, upstream: str, dstcode: str | None, request: HttpRequest, until: Until, *,
        keep: Keep | None = None, limit: int = MIB,
    ) -> HttpResponse:  # fmt: skip
        """Raises as `Transport.send` does, and `UpstreamUnavailable` where the sign-in fails."""
        setting = self._settings.get(upstream)
        if setting is None or setting.manner not in MANNERS:
            said = Text(
                f"Chưa cấu hình upstream {upstream}", f"[upstreams.{upstream}] is not set, or its manner unknown"
            )
            error = UpstreamUnavailable(said)
            error.upstream = upstream
            raise error
        manner = MANNERS[setting.manner]
        base = manner.base(setting)
        if manner.dance is None:
            signed = manner.sign(request, Credential(""), setting, dstcode)
            return await self._transport.send(system, base, signed, until, keep=keep, limit=limit)
        door = self._door(upstream, setting, dstcode if setting.manner == "xroad-session" else None)
        credential = await door.credential(until)
        signed = manner.sign(request, credential, setting, dstcode)
        answer = await self._transport.send(system, base, signed, until, keep=keep, limit=limit)
        if not manner.refused(answer):
            return answer
        door.refused(credential)
        credential = await door.credential(until)
        signed = manner.sign(request, credential, setting, dstcode)
        answer = await self._transport.send(system, base, signed, until, keep=keep, limit=limit)
        if answer.status < 300 and manner.refused(answer):  # said inside a 200, a mapping would take it for business
            refused = CredentialRefused(Text("Phiên mới cũng bị từ chối", "A fresh session was refused as well"))
            refused.layer = "session"
            raise refused
        return answer

    def replace(self, settings: Mapping[str, Upstream]) -> None:
        """After a reload. Who has not changed keeps his credential; another one's sign-in under way ends by itself."""
        self._doors = {key: door for key, door in self._doors.items() if settings.get(key[0]) == door.upstream}
        self._settings = settings

    def _door(self, name: str, setting: Upstream, dstcode: str | None) -> Door:
        key = (name, dstcode)
        if key not in self._doors:
            self._doors[key] = Door(name, setting, dstcode, self._transport, self._runtime, self._events)
        return self._doors[key]

    async def close(self) -> None:
        """Sign-ins under way end; every one is bounded anyway."""
        tasks = [door.task for door in self._doors.values() if door.task is not None and not door.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
