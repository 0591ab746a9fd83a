"""Connections as a picture: agencies, the bus, platforms, databases; the flow and the break on the very line; a table beside."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lgsp.console.collate import collation_key
from lgsp.console.strips import TROUBLE
from lgsp.console.visit import EVERYBODY, Page, Shown, View, Visit
from lgsp.console.wording import Words
from lgsp.model import Lang

_PITCH, _TOP, _CALLERS = 30, 46, 16
_X = {"caller": 250, "bus": 430, "upstream": 640, "system": 860}
"""Where each column's boxes begin; callers end there."""
_BUS, _UPSTREAM = 90, 110
"""Widths of the boxes of bus and platforms."""
WIDTH = 1240

Flow = Mapping[tuple[str, str], int]
"""Calls of the last ten minutes by (caller, system)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One connection. `broken` marks the line where the break is, and not those behind it."""

    path: str
    health: str
    weight: int
    broken: bool
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    id: str
    title: str
    health: str
    x: int
    y: float
    note: str = ""


def picture(
    shown: Mapping[str, Any], callers: Sequence[tuple[str, str]], flow: Flow, w: Words, lang: Lang
) -> dict[str, Any]:
    """Boxes and lines. `callers` are (id, name); those that call now stand first, and beyond a number they share a box."""
    words = w["topology"]
    by_caller, by_system = _sums(flow)
    systems = sorted(shown["systems"], key=lambda each: (each["upstream"], collation_key(each["title"][lang])))
    busy = sorted(callers, key=lambda each: (-by_caller[each[0]], collation_key(each[1])))
    named, rest = busy[:_CALLERS], busy[_CALLERS:]
    rows = max(len(systems), len(named) + bool(rest), len(shown["upstreams"]), 1)
    height, middle = _TOP + rows * _PITCH + 10, _TOP + rows * _PITCH / 2
    places = _spread([each["id"] for each in systems], rows)
    ups = _spread([each["id"] for each in shown["upstreams"]], rows)
    state = {each["id"]: each["health"] for each in shown["upstreams"]}
    lines, boxes = [], []
    for name, y in _spread([each[0] for each in named] + ["…"] * bool(rest), rows).items():
        calls = sum(by_caller[each[0]] for each in rest) if name == "…" else by_caller[name]
        title = words["others"].format(n=len(rest)) if name == "…" else dict(named)[name]
        boxes.append(Box(name, _short(title), "up", _X["caller"], y, str(calls) if calls else ""))
        lines.append(_line((_X["caller"] + 8, y), (_X["bus"], middle), "up" if calls else "idle", calls))
    through: Counter[str] = Counter()
    for each in systems:
        for upstream in each["upstream"].split(", "):
            through[upstream] += by_system[each["id"]]
    for name, y in ups.items():
        down = state[name] in TROUBLE
        lines.append(_line((_X["bus"] + _BUS, middle), (_X["upstream"], y), state[name], through[name], broken=down))
    for each in systems:
        own = each["health"] in TROUBLE and not each.get("because")
        for upstream in each["upstream"].split(", "):
            if upstream in ups:
                begin, end = (_X["upstream"] + _UPSTREAM, ups[upstream]), (_X["system"], places[each["id"]])
                lines.append(_line(begin, end, each["health"], by_system[each["id"]], broken=own))
    return {
        "width": WIDTH,
        "height": height,
        "middle": middle,
        "columns": [(_X["caller"], words["callers"], "end"), (_X["bus"] + _BUS / 2, words["bus"], "middle"),
                    (_X["upstream"] + _UPSTREAM / 2, words["platforms"], "middle"), (_X["system"], words["systems"], "start")],
        "lines": sorted(lines, key=lambda line: line.broken),
        "callers": boxes,
        "bus": (_X["bus"], _BUS),
        "upstream_width": _UPSTREAM,
        "upstreams": [Box(each["id"], each["title"][lang], each["health"], _X["upstream"], ups[each["id"]])
                      for each in shown["upstreams"]],
        "systems": [Box(each["id"], each["title"][lang], each["health"], _X["system"], places[each["id"]])
                    for each in systems],
    }  # fmt: skip


def table(shown: Mapping[str, Any], flow: Flow, lang: Lang) -> list[dict[str, Any]]:
    """The same for who reads and does not look: one row a system, by platform."""
    _, by_system = _sums(flow)
    rows = [
        {
            "id": each["id"], "title": each["title"][lang], "upstream": each["upstream_title"], "health": each["health"],
            "calls": by_system[each["id"]], "cause": each["cause"][lang] if each["cause"] else "",
        }
        for each in shown["systems"]
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["upstream"], collation_key(row["title"])))


def _sums(flow: Flow) -> tuple[Counter[str], Counter[str]]:
    by_caller: Counter[str] = Counter()
    by_system: Counter[str] = Counter()
    for (caller, system), calls in flow.items():
        by_caller[caller] += calls
        by_system[system] += calls
    return by_caller, by_system


def _spread(names: Sequence[str], rows: int) -> dict[str, float]:
    """Evenly over the height, each in the middle of its part."""
    part = rows * _PITCH / max(1, len(names))
    return {name: round(_TOP + part * (place + 0.5), 1) for place, name in enumerate(names)}


def _line(
    begin: tuple[float, float], end: tuple[float, float], health: str, calls: int, *, broken: bool = False
) -> Line:
    (x1, y1), (x2, y2) = begin, end
    bend = (x1 + x2) / 2
    path = f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"
    weight = 1 + min(5, int(math.log10(calls) * 2)) if calls > 0 else 1
    return Line(path, health, weight, broken, bend, (y1 + y2) / 2)


def _short(title: str) -> str:
    return title if len(title) <= 34 else title[:33].rstrip() + "…"


async def show(visit: Visit) -> Shown:
    house = visit.house
    shown, _ = await house.outlook.seen(inside=True)
    callers = [(each.id, each.name[visit.lang]) for each in house.policy.consumers() if each.active]
    flow = house.attention.flow(visit.now)
    values = {"picture": picture(shown, callers, flow, visit.w, visit.lang), "rows": table(shown, flow, visit.lang)}
    return View("topology.html", values)


PAGES = (Page("topology", "topology", EVERYBODY, show, nav=20),)
