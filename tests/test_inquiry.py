"""Exchanges looked up: what happened is found behind the chain, told with what belongs to it; who looks for a person stays on record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lgsp import inquiry
from lgsp.decisions import Refused
from lgsp.errors import Timeout
from lgsp.inquiry import INQUIRY, moment_of
from lgsp.model import Kind
from lgsp.runtime import HANOI, Runtime
from lgsp_mocks.clock import run
from tests.submissions.house import PUSH, House, house, operation

ASK = operation("ask", Kind.QUERY)
PERSON = "099096990001"


class Desk:
    """As much of the office as these actions touch."""

    def __init__(self, home: House, runtime: Runtime) -> None:
        self.store, self.audit, self.runtime = home.store, home.audit, runtime

    async def do(self, action: str, **arguments: Any) -> Any:
        return await INQUIRY[action](self, "mau@bus", arguments)


def told(story: Callable[[Runtime, House, Desk], Awaitable[None]], folder: Path | None = None) -> None:
    async def whole(runtime: Runtime) -> None:
        home = await house(runtime, folder, ASK, PUSH)
        await story(runtime, home, Desk(home, runtime))
        await home.audit.close()
        await home.store.close()

    run(whole)


async def asked(home: House, correlation: str, **slots: Any) -> str:
    home.ministry.effects["a"] = 1
    exchange = home.exchange("ask", {"code": "a", "person": {"id": PERSON}})
    exchange.correlation_id = correlation
    for name, value in slots.items():
        setattr(exchange, name, value)
    await home.handle(exchange)
    return exchange.id


def test_what_was_asked_is_found_and_shown_without_what_was_said(tmp_path: Path) -> None:
    async def story(_: Runtime, home: House, desk: Desk) -> None:
        name = await asked(home, "c-1", case="H99-1")
        await asked(home, "c-2")
        page = await desk.do("exchange.find", case="H99-1")
        assert [each["id"] for each in page["items"]] == [name]
        assert (page["next"], page["behind"]) == (None, 0)
        shown = await desk.do("exchange.show", id=name)
        assert [each["kind"] for each in shown["entries"]] == ["asked", "answered"]
        assert set(shown["entries"][1]["trace"]) == {"us", "spent", "attempts", "waits"}
        assert (shown["outcome"], shown["related"], shown["submission"]) == ("ok", [], None)
        assert PERSON not in repr(shown)
        with pytest.raises(Refused, match="no exchange"):
            await desk.do("exchange.show", id="01M81RFX0YD22BEM9A0FQDMX2X")

    told(story, tmp_path)


def test_pages_go_on_where_the_one_before_has_ended() -> None:
    async def story(_: Runtime, home: House, desk: Desk) -> None:
        names = []
        for number in range(5):
            names.append(await asked(home, f"c-{number}"))
            await asyncio.sleep(1)
        seen, below = [], None
        while True:
            page = await desk.do("exchange.find", below=below, limit=2)
            seen += [each["id"] for each in page["items"]]
            below = page["next"]
            if below is None:
                break
        assert seen == names[::-1]
        for wrong in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"below": "x"}, {"first": "yesterday"}):
            with pytest.raises(Refused):
                await desk.do("exchange.find", **wrong)

    told(story)


def test_who_looks_for_a_person_says_why_and_stands_in_the_evidence_first() -> None:
    async def story(_: Runtime, home: House, desk: Desk) -> None:
        name = await asked(home, "c-1")
        for reason in (None, "", "x  "):
            with pytest.raises(Refused, match="why"):
                await desk.do("exchange.find", subject=PERSON, reason=reason)
        page = await desk.do("exchange.find", subject=f" {PERSON} ", reason="kiểm tra theo đơn")
        assert [each["id"] for each in page["items"]] == [name]
        hashed = home.store.keys.subject(PERSON).hex()
        again = await desk.do("exchange.find", subject_hash=hashed, reason="kiểm tra theo đơn", person="Mẫu B")
        assert again["items"] == page["items"]
        with pytest.raises(Refused):
            await desk.do("exchange.find", subject_hash="không", reason="kiểm tra theo đơn")
        bodies = [msgspec.json.decode(row.body) for row in await home.store.evidence.rows(0, 99)]
        notes = [each["facts"] for each in bodies if each.get("what") == "exchange-search"]
        assert notes == [
            {"person": who, "reason": "kiểm tra theo đơn", "subject": hashed} for who in ("mau@bus", "Mẫu B")
        ]

    told(story)


def test_a_submission_is_told_with_its_deliveries() -> None:
    async def story(_: Runtime, home: House, desk: Desk) -> None:
        home.ministry.script = ["lost"]
        exchange = home.exchange("push", {"code": "b", "person": {"id": PERSON}})
        exchange.correlation_id = "c-push"
        with pytest.raises(Timeout):
            await home.handle(exchange)
        shown = await desk.do("exchange.show", id=exchange.id)
        assert shown["submission"]["id"] == exchange.submission
        assert shown["submission"]["state"] == "indeterminate"
        assert [each[2] for each in shown["entries"][-1]["trace"]["attempts"]] == ["timeout"]

    told(story)


def test_the_standing_task_is_a_second_behind_and_forgets_what_is_old() -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        task = asyncio.get_running_loop().create_task(inquiry.run(home.store, runtime, days=2))
        first = await asked(home, "c-1")
        await asyncio.sleep(1)
        assert await home.store.exchanges.behind() == 0
        row = await home.store.exchanges.get(first)
        assert row is not None
        await asyncio.sleep(timedelta(days=2, hours=2).total_seconds())
        assert await home.store.exchanges.get(first) is None
        task.cancel()
        await asyncio.wait({task})

    told(story)


def test_the_index_is_made_again_out_of_the_evidence() -> None:
    async def story(_: Runtime, home: House, desk: Desk) -> None:
        name = await asked(home, "c-1")
        await desk.do("exchange.find")
        assert (await desk.do("exchange.rebuild"))["behind"] > 0
        done = await desk.do("exchange.rebuild", wait=True)
        assert done["taken"] > 0
        assert done["behind"] == 0
        assert [each["id"] for each in (await desk.do("exchange.find", correlation="c-1"))["items"]] == [name]

    told(story)


def test_moments_as_people_write_them() -> None:
    assert moment_of("2026-12-31") == datetime(2026, 12, 31, tzinfo=HANOI)
    assert moment_of("2026-12-31", after=True) == datetime(2027, 1, 1, tzinfo=HANOI)
    assert moment_of("2026-12-31T08:30", after=True) == datetime(2026, 12, 31, 8, 31, tzinfo=HANOI)
    assert moment_of("") is moment_of(None) is None
