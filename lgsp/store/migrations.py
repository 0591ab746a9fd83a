"""Numbered migrations of one database: SQL files of a package, each applied once, in order, checksummed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

_STATEMENT = re.compile(r"^(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REINDEX|PRAGMA|TRUNCATE|DO) (.*)$", re.MULTILINE)
"""Statements begin at the left edge, what belongs to them does not."""
_MADE = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", re.MULTILINE)
_ON = re.compile(r"\bON (\w+)")


class MigrationError(Exception):
    """The database does not fit these migrations: a newer version made it, or a file was changed after it was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def additive(self) -> bool:
        """It only makes what was not there, so an older version goes on working beside it (docs/decisions/upgrade.md)."""
        made = set(_MADE.findall(self.sql))
        return all(
            verb == "CREATE" and (not rest.startswith("UNIQUE") or _ON.search(rest)[1] in made)  # type: ignore[index]
            for verb, rest in _STATEMENT.findall(self.sql)
        )

    @property
    def recorded(self) -> str:
        """Its name in the database: a later `+` tells an older version that it may stay."""
        return f"{self.name}+" if self.additive else self.name


def read_migrations(package: str, *folder: str) -> list[Migration]:
    """`NNNN_name.sql` of one folder, in order."""
    return list(_read(package, *folder))


@cache
def _read(package: str, *folder: str) -> tuple[Migration, ...]:
    found = [
        Migration(int(file.name[:4]), file.name[5:-4], file.read_text("utf-8"))
        for file in sorted(
            resources.files(package).joinpath("migrations", *folder).iterdir(), key=lambda each: each.name
        )
        if file.name.endswith(".sql")
    ]
    numbers = [migration.number for migration in found]
    if numbers != sorted(set(numbers)):
        raise MigrationError(f"two migrations of {'/'.join((package, *folder))} have the same number")
    return tuple(found)


def outstanding(
    applied: Mapping[int, str], steps: Sequence[Migration], names: Mapping[int, str] | None = None
) -> list[Migration]:
    """What is to be applied to a database that holds these numbers and checksums, by the `names` that were recorded.

    What a newer version has only added may stay. Raises `MigrationError` for anything else that is not known.
    """
    further = set(applied) - {step.number for step in steps}
    if unknown := [number for number in further if not (names or {}).get(number, "").endswith("+")]:
        raise MigrationError(
            f"the database holds migration {max(unknown)}, this version knows {len(steps)}: it was made by a newer one and "
            "cannot be gone back from; start the newer one, or restore what was backed up before"
        )
    for step in steps:
        if applied.get(step.number, step.sha256) != step.sha256:
            raise MigrationError(f"migration {step.number:04d}_{step.name} was changed after it was applied")
    return [step for step in steps if step.number not in applied]
