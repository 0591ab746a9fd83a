"""What goes into a scenario: small TOML files, read once, every key known."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any, Literal

from lgsp.cli.scenario.rows import ScenarioError, moment, read, value, within
from lgsp_mocks.calendar import Calendar
from lgsp_mocks.traffic import PLAN

FOLDER = PLAN.with_name("scenarios")
POLLS = 30
"""Thinning of standing questions by the sample: they change nothing, and are multiplied back."""
At = Literal["reception", "work", "result"]


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
        where = f"what-if {table.get('id', '')}".rstrip()
        changed = self
        for key, other in table.items():
            match key:
                case "async" | "retry" | "breaker":
                    name = "submissions" if key == "async" else key
                    on = value(other, bool, f"{where}: {key}")
                    changed = replace(changed, policy=replace(changed.policy, **{name: on}))
                case "outages":
                    changed = replace(
                        changed, outages=tuple(_outage(row, where) for row in _rows(other, f"{where}: {key}"))
                    )
                case "cuts":
                    changed = replace(changed, cuts=tuple(_cut(row, where) for row in _rows(other, f"{where}: {key}")))
                case "capacity":
                    changed = replace(changed, capacity=value(other, float, f"{where}: {key}"))
                case "stale":
                    if changed.switch is None:
                        raise ScenarioError(f"{where}: stale needs a [switch] from one era into the next")
                    stale = value(other, float, f"{where}: {key}")
                    changed = replace(changed, switch=replace(changed.switch, stale=stale))
                case "id" | "title":
                    pass
                case _:
                    raise ScenarioError(
                        f"no what-if {key!r}; there are async, retry, breaker, outages, cuts, capacity, stale"
                    )
        changed.check(where)
        return changed

    def check(self, where: str) -> None:
        """Raises `ScenarioError` for figures that nothing could come of, and for what lies outside the days that are told."""
        if self.last < self.first:
            raise ScenarioError(f"{where}: to ({self.last}) is before from ({self.first})")
        for name in ("received", "carried_in", "agency_retry", "correction", "paper"):
            within(getattr(self, name), 0, inf, f"{where}: {name}")
        for name in ("sample", "thin", "thin_whole", "thin_polls"):
            within(getattr(self, name), 1, inf, f"{where}: {name}")
        within(self.bursts, 0, 1, f"{where}: bursts")
        within(self.capacity, 0.01, 100, f"{where}: capacity")
        for outage in self.outages:
            within(outage.minutes, 0.01, inf, f"{where}: minutes of the outage of {outage.where}")
            self._inside(outage.start, outage.start + timedelta(minutes=outage.minutes), f"{where}: {outage.where}")
        for cut in self.cuts:
            self._inside(cut.start, cut.until, f"{where}: {cut.system}")
        if self.switch:
            within(self.switch.stale, 0, 1, f"{where}: stale")
            self._inside(self.switch.at, self.switch.until, f"{where}: switch")

    def _inside(self, start: datetime, until: datetime, where: str) -> None:
        if until <= start:
            raise ScenarioError(f"{where} ends ({until:%Y-%m-%d %H:%M}) before it begins ({start:%Y-%m-%d %H:%M})")
        if until <= moment(self.first) or start >= moment(self.last) + timedelta(days=1):
            raise ScenarioError(
                f"{where} ({start:%Y-%m-%d %H:%M}) is outside of what is told ({self.first} to {self.last})"
            )


def known() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "kinds")


def load(name: str) -> tuple[Scenario, list[Mapping[str, Any]]]:
    """A built-in scenario or a file, and its what-ifs. Raises `ScenarioError`."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ScenarioError(f"no scenario {name!r}: there are {', '.join(known())}, or name a .toml file")
    try:
        return _read(path)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: no TOML: {error}") from error
    except ScenarioError as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def _read(path: Path) -> tuple[Scenario, list[Mapping[str, Any]]]:
    table = tomllib.loads(path.read_text("utf-8"))
    shared = tomllib.loads((FOLDER / "kinds.toml").read_text("utf-8"))
    shared |= {key: table.pop(key) for key in ("kinds", "every", "polls", "daily", "month") if key in table}
    every = tuple(read(Step, row, "every") for row in shared["every"])
    what_if = _rows(table.pop("what_if", []), "what_if")
    outages = _rows(table.pop("outages", []), "outages")
    cuts = _rows(table.pop("cuts", []), "cuts")
    capacity, switch = table.pop("capacity", {}), table.pop("switch", None)
    scenario = read(
        Scenario,
        table,
        "the scenario",
        {"from": "first", "to": "last"},
        name=path.stem,
        kinds=tuple(_kind(row, every) for row in _rows(shared["kinds"], "kinds")),
        polls=tuple(read(Standing, row, "polls") for row in _rows(shared["polls"], "polls")),
        daily=tuple(read(Standing, row, "daily") for row in _rows(shared["daily"], "daily")),
        month=tuple((each.systems, each.calls) for each in (read(_Month, row, "month") for row in shared["month"])),
        calendar=Calendar.of(tomllib.loads(PLAN.read_text("utf-8"))["calendar"]),
        outages=tuple(_outage(row, "outages") for row in outages),
        cuts=tuple(_cut(row, "cuts") for row in cuts),
        capacity=read(_Capacity, capacity, "capacity").factor,
        switch=read(Switch, switch, "switch") if switch is not None else None,
    )
    for name in (scenario.title, *(row.get("title", {}) for row in what_if)):
        if set(name) != {"vi", "en"}:
            raise ScenarioError('a title is { vi = "…", en = "…" }')
    scenario.check("the scenario")
    for row in what_if:
        value(row.get("id"), str, "id of a what_if")
        scenario.variant(row)
    return scenario, what_if


@dataclass(frozen=True, slots=True)
class _Capacity:
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class _Month:
    systems: tuple[str, ...]
    calls: int


def _kind(row: Mapping[str, Any], every: tuple[Step, ...]) -> Kind:
    steps = tuple(read(Step, step, f"a step of {row.get('id')}") for step in row.get("steps", ()))
    rest = {key: each for key, each in row.items() if key != "steps"}
    return read(Kind, rest, f"kind {row.get('id')}", steps=(*steps, *every))


def _outage(row: Mapping[str, Any], where: str) -> Outage:
    """What is no name of the file's is a parameter or a condition of the fault."""
    own = {"where": "where", "kind": "kind", "from": "start", "minutes": "minutes"}
    known = {key: each for key, each in row.items() if key in own}
    params = {key: each for key, each in row.items() if key not in own}
    return read(Outage, known, where, own, params=params)


def _cut(row: Mapping[str, Any], where: str) -> Cut:
    return read(Cut, row, where, {"from": "start"})


def _rows(found: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ScenarioError(f"{where} are tables, [[{where.rpartition(' ')[2]}]]")
    return found
