"""Kept payloads: sealed under the key of their day, proved by the chain, gone with the key, held where somebody says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from lgsp.audit import verify
from lgsp.audit.payloads import PayloadEvidence
from lgsp.custody import CUSTODY, retire
from lgsp.decisions import Refused
from lgsp.errors import EvidenceUnavailable
from lgsp.model import Kind
from lgsp.runtime import HANOI, Runtime
from lgsp.store import StoreFailed
from lgsp_mocks.clock import run
from tests.submissions.house import House, house, operation

ASK = operation("ask", Kind.QUERY, keep_payload=True)
PLAIN = operation("plain", keep_payload=True)
QUIET = operation("keyed", keyed=True)
WHO = {"role": "security-officer", "reason": "thanh tra theo kế hoạch", "person": "Mẫu A"}
PERSON = "099096990001"


class Desk:
    """As much of the office as these actions touch."""

    def __init__(self, home: House, runtime: Runtime) -> None:
        self.store, self.audit, self.runtime = home.store, home.audit, runtime
        self.policy: Any = None
        self.ledger: Any = None

    async def do(self, action: str, **arguments: Any) -> Any:
        return await CUSTODY[action](self, "mau@bus", arguments)


def told(story: Callable[[Runtime, House, Desk], Awaitable[None]], folder: Path | None = None) -> None:
    async def whole(runtime: Runtime) -> None:
        home = await house(runtime, folder, ASK, PLAIN, QUIET)
        await story(runtime, home, Desk(home, runtime))
        await home.audit.close()
        await home.store.close()

    run(whole)


async def asked(home: House, code: str, consumer: str = "portal") -> str:
    home.ministry.effects[code] = 1
    exchange = home.exchange("ask", {"code": code, "person": {"id": PERSON}})
    exchange.correlation_id = f"c-{code}"
    await home.handle(exchange)
    return exchange.correlation_id


async def entries(home: House) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row.body) for row in await home.store.evidence.rows(0, 1000)]


def test_what_was_kept_is_what_the_chain_says(tmp_path: Path) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        correlation = await asked(home, "a")
        await home.ask("keyed", {"code": "b", "person": {"id": PERSON}})
        request, answer = await desk.do("payload.read", correlation=correlation, **WHO)
        assert (request["kind"], answer["kind"]) == ("request", "answer")
        assert request["data"] == {"code": "a", "person": {"id": PERSON}}
        chain = await entries(home)
        assert chain[0]["request"] == request["digest"]
        assert chain[1]["answer"] == answer["digest"]
        assert chain[-1]["what"] == "payload-read"
        assert chain[-1]["facts"] == {"correlation": correlation, **WHO}
        assert sum((await desk.store.payloads.count()).values()) == 2, (
            "an operation that does not ask for it keeps nothing"
        )

    told(story, tmp_path)
    assert verify(tmp_path).ok
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert PERSON.encode() not in files


def test_a_payload_that_was_touched_or_moved_does_not_open(tmp_path: Path) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        await asked(home, "a")
        await asked(home, "b")

    told(story, tmp_path)
    db = apsw.Connection(str(tmp_path / "lgsp.db"))
    rows = dict(db.execute("SELECT exchange || kind, sealed FROM payload WHERE correlation = 'c-a'").fetchall())
    assert len(rows) == 2
    db.execute(
        "UPDATE payload SET sealed = (SELECT sealed FROM payload WHERE correlation = 'c-b' AND kind = 'request') WHERE correlation = 'c-a' AND kind = 'request'"
    )
    db.execute("UPDATE payload SET sealed = zeroblob(60) WHERE correlation = 'c-a' AND kind = 'answer'")
    db.close()

    async def again(runtime: Runtime, home: House, desk: Desk) -> None:
        assert [each["data"] for each in await desk.do("payload.read", correlation="c-a", **WHO)] == [None, None]
        assert all(each["data"] for each in await desk.do("payload.read", correlation="c-b", **WHO))

    told(again, tmp_path)


def test_retention_destroys_keys_and_the_chain_stands(tmp_path: Path) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        for day in range(5):
            await asked(home, f"d{day}")
            await asyncio.sleep(86400)
        keys = await desk.do("payload.keys")
        assert [each["messages"] for each in keys] == [2] * 5
        await retire(desk, 2)
        left = [each["key"] for each in await desk.do("payload.keys") if each["destroyed"] is None]
        today = runtime.clock.now().astimezone(HANOI).date()
        assert left == [(today - timedelta(days=days)).isoformat() for days in (2, 1)]
        assert await desk.do("payload.read", correlation="c-d0", **WHO) == []
        assert (await desk.do("payload.read", correlation="c-d4", **WHO))[0]["data"]
        note = next(each for each in await entries(home) if each.get("what") == "payload-keys-destroyed")
        assert note["facts"]["messages"] == 6
        await retire(desk, 2)
        again = [each for each in await entries(home) if each.get("what") == "payload-keys-destroyed"]
        assert len(again) == 1, "nothing to do is nothing to tell"

    told(story, tmp_path)
    assert verify(tmp_path).ok
    db = apsw.Connection(str(tmp_path / "lgsp.db"))
    assert db.execute("SELECT count(*) FROM payload_key WHERE wrapped IS NULL").fetchall() == [(3,)]
    db.close()


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ({"correlation": "c-d1"}, ["c-d1"]),
        ({"consumer": "portal"}, ["c-d0", "c-d1", "c-d2"]),
        ({"consumer": "somebody"}, []),
        ({"first": 1, "last": 2}, ["c-d1", "c-d2"]),
        ({"first": 2}, ["c-d2"]),
        ({"last": 0}, ["c-d0"]),
        ({"consumer": "portal", "last": 0}, ["c-d0"]),
    ],
)
def test_a_hold_keeps_what_it_names_until_it_is_released(named: dict[str, Any], kept: list[str]) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        begin = runtime.clock.now().astimezone(HANOI).date()
        days = {
            name: (begin + timedelta(days=day)).isoformat() for name, day in named.items() if name in ("first", "last")
        }
        for day in range(3):
            await asked(home, f"d{day}")
            await asyncio.sleep(86400)
        hold = await desk.do("hold.add", **{**named, **days}, **WHO)
        await asyncio.sleep(86400)

        async def readable() -> list[str]:
            found = []
            for day in range(3):
                rows = await desk.do("payload.read", correlation=f"c-d{day}", **WHO)
                if rows and all(each["data"] for each in rows):
                    assert len(rows) == 2
                    found.append(f"c-d{day}")
            return found

        await retire(desk, 0)
        assert await readable() == kept
        await retire(desk, 0)
        assert await readable() == kept, "a second round takes nothing more"
        await desk.do("hold.release", id=hold["id"], **WHO)
        await retire(desk, 0)
        assert await readable() == []
        assert await desk.store.payloads.count() == {}
        shown = (await desk.do("hold.list"))[0]
        assert shown["released"] is not None

    told(story)


def test_two_holds_on_one_message() -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        await asked(home, "a")
        first = await desk.do("hold.add", correlation="c-a", **WHO)
        second = await desk.do("hold.add", consumer="portal", **WHO)
        await asyncio.sleep(2 * 86400)
        for hold in (first, second):
            await retire(desk, 0)
            assert [each["data"] is not None for each in await desk.do("payload.read", correlation="c-a", **WHO)] == [
                True
            ] * 2
            await desk.do("hold.release", id=hold["id"], **WHO)
        await retire(desk, 0)
        assert await desk.do("payload.read", correlation="c-a", **WHO) == []

    told(story)


def test_many_messages_of_one_day_go_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        for number in range(9):
            await asked(home, f"n{number}")
        await desk.do("hold.add", consumer="portal", **WHO)
        await asyncio.sleep(2 * 86400)
        await retire(desk, 0)
        for number in range(9):
            assert len(await desk.do("payload.read", correlation=f"c-n{number}", **WHO)) == 2

    monkeypatch.setattr("lgsp.audit.payloads._PAGE", 5)
    told(story)


@pytest.mark.parametrize(
    ("action", "arguments", "said"),
    [
        ("payload.read", {"correlation": "x", "role": "operator", "reason": "because so"}, "role"),
        ("payload.read", {"correlation": "x", "role": "auditor", "reason": " "}, "reason"),
        ("payload.retain", {"before": "2020-01-01", "role": "auditor", "reason": "because so"}, "security-officer"),
        ("payload.retain", {"before": "2999-01-01", **WHO}, "in use"),
        ("payload.retain", {"before": "soon", **WHO}, "2026-12-31"),
        ("payload.retain", WHO, "in use"),
        ("hold.add", WHO, "names"),
        ("hold.add", {"first": "2022-02-01", "last": "2022-01-01", **WHO}, "before the first"),
        ("hold.release", {"id": "none", **WHO}, "no hold"),
    ],
)
def test_what_is_refused_leaves_no_trace(action: str, arguments: dict[str, Any], said: str) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        with pytest.raises(Refused, match=said):
            await desk.do(action, **arguments)
        assert await entries(home) == []

    told(story)


@pytest.mark.parametrize("hang", [False, True])
def test_without_its_payload_a_call_is_not_made(hang: bool) -> None:
    """Where keeping was asked for, what cannot be kept is not sent; within the patience of the evidence."""

    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        class Stuck:
            async def key(self, *_: object) -> None:
                if hang:
                    await asyncio.Event().wait()
                raise StoreFailed("FullError")

        class Other:
            keys, payloads = home.store.keys, Stuck()

        home.audit._payloads = PayloadEvidence(Other(), runtime)  # type: ignore[arg-type]
        began = runtime.clock.monotonic()
        with pytest.raises(EvidenceUnavailable):
            await home.ask("plain", {"code": "a"})
        assert runtime.clock.monotonic() - began <= 2.0
        assert home.ministry.effects["a"] == 0

    told(story)


def test_numbers_stay_what_they_were(tmp_path: Path) -> None:
    async def story(runtime: Runtime, home: House, desk: Desk) -> None:
        exchange = home.exchange("ask", {"code": "a", "n": 1.5, "t": "e\u0301\u0000\u2028", "l": [None, True, {}]})
        home.ministry.effects["a"] = 1
        await home.handle(exchange)
        (request, _) = await desk.do("payload.read", correlation=exchange.correlation_id, **WHO)
        assert json.dumps(request["data"], sort_keys=True) == json.dumps(exchange.data, sort_keys=True)

    told(story, tmp_path)
