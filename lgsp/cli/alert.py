"""`lgsp alert`: what is wrong by cause, who has taken it, where it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, say, table


@click.group()
def alert() -> None:
    """Alerts: one a cause, acknowledged by a name, sent to registered routes."""


@alert.command("list")
@click.option("--past", is_flag=True, help="Those that are over too.")
@data_option
@json_option
def listed(data: Path | None, *, past: bool, as_json_: bool) -> None:
    """Alerts that stand, the gravest first."""
    rows = act(data, "alert.list", past=past)
    _shown(rows, ("id", "severity", "raised", "cleared", "by"), as_json_=as_json_, text=True)


@alert.command()
@click.argument("id")
@click.option("--note", default="", help="What is being done.")
@data_option
def ack(id: str, note: str, data: Path | None) -> None:  # noqa: A002  the word for it
    """Take an alert upon yourself."""
    as_json(act(data, "alert.ack", id=id, note=note))


@alert.command()
@click.option("--url", help="Registers a webhook; its secret is shown once.")
@click.option(
    "--least", type=click.IntRange(0, 10), default=5, show_default=True, help="Severity from which it is told."
)
@click.option("--mail", metavar="ADDRESS", help="Send them there by e-mail, through the server that [mail] names.")
@click.option("--drop", metavar="ID", help="Takes a route away.")
@data_option
@json_option
def route(
    url: str | None, mail: str | None, least: int, drop: str | None, data: Path | None, *, as_json_: bool
) -> None:
    """Where alerts are sent; without an option the list."""
    if drop:
        as_json(act(data, "alert.unroute", id=drop))
    elif target := url or mail:
        as_json(act(data, "alert.route", target=target, least=least))
    else:
        _shown(act(data, "alert.routes"), ("id", "kind", "target", "least", "by"), as_json_=as_json_, text=False)


def _shown(rows: Any, columns: tuple[str, ...], *, as_json_: bool, text: bool) -> None:
    if as_json_:
        as_json(rows)
        return
    table(columns, [tuple("" if row[name] is None else str(row[name]) for name in columns) for row in rows])
    for row in rows if text else ():
        say(f"{row['id']}: {row['text']['vi']}")
