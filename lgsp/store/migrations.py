"""Numbered migrations of one database: SQL files of a package, each applied once, in order, checksummed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources


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


def read_migrations(package: str, *folder: str) -> list[Migration]:
    """`NNNN_name.sql` of one folder, in order."""
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
    return found


def outstanding(applied: Mapping[int, str], steps: Sequence[Migration]) -> list[Migration]:
    """What is to be applied to a database that holds these numbers and checksums. Raises `MigrationError`."""
    if unknown := set(applied) - {step.number for step in steps}:
        raise MigrationError(f"the database holds migration {max(unknown)}, this version knows {len(steps)}")
    for step in steps:
        if applied.get(step.number, step.sha256) != step.sha256:
            raise MigrationError(f"migration {step.number:04d}_{step.name} was changed after it was applied")
    return [step for step in steps if step.number not in applied]
