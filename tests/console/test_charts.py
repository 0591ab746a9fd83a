"""Charts: round scales, columns that stack, lines that break off where nothing was measured; everything inside the picture."""

from __future__ import annotations

import re

import pytest

from lgsp.console.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, bars, ceiling, labels, lines


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 1), (0.003, 0.005), (0.7, 1), (1, 1), (1.1, 2), (7, 10), (10, 10), (11, 20), (4999, 5000), (0.05, 0.05)],
)
def test_scales_are_round(value: float, expected: float) -> None:
    assert ceiling(value) == pytest.approx(expected)


def test_kinds_stand_on_one_another() -> None:
    made = bars([{"ok": 6, "bad": 4}, {}], ("ok", "bad"))
    tall = {kind: [float(each) for each in re.findall(r"v([\d.]+)", path)] for kind, path in made["paths"].items()}
    assert tall["ok"][0] + tall["bad"][0] == pytest.approx(HEIGHT - TOP - BOTTOM, abs=0.2)
    assert len(tall["ok"]) == 1, "an hour without calls has no column"
    one = bars([{"ok": 100_000, "bad": 1}], ("ok", "bad"))
    assert float(re.findall(r"v([\d.]+)", one["paths"]["bad"])[0]) >= 1.5, "one failure among many is seen"


def test_lines_break_off_and_a_lone_measure_is_a_dot() -> None:
    made = lines({"p50": [1.0, 2.0, None, 4.0]})
    assert made["paths"]["p50"].count("M") == 1
    assert len(made["dots"]["p50"]) == 1
    numbers = [float(each) for each in re.findall(r"[ML]([\d.]+) ", made["paths"]["p50"])]
    assert all(LEFT <= each <= WIDTH for each in numbers)


def test_labels_every_so_many() -> None:
    assert [word for _, word in labels([f"{n:02}" for n in range(24)], 6)] == ["00", "06", "12", "18"]
