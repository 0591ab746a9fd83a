"""`lgsp shadow`: where the service that is asked beside a trial system agrees with it, and where not."""

from __future__ import annotations

from pathlib import Path

import click

from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, table


@click.command()
@click.argument("system", required=False)
@data_option
@json_option
def shadow(system: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Differences by field path, counted, never a value: of one SYSTEM or of all that are shadowed."""
    found = act(data, "shadow.show", system=system)
    if as_json_:
        as_json(found)
        return
    if not found:
        click.echo("nothing is shadowed yet; systems.<name>.shadow names the other upstream of a system in trial")
        return
    table(
        ("operation", "asked", "same", "differs", "failed", "skipped", "fields"),
        [
            (
                name,
                *(str(each[word]) for word in ("asked", "same", "differs", "failed", "skipped")),
                "; ".join(
                    f"{path} ({', '.join(f'{kind} {n}' for kind, n in sorted(kinds.items()))})"
                    for path, kinds in each["fields"].items()
                ),
            )
            for name, each in found.items()
        ],
    )
