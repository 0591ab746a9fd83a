"""Documents are made once a registry, away from the loop, and name the address by which each reader came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lgsp.endpoints.documents import Documents
from lgsp.manifest import load
from lgsp.registry import Registry
from tests.manifest.small_home import write_home


class Away:
    """Counts what was handed off the loop."""

    def __init__(self) -> None:
        self.times = 0

    async def offload(self, work: Callable[[], Any]) -> Any:
        self.times += 1
        return await asyncio.to_thread(work)


async def test_each_is_made_once_and_never_on_the_loop(tmp_path: Path) -> None:
    registry, away = load([write_home(tmp_path)]), Away()
    house: Any = SimpleNamespace(registry=registry, runtime=away)
    documents, connector = Documents(house), registry.connectors["register"]
    for address in ("http://mot.example", "https://hai.example:8443"):
        document = json.loads(await documents.openapi(connector, address))
        assert document["servers"] == [{"url": f"{address}/api/register/v1"}]
        assert "/api/register/v1/hoi" in json.loads(await documents.everything(address))["paths"]
        assert f'location="{address}/soap/x"'.encode() in await documents.wsdl(connector, address, "/soap/x")
        assert b"dia-chi.invalid" not in await documents.xsd(connector, "types", address, "/soap/x")
    assert away.times == 4
    with pytest.raises(KeyError):
        await documents.xsd(connector, "khongCo", "http://mot.example", "/soap/x")

    house.registry = Registry.of(registry.connectors.values())
    await documents.openapi(connector, "http://mot.example")
    assert away.times == 6, "another registry, other documents"
