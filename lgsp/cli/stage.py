"""`lgsp stage`: how far each system is onboarded, by decision."""

from __future__ import annotations

from pathlib import Path

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, table

_STAGES = click.Choice(["planned", "trial", "official", "suspended", "retired"])
_COLUMNS = ("system", "stage", "since", "decision", "evidence", "by", "approved_by")


@click.command()
@click.argument("system", required=False)
@click.argument("to", required=False, type=_STAGES, metavar="[planned|trial|official|suspended|retired]")
@click.option("--decision", help="Number of the decision.")
@click.option("--by", help="Who moves it.")
@click.option("--approved-by", help="Who approved that; somebody else.")
@click.option("--since", metavar="DATE", help="From which day it holds [today].")
@data_option
@json_option
def stage(
    system: str | None, to: str | None, decision: str | None, by: str | None, approved_by: str | None, since: str | None,
    data: Path | None, *, as_json_: bool,
) -> None:  # fmt: skip
    """Move SYSTEM to a stage; without one, its ledger; without SYSTEM, where all of them stand.

    `official` asks for its evidence and refuses without.
    """
    if to is None:
        rows = act(data, "stage.list", system=system)
        if as_json_:
            as_json(rows)
        else:
            table(_COLUMNS, [tuple(str(row[name]) for name in _COLUMNS) for row in rows])
        return
    missing = [
        f"--{name}" for name, value in (("decision", decision), ("by", by), ("approved-by", approved_by)) if not value
    ]
    if missing:
        refuse(f"a move needs {', '.join(missing)}", Exit.USAGE)
    as_json(
        act(data, "stage.move", system=system, to=to, decision=decision, by=by, approved_by=approved_by, since=since)
    )
