"""`lgsp audit payload|retention|hold`: kept messages are read, held and destroyed, each with a name, a role and a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, table


def _answering(command: Callable[..., Any]) -> Callable[..., Any]:
    """As whom and why; `--by` where it is not whoever types."""
    command = click.option("--reason", required=True, help="Why; it stands in the evidence.")(command)
    command = click.option("--role", required=True, help="As what: security-officer, or auditor to read.")(command)
    return click.option("--by", "person", default=None, help="Who, where it is not who types.")(command)


@click.command()
@click.argument("correlation")
@_answering
@data_option
def payload(correlation: str, data: Path | None, **who: str | None) -> None:
    """What was asked and answered in the calls of one CORRELATION, where the manifest has them kept."""
    as_json(act(data, "payload.read", correlation=correlation, **who))


@click.group()
def retention() -> None:
    """Days whose messages are kept; without their key they are gone, and the evidence stands as before."""


@retention.command("list")
@data_option
@json_option
def keys(data: Path | None, *, as_json_: bool) -> None:
    """Every key, how many messages it opens, and when it was destroyed."""
    found = act(data, "payload.keys")
    if as_json_:
        as_json(found)
        return
    table(("key", "messages", "destroyed"), [(e["key"], str(e["messages"]), e["destroyed"] or "") for e in found])


@retention.command()
@click.option("--before", required=True, help="First day that stays, 2026-01-01.")
@_answering
@data_option
def destroy(before: str, data: Path | None, **who: str | None) -> None:
    """Destroy the keys of all earlier days; what a legal hold names is kept."""
    as_json(act(data, "payload.retain", before=before, **who))


@click.group()
def hold() -> None:
    """Legal holds: what must not be destroyed, whatever its age."""


@hold.command("add")
@click.option("--correlation", help="The calls of one correlation.")
@click.option("--consumer", help="All calls of one consumer.")
@click.option("--first", help="From this day, 2026-01-01.")
@click.option("--last", help="Until this day, inclusive.")
@_answering
@data_option
def add(data: Path | None, **facts: str | None) -> None:
    """Hold what all of these name together."""
    as_json(act(data, "hold.add", **facts))


@hold.command("release")
@click.argument("hold_id", metavar="ID")
@_answering
@data_option
def release(hold_id: str, data: Path | None, **who: str | None) -> None:
    """Let go; what is older than the retention goes with its next round."""
    as_json(act(data, "hold.release", id=hold_id, **who))


@hold.command("list")
@data_option
def holds(data: Path | None) -> None:
    """Every hold, the released ones too."""
    as_json(act(data, "hold.list"))
