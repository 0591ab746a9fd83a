"""`lgsp check`: manifests, contracts, mappings, simulator; one line a system."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lgsp.cli.halves import home_option
from lgsp.cli.output import Exit, as_json, json_option


@click.command()
@home_option
@json_option
def check(homes: tuple[Path, ...], *, as_json_: bool) -> None:
    """Manifests, contracts, mappings and the simulator of every system; ends with 1 where something is wrong."""
    from lgsp.check import check as check_homes
    from lgsp.cli.place import loaded
    from lgsp.home import Home, builtin

    report = check_homes((builtin(), *(Home.at(home) for home in homes or loaded().settings.homes)))
    if as_json_:
        as_json(report.as_json())
    else:
        for system in report.systems:
            click.echo(system.line())
            for each in system.findings:
                click.echo(f"  {each.file}:{each.line}: {each.construct}: {each.text}")
    sys.exit(Exit.FINE if report.ok else Exit.REFUSED)
