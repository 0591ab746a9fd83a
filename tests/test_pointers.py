"""JSON Pointers: what stands there, other data with another value there, what has changed; the data itself is left alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.pointers import BadPointer, changed, leaves, put, steps, value_at, written

DATA: dict[str, Any] = {"ho": "Nguyễn", "con": [{"ten": "A"}, {"ten": "B"}], "a/b": {"~": 1}, "rong": {}, "khong": None}
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
TREES = st.dictionaries(
    st.text(max_size=3),
    st.recursive(SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below), max_leaves=8),
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/ho", "Nguyễn"), ("/con/1/ten", "B"), ("/a~1b/~0", 1), ("/rong", {}), ("/khong", None), ("/con/2/ten", None),
     ("/con/01/ten", None), ("/ho/x", None)],
)  # fmt: skip
def test_what_stands_there(pointer: str, value: Any) -> None:
    assert value_at(DATA, pointer) == value


@pytest.mark.parametrize("pointer", ["", "ho", "/" * 65])
def test_what_is_no_pointer(pointer: str) -> None:
    with pytest.raises(BadPointer):
        steps(pointer)


def test_another_value_leaves_the_data_alone() -> None:
    before = copy.deepcopy(DATA)
    made = put(put(put(DATA, "/con/1/ten", "C"), "/moi/ngay", "2026-01-01"), "/ho", None)
    assert before == DATA
    assert made["con"] == [{"ten": "A"}, {"ten": "C"}]
    assert made["moi"] == {"ngay": "2026-01-01"}
    assert "ho" not in made
    assert changed(DATA, made) == ["/con/1/ten", "/ho", "/moi/ngay"]


@pytest.mark.parametrize(
    ("pointer", "value"), [("/con/2", "x"), ("/con/0", None), ("/con/-1/ten", "x"), ("/ho/x", "x")]
)
def test_lists_keep_their_length_and_values_hold_nothing(pointer: str, value: Any) -> None:
    with pytest.raises(BadPointer):
        put(DATA, pointer, value)


def test_a_number_is_not_a_truth() -> None:
    assert changed({"a": 1, "b": 1, "c": 0}, {"a": True, "b": 1.0, "c": 0}) == ["/a", "/b"]


@given(TREES)
def test_every_leaf_is_found_where_it_is_said_to_stand(data: dict[str, Any]) -> None:
    found = list(leaves(data))
    assert len({path for path, _ in found}) == len(found)
    for path, value in found:
        assert value_at(data, path) == value
        assert written(*steps(path)) == path
    assert changed(data, copy.deepcopy(data)) == []


@given(TREES, st.data())
def test_what_was_put_is_the_only_change(data: dict[str, Any], draw: st.DataObject) -> None:
    listed = [path for path, value in leaves(data) if value != "khác hẳn"]
    if listed:
        path = draw.draw(st.sampled_from(listed))
        assert changed(data, put(data, path, "khác hẳn")) == [path]
