"""The pictures of a report: SVG made here, in the colours of the page, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

LINES = (
    ("received", "--a", "tiếp nhận (received)"),
    ("settled", "--b", "giải quyết (settled)"),
    ("open", "--c", "đang giải quyết (open)"),
)


def number(value: float) -> str:
    """1.234.567,8 as people here write it."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text.replace(",", "_").replace(".", ",").replace("_", ".")


def periods(rows: Sequence[Mapping[str, Any]], outages: Sequence[Mapping[str, Any]]) -> str:
    """Dossiers by week or by day; what was wrong when is shaded."""
    width, height, left = 960, 280, 64
    most = _round(max((max(row[name] for name, _, _ in LINES) for row in rows), default=1))
    first = date.fromisoformat(rows[0]["from"]).toordinal()
    last = date.fromisoformat(rows[-1]["to"]).toordinal() + 1

    def x(day: float) -> float:
        return left + (day - first) / (last - first) * (width - left - 10)

    def y(value: float) -> float:
        return round(height - 30 - value / most * (height - 66), 1)

    def middle(row: Mapping[str, Any]) -> float:
        return x((date.fromisoformat(row["from"]).toordinal() + date.fromisoformat(row["to"]).toordinal() + 1) / 2)

    shades = "".join(_shade(each, x, y(most), height - 30, width - 10) for each in outages)
    grid = "".join(
        f"<line x1='{left}' x2='{width}' y1='{y(v)}' y2='{y(v)}' stroke='var(--line)'/>"
        f"<text x='{left - 6}' y='{y(v) + 4}' text-anchor='end'>{number(v)}</text>"
        for v in (0, most / 2, most)
    )
    every = max(1, math.ceil(len(rows) / 9))
    names = "".join(
        f"<text x='{middle(row):.1f}' y='{height - 10}' text-anchor='middle'>{row['from'][8:]}/{row['from'][5:7]}</text>"
        for i, row in enumerate(rows)
        if i % every == 0
    )
    drawn = "".join(
        f"<polyline points='{' '.join(f'{middle(row):.1f},{y(row[name])}' for row in rows)}' fill='none' "
        f"stroke='var({colour})' stroke-width='2.2' stroke-linejoin='round'/>"
        for name, colour, _ in LINES
    )
    told = [(colour, title) for _, colour, title in LINES] + ([("--shade", "sự cố (outage)")] if outages else [])
    legend = "".join(f"<span style='--dot:var({colour})'>{escape(title)}</span>" for colour, title in told)
    picture = f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='dossiers over time'>{shades}{grid}{drawn}{names}</svg>"
    return f"<p class='legend'>{legend}</p><div class='wide'>{picture}</div>"


def bars(rows: Sequence[tuple[str, float]]) -> str:
    """Calls by system on a logarithmic scale: the skew is the picture."""
    rows = sorted(rows, key=lambda row: -row[1])
    most = max((value for _, value in rows), default=1) or 1
    scale = 640 / max(1.0, math.log10(most + 1))
    drawn = "".join(
        f"<text x='172' y='{i * 22 + 15}' text-anchor='end'>{escape(name)}</text>"
        f"<rect x='180' y='{i * 22 + 3}' height='15' width='{math.log10(value + 1) * scale:.1f}' fill='var(--a)' rx='2'/>"
        f"<text x='{186 + math.log10(value + 1) * scale:.1f}' y='{i * 22 + 15}'>{number(value)}</text>"
        for i, (name, value) in enumerate(rows)
    )
    picture = f"<svg viewBox='0 0 960 {len(rows) * 22 + 6}' role='img' aria-label='calls by system, logarithmic'>{drawn}</svg>"
    return f"<div class='wide'>{picture}</div>"


def _shade(outage: Mapping[str, Any], x: Any, top: float, bottom: float, right: float) -> str:
    start = datetime.fromisoformat(outage["from"])
    at = start.toordinal() + (start.hour * 60 + start.minute) / 1440
    left, end = x(at), min(right, x(at + outage["minutes"] / 1440))
    name = escape(f"{outage['where']}: {outage['kind']}")
    return (
        f"<rect x='{left:.1f}' y='{top}' width='{max(1.5, end - left):.1f}' height='{bottom - top:.1f}' fill='var(--shade)'>"
        f"<title>{name}</title></rect>"
    )


def _round(value: float) -> float:
    """Up to the next number that a scale may end at."""
    step = 10.0 ** max(0, math.floor(math.log10(max(1, value))))
    return next(step * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * factor >= value)
