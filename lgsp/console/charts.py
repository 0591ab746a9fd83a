"""Charts as SVG geometry, worked out on the server: bars that stack, lines over hours. Pure; templates only write them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 190, 64, 16, 28
"""Of the picture, with room for the labels on the left and below."""
_STEPS = (1, 2, 5)


def ceiling(value: float) -> float:
    """The round number at or above: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value:
        power /= 10
    return next(step * power for step in (*_STEPS, 10) if step * power >= value * 0.999999)


def bars(columns: Sequence[Mapping[str, float]], kinds: Sequence[str]) -> dict[str, Any]:
    """One column a place; the kinds stand on one another in the order given, each a path."""
    top = ceiling(max((sum(each.values()) for each in columns), default=0))
    pitch, inner = (WIDTH - LEFT) / max(1, len(columns)), HEIGHT - TOP - BOTTOM
    paths = dict.fromkeys(kinds, "")
    for place, column in enumerate(columns):
        x, y = LEFT + place * pitch + pitch * 0.12, float(HEIGHT - BOTTOM)
        for kind in kinds:
            tall = column.get(kind, 0) / top * inner
            if tall > 0:
                tall = max(tall, 1.5)  # one failure among a thousand calls must still be seen
                y -= tall
                paths[kind] += f"M{x:.1f} {y:.1f}h{pitch * 0.76:.1f}v{tall:.1f}h-{pitch * 0.76:.1f}z"
    return {**_frame(top), "paths": paths}


def lines(rows: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """One line a name; where nothing was measured the line is broken off, and a lone measure is a dot."""
    top = ceiling(max((value for each in rows.values() for value in each if value is not None), default=0))
    inner, paths, dots = HEIGHT - TOP - BOTTOM, dict[str, str](), dict[str, list[tuple[float, float]]]()
    for name, values in rows.items():
        pitch = (WIDTH - LEFT) / max(1, len(values))
        path, dots[name], before = "", [], False
        for place, value in enumerate(values):
            if value is None:
                before = False
                continue
            x, y = LEFT + (place + 0.5) * pitch, HEIGHT - BOTTOM - value / top * inner
            alone = not before and (place + 1 == len(values) or values[place + 1] is None)
            if alone:
                dots[name].append((round(x, 1), round(y, 1)))
            else:
                path += f"{'L' if before else 'M'}{x:.1f} {y:.1f}"
            before = True
        paths[name] = path
    return {**_frame(top), "paths": paths, "dots": dots}


def _frame(top: float) -> dict[str, Any]:
    inner = HEIGHT - TOP - BOTTOM
    grid = [(round(HEIGHT - BOTTOM - share * inner, 1), top * share) for share in (0.0, 0.5, 1.0)]
    return {"width": WIDTH, "height": HEIGHT, "left": LEFT, "grid": grid, "top": top}


def labels(words: Sequence[str], every: int) -> list[tuple[float, str]]:
    """Below the columns, each so many places."""
    pitch = (WIDTH - LEFT) / max(1, len(words))
    return [(round(LEFT + (place + 0.5) * pitch, 1), word) for place, word in enumerate(words) if place % every == 0]
