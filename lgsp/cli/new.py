"""`lgsp new`: a system from a contract alone, or every reason why not."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from lgsp.cli.output import Exit, as_json, json_option, refuse, say

_PROVING = 3.0
"""Seconds of the five after which no further message is proved."""


@click.command()
@click.argument("name")
@click.option(
    "--wsdl", type=click.Path(path_type=Path, exists=True), help="A WSDL 1.1 file, or the folder that holds its files."
)
@click.option(
    "--openapi",
    type=click.Path(path_type=Path, exists=True),
    help="An OpenAPI 3.0 or 3.1 file, or the folder that holds its files.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The home to write below  [default: here]",
)
@json_option
def new(name: str, wsdl: Path | None, openapi: Path | None, into: Path, *, as_json_: bool) -> None:
    """A new system NAME in stage trial: contract, manifest, simulator, test. `lgsp up --home DIR` shows it.

    Nothing of it is marked safe: a person decides. A contract that cannot be carried exactly is refused (1) with every
    finding at once; nothing is fetched and nothing is overwritten.
    """
    if (wsdl is None) == (openapi is None):
        refuse("name the contract: --wsdl FILE or --openapi FILE", Exit.USAGE)
    from lgsp.scaffold import name_findings

    found: list[dict[str, Any]] = [_shown(each) for each in name_findings(name, into)]
    files: dict[str, str] = {}
    notes: list[dict[str, Any]] = []
    if not found:
        found, notes, files = _drafted(name, wsdl or openapi or into, "wsdl" if wsdl else "openapi")
    written = _written(files, into) if not found else []
    if as_json_:
        as_json({"accepted": not found, "findings": found, "notes": notes, "written": written})
    else:
        for each in found + notes:
            where = f"{each['file']}:{each['line']}: " if each["file"] else ""
            click.echo(f"{where}{each['construct']}: {each['text']}")
        for path in written:
            click.echo(path)
        said = f"{len(found)} findings; nothing was written" if found else f"accepted; try: lgsp up --home {into}"
        say(said)
    sys.exit(Exit.REFUSED if found else Exit.FINE)


def _drafted(name: str, source: Path, born: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, str]]:
    """Findings, or notes and the files as base64, worked out within bounds."""
    from lgsp.cli.bounded import Overrun, bounded
    from lgsp.runtime import Runtime
    from lgsp.scaffold import draft

    today = Runtime.system().clock.now().date()

    def work() -> bytes:
        began = time.process_time()
        made = draft(name, source, born, today, enough=lambda: time.process_time() - began > _PROVING)
        files = {place: base64.b64encode(raw).decode() for place, raw in made.files.items()}
        said = made.as_json()
        return json.dumps([said["findings"], said["notes"], files]).encode()

    try:
        found, notes, files = json.loads(bounded(work))
    except Overrun as error:
        return [{"file": source.name, "line": 0, "construct": "size", "text": str(error)}], [], {}
    return found, notes, files


def _written(files: dict[str, str], into: Path) -> list[str]:
    from lgsp.scaffold import write

    try:
        return [str(path) for path in write({place: base64.b64decode(raw) for place, raw in files.items()}, into)]
    except OSError as error:
        refuse(f"cannot write below {into}: {error.strerror or 'exists already'}")


def _shown(finding: Any) -> dict[str, Any]:
    return {"file": finding.file, "line": finding.line, "construct": finding.construct, "text": finding.text}
