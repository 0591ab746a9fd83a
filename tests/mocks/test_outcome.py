"""An outcome is an answer that travels well unless it says otherwise."""

from __future__ import annotations

from lgsp.model import HttpResponse
from lgsp_mocks.outcome import ConnectionBroken, Outcome


def test_a_plain_outcome_is_whole_and_at_once() -> None:
    outcome = Outcome(HttpResponse(200, {}, b"x"))
    assert (outcome.broken, outcome.cut, outcome.pieces, outcome.seconds, outcome.linger) == ("", None, 1, 0, 0)


def test_a_broken_connection_carries_its_outcome() -> None:
    outcome = Outcome(None, "refused")
    assert ConnectionBroken(outcome).outcome is outcome
