"""How everything stands, as plain data: the JSON of `/status`, from which the board, the topology and the export are drawn.

Only memory and small counters are read: the ledger, the health book, counts by the hour, never stored exchanges.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from lgsp.console.indoors import indoors
from lgsp.health.attention import sentences
from lgsp.health.cause import Cause, label
from lgsp.health.shared import Shared, in_common
from lgsp.model import Health, Stage, SubmissionState, Text
from lgsp.registry import Connector
from lgsp.runtime import HANOI
from lgsp.store import StoreFailed

_OPEN = (SubmissionState.QUEUED, SubmissionState.DELIVERING)
_NOTICES = 8
COUNTED = ("official", "trial", "suspended")
_SHOWN = (Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN, Health.MAINTENANCE)


async def standing(house: Any, *, inside: bool) -> dict[str, Any]:
    """The JSON of INTERFACE, "GET /status". Counts are of stages; health never moves them. `house` is the gateway; `inside`
    names callers, which the public page does not."""
    now = house.runtime.clock.now()
    waiting = await _waiting(house)
    connectors = house.registry.connectors
    seen = {name: house.health.system(name) for name in connectors}
    common = in_common(house, seen, now)
    blamed = {name: each.upstream for each in common.values() for name in each.systems}
    systems = [
        _system(house, each, seen[name], now, waiting[name], blamed.get(name)) for name, each in connectors.items()
    ]
    stages = Counter(each["stage"] for each in systems)
    health = Counter(each["health"] for each in systems if each["stage"] in COUNTED)
    total = sum(stages[name] for name in COUNTED)
    official, trial = stages["official"], stages["trial"]
    proven = sum(each["stage"] == "official" and each["evidence"] == "proven" for each in systems)
    province = house.settings.province
    return {
        "province": {"code": province.code, "name": {"vi": province.name_vi, "en": province.name_en}},
        "at": now.isoformat(timespec="seconds"),
        "headline": {
            "vi": f"Đã kết nối chính thức {official}/{total} hệ thống, {trial}/{total} đang kết nối thử nghiệm.",
            "en": f"{official} of {total} systems officially connected, {trial} of {total} in trial.",
        },
        "counts": {"total": total, **{name: stages[name] for name in COUNTED}},
        "proven": proven,
        "health": {each.value: health[each.value] for each in _SHOWN},
        "upstreams": [_upstream(each, common.get(each.name)) for each in house.health.upstreams()],
        "house": indoors(house, now),
        "notices": _notices(house, now, inside=inside),
        "systems": systems,
    }


def _system(
    house: Any, connector: Connector, seen: Any, now: datetime, waiting: int, blamed: str | None
) -> dict[str, Any]:
    entry = house.ledger.stage(connector.name)
    backends = connector.backends.values()
    today, yesterday = house.health.counts.today(connector.name, now)
    return {
        "id": connector.name,
        "title": connector.title.as_dict(),
        "owner": connector.owner.as_dict(),
        "contact": connector.contact.as_dict(),
        "stage": (entry.stage if entry else Stage.PLANNED).value,
        "since": entry.since.isoformat() if entry else None,
        "decision": entry.decision if entry else None,
        "evidence": entry.evidence.value if entry else "declared",
        "health": seen.health.value,
        "health_since": _iso(seen.since),
        "cause": _whole(seen.cause, seen.todo),
        "layer": seen.layer,
        "next": _text(seen.todo),
        "because": seen.because or blamed,
        "checked_at": _iso(seen.checked_at),
        "protocol": ", ".join(sorted({each.adapter.upper() for each in backends})),
        "upstream": ", ".join(sorted({each.upstream for each in backends})),
        "upstream_title": ", ".join(sorted({label(each.upstream) for each in backends})),
        "operations": len(connector.operations),
        "breaker": seen.breaker,
        "latency_ms": {"p50": _ms(seen.p50), "p95": _ms(seen.p95)},
        "success_rate": seen.success_rate,
        "calls": seen.calls,
        "calls_today": today,
        "calls_yesterday": yesterday,
        "waiting": waiting,
        "conformance": house.conformity.of(connector.name),
        "observed": house.observed.of(connector.name) if house.observed is not None else None,
    }


def _upstream(seen: Any, common: Shared | None) -> dict[str, Any]:
    """What the systems behind it have in common is said of it."""
    if common is not None:
        return {
            **_upstream(seen, None),
            "health": common.health.value,
            "health_since": _iso(common.since),
            "cause": common.cause.text.as_dict(),
            "layer": common.cause.layer,
            "next": _text(common.cause.todo),
        }
    return {
        "id": seen.name,
        "title": {"vi": label(seen.name), "en": label(seen.name)},
        "health": seen.health.value,
        "health_since": _iso(seen.since),
        "cause": _whole(seen.cause, seen.todo),
        "layer": seen.layer,
        "next": _text(seen.todo),
        "checked_at": _iso(seen.checked_at),
        "systems": list(seen.systems),
    }


async def _waiting(house: Any) -> Counter[str]:
    """Dossiers left with the bus that are not with their ministry yet, by system."""
    found: Counter[str] = Counter()
    try:
        rows = await house.store.submissions.counts()
    except StoreFailed:
        return found  # the tile of the store says so
    for (system, state), count in rows.items():
        if state in _OPEN:
            found[system] += count
    return found


def _notices(house: Any, now: datetime, *, inside: bool) -> list[dict[str, Any]]:
    """Lines about callers. Outside they have no names: whose key is refused is not the public's business."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for notice in house.attention.notices(now):
        connector, consumer = house.registry.connector(notice.system), house.policy.consumer(notice.consumer)
        if connector is None:
            continue
        who = consumer.name if inside and consumer is not None else Text("một hệ thống khai thác", "one caller")
        since = notice.since.astimezone(HANOI)
        text, todo = sentences(notice, who, connector.title, f"{since:%H:%M}")
        key = (notice.system, notice.kind, notice.consumer if inside else "")
        found.setdefault(key, {
            "system": notice.system,
            "title": connector.title.as_dict(),
            "health": "note",
            "kind": notice.kind,
            "layer": "consumer" if notice.kind == "repeated" else notice.kind,
            "since": _iso(notice.since),
            "text": text.as_dict(),
            "next": todo.as_dict(),
            **({"consumer": notice.consumer} if inside else {}),
        })  # fmt: skip
    return list(found.values())[:_NOTICES]


def _whole(said: Text | None, todo: Text | None) -> dict[str, str] | None:
    """What is and what to do, in one sentence after the other."""
    return Cause("", said, todo).text.as_dict() if said else None


def _text(text: Text | None) -> dict[str, str] | None:
    return text.as_dict() if text else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
