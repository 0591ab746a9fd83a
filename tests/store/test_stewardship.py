"""Maintenance and proposals on every store: what was written is read, one proposal a system, nothing is closed twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lgsp.store import Store
from lgsp.store.port.stewardship import MaintenanceRecord, ProposalRecord
from tests.store.test_store import installation, store

__all__ = ["installation", "store"]
NOW = datetime(2026, 3, 2, 1, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = MaintenanceRecord("w1", "land", NOW + HOUR, NOW + 2 * HOUR, "Nâng cấp", "an", NOW)
ASKED = ProposalRecord("p1", "land", "official", "01/QĐ", "", "{}", "an", NOW)


async def test_windows_are_kept_and_closed_once(store: Store) -> None:
    keep = store.stewardship
    past = replace(WINDOW, id="w0", begins=NOW - 3 * HOUR, ends=NOW - HOUR, past=True)
    await keep.add_maintenance(WINDOW)
    await keep.add_maintenance(past)
    assert await keep.maintenance(NOW - 2 * HOUR) == [past, WINDOW]
    assert await keep.maintenance(NOW) == [WINDOW]
    assert await keep.close_maintenance("w1", NOW + HOUR * 1.5, "binh")
    assert not await keep.close_maintenance("w1", NOW + HOUR * 1.6, "an"), "closed already"
    assert not await keep.close_maintenance("w0", NOW, "an"), "what is past has no end to come"
    (found,) = await keep.maintenance(NOW)
    assert (found.closed_by, found.over) == ("binh", NOW + HOUR * 1.5)


async def test_one_proposal_a_system_and_one_decision(store: Store) -> None:
    keep = store.stewardship
    assert await keep.propose(ASKED)
    assert not await keep.propose(replace(ASKED, id="p2")), "one is open already"
    assert await keep.propose(replace(ASKED, id="p3", system="tax", proposed=NOW + HOUR))
    done = replace(
        ASKED, state="approved", closed=NOW + HOUR, closed_by="binh", dossier=b"{}", document=b"PK", signature=b"s"
    )
    assert await keep.close_proposal(done)
    assert not await keep.close_proposal(replace(done, state="rejected")), "decided already"
    assert await keep.proposal("p1") == done
    assert await keep.proposal("none") is None
    assert [each.id for each in await keep.proposals(None, 9)] == ["p3", "p1"]
    (listed,) = await keep.proposals("land", 9)
    assert (listed.state, listed.dossier) == ("approved", b""), "lists carry no documents"
    assert await keep.propose(replace(ASKED, id="p4")), "the next one may come"
