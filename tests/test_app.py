"""The composition root: the map of the product reads as it is documented; a gateway starts, serves and leaves nothing."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

from lgsp.app import build
from lgsp.runtime import Runtime
from lgsp.settings import Province, Settings, Upstream
from lgsp.store import StoreBusy
from tests.endpoints.bus import running

STEPS = [
    "record", "deadline", "identify", "Authenticate", "Authorize", "TurnAway", "Decode", "Hint", "CheckDocument", "Deposit", "windows",
    "Minimise", "shadow", "SealDocument", "intend", "Retry", "breaker", "bulkhead",
]  # fmt: skip


def settings(data: Path) -> Settings:
    return Settings(data=data, sim="http://127.0.0.1:9", province=Province(code="17"), log_level="error")


def test_the_steps_stand_in_the_order_of_the_architecture(package: Path) -> None:
    tree = ast.parse((package / "app.py").read_text("utf-8"))
    chains = [
        [(each.func if isinstance(each, ast.Call) else each).id for each in node.value.args]  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "chain"
        and getattr(node.targets[0], "id", "") == "handle"
    ]
    assert chains == [STEPS]


async def test_a_gateway_starts_without_its_ministries_and_leaves_nothing(tmp_path: Path) -> None:
    gateway = await build(settings(tmp_path), Runtime.system())
    await gateway.start()
    async with asyncio.timeout(10):
        await gateway.ready.wait()
    assert gateway.is_ready
    assert (tmp_path / "control.sock").stat().st_mode & 0o777 == 0o600
    await gateway.close()
    assert not (tmp_path / "control.sock").exists()
    assert gateway.supervisor.running() == frozenset()
    again = await build(settings(tmp_path), Runtime.system())  # the lock is free again
    await again.close()


async def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    gateway = await build(settings(tmp_path), Runtime.system())
    with pytest.raises(StoreBusy):
        await build(settings(tmp_path), Runtime.system())
    await gateway.close()


async def test_settings_go_before_the_demonstration(tmp_path: Path) -> None:
    from dataclasses import replace

    own = replace(settings(tmp_path), upstreams={"ngsp": Upstream("headers", "http://127.0.0.1:8")})
    gateway = await build(own, Runtime.system())
    assert gateway.settings.upstreams["ngsp"].url == "http://127.0.0.1:8"
    assert gateway.settings.upstreams["xroad"].manner == "xroad-session"
    await gateway.close()


async def test_tokens_keys_and_stages_survive_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        token = await bus.gateway.policy.issue("tester", bus.secrets.client_secret)
        stages = bus.gateway.ledger.all()
    again = await build(settings(tmp_path), Runtime.system())
    assert again.policy.by_token(token.access_token).id == "tester"
    assert again.policy.by_api_key(bus.secrets.api_key).id == "tester"
    assert again.ledger.all() == stages
    await again.close()
