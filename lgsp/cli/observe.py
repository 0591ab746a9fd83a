"""`lgsp observe`: what an existing gateway's access log says of each system, as observed, without moving any traffic."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from lgsp.cli.output import Exit, as_json, json_option, refuse, say, table
from lgsp.cli.place import loaded


@click.command()
@click.option(
    "--log",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="The log, or - for stdin.",
)
@click.option("--format", "how", required=True, type=click.Choice(["wso2", "nginx", "haproxy", "json"]))
@click.option(
    "--path", "paths", multiple=True, metavar="PREFIX=TO",
    help="PREFIX at the old gateway is a system's name, or the ministry's own path; repeatable, beside [observer.paths].",
)  # fmt: skip
@click.option("--csv", "sheet", type=click.Path(path_type=Path, dir_okay=False), help="Also write the table as CSV.")
@json_option
def observe(log: Path, how: str, paths: tuple[str, ...], sheet: Path | None, *, as_json_: bool) -> None:
    """Count a log by system: calls, success, latency. Query strings and callers are dropped as they are read.

    For the board of a running bus set `[observer]` instead: it follows the log.
    """
    from lgsp import manifest
    from lgsp.home import Home, builtin
    from lgsp.observer import Matching, ObservedBook
    from lgsp.observer.lines import read
    from lgsp.runtime import Runtime

    settings = loaded().settings
    rules = dict(settings.observer.paths)
    for each in paths:
        prefix, mark, to = each.partition("=")
        if not mark or not prefix.startswith("/") or not to:
            refuse("--path is /PREFIX=SYSTEM or /PREFIX=/ministry/path", Exit.USAGE)
        rules[prefix] = to
    registry = manifest.load([builtin(), *map(Home.at, settings.homes)])
    if unknown := [to for to in rules.values() if not to.startswith("/") and registry.connector(to) is None]:
        refuse(f"no system {', '.join(unknown)}", Exit.USAGE)
    book = ObservedBook(Matching(registry, rules), Runtime.system(), log.name)
    for raw in _lines(log):
        book.take(read(raw, how))
    found = book.as_dict()
    rows: list[tuple[str, ...]] = [
        (name, str(each["calls"]), _percent(each["success_rate"]), str(each["failed"]), _ms(each["latency_ms"]["p95"]),
         (each["last"] or "")[:19])
        for name, each in found["systems"].items()
    ]  # fmt: skip
    head = ("system", "calls", "success", "failed", "p95 ms", "last")
    if sheet is not None:
        _written(sheet, head, rows)
    if as_json_:
        as_json(found)
    else:
        table(head, rows)
        say(
            f"observed, not proven: {found['lines']} lines, {found['unmatched']} of no system here, "
            f"{found['unreadable']} unreadable"
        )
    sys.exit(Exit.FINE if found["lines"] > found["unreadable"] else Exit.REFUSED)


def _lines(log: Path) -> Iterator[bytes]:
    """Line by line, none longer than can be read; a longer one counts as unreadable."""
    from lgsp.observer.lines import LONGEST

    try:
        opened = sys.stdin.buffer if str(log) == "-" else log.open("rb")
    except OSError as error:
        refuse(f"{log}: {error.strerror}", Exit.USAGE)
    with opened:
        while raw := opened.readline(LONGEST + 2):
            whole = raw.endswith(b"\n") or len(raw) <= LONGEST
            while not raw.endswith(b"\n") and (raw := opened.readline(1 << 16)):
                continue
            yield raw.strip() if whole else b"\0" * (LONGEST + 1)


def _written(sheet: Path, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    import csv

    from lgsp.report.sheet import cell

    with sheet.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\r\n")
        writer.writerow(["evidence", *head])
        writer.writerows(["observed", *map(cell, row)] for row in rows)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f} %"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
