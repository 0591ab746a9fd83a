"""What waits for operators, in groups that one decision can be about: by system, cause and age. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import Text
from lgsp.store.port.search import CountedRow

AGES: tuple[tuple[str, timedelta, Text], ...] = (
    ("hour", timedelta(hours=1), Text("dưới 1 giờ", "under an hour")),
    ("day", timedelta(days=1), Text("dưới 1 ngày", "under a day")),
    ("week", timedelta(days=7), Text("dưới 1 tuần", "under a week")),
    ("older", timedelta.max, Text("từ 1 tuần", "a week and more")),
)
"""By how long ago the hour began in which they were accepted."""


def age_of(accepted: datetime, now: datetime) -> str:
    return next(name for name, below, _ in AGES if now - accepted < below)


def groups(rows: Iterable[CountedRow], now: datetime) -> list[dict[str, Any]]:
    """`[{"system", "cause", "age": {"id", "vi", "en"}, "count", "states": {state: count}, "oldest"}]`, the largest first."""
    states: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    oldest: dict[tuple[str, str, str], datetime] = {}
    for row in rows:
        key = (row.system, row.cause, age_of(row.hour, now))
        states[key][row.state.value] += row.count
        oldest[key] = min(row.hour, oldest.get(key, row.hour))
    words = {name: {"id": name, **text.as_dict()} for name, _, text in AGES}
    found = [
        {
            "system": system,
            "cause": cause,
            "age": words[age],
            "count": counted.total(),
            "states": dict(sorted(counted.items())),
            "oldest": oldest[system, cause, age].isoformat(),
        }
        for (system, cause, age), counted in states.items()
    ]
    return sorted(found, key=lambda each: (-each["count"], each["system"], each["cause"], each["oldest"]))
