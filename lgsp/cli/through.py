"""`lgsp through`: which of the systems behind `/through` the bus serves itself, and which the old gateway still has."""

from __future__ import annotations

from pathlib import Path

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, refuse


@click.command()
@click.argument("system", required=False)
@click.option("--to", type=click.Choice(["bus", "old"]), help="bus: served here from now on; old: passed on again.")
@click.option("--by", help="Who asks for it.")
@click.option("--approved-by", help="Who approves it: somebody else.")
@click.option("--decision", help="Number of the decision, or the reason.")
@data_option
def through(
    system: str | None, to: str | None, by: str | None, approved_by: str | None, decision: str | None, data: Path | None
) -> None:
    """Switch SYSTEM to the bus or back to the old gateway, in every worker at once; without SYSTEM, how all of them stand."""
    if system is None or to is None:
        as_json(act(data, "through.list"))
        return
    if not (by and approved_by and decision):
        refuse("a switch needs --by, --approved-by and --decision", Exit.USAGE)
    as_json(act(data, "through.switch", system=system, to=to, by=by, approved_by=approved_by, decision=decision))
