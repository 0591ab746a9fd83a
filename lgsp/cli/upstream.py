"""`lgsp upstream`: which platform carries an operation now; moved and moved back per operation, by two people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import F, as_json, data_option, json_option, table


@click.group()
def upstream() -> None:
    """The platform behind each operation: today's, or the one to come."""


@upstream.command("list")
@click.argument("system", required=False)
@data_option
@json_option
def upstream_list(system: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Every operation (of SYSTEM): where its manifest says it lives, and what carries it now."""
    rows = act(data, "upstream.list", system=system)
    if as_json_:
        as_json(rows)
        return
    table(
        ("system", "operation", "manifest", "now", "decision"),
        [
            (row["system"], row["operation"], ", ".join(row["manifest"]), ", ".join(row["now"]),
             row["switch"]["decision"] if row["switch"] else "")
            for row in rows
        ],
    )  # fmt: skip


def _decided(function: F) -> F:
    options = (
        click.argument("system"),
        click.argument("operation"),
        click.option("--by", required=True, help="Who asks for it."),
        click.option("--approved-by", required=True, help="Who approves it: somebody else."),
        click.option("--decision", required=True, help="Number of the decision, or the reason."),
        data_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@upstream.command("cutover")
@_decided
@click.option("--to", required=True, metavar="UPSTREAM", help="A name of [upstreams.<name>], say ndop.")
def upstream_cutover(data: Path | None, **facts: Any) -> None:
    """OPERATION of SYSTEM ("*" for all) goes through another upstream from now on, in every worker at once."""
    as_json(act(data, "upstream.cutover", **facts))


@upstream.command("rollback")
@_decided
def upstream_rollback(data: Path | None, **facts: Any) -> None:
    """OPERATION of SYSTEM ("*" for all) goes back to where its manifest says."""
    as_json(act(data, "upstream.rollback", **facts))
