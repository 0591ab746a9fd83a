"""`lgsp reload`: manifests, contracts and settings read again by the running bus, taken over whole or refused whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say


@click.command()
@click.option("--restart", is_flag=True, help="Replace the workers one by one instead (`lgsp serve --workers N`).")
@data_option
@json_option
def reload(data: Path | None, *, restart: bool, as_json_: bool) -> None:
    """Take over changed manifests, contracts, settings and certificates without an interruption.

    Whole or not at all: every finding is printed, and with one of them everything goes on as it was (exit 1).
    """
    from lgsp.cli.office import ask_owner
    from lgsp.cli.place import data_folder

    report = ask_owner(data_folder(data), "reload", {"restart": restart} if restart else {})
    if report is None:
        refuse("no bus runs on this data folder; the next start reads everything anyway")
    if as_json_:
        as_json(report)
    else:
        _show(report)
    if report["findings"]:
        sys.exit(Exit.REFUSED)


def _show(report: dict[str, Any]) -> None:
    for finding in report["findings"]:
        click.echo(finding)
    if report["findings"]:
        say("refused whole; everything goes on as it was")
        return
    if "restarted" in report:
        say(f"{report['restarted']} workers replaced")
        return
    changes = [f"+{name}" for name in report["added"]] + [f"-{name}" for name in report["removed"]]
    say(f"{report['systems']} systems taken over{': ' + ' '.join(changes) if changes else ''}")
    if report["later"]:
        say(f"hold from the next start: {', '.join(report['later'])}")
