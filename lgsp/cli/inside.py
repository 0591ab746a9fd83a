"""`lgsp crash-points`: for tests of the house itself."""

from __future__ import annotations

import click

from lgsp.cli.output import as_json, json_option


@click.command("crash-points")
@json_option
def crash_points(*, as_json_: bool) -> None:
    """Named points at which LGSP_CRASH_AT=name[:n] ends the process (with LGSP_TEST=1 only)."""
    from lgsp.crash import FURTHER_POINTS, POINTS

    points = {**POINTS, **FURTHER_POINTS}
    if as_json_:
        as_json(points)
        return
    for name, meaning in points.items():
        click.echo(f"{name:28} {meaning}")
