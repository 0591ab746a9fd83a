"""Work on a stranger's document ends, whatever the document does."""

from __future__ import annotations

import pytest

from lgsp.cli.bounded import Overrun, bounded


def forever() -> bytes:
    while True:
        pass


def greedy() -> bytes:
    return bytes(bytearray(b"x" * (400 << 20)))


def clumsy() -> bytes:
    raise LookupError("what it says of the document stays inside")


def test_an_answer_comes_back_whole() -> None:
    assert bounded(lambda: b"a" * 3_000_000) == b"a" * 3_000_000


@pytest.mark.parametrize(
    ("work", "word"), [(forever, "takes more than"), (greedy, "needs more than"), (clumsy, "LookupError")]
)
def test_what_does_not_end_well_is_told(work: object, word: str) -> None:
    with pytest.raises(Overrun, match=word) as met:
        bounded(work, seconds=1)  # type: ignore[arg-type]
    assert "document stays" not in str(met.value)
