"""Reload: whole or not at all; what goes on under the same name keeps its breaker, its tokens, its pools."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

from lgsp.app import build
from lgsp.model import Stage
from lgsp.reload import Current, Reload
from lgsp.runtime import Runtime
from lgsp.settings import Province, Settings, SettingsError, SystemSettings, Upstream
from tests.endpoints.bus import running
from tests.manifest.small_home import MANIFEST, write_home


def empty_home(folder: Path) -> Path:
    for name in ("connectors", "contracts", "mocks"):
        (folder / name).mkdir(parents=True)
    return folder


def settings(data: Path, home: Path) -> Settings:
    return Settings(data=data, sim="http://127.0.0.1:9", province=Province(code="17"), log_level="error", homes=(home,))


async def test_a_new_system_is_taken_over_and_enters_the_ledger(tmp_path: Path) -> None:
    home = empty_home(tmp_path / "home")
    gateway = await build(settings(tmp_path / "data", home), Runtime.system())
    before = gateway.registry
    write_home(home, MANIFEST)
    report = await gateway.perform("reload", "local:a", {})
    assert report["findings"] == ()
    assert report["added"] == ("register",)
    assert gateway.registry is not before
    assert gateway.registry.connector("register") is not None
    entry = gateway.ledger.stage("register")
    assert entry is not None
    assert entry.stage in Stage
    (home / "connectors" / "register" / "connector.toml").unlink()
    for each in (home / "connectors" / "register").iterdir():
        each.unlink()
    (home / "connectors" / "register").rmdir()
    assert (await gateway.perform("reload", "local:a", {}))["removed"] == ("register",)
    await gateway.close()


async def test_one_finding_refuses_all_of_it(tmp_path: Path) -> None:
    home = empty_home(tmp_path / "home")
    gateway = await build(settings(tmp_path / "data", home), Runtime.system())
    before = gateway.registry
    write_home(home, MANIFEST + "\nunknown = 1\n", system="register")
    write_home(home, "name = 3\n", system="second")
    report = await gateway.perform("reload", "local:a", {})
    assert {"register", "second"} <= {
        name for name in ("register", "second") for found in report["findings"] if name in found
    }
    assert gateway.registry is before
    gateway.reload.commit()
    assert gateway.registry is before, "what was refused cannot be taken over"
    await gateway.close()


async def test_settings_and_certificates_are_judged_too(tmp_path: Path) -> None:
    home = empty_home(tmp_path / "home")
    first = settings(tmp_path, home)
    gateway = await build(first, Runtime.system())

    def wrong() -> Settings:
        raise SettingsError("lgsp.toml: unknown key port2")

    gateway.reload.read = wrong
    assert (await gateway.perform("reload", "local:a", {}))["findings"] == ("lgsp.toml: unknown key port2",)
    ca = tmp_path / "ca.pem"
    ca.write_text("none")
    gateway.reload.read = lambda: replace(first, upstreams={"ngsp": Upstream(url="https://h.example", ca=ca)})
    report = await gateway.perform("reload", "local:a", {})
    assert len(report["findings"]) == 1
    assert "ca.pem" in report["findings"][0]
    gateway.reload.read = lambda: replace(
        first, port=9999, systems={"register": SystemSettings(secrets={"inbound": "fresh"})}
    )
    report = await gateway.perform("reload", "local:a", {})
    assert report["findings"] == ()
    assert report["later"] == ("port",)
    assert gateway.current.settings.system("register").secrets["inbound"] == "fresh"
    await gateway.close()


async def test_nothing_under_way_fails_and_nothing_is_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        example = next(
            each
            for each in await bus.examples()
            if each["kind"] == "query" and each["expect"] == "ok" and not each.get("headers")
        )
        token = await bus.gateway.policy.issue("tester", bus.secrets.client_secret)
        system, operation = example["system"], example["operation"]
        breaker = bus.gateway.health.breakers.of((system, operation))
        statuses: list[int] = []
        stop = asyncio.Event()

        async def caller() -> None:
            while not stop.is_set():
                statuses.append((await bus.call(system, operation, example["request"])).status)

        callers = [asyncio.ensure_future(caller()) for _ in range(4)]
        for _ in range(2):
            assert (await bus.gateway.perform("reload", "local:a", {}))["findings"] == ()
        stop.set()
        await asyncio.gather(*callers)
        assert Counter(statuses) == {200: len(statuses)}
        assert bus.gateway.health.breakers.of((system, operation)) is breaker
        assert breaker.window, "its window goes on"
        assert bus.gateway.policy.by_token(token.access_token).id == "tester"
        assert bus.gateway.health.system(system).calls == len(statuses)


async def test_what_was_prepared_and_abandoned_is_not_taken_over(tmp_path: Path) -> None:
    home = empty_home(tmp_path / "home")
    gateway = await build(settings(tmp_path / "data", home), Runtime.system())
    before = gateway.current.registry
    reload = Reload(Current(before, gateway.settings), gateway.runtime)
    assert (await reload.prepare()).findings == ()
    reload.abandon()
    reload.commit()
    assert reload.current.registry is before
    await gateway.close()


async def test_two_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    home = empty_home(tmp_path / "home")
    gateway = await build(settings(tmp_path / "data", home), Runtime.system())
    write_home(home, MANIFEST)
    reports = await asyncio.gather(*(gateway.perform("reload", f"local:{each}", {}) for each in "abc"))
    assert [report["added"] for report in reports] == [("register",), (), ()]
    assert gateway.registry.connector("register") is not None
    await gateway.close()
