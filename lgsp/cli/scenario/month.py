"""The skew of calls over systems, predicted from mix, steps and intervals, beside one real month of a province elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lgsp.cli.scenario.plan import Scenario

DAYS = 30


def compared(scenario: Scenario, calls: Mapping[str, float]) -> dict[str, Any]:
    """`calls`: what the telling stands for, by system. Systems whose number was stated are shown apart, never compared."""
    days = (scenario.last - scenario.first).days + 1
    stated = {each.system for each in scenario.daily}
    rows: list[dict[str, Any]] = []
    for systems, real in scenario.month:
        mine = sum(calls.get(system, 0.0) for system in systems) * DAYS / days
        rows.append({
            "systems": list(systems),
            "real_month": real,
            "predicted_month": round(mine),
            "error_factor": round(10 ** abs(math.log10(max(mine, 0.5) / real)), 1),
            "fed_in": bool(stated & set(systems)) and len(systems) == 1,
        })  # fmt: skip
    rows, given = [row for row in rows if not row["fed_in"]], [row for row in rows if row["fed_in"]]
    logs = [math.log10(max(row["predicted_month"], 0.5) / row["real_month"]) for row in rows]
    predicted, real_ones = ([row[name] for row in rows] for name in ("predicted_month", "real_month"))
    return {
        "rows": rows,
        "stated_and_not_compared": given,
        "rank_correlation": round(spearman(predicted, real_ones), 2),
        "mean_error_factor": round(10 ** (sum(map(abs, logs)) / len(logs)), 1) if logs else None,
        "calls_a_month": round(sum(calls.values()) * DAYS / days),
    }


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The rank correlation, -1 to 1."""

    def ranks(values: Sequence[float]) -> list[float]:
        order = sorted(values)
        return [order.index(value) + (order.count(value) - 1) / 2 for value in values]

    a, b, n = ranks(one), ranks(other), len(one)
    return 1 - 6 * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / (n * (n * n - 1)) if n > 1 else 1.0
