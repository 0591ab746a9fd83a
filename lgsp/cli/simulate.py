"""`lgsp simulate`: a stretch of the province's life in virtual time, with a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, refuse, say, table

if TYPE_CHECKING:
    from lgsp.cli.scenario.plan import Scenario
    from lgsp.simulate import Loaded


@click.command()
@click.argument("scenario", required=False)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same report.")
@click.option(
    "--sample", type=click.IntRange(1, 1000), help="One dossier in so many is played  [default: the scenario's]"
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the report here as JSON; - for stdout."
)
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path), help="Write the report here as a page with pictures."
)
@click.option(
    "--what-if",
    "what_ifs",
    multiple=True,
    metavar="NAME|KEY=VALUE[,…]",
    help="Tell it once more, differently: a name of the scenario's own, or async=off, retry=off, breaker=off, "
    "capacity=1.2, stale=0.1, outage=WHERE:KIND:FROM:MINUTES.",
)
def simulate(
    scenario: str | None, seed: int, sample: int | None, json_file: Path | None, html_file: Path | None,
    what_ifs: tuple[str, ...],
) -> None:  # fmt: skip
    """A scenario through the real bus in virtual time; inputs and results apart. Without a name: what there is."""
    from lgsp.cli.scenario import plan

    if scenario is None:
        for name in plan.known():
            told, others = plan.load(name)
            click.echo(
                f"{name:28} {told.title['en']}"
                + "".join(f"\n  --what-if {w['id']}: {w['title']['en']}" for w in others)
            )
        return
    from lgsp.cli.scenario.troubles import possible
    from lgsp.simulate import Loaded

    try:
        told, others = plan.load(scenario)
        variants = [_variant(told, others, text) for text in what_ifs]
        loaded = Loaded.read()
        for each in (told, *(variant for _, variant in variants)):
            possible(each, loaded)
    except ValueError as error:
        refuse(str(error), Exit.USAGE)
    document = _told(told, variants, loaded, seed, sample)
    if json_file is not None:
        text = json.dumps(document, ensure_ascii=False, indent=2)
        _write(json_file, text + "\n")
    if html_file is not None:
        from lgsp.cli.scenario.page import page

        _write(html_file, page(document))
    if json_file is None or str(json_file) != "-":
        _summary(document)


def _told(
    told: Scenario, variants: list[tuple[dict[str, Any], Scenario]], loaded: Loaded, seed: int, sample: int | None
) -> dict[str, Any]:
    from lgsp.cli.scenario.life import live

    shown = _progress(told.name)
    document = live(told, loaded, seed=seed, sample=sample, progress=shown).document(seed)
    for row, variant in variants:
        tally = live(variant, loaded, seed=seed, sample=sample, progress=_progress(row["id"])).document(seed)
        document.setdefault("what_if", []).append({"id": row["id"], "title": row["title"], **tally})
    return document


def _variant(told: Scenario, others: list[Any], text: str) -> tuple[dict[str, Any], Scenario]:
    own = next((row for row in others if row["id"] == text), None)
    if own is not None:
        return dict(own), told.variant(own)
    row: dict[str, Any] = {"id": text, "title": {"vi": text, "en": text}}
    for part in text.split(","):
        key, sign, value = part.partition("=")
        if not sign:
            known = ", ".join(row["id"] for row in others) or "none"
            raise ValueError(f"no what-if {text!r} in {told.name} (there: {known}), and it is not KEY=VALUE")
        if key == "outage":
            row.setdefault("outages", []).append(_outage(value))
        else:
            row[key] = _given(value)
    return row, told.variant(row)


def _given(text: str) -> bool | float | str:
    try:
        return {"on": True, "off": False}[text] if text in ("on", "off") else float(text)
    except ValueError:
        return text


def _outage(text: str) -> dict[str, Any]:
    """WHERE:KIND:FROM:MINUTES, FROM being 2022-11-14T09:00."""
    from datetime import datetime

    try:
        where, kind, rest = text.split(":", 2)
        start, _, minutes = rest.rpartition(":")
        return {"where": where, "kind": kind, "from": datetime.fromisoformat(start), "minutes": float(minutes)}
    except ValueError:
        raise ValueError(
            f"outage={text} is not WHERE:KIND:FROM:MINUTES, such as ngsp:hang:2022-11-14T09:00:120"
        ) from None


def _progress(name: str) -> Any:
    """A line on stderr that grows, where a person looks on."""
    if not sys.stderr.isatty():
        return lambda _: None
    shown = -1

    def show(share: float) -> None:
        nonlocal shown
        percent = min(100, int(share * 100))
        if percent != shown:
            shown = percent
            click.echo(f"\r{name} {percent:3} %", nl=percent == 100, err=True)

    return show


def _write(file: Path, text: str) -> None:
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    say(f"lgsp: wrote {file}")


def _summary(document: dict[str, Any]) -> None:
    inputs = document["inputs"]
    click.echo(f"{inputs['title']['en']} · seed {inputs['seed']} · sample {inputs['sample']}")
    thinned = ", ".join(f"{name} 1:{factor}" for name, factor in inputs["thinned"].items())
    click.echo(
        f"in    received {inputs['dossiers_received']}, carried in {inputs['dossiers_carried_in']}; thinned: {thinned}"
    )
    for name, results in [("out", document["results"])] + [
        (w["id"], w["results"]) for w in document.get("what_if", ())
    ]:
        found, waiting, sent = results["dossiers"], results["waiting"], results["submissions"]
        click.echo(
            f"{name:5} settled {found['settled']}, on time {found['on_time_percent']} %, "
            f"carried over {found['open_at_the_end']} ({found['open_percent']} %)"
        )
        click.echo(
            f"      held by failures {waiting['dossiers_held']}, on average {waiting['working_hours_mean']} working hours, "
            f"at most {waiting['working_hours_most']}; submissions: most waiting at once {sent['most_waiting_at_once']}, "
            f"lost {sent['lost']}"
        )
        vain = results["in_vain"]
        click.echo(
            f"      calls that failed {vain['calls']}, {vain['minutes']} minutes spent in them; "
            f"the bus's own retries {vain['retries']}"
        )
    from lgsp.cli.scenario.words import sentence

    for told in (document, *document.get("what_if", ())):
        click.echo(f"{told.get('title', inputs['title'])['en']}: {sentence(told['results'], 'en')}")
    for row in document["results"]["published"]:
        click.echo(
            f"{row['figure']}: published {row['published']}, simulated {row['simulated']} ({row['error_percent']:+} %)"
        )
    for row in document["results"]["incidents"]:
        times = "once" if row["times"] == 1 else f"{row['times']} times"
        click.echo(
            f"down: {', '.join(row['systems'])}: {times}, {row['minutes']} minutes at most: {row['cause']['en']}"
        )
    table(
        ("system", "calls", "success %", "available %", "retries", "held", "hours waited"),
        [
            (
                row["system"],
                str(row["calls"]),
                "–" if row["success_percent"] is None else str(row["success_percent"]),
                str(row["availability_percent"]),
                str(row["retries"]),
                str(row["dossiers_held"]),
                str(row["working_hours_mean"]),
            )
            for row in document["results"]["systems"]
        ],
    )
    month = document["results"]["month"]
    click.echo(
        f"skew beside a real month: mean error factor {month['mean_error_factor']}, rank correlation {month['rank_correlation']}"
    )
