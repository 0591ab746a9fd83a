"""`lgsp import`: what another gateway exports becomes proposals, and completed rows of grants become requests."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.importing import Drafted


_DEEP = tuple("123456")
"""Folders around a definition: what it refers to above itself ends among them."""


@click.group("import")
def import_() -> None:
    """Proposals from another gateway's export. Nothing is activated."""


@import_.command("wso2")
@click.argument("export", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("proposals"),
    show_default=True,
    help="The folder to write below; what is there already is not overwritten.",
)
@json_option
def import_wso2(export: Path, into: Path, *, as_json_: bool) -> None:
    """Propose connectors, consumers and grants from EXPORT: apictl projects, applications, Synapse artefacts; zip or folder.

    Secrets are never taken over. An export that is hostile or broken as a whole is refused (1).
    """
    from lgsp.importing import ExportRefused, origin, propose, read_tree, read_wso2
    from lgsp.importing.paper import as_json as on_paper
    from lgsp.importing.paper import grants_sheet, markdown

    try:
        tree = read_tree(export)
        found = read_wso2(tree)
    except ExportRefused as error:
        refuse(str(error))
    if not found.apis and not found.applications:
        refuse(f"{export}: no API project, application or artefact is in it")
    registered = {origin(each.url): name for name, each in loaded().settings.upstreams.items() if each.url}
    proposal = propose(found, _drafted, registered, tree.ignored)
    shown = on_paper(proposal)
    papers = {
        "proposal.json": (json.dumps(shown, ensure_ascii=False, indent=2) + "\n").encode(),
        "proposal.md": markdown(proposal).encode(),
        "grants.csv": grants_sheet(proposal),
    }
    written = _written({**proposal.files, **papers}, into)
    if as_json_:
        as_json({**shown, "written": written})
    else:
        click.echo(markdown(proposal), nl=False)
        say(f"{len(written)} files below {into}; next: lgsp check --home {into}")
    sys.exit(Exit.FINE)


@import_.command("ask")
@click.argument("grants", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", help="Who asks [the person at the keyboard].")
@data_option
@json_option
def import_ask(grants: Path, by: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Ask for each complete row of GRANTS (grants.csv). Somebody else approves each (`lgsp grant approve`).

    A row without its legal basis or purposes waits. Ends with 1 where rows wait or were refused.
    """
    from lgsp.importing.paper import read_grants

    if grants.stat().st_size > 16 << 20:
        refuse(f"{grants}: larger than 16 MiB")
    try:
        complete, waiting = read_grants(grants.read_bytes())
    except ValueError as error:
        refuse(f"{grants}: {error}")
    asked = [act(data, "grant.ask", by=by, **row) for row in complete]
    if as_json_:
        as_json({"asked": asked, "waiting": waiting})
    else:
        for each in asked:
            grant = each["grant"]
            click.echo(f"{each['id']}  {grant['consumer']} {grant['system']} {grant['operation']}")
        for line in waiting:
            say(f"waits, line {line}")
    sys.exit(Exit.REFUSED if waiting else Exit.FINE)


def _drafted(system: str, files: Mapping[str, bytes], root: str, born: str) -> Drafted:
    """A stranger's definition is read in a process of its own, within bounds."""
    import tempfile

    from lgsp.cli.bounded import Overrun, bounded
    from lgsp.importing import Drafted
    from lgsp.runtime import Runtime
    from lgsp.scaffold import draft  # once, before the forks

    today = Runtime.system().clock.now().date()

    with tempfile.TemporaryDirectory(prefix="lgsp-import-") as folder:
        below = Path(folder, *_DEEP)
        for place, raw in files.items():
            path = below / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)

        def work() -> bytes:
            made = draft(system, below / root, born, today)  # type: ignore[arg-type]  # wsdl or openapi
            said = made.as_json()
            drafted = {place: base64.b64encode(raw).decode() for place, raw in made.files.items()}
            return json.dumps([said["findings"], said["notes"], drafted]).encode()

        try:
            findings, notes, drafted = json.loads(bounded(work))
        except Overrun as error:
            return Drafted(findings=({"file": root, "line": 0, "construct": "size", "text": str(error)},))
    return Drafted({place: base64.b64decode(raw) for place, raw in drafted.items()}, tuple(findings), tuple(notes))


def _written(files: Mapping[str, bytes], into: Path) -> list[str]:
    from lgsp.scaffold import write

    try:
        return sorted(str(path.relative_to(into)) for path in write(files, into))
    except FileExistsError as error:
        refuse(f"{error.args[0]} exists already; nothing was written: name another --into")
    except OSError as error:
        refuse(f"cannot write below {into}: {error.strerror}")
