"""Work on large messages: an error of ours leaves its thread without what it was raised about; a defect keeps its place."""

from __future__ import annotations

import traceback

import pytest

from lgsp.errors import InvalidMessage
from lgsp.pipeline.heavy import bare


def test_an_error_of_ours_leaves_without_its_frames() -> None:
    def work() -> None:
        tree = "x" * 100
        try:
            raise KeyError(tree)
        except KeyError as error:
            raise InvalidMessage from error

    with pytest.raises(InvalidMessage) as caught:
        bare(work)
    error = caught.value
    assert (error.__context__, error.__cause__) == (None, None)
    assert "work" not in {each.name for each in traceback.extract_tb(error.__traceback__)}


def test_a_defect_keeps_its_place_and_a_result_is_handed_on() -> None:
    def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError) as caught:
        bare(broken)
    assert "broken" in {each.name for each in traceback.extract_tb(caught.value.__traceback__)}
    assert bare(lambda: 7) == 7
