"""Certificates of upstreams: read at the handshake, told a month before they end, looked at a few times a day."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lgsp.alerting.expiry import EVERY, Expiry
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from tests.alerting.trust import authority, contexts


@pytest.mark.parametrize(("days", "severity"), [(60, None), (20, 5), (3, 7)])
async def test_told_before_it_ends_and_asked_seldom(tmp_path: Path, days: int, severity: int | None) -> None:
    server, ca = contexts(authority(tmp_path, days))
    asked = 0

    async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    listening = await asyncio.start_server(met, "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    upstreams: dict[str, Upstream] = {
        "ngsp": Upstream("none", f"https://localhost:{port}"), "plain": Upstream("none", "http://localhost:1"),
        "away": Upstream("none", "https://localhost:1"),
    }  # fmt: skip
    trusted: Any = ssl.create_default_context(cafile=ca)
    expiry, now = Expiry(lambda: upstreams, lambda _: trusted), Runtime.system().clock.now()
    found = await expiry.causes(now)
    await expiry.causes(now + EVERY / 2)
    assert asked == 1
    assert [(each.key, each.severity) for each in found] == ([("certificate:ngsp", severity)] if severity else [])
    if found:
        assert "NGSP" in found[0].text.vi
        assert f"{days - 1} ngày" in found[0].text.vi
    await expiry.causes(now + EVERY)
    assert asked == 2
    listening.close()
    upstreams["ngsp"] = Upstream("none", "https://localhost:1")
    assert [each.key for each in await expiry.causes(now + 2 * EVERY)] == [each.key for each in found], (
        "away: what it showed stands"
    )
    del upstreams["ngsp"]
    assert await expiry.causes(now + 3 * EVERY) == []


async def test_an_untrusted_one_says_nothing_of_its_end(tmp_path: Path) -> None:
    server, _ = contexts(authority(tmp_path, 3))
    listening = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    expiry = Expiry(lambda: {"ngsp": Upstream("none", f"https://localhost:{port}")}, lambda _: None)
    assert await expiry.causes(Runtime.system().clock.now() + timedelta()) == []
    listening.close()
