"""What happened in one exercise, moment by moment. The first moment of each mark counts; nothing is set twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lgsp.drill.exercises import Exercise

Mark = Literal["struck", "looked", "acknowledged", "cause", "recovered"]


@dataclass(frozen=True, slots=True)
class Answer:
    at: datetime
    cause: str
    right: bool


@dataclass(slots=True)
class Record:
    """`people` are roles or names that the team gives itself; a script names itself a script."""

    exercise: Exercise
    began: datetime
    people: tuple[str, ...] = ()
    script: bool = False
    marks: dict[Mark, datetime] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    ended: datetime | None = None

    def mark(self, mark: Mark, at: datetime) -> None:
        if mark != "struck" and ("struck" not in self.marks or at < self.marks["struck"]):
            return  # a look before anything was wrong is no notice
        self.marks.setdefault(mark, at)

    def answer(self, cause: str, at: datetime) -> bool:
        """Whether it is the right one. An answer is a notice too."""
        right = cause == self.exercise.cause
        self.answers.append(Answer(at, cause, right))
        if right:
            self.mark("cause", at)
        return right

    @property
    def noticed(self) -> datetime | None:
        """The first look at a page, an alert taken, or the right answer, whichever came first."""
        return min(
            (self.marks[name] for name in ("looked", "acknowledged", "cause") if name in self.marks), default=None
        )

    def seconds(self, until: datetime | None) -> float | None:
        """From the beginning of the trouble; None where that moment did not come."""
        struck = self.marks.get("struck")
        return None if until is None or struck is None else (until - struck).total_seconds()

    @property
    def done(self) -> bool:
        return "recovered" in self.marks and "cause" in self.marks
