"""What a start of this version will do to the files of a data folder, without doing it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgsp.store.sqlite.copying import databases, facts_of
from lgsp.store.sqlite.migrate import migrations


@dataclass(frozen=True, slots=True)
class Outlook:
    database: str
    holds: int
    """The highest number that was applied."""
    comes: str
    """Numbers and names of what will be; those of a newer version that this one lets stand."""
    back: str
    """How one goes back to the version that holds what is there now."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def outlook(data: Path) -> list[Outlook]:
    """Raises `OSError`, `StoreFailed`."""
    return [_of(path) for path in databases(data)]


def _of(path: Path) -> Outlook:
    facts = facts_of(path)
    applied = set(map(int, facts.migrations))
    steps = migrations(facts.family)
    coming = [step for step in steps if step.number not in applied]
    if newer := applied - {step.number for step in steps}:
        return Outlook(path.name, max(applied), f"{max(newer)} is a newer version's", "this one is older")
    back = "only adds: the old version goes on" if all(step.additive for step in coming) else "changes more: the backup"
    return Outlook(
        path.name, max(applied), ", ".join(f"{step.number:04} {step.name}" for step in coming) or "nothing",
        back if coming else "",
    )  # fmt: skip
