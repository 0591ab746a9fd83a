"""Observed figures over a restart: nothing counted twice, nothing left out, through rotation; and never among the bus's own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from docx import Document

from lgsp.app import build
from lgsp.console.paper import report_files
from lgsp.console.render import Pages
from lgsp.console.standing import standing
from lgsp.gateway import Gateway
from lgsp.observer.follow import Tail
from lgsp.observer.lines import Line
from lgsp.report.facts import Period, gather
from lgsp.runtime import HANOI, Runtime, SystemClock
from lgsp.settings import ObserverSettings, Settings
from lgsp.simulate import Loaded
from lgsp.store.port import CountRow, StoreFailed

PATH = "/apiBHXH/getTraCuuTtHgdByMaSoBhxh"


def written(log: Path, count: int, at: datetime, status: int = 200) -> None:
    with log.open("a", encoding="utf-8") as opened:
        stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
        opened.writelines(f'x [{stamp}] "POST {PATH} HTTP/1.1" {status} 1 "-" "-" 0.2\n' for _ in range(count))


async def started(loaded: Loaded, data: Path, log: Path | None) -> Gateway:
    settings = Settings(data=data, sim="http://127.0.0.1:9", observer=ObserverSettings(log, "nginx"), log_level="error")
    return await build(settings, Runtime.system(), registry=loaded.registry)


async def lived(loaded: Loaded, data: Path, log: Path, until: Callable[[list[CountRow]], bool], begin: datetime) -> int:
    """One life of the two tasks, ended as soon as the store says what is wanted; answers what the board shows then."""
    gateway = await started(loaded, data, log)
    try:
        assert gateway.observing is not None
        tasks = [asyncio.create_task(each()) for each in (gateway.observing.follow, gateway.observing.keep)]
        async with asyncio.timeout(60):
            while not until(await gateway.store.health.counts(begin)) or not await shown(gateway):  # noqa: ASYNC110  what is waited for is asked for
                await asyncio.sleep(0.01)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await shown(gateway)
    finally:
        await gateway.close()


async def shown(gateway: Gateway) -> int:
    systems = {each["id"]: each for each in (await standing(gateway, inside=False))["systems"]}
    seen = systems["social-insurance"]["observed"]
    return 0 if seen is None else int(seen["calls"])


def counted(wanted: int) -> Callable[[list[CountRow]], bool]:
    return lambda rows: sum(row.calls for row in rows) >= wanted


async def test_over_restarts_and_rotations(
    lgsp_loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lgsp.observer.keeping.EVERY_SECONDS", 0.0)
    log, data, now = tmp_path / "access.log", tmp_path / "data", SystemClock().now()
    begin = now - timedelta(days=30)
    written(log, 40, now)
    written(log, 7, now - timedelta(days=20))
    assert await lived(lgsp_loaded, data, log, counted(47), begin) == 40
    written(log, 5, now, 502)
    log.rename(tmp_path / "access.log.1")  # rotated while nobody looked
    written(log, 3, now)
    assert await lived(lgsp_loaded, data, log, counted(55), begin) == 48
    gateway = await started(lgsp_loaded, data, log)
    try:
        rows = await gateway.store.health.counts(begin)
        assert sum(row.calls for row in rows) == 55
        assert {row.system for row in rows} == {"observed:social-insurance"}
        assert gateway.health.system("social-insurance").calls == 0
        assert gateway.observing is not None
        task = asyncio.create_task(gateway.observing.follow())
        async with asyncio.timeout(60):
            while await shown(gateway) < 48:  # noqa: ASYNC110  what is waited for is asked for
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await shown(gateway) == 48, "an earlier life's figures, once"
    finally:
        await gateway.close()


async def test_the_report_has_them_apart(lgsp_loaded: Loaded, tmp_path: Path) -> None:
    gateway = await started(lgsp_loaded, tmp_path / "data", tmp_path / "access.log")
    try:
        assert gateway.observing is not None
        assert gateway.observed is not None
        now = gateway.runtime.clock.now()
        for status in (200, 200, 200, 502):
            gateway.observed.passed_on(Line(now, "POST", PATH, status, 0.2))
        await gateway.observing.flush()
        await gateway.observing.flush()
        day = now.astimezone(HANOI).date()
        facts = await gather(gateway.store, Period(day, day), now + timedelta(hours=1), demonstration=False)
    finally:
        await gateway.close()
    assert [(each.id, each.calls, each.success) for each in facts.observed] == [("social-insurance", 4, 0.75)]
    assert [each for each in facts.systems if each.calls] == []
    assert facts.callers == ()
    titles = {name: each.title for name, each in lgsp_loaded.registry.connectors.items()}
    files = report_files(facts, titles, Settings(), Pages())
    sheet = next(content for name, content in files.items() if name.endswith(".csv")).decode("utf-8-sig")
    table = sheet.split("5. Quan sát từ nhật ký của cổng hiện có, trục chưa kiểm chứng", 1)[1].splitlines()
    assert [line.split(",", 2)[2] for line in table if line.startswith("1,")] == ['4,"75,00 %",195']
    paper = Document(io.BytesIO(next(content for name, content in files.items() if name.endswith(".docx"))))
    assert "chưa kiểm chứng" in "".join(each.text for each in paper.paragraphs)
    silent = report_files(replace(facts, observed=()), titles, Settings(), Pages())
    assert not any("chưa kiểm chứng" in content.decode("utf-8", "replace") for content in silent.values())


async def test_a_store_that_takes_nothing_loses_nothing(
    lgsp_loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await started(lgsp_loaded, tmp_path / "data", tmp_path / "access.log")
    try:
        assert gateway.observing is not None
        assert gateway.observed is not None
        now = gateway.runtime.clock.now()
        gateway.observed.passed_on(Line(now, "POST", PATH, 200, None))
        records = gateway.observing.records

        class Full:
            async def add_counts(self, rows: object) -> None:
                raise StoreFailed("no room")

        gateway.observing.records = Full()  # type: ignore[assignment]
        await gateway.observing.flush()
        gateway.observing.records = records
        await gateway.observing.flush()
        rows = await records.counts(now - timedelta(hours=2))
        assert [(row.calls, row.seconds, sum(row.buckets)) for row in rows] == [(1, 0.0, 0)]
    finally:
        await gateway.close()


def test_a_place_is_found_again_or_refused(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    tail = Tail(log)
    assert tail.place() is None
    log.write_bytes(b"1\n2\nhal")
    tail.read()
    place = tail.place()
    assert place is not None
    assert place.offset == 4, "half a line is read again"
    tail.close()
    log.rename(tmp_path / "a.log.1")
    log.write_bytes(b"9\n")
    again = Tail(log)
    assert again.resume(place)
    assert [again.read(), again.read(), again.read()] == [[], [b"hal"], [b"9"]]
    again.close()
    (tmp_path / "a.log.1").write_bytes(b"x\ny\nz\n")  # the same file, begun anew
    assert not Tail(log).resume(place)
