"""What is wrong at this moment, cause by cause: read from what the house already knows, never measured again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from lgsp.compliance import Standing, of_consumer, of_system, standing
from lgsp.events import Event, EvidenceWitnessed, SecurityAlert
from lgsp.health.cause import label
from lgsp.health.shared import in_common
from lgsp.model import Health, Stage, SubmissionState, Text
from lgsp.runtime import HANOI, Clock
from lgsp.store.port.search import Wanted

WAITING = timedelta(hours=4)
"""A dossier that has waited longer is somebody's who waits at a counter."""
SILENT = timedelta(hours=2)
"""A witness that was asked and has not co-signed for so long."""
NEWS = timedelta(hours=1)
"""How long a single event of security is shown as something that is."""
_WATCHED = (Stage.OFFICIAL, Stage.TRIAL)
_STUCK = (SubmissionState.QUEUED, SubmissionState.DELIVERING, SubmissionState.INDETERMINATE)
_MOST_NEWS = 1000


@dataclass(frozen=True, slots=True)
class Cause:
    """`key` names what is wrong and where. `after` seconds of it in a row make an alert."""

    key: str
    kind: str
    severity: int
    text: Text
    after: float = 60.0


class House(Protocol):
    """What is looked at: the gateway."""

    @property
    def registry(self) -> Any: ...
    @property
    def ledger(self) -> Any: ...
    @property
    def health(self) -> Any: ...
    @property
    def policy(self) -> Any: ...
    @property
    def store(self) -> Any: ...
    @property
    def windows(self) -> Any: ...


def of_health(house: House, now: datetime) -> list[Cause]:
    """Platforms and systems. A system that is down because of its platform is not a cause; maintenance mutes; trial and
    official count, since nobody is on duty for what is only planned."""
    found = [
        _down(f"health:upstream:{each.name}", label(each.name), each, 9)
        for each in house.health.upstreams()
        if each.health is Health.DOWN
    ]
    views = {name: house.health.system(name) for name in house.registry.connectors}
    common = in_common(house, views, now)
    found += [
        Cause(f"health:upstream:{name}", "health", 9, each.cause.text)
        for name, each in common.items()
        if any(views[system].health is Health.DOWN for system in each.systems)
    ]
    blamed = {name for each in common.values() for name in each.systems}
    for name, connector in house.registry.connectors.items():
        entry, seen = house.ledger.stage(name), views[name]
        if house.windows.open(name) is not None or name in blamed:
            continue
        if entry is None or entry.stage not in _WATCHED or seen.because or seen.health is not Health.DOWN:
            continue
        found.append(_down(f"health:{name}", connector.title, seen, 8 if entry.stage is Stage.OFFICIAL else 5))
    return found


