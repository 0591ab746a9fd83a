"""Proposals about submissions on every store: one at a time, decided once, the message gone afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lgsp.model import SubmissionState
from lgsp.store import Move, Store
from lgsp.store.port import Keep
from lgsp.store.port.corrections import CorrectionRecord
from tests.store.test_store import installation, row, store

__all__ = ["installation", "store"]
NOW = datetime(2026, 3, 2, 1, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKED = CorrectionRecord("c1", "s1", "correct", "Bộ từ chối", '["/ho"]', "an", NOW, b"sealed")


async def test_one_at_a_time_and_decided_once(store: Store) -> None:
    keep = store.corrections
    assert await keep.propose(ASKED)
    assert not await keep.propose(replace(ASKED, id="c2")), "one waits already"
    assert await keep.propose(replace(ASKED, id="c3", submission="s2", kind="resend", proposed=NOW + HOUR))
    assert await keep.one("c1") == ASKED
    assert [each.id for each in await keep.open(9)] == ["c1", "c3"], "oldest first"
    assert [each.id for each in await keep.open(1)] == ["c1"]
    done = replace(ASKED, state="approved", closed=NOW + HOUR, closed_by="binh", became="s9", sealed=b"")
    assert await keep.close(done)
    assert not await keep.close(replace(done, state="rejected")), "decided already"
    assert await keep.one("c1") == done, "its message is gone"
    assert await keep.one("none") is None
    assert await keep.propose(replace(ASKED, id="c4", proposed=NOW + 2 * HOUR)), "the next one may come"
    assert await keep.of("s1") == [replace(ASKED, id="c4", proposed=NOW + 2 * HOUR, sealed=b""), done], (
        "lists carry no message"
    )
    assert [each.id for each in await keep.open(9)] == ["c3", "c4"]


async def test_it_goes_with_its_submission(store: Store) -> None:
    await store.submissions.accept(row("s1"), None)
    await store.submissions.take(NOW + timedelta(days=365), {}, 9)
    at = NOW - timedelta(days=50)
    assert await store.submissions.move("s1", Move((SubmissionState.DELIVERING,), SubmissionState.FAILED, at, 1))
    await store.corrections.propose(ASKED)
    month, years = timedelta(days=30), timedelta(days=900)
    await store.pruning.step(NOW, Keep(month, years, years, years, years))
    found = await store.corrections.one("c1")
    assert found is not None
    assert (found.sealed, found.state) == (b"", "open"), "the body's time is over: the corrected one's too"
    await store.pruning.step(NOW, Keep(month, month, years, years, years))
    assert await store.corrections.one("c1") is None
