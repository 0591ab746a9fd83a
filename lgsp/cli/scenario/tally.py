"""What comes out of a scenario: counted while it is lived, told as one document with inputs and results apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from lgsp.cli.scenario.dossiers import Dossier
from lgsp.cli.scenario.plan import Scenario, Step
from lgsp.cli.scenario.stands import AWAY
from lgsp.events import HealthChanged, SubmissionMoved
from lgsp.model import Health, SubmissionState, Text

S = SubmissionState
NOTICED = 60.0
"""Seconds in the bus beyond which a submission has waited."""


@dataclass(slots=True)
class Incident:
    """A system that the bus saw down; `where` is itself, or the upstream whose failure it was."""

    where: str
    system: str
    start: datetime
    cause: Text | None
    seconds: float = 0.0


@dataclass
class Tally:
    """Counts are of the sample; `document` scales them."""

    WAITING: ClassVar[tuple[SubmissionState, ...]] = (S.QUEUED, S.DELIVERING)

    scenario: Scenario
    sample: int
    start: datetime
    dossiers: list[Dossier] = field(default_factory=list)
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Played, by (system, operation, outcome)."""
    real: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """What they stand for, by system."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    retries: Counter[str] = field(default_factory=Counter)
    corrections: Counter[str] = field(default_factory=Counter)
    paper: Counter[str] = field(default_factory=Counter)
    submissions: Counter[str] = field(default_factory=Counter)
    waiting_now: int = 0
    waiting_most: int = 0
    delivering: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Submissions that the ministry refused, by (system, operation)."""
    down_since: dict[str, datetime] = field(default_factory=dict)
    down: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds, by system."""
    outages: Counter[str] = field(default_factory=Counter)
    incidents: list[Incident] = field(default_factory=list)
    in_vain: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds that callers waited for an answer that was a failure, by system."""
    messages_lost: Counter[str] = field(default_factory=Counter)
    """What agencies told a system that was away and nobody tells again, by system; not of the sample, but of the whole."""
    stale: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """Messages with the codes of before, by (system, taken as they were)."""
    accepted_at: dict[str, datetime] = field(default_factory=dict)
    """Submissions that are not delivered yet."""
    late: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds that submissions waited at the bus, where it was more than a minute, by system."""

    def came_in(self, dossier: Dossier) -> None:
        self.dossiers.append(dossier)

    def went_out(self, dossier: Dossier) -> None:
        """`settled` stands on the dossier itself."""

    def called(self, system: str, operation: str, code: str, weight: float, seconds: float) -> None:
        self.calls[system, operation, code] += 1
        self.real[system] += weight
        self.seconds[system] += seconds
        if code in AWAY or code == "unknown":
            self.in_vain[system] += seconds

    def corrected(self, step: Step) -> None:
        self.corrections[step.system] += 1

    def sent_stale(self, step: Step, *, accepted: bool) -> None:
        self.stale[step.system, accepted] += 1

    def message_lost(self, step: Step) -> None:
        thin = self.scenario.messages_thinned(self.sample) if step.thinned else 1
        self.messages_lost[step.system] += thin * self.sample

    def on_paper(self, step: Step) -> None:
        self.paper[step.system] += 1

    def health(self, change: HealthChanged) -> None:
        system, at = change.system, change.at
        since = self.down_since.pop(system, None)
        if since is not None:
            self._over(system, since, at)
        if change.now is Health.DOWN:
            self.down_since[system] = at
            self.outages[system] += 1
            self.incidents.append(Incident(change.because or system, system, at, change.cause))

    def _over(self, system: str, since: datetime, at: datetime) -> None:
        seconds = max(0.0, (at - since).total_seconds())
        self.down[system] += seconds
        next(each for each in reversed(self.incidents) if each.system == system).seconds = seconds

    def submission(self, event: SubmissionMoved, at: datetime) -> None:
        was, now = event.was, event.now
        if was is None:
            self.submissions["accepted"] += 1
            self.accepted_at[event.id] = at
        if now not in self.WAITING and (since := self.accepted_at.pop(event.id, None)):
            waited = (at - since).total_seconds()
            if waited > NOTICED:
                self.late[event.system].append(waited)
        self.delivering += (now is S.DELIVERING) - (was is S.DELIVERING)
        self.waiting_now += (now in self.WAITING) - (was in self.WAITING)
        self.waiting_most = max(self.waiting_most, self.waiting_now)
        if now not in self.WAITING:
            self.submissions[now.value] += 1
        if now is S.FAILED:
            self.refused[event.system, event.operation] += 1

    def closed(self, end: datetime) -> None:
        for system, since in self.down_since.items():
            self._over(system, since, end)
        self.down_since.clear()

    def document(self, seed: int) -> dict[str, Any]:
        """Inputs and results apart (`lgsp.cli.scenario.document`)."""
        from lgsp.cli.scenario.document import document

        return document(self, seed)
