"""The board and the page of exchanges, as a browser gets them, in front of an index that holds millions of exchanges.

    python -m bench.exchanges --rows 10000000 --data DIR --keep      (or --url postgresql://…)
    python -m bench.board --data DIR                                 (or --data DIR --url postgresql://…)

A whole bus on loopback with the simulator behind it; one reader. The board is worked out anew at most once a second, whoever
asks; `anew` is that work alone, through all of the page's writing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from aiohttp import web

from bench.exchanges import CONSUMERS
from lgsp.app import build
from lgsp.home import builtin
from lgsp.office import put_operator
from lgsp.runtime import Runtime
from lgsp.settings import Limits, Province, Settings, StoreSettings
from lgsp_mocks.server import serve
from lgsp_mocks.simulator import Simulator

BOARDS, PAGES = 400, 20
PASSWORD = "mười hai chữ cái"  # noqa: S105  of a bench
SEARCHES = {
    "nothing named": "",
    "one database, one caller": f"system=system-16&consumer={CONSUMERS[7]}",
    "a rare outcome": "outcome=bus-fault",
    "one day, one outcome": "outcome=timeout&first=2022-11-12&before=2022-11-13",
    "a dossier": "case=H99-77",
    "a correlation id that never was": "correlation=c-0",
}


async def timed(count: int, work: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return {
        "p50_ms": round(median(took), 2),
        "p99_ms": round(took[int(len(took) * 0.99)], 2),
        "worst_ms": round(took[-1], 2),
    }


async def measured(data: Path, url: str) -> dict[str, Any]:
    runtime = Runtime.system()
    simulator = await serve(Simulator([builtin()], runtime=runtime, seed=1, size=500, state=data / "sim"))
    settings = Settings(
        data=data, sim=simulator.url, demo=True, province=Province("17", "H28", "Hoà Bình", "Hoa Binh", "2022-2024"),
        log_level="error", limits=Limits(evidence_seconds=10.0), store=StoreSettings(url=url, node="bench"),
    )  # fmt: skip
    gateway = await build(settings, runtime)
    await put_operator(gateway.store, runtime, "bench", "operator", PASSWORD)
    runner = web.AppRunner(gateway.application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await gateway.start()
    await gateway.ready.wait()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession(headers={"Accept": "text/html"}) as session:
            cookies = await _signed_in(session, base)

            async def fetch(path: str) -> int:
                async with session.get(base + path, headers={"Cookie": cookies}) as answer:
                    body = await answer.read()
                    assert answer.status == 200, (path, answer.status)
                    return len(body)

            async def anew() -> None:
                gateway.outlook._held.clear()
                await fetch("/status")

            await fetch("/status")
            return {
                "board": await timed(BOARDS, lambda: fetch("/status")),
                "board, worked out anew": await timed(BOARDS, anew),
                "board for operators": await timed(BOARDS // 2, lambda: fetch("/console/")),
                "searches": {
                    name: await timed(PAGES, lambda query=query: fetch(f"/console/exchanges?{query}"))  # type: ignore[misc]
                    for name, query in SEARCHES.items()
                },
            }
    finally:
        await runner.cleanup()
        await gateway.close()
        await simulator.close()


async def _signed_in(session: aiohttp.ClientSession, base: str) -> str:
    kept: dict[str, str] = {}

    def keep(answer: aiohttp.ClientResponse) -> str:
        for line in answer.headers.getall("Set-Cookie", []):
            kept.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return "; ".join(f"{name}={value}" for name, value in kept.items())

    async with session.get(f"{base}/console/sign-in") as page:
        cookie, text = keep(page), await page.text()
    guard = text.partition('name="guard" value="')[2].partition('"')[0]
    form = {"guard": guard, "user": "bench", "password": PASSWORD}
    async with session.post(
        f"{base}/console/sign-in", data=form, headers={"Cookie": cookie}, allow_redirects=False
    ) as answer:
        assert answer.status == 303, answer.status
        return keep(answer)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--url", default="", help="the PostgreSQL database that bench.exchanges has filled")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measured(given.data, given.url)), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
