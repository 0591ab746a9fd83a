"""`lgsp audit`: does the evidence stand, and who read whose data. Reads beside a running owner."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, table
from lgsp.cli.place import data_folder


@click.group()
def audit() -> None:
    """The evidence: does it stand, and who read whose data."""


@audit.command()
@data_option
@json_option
def verify(data: Path | None, *, as_json_: bool) -> None:
    """Every chain against its own hashes and checkpoints; ends with 1 and names the first bad entry where one is."""
    from lgsp.audit import verify as verify_folder

    folder = data_folder(data)
    if not folder.is_dir():
        refuse(f"{folder} does not exist; name the data folder with --data", Exit.USAGE)
    try:
        verdict = verify_folder(folder)
    except OSError as error:
        refuse(f"{folder}: {error.strerror or error}")
    if as_json_:
        as_json(verdict.as_dict())
    elif bad := verdict.first_bad:
        click.echo(f"BAD: writer {bad.writer}, entry {bad.index}: {bad.reason}")
    else:
        rows = [(name, str(w.entries), str(w.signed)) for name, w in verdict.writers.items()]
        table(("writer", "entries", "signed"), rows)
        click.echo("the evidence stands; against somebody who holds the signing key it has no outside witness")
    sys.exit(Exit.FINE if verdict.ok else Exit.REFUSED)


@audit.command()
@click.argument("subject")
@data_option
@json_option
def who(subject: str, data: Path | None, *, as_json_: bool) -> None:
    """Who asked about SUBJECT (a personal number; - reads it from standard input, so that it stays out of the history)."""
    from lgsp.audit import who as entries_about

    person = sys.stdin.readline().strip() if subject == "-" else subject
    try:
        entries = entries_about(data_folder(data), person)
    except OSError as error:
        refuse(f"{error.filename or data_folder(data)}: {error.strerror or error}", Exit.USAGE)
    if as_json_:
        as_json(entries)
        return
    names = ("at", "kind", "consumer", "system", "operation", "purpose", "officer", "outcome")
    table(names, [tuple(str(entry.get(name) or "") for name in names) for entry in entries])
