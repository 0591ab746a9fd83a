"""The writer of evidence: what an entry says, what it never says, and what happens when the disk is away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lgsp.audit import Audit, verify, who
from lgsp.errors import EvidenceUnavailable, ProviderFault, Unauthenticated
from lgsp.runtime import Runtime
from lgsp.store import StoreFailed, open_store
from lgsp_mocks.clock import run
from tests.submissions.house import ASK, House, house


async def entries(home: House) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row.body) for row in await home.store.evidence.rows(0, 1000)]


def test_asked_then_answered_without_a_word_of_the_payload() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        data = {"code": "canary-code", "person": {"id": "099096990001"}}
        await home.ask("plain", data, purpose="1.001193", case="H99.01-230101-0001", officer="officer-7")
        asked, answered = await entries(home)
        assert (asked["kind"], answered["kind"]) == ("asked", "answered")
        assert asked["index"] == 0
        assert asked["writer"] == "w0"
        for entry in (asked, answered):
            assert entry["consumer"] == "portal"
            assert entry["purpose"] == "1.001193"
            assert entry["case"] == "H99.01-230101-0001"
            assert entry["officer"] == "officer-7"
            assert entry["legal_basis"] == "QĐ 1/QĐ-UBND"
            assert entry["submission"]
        assert answered["outcome"] == "ok"
        assert asked["subjects"] == [home.store.keys.subject("099096990001").hex()]
        text = b"".join(row.body for row in await home.store.evidence.rows(0, 10))
        assert b"canary" not in text
        assert b"099096990001" not in text

    run(story)


def test_who_read_this_persons_data(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime, tmp_path)
        home.ministry.effects.update({"a": 1, "b": 1})
        await home.ask("ask", {"code": "a", "person": [{"id": "099096990001"}, {"id": "099096990002"}]})
        await home.ask("ask", {"code": "b", "person": {"id": "099096990002"}})
        assert len(await home.audit.who(" 099096990002 ")) == 2
        assert await home.audit.who("099096990003") == []
        await home.store.close()

    run(story)
    assert [entry["index"] for entry in who(tmp_path, "099096990001")] == [0]
    found = who(tmp_path, "099096990002")
    assert [entry["index"] for entry in found] == [0, 2]
    assert [entry["outcome"] for entry in found] == ["ok", "ok"], "what came of it"


def test_a_business_fault_and_a_refusal_are_outcomes() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        home.ministry.script = [ProviderFault()]
        with pytest.raises(ProviderFault):
            await home.ask("plain")
        answered = (await entries(home))[-1]
        assert (answered["outcome"], answered["fault_domain"]) == ("provider-fault", "backend")

    run(story)


def test_strangers_are_counted_not_entered() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        task = asyncio.create_task(home.audit.run())
        for _ in range(1000):
            exchange = home.exchange(consumer=None)
            exchange.error = Unauthenticated()
            await home.audit.answered(exchange)
        assert await entries(home) == []
        await asyncio.sleep(70)
        (entry,) = await entries(home)
        assert (entry["kind"], entry["facts"]["times"], entry["facts"]["code"]) == ("note", 1000, "unauthenticated")
        task.cancel()
        await asyncio.wait({task})

    run(story)


def test_checkpoints_follow_within_a_second() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        task = asyncio.create_task(home.audit.run())
        await asyncio.sleep(5)
        for size in (1, 2, 3):
            await home.audit.note("test", "nobody")
            await asyncio.sleep(1)
            last = await home.store.evidence.last_checkpoint()
            assert last is not None
            assert last.size == size
        task.cancel()
        await asyncio.wait({task})

    run(story)


def test_a_thousand_entries_are_signed_at_once() -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        task = asyncio.create_task(home.audit.run())
        await asyncio.gather(*(home.audit.note("test", "nobody") for _ in range(1000)))
        await asyncio.sleep(0.01)
        last = await home.store.evidence.last_checkpoint()
        assert last is not None
        assert last.size == 1000
        task.cancel()
        await asyncio.wait({task})

    run(story)


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        for _ in range(3):
            store = await open_store(tmp_path, runtime, inline=True)
            audit = Audit(store, runtime)
            for _ in range(5):
                await audit.note("test", "nobody")
            await audit.close()
            await store.close()

    run(story)
    assert verify(tmp_path).as_dict() == {
        "ok": True, "entries": 15, "writers": {"w0": {"entries": 15, "checkpoints": 3, "signed": 15}},
    }  # fmt: skip


class Stuck:
    """Evidence whose disk fails, or never answers."""

    def __init__(self, home: House, *, hang: bool) -> None:
        self._evidence, self._hang, self.broken = home.store.evidence, hang, True
        self.writer = self._evidence.writer

    async def append(self, compose: Any) -> int:
        if not self.broken:
            return await self._evidence.append(compose)
        if self._hang:
            await asyncio.Event().wait()
        raise StoreFailed("FullError")


@pytest.mark.parametrize("hang", [False, True])
def test_without_evidence_nothing_is_sent_and_it_recovers_by_itself(hang: bool) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime)
        stuck = Stuck(home, hang=hang)
        home.audit._evidence = stuck  # type: ignore[assignment]
        began = runtime.clock.monotonic()
        with pytest.raises(EvidenceUnavailable) as raised:
            await home.ask("ask", {"code": "a"})
        assert raised.value.retryable
        assert runtime.clock.monotonic() - began <= 2.0  # asked and answered both tried
        with pytest.raises(EvidenceUnavailable):
            await home.audit.asked(home.exchange())
        stuck.broken = False
        home.ministry.effects["a"] = 1
        await home.ask("ask", {"code": "a"})
        assert [entry["kind"] for entry in await entries(home)] == ["asked", "answered"]

    run(story)


def test_operations_name_their_subjects() -> None:
    assert ASK.subject == ("person.id",)
