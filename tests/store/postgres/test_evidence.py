"""A chain in PostgreSQL: one writer, shared commits, no gap and no fork whatever becomes of its session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from lgsp.store import EvidenceRow, StoreBusy, StoreFailed
from lgsp.store.postgres import evidence
from tests.store.postgres.nodes import Nodes


def entry(body: bytes) -> Callable[[EvidenceRow | None], list[EvidenceRow]]:
    return lambda last: [
        EvidenceRow(last.index + 1 if last else 0, body, (last.hash if last else b"")[-8:] + body, (body,))
    ]


async def test_entries_that_come_together_share_a_commit(nodes: Nodes) -> None:
    one = await nodes.open("one")
    await one.evidence.append(entry(b"first"))
    await asyncio.gather(*(one.evidence.append(entry(b"%d" % n)) for n in range(500)))
    rows = await one.database.fetch("SELECT DISTINCT xmin FROM entry")
    assert len(rows) <= 4
    assert [row.index for row in await one.evidence.rows(0, 1000)] == list(range(501))


async def test_a_second_writer_of_a_chain(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_PATIENCE", 0.3)
    one, two = await nodes.open("one"), await nodes.open("two")
    await asyncio.gather(one.evidence.append(entry(b"a")), two.evidence.append(entry(b"b")))
    assert [len(await store.evidence.rows(0, 9)) for store in (one, two)] == [1, 1]
    with pytest.raises(StoreBusy, match=r"'one-w0'.*store\.node"):
        await nodes.open("one")
    nodes.stores["one"] = one


async def test_a_session_that_is_cut_neither_loses_nor_forks(nodes: Nodes) -> None:
    one = await nodes.open("one")
    await one.evidence.append(entry(b"0"))
    for n in range(1, 6):
        await one.database.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND classid = $2",
            one.evidence.number, evidence.WRITERS,
        )  # fmt: skip
        appended = await asyncio.gather(
            *(one.evidence.append(entry(b"%d" % n)) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(each, (int, StoreFailed)) for each in appended)
    last = await one.evidence.append(entry(b"end"))
    rows = await one.evidence.rows(0, 100)
    assert [row.index for row in rows] == list(range(last + 1))
    assert all(after.hash == before.hash[-8:] + after.body for before, after in pairwise(rows))


async def test_a_cancelled_caller_disturbs_nobody(nodes: Nodes) -> None:
    one = await nodes.open("one")
    tasks = [asyncio.create_task(one.evidence.append(entry(b"%d" % n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(each, int) for each in done) == 25
    assert len(await one.evidence.rows(0, 100)) >= 25
