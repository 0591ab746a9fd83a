"""`lgsp maintenance`: windows announced before, ended early, past downtime reclassified; each with a name and a reason."""

from __future__ import annotations

from pathlib import Path

import click

from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, table

_COLUMNS = ("id", "system", "begins", "ends", "past", "closed", "by", "reason")


@click.group()
def maintenance() -> None:
    """Announce maintenance of a system, end it, reclassify past downtime."""


@maintenance.command("list")
@click.argument("system", required=False)
@data_option
@json_option
def windows(system: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Windows that are open or to come, and those of the last 90 days."""
    rows = act(data, "maintenance.list", system=system)
    if as_json_:
        as_json(rows)
    else:
        table(_COLUMNS, [tuple(str(row[name] or "") for name in _COLUMNS) for row in rows])


@maintenance.command()
@click.argument("system")
@click.option("--begins", required=True, help="2026-12-31T22:00, time of Viet Nam.")
@click.option("--ends", required=True, help="2027-01-01T02:00.")
@click.option("--reason", required=True, help="Why; it stands in the evidence.")
@data_option
def announce(system: str, begins: str, ends: str, reason: str, data: Path | None) -> None:
    """Announce a window: it begins and ends by itself."""
    as_json(act(data, "maintenance.announce", system=system, begins=begins, ends=ends, reason=reason))


@maintenance.command()
@click.argument("window")
@data_option
def end(window: str, data: Path | None) -> None:
    """End WINDOW before its time, or call it off."""
    as_json(act(data, "maintenance.end", id=window))


@maintenance.command()
@click.argument("system")
@click.option("--begins", required=True, help="2026-12-31T22:00, time of Viet Nam.")
@click.option("--ends", required=True, help="2027-01-01T02:00.")
@click.option("--reason", required=True, help="Why that was maintenance; it stands in the evidence.")
@data_option
def reclassify(system: str, begins: str, ends: str, reason: str, data: Path | None) -> None:
    """Past downtime counts as maintenance from now on."""
    as_json(act(data, "maintenance.reclassify", system=system, begins=begins, ends=ends, reason=reason))
