"""What two messages have in common, and how a test is told."""

from __future__ import annotations

from lgsp_mocks.nearness import difference, holds, nearest, nearest_xml

MESSAGE = {"maHoSo": "H1", "hoSo": {"ten": "Mẫu", "con": [{"tuoi": 3}]}}


def test_fields_are_found_wherever_they_stand() -> None:
    assert holds(MESSAGE, {"ten": "Mẫu", "tuoi": 3})
    assert not holds(MESSAGE, {"ten": "Thử"})


def test_a_difference_names_path_and_both_values() -> None:
    assert difference(MESSAGE, MESSAGE) == []
    assert difference(MESSAGE, {**MESSAGE, "maHoSo": "H2"}) == ["maHoSo: 'H1' there, 'H2' here"]
    assert difference({"a": 1}, {}) == ["a: 1 there, 'missing' here"]


def test_the_nearest_call_is_shown() -> None:
    text = nearest("x/op", {"maHoSo": "H2", "ten": "Mẫu"}, [{"maHoSo": "H9"}, MESSAGE], 0)
    assert "maHoSo: wanted 'H2', nearest has 'H1'" in text
    assert "ten" not in text.partition("calls; ")[2]
    assert nearest("x/op", {"a": 1}, [], 0) == "x/op was never called"
    assert "called 2 times" in nearest("x/op", {"a": 1}, [{"a": 1}, {"a": 1}], 2)


def test_the_nearest_message_as_xml_is_the_one_with_the_least_to_change() -> None:
    text = nearest_xml("x/op", [["/a: one", "/b: two"], ["/a/b: in namespace 'urn:2', wanted 'urn:1'"]])
    assert "nearest of 2 calls" in text
    assert text.endswith("/a/b: in namespace 'urn:2', wanted 'urn:1'")
    assert nearest_xml("x/op", []) == "x/op was never called"
    assert "called 2 times" in nearest_xml("x/op", [[], []])
