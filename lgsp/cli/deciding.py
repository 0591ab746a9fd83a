"""`lgsp consumer requests|admit|decline`, `lgsp submission proposals`: what waits for a second person, at a terminal.

A correction itself is made at the console only: it takes two accounts, and a shell that two people share is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lgsp.cli.access import consumer
from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, say, table
from lgsp.cli.submissions import submission

_REQUESTED = ("id", "consumer", "name", "agency", "basis", "by", "at")
_PROPOSED = ("id", "submission", "kind", "reason", "by", "proposed")


@consumer.command("requests")
@data_option
@json_option
def consumer_requests(data: Path | None, *, as_json_: bool) -> None:
    """Agency systems that were asked for at the console and wait to be admitted."""
    _rows(act(data, "consumer.requests"), _REQUESTED, as_json_=as_json_)


@consumer.command("admit")
@click.argument("request")
@data_option
def consumer_admit(request: str, data: Path | None) -> None:
    """Admit the consumer of a REQUEST that somebody else has made; its keys are shown once."""
    as_json(act(data, "consumer.admit", request=request))


@consumer.command("decline")
@click.argument("request")
@data_option
def consumer_decline(request: str, data: Path | None) -> None:
    """Say no to a REQUEST."""
    as_json(act(data, "consumer.decline", request=request))


@submission.command("proposals")
@click.argument("submission_id", metavar="[ID]", required=False)
@data_option
@json_option
def submission_proposals(submission_id: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Corrections and other decisions that wait for a second person at the console; with ID all of that submission."""
    given = {"id": submission_id} if submission_id else {}
    _rows(act(data, "submission.proposals", **given), _PROPOSED, as_json_=as_json_)


def _rows(found: list[dict[str, Any]], columns: tuple[str, ...], *, as_json_: bool) -> None:
    if as_json_:
        as_json(found)
        return
    table(columns, [tuple(str(each.get(name) or "") for name in columns) for each in found])
    if not found:
        say("nothing waits")
