"""Field grants: what leaves and what is noted of it."""

from __future__ import annotations

import pytest

from lgsp.model import Data
from lgsp.pipeline.minimise import cut, tree

ANSWER: Data = {"a": 1, "b": {"c": 2, "d": [3], "e": None}, "rows": [{"x": 1, "y": {"z": 2}}, {"y": None}, 5]}


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ((), {}),
        (("a",), {"a": 1}),
        (("b",), {"b": {"c": 2, "d": [3], "e": None}}),
        (("b.c", "b.e"), {"b": {"c": 2, "e": None}}),
        (("b.c", "b"), {"b": {"c": 2, "d": [3], "e": None}}),
        (("b", "b.c"), {"b": {"c": 2, "d": [3], "e": None}}),
        (("rows.y.z",), {"rows": [{"y": {"z": 2}}, {}]}),
        (("rows.x",), {"rows": [{"x": 1}, {}]}),
        (("a.b", "nothing"), {}),
    ],
)
def test_only_granted_paths_leave(fields: tuple[str, ...], left: Data) -> None:
    assert cut(ANSWER, tree(fields)) == left
