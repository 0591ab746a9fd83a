"""One situation played: a real gateway and a real simulator on free loopback ports, the consumer's client run against them."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgsp.cli.situations import Call, Seen, Situation

if TYPE_CHECKING:
    from lgsp.app import Gateway
    from lgsp.model import Consumer, Grant
    from lgsp.simulate import Loaded
    from lgsp_mocks.simulator import Simulator


_KEY = "KIEMTHU9901"


@dataclass(frozen=True)
class Entered:
    """An agency system as it stands in an installation, with what it was granted there."""

    consumer: Consumer
    grants: tuple[Grant, ...]

    @classmethod
    def shown(cls, row: Mapping[str, Any]) -> Entered:
        """From `consumer.show`. Its level is a paper that others look at: here it is the client that is tried."""
        import msgspec

        from lgsp.model import Consumer, Grant

        grants = tuple(msgspec.convert(each, Grant) for each in row["grants"])
        consumer = msgspec.convert({**row, "security_expires": None, "addresses": []}, Consumer)
        return cls(replace(consumer, security_level=consumer.security_level or 3, active=True), grants)


@dataclass(frozen=True)
class Client:
    """The consumer's own program, and for which consumer it calls."""

    command: Sequence[str]
    consumer: str
    seconds: float = 60.0
    inbox: bool = False
    entered: Entered | None = None
    """As an operator has entered it, where it is no consumer of the demonstration."""


async def play(situation: Situation, client: Client, loaded: Loaded, province: str, plain: Seen | None) -> Seen:
    """What the client left behind. `plain` is its run in which nothing was wrong: it says which systems it calls."""
    from lgsp.events import Event, ExchangeFinished

    async with AsyncExitStack() as stack:
        gateway, simulator, url, secrets = await _stand(stack, situation, loaded, province)
        if client.entered is not None:
            secrets[client.consumer] = await gateway.policy.create_consumer(
                client.entered.consumer, client.entered.grants
            )
        if client.consumer not in secrets:
            raise LookupError(", ".join(secrets))
        calls: list[Call] = []

        def heard(event: Event) -> None:
            if not isinstance(event, ExchangeFinished) or event.face in ("internal", "inbound"):
                return  # nobody else knows this bus's address: what comes through the doors is the client's
            system, operation = event.system or "", event.operation or ""
            known = simulator.systems.get(system)
            kind = known.kinds.get(operation, "") if known else ""
            calls.append(Call(system, operation, kind, event.outcome, gateway.runtime.clock.monotonic()))

        gateway.events.subscribe(heard)
        faults = _strike(simulator, situation, plain)
        if situation.callback:
            await _call_back(gateway, client.consumer)
        began = gateway.runtime.clock.monotonic()
        code = await _run(client, url, secrets[client.consumer], situation.id)
        left = await _left(gateway, client.consumer) if situation.callback and client.inbox else None
        struck = sum(fault.struck for fault in faults)
        effects = {system: dict(keys) for system, keys in simulator.journal.effects.items()}
        seconds = gateway.runtime.clock.monotonic() - began
        return Seen(code, tuple(calls), effects, struck, plain.calls if plain else (), left, seconds)


async def _stand(
    stack: AsyncExitStack, situation: Situation, loaded: Loaded, province: str
) -> tuple[Gateway, Simulator, str, Any]:
    from aiohttp import web

    from lgsp.app import build
    from lgsp.runtime import Runtime
    from lgsp.settings import Province, Settings
    from lgsp.simulate import furnish
    from lgsp.store import open_store
    from lgsp.transport import AiohttpTransport
    from lgsp_mocks.server import serve
    from lgsp_mocks.simulator import Simulator
    from lgsp_mocks.traffic import HttpGateway

    runtime = Runtime.system()
    simulator = Simulator(loaded.systems, runtime=runtime, province=province, size=1_000)
    server = await serve(simulator)
    stack.push_async_callback(server.close)
    where = simulator.world.province
    settings = Settings(
        data=Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lgsp-certify-"))),
        demo=True, sim=server.url, homes=loaded.homes, port=0,
        province=Province(where.code, where.agency, where.title, where.title, where.era),
    )  # fmt: skip
    if situation.token_seconds is not None:
        settings = replace(settings, limits=replace(settings.limits, token_seconds=situation.token_seconds))
    store = await open_store(None, runtime, inline=True)
    transport = AiohttpTransport(runtime)
    stack.push_async_callback(transport.close)
    gateway = await build(settings, runtime, transport=transport, store=store, registry=loaded.registry)
    stack.push_async_callback(gateway.close)
    secrets = await furnish(gateway.policy, where)
    await gateway.start()
    runner = web.AppRunner(gateway.application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    to_bus = HttpGateway(url)
    stack.push_async_callback(to_bus.close)
    simulator.gateway = to_bus
    await gateway.prober.first_round.wait()
    return gateway, simulator, url, secrets


def _strike(simulator: Simulator, situation: Situation, plain: Seen | None) -> list[Any]:
    """The fault, at the systems that the client called when nothing was wrong."""
    from lgsp_mocks.faults import FaultError, spec

    if situation.fault is None or plain is None:
        return []
    wanted: dict[str, set[str]] = {}
    for call in plain.calls:
        if call.system in simulator.systems and (call.kind == "update" or not situation.updates):
            wanted.setdefault(call.system, set()).add(call.operation)
    found = []
    for system, operations in wanted.items():
        try:
            given = spec(situation.fault, **situation.params, operation=sorted(operations))
            found += simulator.set_fault(system, given, add=True)
        except FaultError:
            continue  # this system knows no such situation
    return found


async def _call_back(gateway: Gateway, consumer: str) -> None:
    """A ministry's message for this consumer, and the same once more: the bus keeps it once."""
    called = next(each for connector in gateway.registry.connectors.values() for each in connector.inbound.values())
    for _ in range(2):
        await gateway.inbox.put(consumer, called.system, called.name, _KEY, {called.key: _KEY})


async def _left(gateway: Gateway, consumer: str) -> int:
    page = await gateway.inbox.page(consumer, limit=100)
    return sum(item.key == _KEY for item in page.items)


async def _run(client: Client, url: str, secrets: Any, situation: str) -> int | None:
    environment = {
        **os.environ, "LGSP_URL": url, "LGSP_CONSUMER": client.consumer, "LGSP_API_KEY": secrets.api_key,
        "LGSP_CLIENT_ID": secrets.client_id, "LGSP_CLIENT_SECRET": secrets.client_secret, "LGSP_SITUATION": situation,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *client.command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(client.seconds):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
