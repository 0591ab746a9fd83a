"""What is taken back is taken back everywhere: two workers in processes of their own, sixteen connections spread over both.

Every way of taking back that an operator has: a key, a client secret, a token, the addresses, a grant, the level, the caller
itself; by the command line, by the console and by the holder. The promise is 60 seconds; what is measured is told.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from tests.cli.demonstration import lgsp
from tests.endpoints.bus import Bus as Endpoint
from tests.endpoints.people import Person
from tests.faults.crew import Bus, running

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("workers"), pytest.mark.slow]

PROMISE = 60.0
WHO = "so-mau.his"
PEOPLE = {"by": "A", "approved_by": "B"}


@dataclass
class Callers:
    """One consumer by sixteen connections of its own."""

    bus: Bus
    connections: Sequence[aiohttp.ClientSession]
    took: dict[str, float] = field(default_factory=dict)

    async def each(self, headers: dict[str, str]) -> list[int]:
        call = self.bus.calls.query("civil-status", 0)
        url = f"{self.bus.url}/api/{call.system}/v1/{call.operation}"

        async def one(session: aiohttp.ClientSession) -> int:
            sent = {"Content-Type": "application/json", **call.headers, **headers}
            async with session.post(url, data=call.body, headers=sent) as answer:
                await answer.read()
                return answer.status

        return await asyncio.gather(*map(one, self.connections))

    async def all_say(self, wanted: int, headers: dict[str, str]) -> None:
        async with asyncio.timeout(PROMISE):
            while set(await self.each(headers)) != {wanted}:
                pass

    async def ends(self, what: str, headers: dict[str, str], work: Callable[[], Awaitable[Any]], code: int) -> None:
        """Every connection is served, the work is done, every connection is refused: within the promise, and for good."""
        await self.all_say(200, headers)
        began = time.monotonic()
        await work()
        await self.all_say(code, headers)
        self.took[what] = round(time.monotonic() - began, 3)
        for _ in range(3):
            assert set(await self.each(headers)) == {code}, f"{what}: let in again"


@pytest.fixture
async def callers(tmp_path: Path) -> AsyncIterator[Callers]:
    async with _running(tmp_path) as found:
        yield found


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[Callers]:
    async with running(folder, workers=2) as bus, bus.readers() as connections:
        assert len(bus.workers()) == 2
        yield Callers(bus, connections)


async def _token(bus: Bus, keys: dict[str, str]) -> str:
    basic = base64.b64encode(f"{keys['client_id']}:{keys['client_secret']}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    async with bus.session.post(f"{bus.url}/token", data=form, headers={"Authorization": f"Basic {basic}"}) as answer:
        return str((await answer.json())["access_token"])


async def test_what_is_taken_back_is_refused_by_every_worker(callers: Callers) -> None:
    bus = callers.bus
    keys: dict[str, str] = await bus.command("consumer.add", id=WHO, name="Mẫu")
    until = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
    level = {"id": WHO, "level": 3, "decision": "1/QĐ-MAU"}
    grant = {"consumer": WHO, "system": "civil-status", "operation": "*", "legal_basis": "2/QĐ-MAU"}
    await bus.command("consumer.approve", until=until, **level)
    await bus.command("grant.add", **grant, **PEOPLE)
    key = {"X-API-Key": keys["api_key"]}

    # the key that the console takes back, and another one that the command line does
    operators = {each["role"]: each for each in bus.demo["operators"]}
    officer = Person(cast(Endpoint, bus))
    signed = await officer.sign_in(operators["security-officer"]["user"], operators["security-officer"]["password"])
    assert signed.status == 303
    page = f"/console/consumers/{WHO}"
    second = await bus.command("consumer.key", id=WHO)

    async def by_console() -> None:
        done = await officer.submit(page, f"{page}/revoke", {"key": keys["api_key"].split("_")[1]})
        assert done.status == 303

    async def by_command_line() -> None:
        loop = asyncio.get_running_loop()
        arguments = ("consumer", "revoke", WHO, second["api_key"].split("_")[1])
        assert (await loop.run_in_executor(None, lambda: lgsp(bus.data, *arguments))).returncode == 0

    await callers.ends("key, console", key, by_console, 401)
    await callers.ends("key, command line", {"X-API-Key": second["api_key"]}, by_command_line, 401)

    # a token by its holder, at whichever worker; and all of them with the secret that they were asked for with
    fresh = await bus.command("consumer.key", id=WHO)
    key = {"X-API-Key": fresh["api_key"]}
    token = await _token(bus, fresh)

    async def by_holder() -> None:
        basic = base64.b64encode(f"{fresh['client_id']}:{fresh['client_secret']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        async with bus.session.post(f"{bus.url}/revoke", data={"token": token}, headers=headers) as answer:
            assert answer.status == 200

    await callers.ends("token, holder", {"Authorization": f"Bearer {token}"}, by_holder, 401)
    other = await _token(bus, fresh)
    assert other != token
    await callers.ends(
        "token, with its secret", {"Authorization": f"Bearer {other}"},
        lambda: bus.command("consumer.revoke", id=WHO, key_id=WHO), 401,
    )  # fmt: skip

    # what else lets it in
    async def addresses(*networks: str) -> None:
        await bus.command("consumer.addresses", id=WHO, addresses=list(networks))

    await callers.ends("addresses", key, lambda: addresses("192.0.2.0/24"), 401)
    await addresses()
    await callers.ends("grant", key, lambda: bus.command("grant.remove", **_place(grant)), 403)
    await bus.command("grant.add", **grant, **PEOPLE)
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    await callers.ends("level", key, lambda: bus.command("consumer.approve", until=yesterday, **level), 403)
    await bus.command("consumer.approve", until=until, **level)
    await callers.ends("caller", key, lambda: bus.command("consumer.active", id=WHO, active=False), 401)
    await bus.command("consumer.active", id=WHO, active=True)
    await callers.all_say(200, key)
    assert max(callers.took.values()) < PROMISE, callers.took


def _place(grant: dict[str, str]) -> dict[str, str]:
    return {name: grant[name] for name in ("consumer", "system", "operation")}


async def _main() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        async with _running(Path(folder)) as found:
            await test_what_is_taken_back_is_refused_by_every_worker(found)
            print(json.dumps(found.took, indent=2))


if __name__ == "__main__":
    asyncio.run(_main())
