"""`lgsp submission`: what the bus has been given and not brought to an end; and `lgsp consumer callback`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lgsp.cli.access import consumer
from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table

F = TypeVar("F", bound=Callable[..., Any])
_STATES = click.Choice(["queued", "delivering", "delivered", "failed", "indeterminate", "expired", "cancelled"])
_COLUMNS = ("id", "system", "operation", "consumer", "state", "cause", "attempts", "accepted", "next_at")


@click.group()
def submission() -> None:
    """Updates that were given to the bus: look, cancel, settle, send again."""


def _choosing(function: F) -> F:
    for option in (
        click.option("--newer-than", metavar="AGE", help="Accepted at most so long ago."),
        click.option("--older-than", metavar="AGE", help="Accepted longer ago: 90s, 30m, 2h, 7d."),
        click.option("--cause", help="Code of the last error."),
        click.option("--consumer", help="Of this consumer."),
        click.option("--system", help="For this system."),
        click.option("--state", "states", multiple=True, type=_STATES, help="In this state; repeatable."),
    ):
        function = option(function)
    return function


@submission.command("list")
@_choosing
@click.option("--after", type=int, help="From where the page before has ended.")
@click.option("--limit", type=int, default=100, show_default=True)
@data_option
@json_option
def submission_list(data: Path | None, *, as_json_: bool, **chosen: Any) -> None:
    """Those that match, oldest first."""
    page = act(data, "submission.list", **_listed(chosen))
    if as_json_:
        as_json(page)
        return
    table(_COLUMNS, [tuple(str(row[name] or "") for name in _COLUMNS) for row in page["items"]])
    say(f"{page['total']} in all" + (f"; more with --after {page['next']}" if page["next"] is not None else ""))


@submission.command("groups")
@_choosing
@data_option
@json_option
def submission_groups(data: Path | None, *, as_json_: bool, **chosen: Any) -> None:
    """What waits for somebody, counted by system, cause and age."""
    found = act(data, "submission.groups", **_listed(chosen))
    if as_json_:
        as_json(found)
        return
    rows = [
        (
            str(each["count"]),
            each["system"],
            each["cause"] or "-",
            each["age"]["en"],
            ", ".join(f"{count} {state}" for state, count in each["states"].items()),
        )
        for each in found
    ]
    table(("count", "system", "cause", "age", "states"), rows)


@submission.command("show")
@click.argument("submission_id", metavar="ID")
@data_option
def submission_show(submission_id: str, data: Path | None) -> None:
    """How it came to where it stands, and what may be done. Never what was asked or answered."""
    as_json(act(data, "submission.show", id=submission_id))


@submission.command("cancel")
@click.argument("submission_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it stands in the evidence.")
@click.option("--by", help="Who, where it is not who types.")
@data_option
def submission_cancel(submission_id: str, data: Path | None, **facts: Any) -> None:
    """Send a queued or doubtful one no more."""
    as_json(act(data, "submission.cancel", id=submission_id, **facts))


@submission.command("settle")
@click.argument("submission_id", metavar="ID")
@click.argument("outcome", type=click.Choice(["delivered", "failed"]))
@click.option("--reason", required=True, help="How it was found out; it stands in the evidence.")
@click.option("--by", help="Who, where it is not who types.")
@click.option("--approved-by", required=True, help="Who approved that; somebody else.")
@data_option
def submission_settle(submission_id: str, outcome: str, data: Path | None, **facts: Any) -> None:
    """Say what became of a doubtful one, where the ministry cannot be asked. Takes two people."""
    as_json(act(data, "submission.settle", id=submission_id, outcome=outcome, **facts))


@submission.command("resend")
@click.argument("submission_id", metavar="[ID]", required=False)
@_choosing
@click.option("--dry-run", is_flag=True, help="Count only; the default.")
@click.option("--yes", type=int, metavar="N", help="Do it, if it is still this many.")
@click.option("--reason", help="Why; it stands in the evidence.")
@click.option("--by", help="Who, where it is not who types.")
@click.option("--approved-by", help="Somebody else, for those that take two people.")
@data_option
def submission_resend(submission_id: str | None, data: Path | None, *, dry_run: bool, **facts: Any) -> None:
    """Send again what has failed or expired, as new submissions that name the old ones.

    Without --yes it only counts. --yes must name the same count.
    """
    if dry_run and facts["yes"] is not None:
        refuse("either --dry-run or --yes", Exit.USAGE)
    if facts["yes"] is not None and not facts["reason"]:
        refuse("--yes needs --reason", Exit.USAGE)
    as_json(act(data, "submission.resend", id=submission_id, **_listed(facts)))


@consumer.command("callback")
@click.argument("consumer_id", metavar="ID")
@click.option("--url", help="Call back here, https://…; the first time a secret is shown, once.")
@click.option(
    "--with-data", is_flag=True, help="With --url: answers and items travel along, not only where they stand."
)
@click.option("--off", is_flag=True, help="Call back no more.")
@click.option("--rotate", is_flag=True, help="A fresh secret, shown once; both hold for a while.")
@click.option("--overlap", type=float, metavar="HOURS", help="With --rotate: how long the one before still signs [24].")
@click.option("--again", is_flag=True, help="Tell once more what was parked.")
@data_option
def callback(
    consumer_id: str, url: str | None, overlap: float | None, data: Path | None,
    *, with_data: bool, off: bool, rotate: bool, again: bool,
) -> None:  # fmt: skip
    """Where the consumer is called back; without an option, how it stands."""
    wanted = [name for name, given in (("set", url), ("off", off), ("rotate", rotate), ("again", again)) if given]
    if len(wanted) > 1:
        refuse("one of --url, --off, --rotate, --again at a time", Exit.USAGE)
    if (with_data and url is None) or (overlap is not None and not rotate):
        refuse("--with-data goes with --url, --overlap with --rotate", Exit.USAGE)
    extra: dict[str, Any] = {"set": {"url": url, "with_data": with_data}, "rotate": {"overlap": overlap}}
    action = wanted[0] if wanted else "show"
    as_json(act(data, f"callback.{action}", id=consumer_id, **extra.get(action, {})))


def _listed(chosen: dict[str, Any]) -> dict[str, Any]:
    return {**chosen, "states": list(chosen["states"])}
