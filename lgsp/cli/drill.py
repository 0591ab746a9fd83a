"""`lgsp drill`: an exercise on the real console against the simulator, its minutes measured and written."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, as_json, json_option, refuse, say

if TYPE_CHECKING:
    from lgsp.drill import Record

_NAMES = ("platform-down", "silent-data", "expired-approval", "stolen-key", "full-disk")


@click.command()
@click.argument("name", type=click.Choice(_NAMES))
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port of the console.")
@click.option(
    "--after", type=click.FloatRange(0, 3600), default=None, help="Seconds until it begins  [1 to 5 minutes]."
)
@click.option("--repair", type=click.FloatRange(0, 3600), default=60.0, show_default=True,
              help="Seconds from the right cause until somebody else has repaired it.")  # fmt: skip
@click.option("--limit", type=click.FloatRange(1, 240), default=60.0, show_default=True, help="Minutes, then it ends.")
@click.option("--person", "people", multiple=True, help="Who takes part; repeatable, for the minutes.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where the minutes go.")
@click.option("--as-script", is_flag=True, help="Nobody is there: a script looks, answers and acts, in seconds.")
@click.option("--seed", type=int, default=1, show_default=True)
@json_option
def drill(
    name: str, port: int, after: float | None, repair: float, limit: float, people: tuple[str, ...], into: Path, seed: int,
    *, as_script: bool, as_json_: bool,
) -> None:  # fmt: skip
    """Play NAME in a demonstration of its own: to notice, to the right cause, to recovery; ends with 1 where one is missing.

    Look at the page, take the alert in the console, and type the cause here.
    """
    from lgsp.cli.drilling import Plan, played
    from lgsp.drill import as_json as on_paper
    from lgsp.runtime import run

    if not into.is_dir():
        refuse(f"{into} is not a folder", Exit.USAGE)
    plan = Plan(name, 0 if as_script else port, after, repair, limit * 60.0, people, as_script, seed)
    with tempfile.TemporaryDirectory(prefix="lgsp-drill-", ignore_cleanup_errors=True) as folder:
        try:
            record: Record = run(played(plan, Path(folder)))
        except KeyboardInterrupt:
            raise SystemExit(130) from None
    written = _written(record, into)
    if as_json_:
        as_json({**on_paper(record), "files": [str(each) for each in written]})
    else:
        for each in written:
            click.echo(each)
    sys.exit(Exit.FINE if record.done else Exit.REFUSED)


def _written(record: Record, into: Path) -> list[Path]:
    """The minutes: as DOCX to be signed, as HTML to be read, as JSON to be counted."""
    from lgsp.console.render import Frame, Pages
    from lgsp.drill import as_json as on_paper
    from lgsp.drill import paper
    from lgsp.report.docx import docx
    from lgsp.settings import ReportSettings

    document, pages = paper(record, ReportSettings()), Pages()
    frame = Frame("Diễn tập", "", demo=True)
    values: dict[str, Any] = {"paper": document, "alone": True}
    page = pages.render("report_paper.html", "vi", record.began, frame, values)
    files = {
        ".docx": docx(document, record.ended or record.began, pages.words["vi"]["report"]),
        ".html": page.encode(),
        ".json": json.dumps(on_paper(record), ensure_ascii=False, indent=2).encode() + b"\n",
    }
    written = []
    for suffix, content in files.items():
        path = into / f"{document.name}{suffix}"
        path.write_bytes(content)
        written.append(path)
    said = "done" if record.done else "not finished"
    say(f"lgsp: {said}; the minutes stand in {into}")
    return written
