"""`lgsp exchange`: one call among millions, and what happened in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table

_COLUMNS = ("at", "id", "consumer", "system", "operation", "outcome", "seconds", "attempts")


@click.group()
def exchange() -> None:
    """Calls that the bus has answered, found in the index of its evidence."""


@exchange.command("find")
@click.option("--correlation", help="Correlation id.")
@click.option("--case", help="Dossier.")
@click.option("--submission", help="Everything about this submission.")
@click.option("--consumer", help="Of this consumer.")
@click.option("--system", help="For this system.")
@click.option("--operation", help="Of this operation.")
@click.option("--outcome", help="Code of the outcome; ok where all went well, an empty text where none is on record.")
@click.option("--domain", help="Whose fault: caller, policy, bus, network, backend.")
@click.option("--from", "first", metavar="TIME", help="From 2026-12-31 or 2026-12-31T08:30 on.")
@click.option("--to", "before", metavar="TIME", help="Until then, inclusive.")
@click.option("--person", "subject", flag_value="-", help="About the person whose number comes on standard input.")
@click.option("--reason", help="Why, with --person; it stands in the evidence.")
@click.option("--below", type=int, help="From where the page before has ended.")
@click.option("--limit", type=int, default=50, show_default=True)
@data_option
@json_option
def find(data: Path | None, *, as_json_: bool, **wanted: Any) -> None:
    """Those that match all of it, newest first."""
    if wanted["subject"]:
        if not wanted["reason"]:
            refuse("--person needs --reason", Exit.USAGE)
        wanted["subject"] = sys.stdin.readline().strip()
    page = act(data, "exchange.find", **wanted)
    if as_json_:
        as_json(page)
        return
    table(_COLUMNS, [tuple("" if row[name] is None else str(row[name]) for name in _COLUMNS) for row in page["items"]])
    if page["next"] is not None:
        say(f"more with --below {page['next']}")
    if page["behind"]:
        say(f"the index is behind: {page['behind']} entries of evidence are not in it yet")


@exchange.command("show")
@click.argument("exchange_id", metavar="ID")
@data_option
def show(exchange_id: str, data: Path | None) -> None:
    """What its evidence says, what belongs to it. Never what was asked or answered."""
    as_json(act(data, "exchange.show", id=exchange_id))


@exchange.command("rebuild")
@click.option("--wait", is_flag=True, help="Return when all of it is there again; for a bus that does not run.")
@data_option
def rebuild(data: Path | None, *, wait: bool) -> None:
    """Make the index again out of the evidence."""
    as_json(act(data, "exchange.rebuild", wait=wait))
