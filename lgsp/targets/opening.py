"""Opens what the settings lead to, as the bus itself would: the same trust, the same sign-in, the same checks of addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lgsp.diagnosis import Diagnoser, Sockets, Step
from lgsp.errors import LgspError
from lgsp.events import Events
from lgsp.exchange import Deadline, Exchange
from lgsp.health import HealthBook
from lgsp.model import Data, Stage, Text
from lgsp.pipeline.call import Call
from lgsp.prober import questions
from lgsp.registry import Connector, Operation, Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings, StoreSettings, Upstream
from lgsp.syslog import Target
from lgsp.targets.checked import Checked, place_of, users_of, wrong
from lgsp.transport import AiohttpTransport
from lgsp.upstream import MANNERS, Upstreams
from lgsp.upstream.door import SIGN_IN_SECONDS, Door
from lgsp.wiring import surroundings


@dataclass(frozen=True, slots=True)
class Opener:
    settings: Settings
    registry: Registry
    runtime: Runtime
    transport: AiohttpTransport

    def all(self) -> Iterator[Any]:
        """A coroutine for each target."""
        for name, each in self.settings.upstreams.items():
            if each.manner in MANNERS and each.url:
                yield self.upstream(name, each)
            if each.sandbox:
                yield self.address(f"upstreams.{name}.sandbox", each.sandbox)
        for key, url in (("sim", self.settings.sim), ("sandbox", self.settings.sandbox)):
            if url:
                yield self.address(key, url)
        for name, witness in self.settings.witnesses.items():
            yield self.address(f"witnesses.{name}", witness.url)
        if self.settings.security_syslog:
            yield self.syslog()
        if self.settings.store.url:
            yield self.database(self.settings.store)

    def diagnoser(self, wire: Sockets | None = None) -> Diagnoser:
        settings = self.settings
        quiet = Events()  # no board and no log hears of it
        upstreams = Upstreams(settings.upstreams, self.transport, self.runtime, quiet)
        health = HealthBook(lambda: self.registry, self.runtime, quiet)
        ask = Call(upstreams, health, self.runtime, quiet, surroundings(settings, self.registry))

        async def asked(exchange: Exchange) -> Data:
            try:
                return await ask(exchange)
            finally:
                await upstreams.close()

        wire = wire or Sockets(self.transport.trust_of)
        return Diagnoser(asked, lambda: settings.upstreams, wire, self.runtime, lambda: settings.province.era)

    async def address(self, key: str, url: str, wire: Sockets | None = None) -> Checked:
        where = place_of(url)
        if where is None:
            return wrong(key, "", "Không phải địa chỉ http(s)://máy:cổng", "It is no address (https://host:port)")
        return Checked(key, where, tuple(await self.diagnoser(wire).wire_steps(url)))

    async def upstream(self, name: str, setting: Upstream) -> Checked:
        found = await self.address(f"upstreams.{name}", MANNERS[setting.manner].base(setting))
        if found.failed is not None:
            return found
        return Checked(found.key, found.where, (*found.steps, await self._signed_in(name, setting)))

    async def _signed_in(self, name: str, setting: Upstream) -> Step:
        users = users_of(self.registry, tuple(Stage)).get(name, [])
        if MANNERS[setting.manner].dance is not None:
            codes = sorted({b.dstcode for c in users for b in c.backends.values() if b.upstream == name and b.dstcode})
            code = codes[0] if codes and setting.manner == "xroad-session" else None
            door = Door(name, setting, code, self.transport, self.runtime, Events())
            try:
                await door.credential(Deadline(self.runtime.clock.monotonic() + SIGN_IN_SECONDS))
            except LgspError as error:
                return Step("authentication", "failed", error.detail or error.title)
            return Step("authentication", "passed", Text("Đăng nhập được", "Signed in"))
        if setting.manner == "none":
            return Step("authentication", "skipped", Text("không cần đăng nhập", "no sign-in"))
        if (found := self._harmless(name, users)) is not None:
            connector, operation = found
            told = await self.diagnoser().run(connector, operation.name)
            refused = next(
                (each for each in told.steps if each.name == "authentication" and each.state == "failed"), None
            )
            said = Text("Thông tin đăng nhập được chấp nhận", "The credentials are taken")
            return refused or Step("authentication", "passed", said)
        vi, en = "đăng nhập theo từng cuộc gọi, chưa thử", "credentials travel with each call: not tried"
        return Step("authentication", "skipped", Text(vi, en))

    def _harmless(self, name: str, users: list[Connector]) -> tuple[Connector, Operation] | None:
        """A safe question that is not about people, and for which nothing else is missing here."""
        for connector in users:
            own = self.settings.system(connector.name).secrets
            for operation in questions(connector, self.settings.province.era):
                backend = operation.route(self.settings.province.era).backend
                asks = operation.safe and not operation.personal and backend.upstream == name
                if asks and all(each in own for each in backend.secrets):
                    return connector, operation
        return None

    async def syslog(self) -> Checked:
        key = "security_syslog"
        try:
            target = Target.parse(self.settings.security_syslog, self.settings.security_syslog_ca)
        except ValueError as error:
            return wrong(key, "", f"Địa chỉ sai: {error}", f"It {error}")
        scheme = "https" if target.way == "tls" else "http"
        host = f"[{target.host}]" if ":" in target.host else target.host
        wire = Sockets(lambda _: ssl.create_default_context(cafile=target.ca))
        found = await self.address(key, f"{scheme}://{host}:{target.port}", wire)
        if target.way != "udp":
            return found
        said = Text("UDP không cho biết có ai nhận không", "UDP does not tell whether anybody listens")
        return Checked(key, found.where, (found.steps[0], Step("tcp", "skipped", said)))

    async def database(self, store: StoreSettings) -> Checked:
        parts = urlsplit(store.url)
        where, steps = "", list[Step]()
        if parts.hostname:  # else a socket of this machine
            where = f"{parts.hostname}:{parts.port or 5432}"
            opened = await self.diagnoser(_AnyAddress(lambda _: None)).wire_steps(f"http://{where}")
            steps = [each for each in opened if each.name != "tls"]
        if all(each.state == "passed" for each in steps):
            steps.append(await _logged_in(store))
        return Checked("store.url", where, tuple(steps))


class _AnyAddress(Sockets):
    """A database may stand on this machine under any name: its address comes from the operator, not from a ministry."""

    async def resolve(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port)
        return [str(each[4][0]) for each in found]


async def _logged_in(store: StoreSettings) -> Step:
    try:
        from lgsp.store.postgres.database import Address
    except ImportError:
        return Step("authentication", "failed", Text("Thiếu gói lgsp[postgres]", "It needs the extra: lgsp[postgres]"))
    from lgsp.store import StoreFailed

    try:
        connection = await Address(store.url).connect()
    except (StoreFailed, ValueError) as error:
        said = str(error) if isinstance(error, StoreFailed) else "url"
        return Step("authentication", "failed", Text(f"CSDL từ chối: {said}", f"The database refuses: {said}"))
    connection.terminate()
    return Step("authentication", "passed", Text("Đăng nhập được", "Signed in"))
