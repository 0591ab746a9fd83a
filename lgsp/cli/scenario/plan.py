"""What goes into a scenario: small TOML files, read once, every key known."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from lgsp.runtime import HANOI
from lgsp_mocks.calendar import Calendar
from lgsp_mocks.traffic import PLAN

FOLDER = PLAN.with_name("scenarios")
POLLS = 30
"""Thinning of standing questions by the sample: they change nothing, and are multiplied back."""
At = Literal["reception", "work", "result"]


class ScenarioError(ValueError):
    """A scenario that cannot be told; the text says what is wrong and what there is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question of an agency on behalf of a dossier."""

    at: At
    system: str
    operation: str
    chance: float = 1.0
    times: int = 1
    fresh: bool = False
    errors: float = 0.0
    holds: bool = True
    thinned: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dossier. Times in working days: (median, 95th percentile)."""

    id: str
    title: Mapping[str, str]
    share: float
    term: float
    desk: tuple[float, float]
    a_day: float
    ministry: tuple[float, float] | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Calls that come whatever dossiers there are: by an interval (`every` seconds × `pollers`) or `a_day`."""

    system: str
    operation: str
    consumer: str = "mot-cua"
    every: float = 0.0
    pollers: int = 1
    a_day: float = 0.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault of the simulator for a while; `params` are its kind's."""

    where: str
    kind: str
    start: datetime
    minutes: float
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """A system that is suspended by decision for a while."""

    system: str
    start: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Switch:
    """From one era into the next: another province, other codes. Offices learn them one after the other."""

    at: datetime
    province: str
    until: datetime
    stale: float
    """Share of messages that still carry the codes of before on the first day; it falls evenly to none on the last."""

    def share(self, now: datetime) -> float:
        if not self.at <= now < self.until:
            return 0.0
        return self.stale * (1 - (now - self.at) / (self.until - self.at))


@dataclass(frozen=True, slots=True)
class Policy:
    """What the bus and the agencies do about failures."""

    submissions: bool = True
    """Updates of which nobody needs the answer at once are left with the bus (`Prefer: respond-async`)."""
    retry: bool = True
    breaker: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is fed in."""

    name: str
    title: Mapping[str, str]
    province: str
    first: date
    last: date
    received: int
    carried_in: int
    sample: int
    kinds: tuple[Kind, ...]
    polls: tuple[Standing, ...]
    daily: tuple[Standing, ...]
    month: tuple[tuple[tuple[str, ...], int], ...]
    calendar: Calendar
    outages: tuple[Outage, ...] = ()
    cuts: tuple[Cut, ...] = ()
    policy: Policy = field(default_factory=Policy)
    capacity: float = 1.0
    bursts: float = 0.0
    """Share of dossiers whose commune sends twice a day only."""
    switch: Switch | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    """What the province reported: compared with, never fed in."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Where that was published."""
    thin: int = 8
    """One in so many messages that nobody waits for is played, in a sample; `thin_whole` by the sample where that is more."""
    thin_whole: int = 64
    thin_polls: int = 60
    """One in so many standing questions is played; `POLLS` by the sample where that is more."""
    agency_retry: float = 900.0
    """Seconds after which an agency asks again for a dossier that a failure holds."""
    correction: float = 4.0
    """Working hours until an officer has put data right, or settled by hand what no system knows."""
    paper: float = 1.0
    """Working days that a check on paper takes where a system is closed to the province."""

    def polls_thinned(self, sample: int) -> int:
        return max(self.thin_polls, POLLS * sample)

    def messages_thinned(self, sample: int) -> int:
        return max(self.thin, self.thin_whole // sample)

    def variant(self, table: Mapping[str, Any]) -> Scenario:
        """The same with another policy or other outages. Raises `ScenarioError` for what cannot be another."""
        changed = self
        for key, value in table.items():
            match key:
                case "async" | "retry" | "breaker":
                    name = "submissions" if key == "async" else key
                    changed = replace(changed, policy=replace(changed.policy, **{name: bool(value)}))
                case "outages":
                    changed = replace(changed, outages=tuple(_outage(row) for row in value))
                case "cuts":
                    changed = replace(changed, cuts=tuple(_cut(row) for row in value))
                case "capacity":
                    changed = replace(changed, capacity=float(value))
                case "stale" if changed.switch:
                    changed = replace(changed, switch=replace(changed.switch, stale=float(value)))
                case "id" | "title":
                    pass
                case _:
                    raise ScenarioError(
                        f"no what-if {key!r}; there are async, retry, breaker, outages, cuts, capacity, stale"
                    )
        return changed


def known() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "kinds")


def load(name: str) -> tuple[Scenario, list[Mapping[str, Any]]]:
    """A built-in scenario or a file, and its what-ifs. Raises `ScenarioError`."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ScenarioError(f"no scenario {name!r}: there are {', '.join(known())}, or name a .toml file")
    try:
        return _read(path)
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: {type(error).__name__}: {error}") from error


def _read(path: Path) -> tuple[Scenario, list[Mapping[str, Any]]]:
    table = tomllib.loads(path.read_text("utf-8"))
    shared = tomllib.loads((FOLDER / "kinds.toml").read_text("utf-8"))
    shared |= {key: table.pop(key) for key in ("kinds", "every", "polls", "daily", "month") if key in table}
    every = tuple(Step(**row) for row in shared["every"])
    kinds = tuple(
        Kind(**{**row, "steps": (*(Step(**step) for step in row.get("steps", ())), *every)}) for row in shared["kinds"]
    )
    switch = table.pop("switch", None)
    what_if = table.pop("what_if", [])
    scenario = Scenario(
        name=path.stem,
        first=table.pop("from"),
        last=table.pop("to"),
        kinds=kinds,
        polls=tuple(Standing(**row) for row in shared["polls"]),
        daily=tuple(Standing(**row) for row in shared["daily"]),
        month=tuple((tuple(row["systems"]), int(row["calls"])) for row in shared["month"]),
        calendar=Calendar.of(tomllib.loads(PLAN.read_text("utf-8"))["calendar"]),
        outages=tuple(_outage(row) for row in table.pop("outages", ())),
        cuts=tuple(_cut(row) for row in table.pop("cuts", ())),
        capacity=float(table.pop("capacity", {}).get("factor", 1.0)),
        switch=_switch(switch) if switch else None,
        **_plain(table),
    )
    return scenario, what_if


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(Scenario)}
    if strange := sorted(table.keys() - names):
        raise ScenarioError(f"unknown keys: {', '.join(strange)}")
    return dict(table)


def _outage(row: Mapping[str, Any]) -> Outage:
    rest = {key: value for key, value in row.items() if key not in ("where", "kind", "from", "minutes")}
    return Outage(row["where"], row["kind"], _moment(row["from"]), float(row["minutes"]), rest)


def _switch(row: Mapping[str, Any]) -> Switch:
    return Switch(_moment(row["at"]), row["province"], _moment(row["until"]), float(row["stale"]))


def _cut(row: Mapping[str, Any]) -> Cut:
    return Cut(row["system"], _moment(row["from"]), _moment(row["until"]))


def _moment(value: datetime | date) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=HANOI)
    return datetime(value.year, value.month, value.day, tzinfo=HANOI)
