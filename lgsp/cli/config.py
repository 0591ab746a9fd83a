"""`lgsp config`: what is set, and where."""

from __future__ import annotations

import click

from lgsp.cli.output import as_json, json_option, table
from lgsp.cli.place import loaded


@click.group()
def config() -> None:
    """What is set, and where each value came from."""


@config.command()
@click.option("--origin", is_flag=True, help="Also say where each value came from.")
@json_option
def show(*, origin: bool, as_json_: bool) -> None:
    """Every setting; secrets are masked."""
    rows = tuple(loaded().rows())
    if as_json_:
        as_json({key: {"value": value, "origin": where} if origin else value for key, value, where in rows})
    elif origin:
        table(("key", "value", "origin"), rows)
    else:
        table(("key", "value"), [row[:2] for row in rows])
