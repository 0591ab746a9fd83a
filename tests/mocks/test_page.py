"""A page tells a call as it was, whether it was kept as bytes or as a shortened copy."""

from __future__ import annotations

from typing import Any

import pytest

from lgsp_mocks.journal import LONGEST, RAW
from tests.mocks.simulated import Caller, play


@pytest.mark.parametrize("length", [10, LONGEST + 1, RAW + 1])
def test_a_message_of_any_size_is_told(length: int) -> None:
    async def story(caller: Caller) -> None:
        await caller.response("POST", "/apiSoMau/ghiNhan", {"ma": "D-1", "noiDung": "x" * length})
        entry = caller.sim.journal.calls("so-mau", "ghiNhan")[-1]
        told = entry.request["noiDung"]
        assert told == "x" * length if length <= LONGEST else told.endswith(f"… ({length} characters)")
        assert (entry.status, entry.fault, entry.consumer) == (200, None, "lgsp")
        assert entry.answer["status"] == 1
        assert (entry.raw is not None) is (length < LONGEST * 2)
        assert entry.headers == {"content-type": "application/json"}

    play(story)


def test_a_soap_call_is_told_and_a_refusal_has_no_answer() -> None:
    async def story(caller: Caller) -> list[Any]:
        await caller.soap("7")
        await caller.soap("LOI")
        await caller.response("POST", "/apiSoMau/ghiNhan", {"noiDung": "thiếu mã"})
        return caller.sim.journal.calls()

    asked, refused, broken = play(story)
    assert asked.request == {"ma": "7"}
    assert asked.answer
    assert asked.raw.startswith("<s:Envelope")
    assert (refused.status, refused.answer) == (500, None)
    assert (broken.status, broken.request, broken.answer) == (400, None, None)


def test_a_page_is_found_by_system_and_by_either_name() -> None:
    async def story(caller: Caller) -> list[int]:
        await caller.look_up()
        await caller.forward()
        journal = caller.sim.journal
        return [
            len(journal.calls(*wanted))
            for wanted in ((), ("so-mau",), ("khac",), ("so-mau", "g"), ("so-mau", "guiTruc"), (None, "traCuu"))
        ]

    assert play(story) == [2, 2, 0, 1, 1, 1]


def test_what_a_handler_goes_on_changing_stays_as_it_was_said() -> None:
    async def story(caller: Caller) -> list[Any]:
        for ma in ("A", "B"):
            await caller.note(ma)
        return [entry.request["ma"] for entry in caller.sim.journal.calls("so-mau", "ghiNhan")]

    assert play(story) == ["A", "B"]
