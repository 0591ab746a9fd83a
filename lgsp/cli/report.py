"""`lgsp report`: the connection report of any period, as the province files it."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.model import Text
    from lgsp.settings import Settings


@click.command()
@click.option("--from", "first", metavar="DATE", help="First day, YYYY-MM-DD, in Viet Nam.")
@click.option("--to", "last", metavar="DATE", help="Last day, included.")
@click.option("--filed", metavar="YYYY-MM", help="The report of a month as it was filed, instead of a period.")
@click.option("--list", "listed", is_flag=True, help="Lists the months that are filed.")
@click.option("--format", "form", type=click.Choice(["html", "csv", "docx"]), default="html", show_default=True)
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.option("--number", default="", help="Number of the document; without one its place is left free.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; a DOCX needs one on a terminal."
)
@data_option
@json_option
def report(
    first: str | None, last: str | None, filed: str | None, form: str, lang: str, number: str, out: Path | None,
    data: Path | None, *, listed: bool, as_json_: bool,
) -> None:  # fmt: skip
    """The connection report in the layout of Decree 30/2020/NĐ-CP, as HTML, CSV or DOCX; with --json its figures.

    The sentence is of the last day of the period, from the ledger of stages.
    """
    if listed:
        _list(data, as_json_=as_json_)
        return
    if filed is None and (first is None or last is None):
        refuse("a report needs --from and --to, or --filed with a month", Exit.USAGE)
    if filed is None:
        for option, value in (("--from", first), ("--to", last)):
            _day(option, str(value))
    figures = act(data, "report.facts", first=first, last=last, filed=filed)
    if as_json_:
        as_json(figures)
        return
    content = _written(figures, loaded(data=data).settings, form, lang, number)
    if out is not None:
        out.write_bytes(content)
        say(str(out))
    elif form == "docx" and sys.stdout.isatty():
        refuse("a DOCX is no text: name a file with --out", Exit.USAGE)
    else:
        sys.stdout.buffer.write(content)


def _list(data: Path | None, *, as_json_: bool) -> None:
    rows = act(data, "report.list")
    if as_json_:
        as_json(rows)
        return
    columns = ("period", "from", "to", "made")
    table(columns, [tuple(str(row[name]) for name in columns) for row in rows])


def _day(option: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        refuse(f"{option}: a day is YYYY-MM-DD", Exit.USAGE)


def _written(figures: Any, settings: Settings, form: Any, lang: Any, number: str) -> bytes:
    import msgspec

    from lgsp.console.paper import made, written
    from lgsp.console.render import Pages
    from lgsp.report.facts import Facts

    facts, pages = msgspec.convert(figures, Facts), Pages()
    document = made(facts, _titles(settings), settings, pages, lang, number)
    return written(document, facts, pages, lang, form).content


def _titles(settings: Settings) -> dict[str, Text]:
    from lgsp import manifest
    from lgsp.home import Home, builtin
    from lgsp.manifest.load import RegistryError

    try:
        registry = manifest.load([builtin(), *map(Home.at, settings.homes)])
    except RegistryError:
        return {}  # the report names systems by their ids rather than not at all
    return {name: each.title for name, each in registry.connectors.items()}