def of_house(tiles: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """Evidence, store, disk: the tiles of the board."""
    return [
        Cause(f"house:{tile['id']}", str(tile["id"]), 10 if tile["health"] == "down" else 7, Text(**tile["cause"]), 5.0)
        for tile in tiles
        if tile["health"] in {"down", "degraded"} and tile["cause"]
    ]


def of_approvals(house: House, today: date) -> list[Cause]:
    """Security levels that end or have ended: who is cut off, and when."""
    found = []
    for consumer in house.policy.consumers():
        if consumer.active:
            judged = standing(of_consumer(consumer), today)
            found += _approval(f"approval:{consumer.id}", consumer.name, judged, consumer.security_expires)
    for approval in house.policy.levels():
        connector = house.registry.connector(approval.id)
        if connector is not None:
            judged = of_system(approval, today)
            found += _approval(f"approval:system:{approval.id}", connector.title, judged, approval.expires)
    return found


async def of_waiting(house: House, now: datetime) -> list[Cause]:
    """Dossiers that have waited too long, a cause for each system. Raises `StoreFailed`."""
    rows = await house.store.search.counted(Wanted(states=_STUCK, accepted_before=now - WAITING, open=True))
    late: Counter[str] = Counter()
    for row in rows:
        if house.windows.open(row.system) is None:
            late[row.system] += row.count
    found = []
    for system, count in late.items():
        connector = house.registry.connector(system)
        title = connector.title if connector is not None else Text(system, system)
        hours = int(WAITING.total_seconds() // 3600)
        said = Text(
            f"{title.vi}: {count} hồ sơ chờ quá {hours} giờ",
            f"{title.en}: {count} submissions wait for over {hours} hours",
        )
        found.append(Cause(f"waiting:{system}", "waiting", 6, said, 0.0))
    return found


_SAID: Mapping[str, tuple[int, Text]] = {
    "bulk-reading": (8, Text("đọc dữ liệu của nhiều người bất thường", "reads data of unusually many people")),
    "forbidden-calls": (
        5,
        Text("gọi nhiều lần dịch vụ không được cấp quyền", "calls what it may not, again and again"),
    ),
    "refused-credentials": (6, Text("nhiều lần xác thực sai", "credentials refused again and again")),
    "console-guessing": (6, Text("đoán mật khẩu của bảng điều khiển", "passwords of the console are tried")),
    "evidence-disputed": (10, Text("nhân chứng không công nhận sổ chứng cứ", "a witness disputes the evidence")),
}


@dataclass(slots=True)
class News:
    """A subscriber: single events that stay a cause for a while, and witnesses that have fallen silent. Bounded."""

    HEARS = (SecurityAlert, EvidenceWitnessed)

    clock: Clock
    alerts: dict[tuple[str, str], datetime] = field(default_factory=dict)
    silent: dict[str, datetime] = field(default_factory=dict)
    """Since when a witness could not be asked; nothing new to co-sign is no silence."""

    @property
    def held(self) -> tuple[int, int]:
        """What is remembered, and its bound, for the metrics."""
        return len(self.alerts), _MOST_NEWS

    def __call__(self, event: Event) -> None:
        if isinstance(event, SecurityAlert) and event.what in _SAID and len(self.alerts) < _MOST_NEWS:
            self.alerts[event.what, event.consumer or ""] = event.at
        elif isinstance(event, EvidenceWitnessed):
            if event.outcome == "ok":
                self.silent.pop(event.witness, None)
            else:
                self.silent.setdefault(event.witness, self.clock.now())

    def causes(self, now: datetime) -> list[Cause]:
        for key in [each for each, at in self.alerts.items() if now - at >= NEWS]:
            del self.alerts[key]
        found = []
        for what, consumer in self.alerts:
            severity, said = _SAID[what]
            who = f"{consumer}: " if consumer else ""
            found.append(Cause(f"{what}:{consumer}", "security", severity, Text(who + said.vi, who + said.en), 0.0))
        for witness, at in self.silent.items():
            if now - at >= SILENT:
                since = f"{at.astimezone(HANOI):%H:%M %d/%m}"
                said = Text(f"Nhân chứng {witness} im lặng từ {since}", f"Witness {witness} is silent since {since}")
                found.append(Cause(f"witness:{witness}", "witness", 6, said, 0.0))
        return found


def _down(key: str, title: Any, seen: Any, severity: int) -> Cause:
    name = title if isinstance(title, Text) else Text(title, title)
    cause = seen.cause or Text(f"{name.vi}: gián đoạn", f"{name.en}: down")
    return Cause(key, "health", severity, cause)


def _approval(key: str, name: Text, judged: Standing, until: date | None) -> list[Cause]:
    if judged is Standing.EXPIRING and until is not None:
        said = Text(
            f"{name.vi}: phê duyệt cấp độ hết hạn {until:%d/%m/%Y}", f"{name.en}: security level ends {until:%d/%m/%Y}"
        )
        return [Cause(key, "approval", 5, said, 0.0)]
    if judged is Standing.EXPIRED:
        said = Text(
            f"{name.vi}: phê duyệt cấp độ đã hết hạn, kết nối bị cắt",
            f"{name.en}: security level has ended, it is cut off",
        )
        return [Cause(key, "approval", 7, said, 0.0)]
    return []
