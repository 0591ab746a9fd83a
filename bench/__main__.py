"""`make bench ARGS="--quick --json FILE"`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from bench.compare import FULL, QUICK, compare
from bench.published import regressions
from bench.works import PARTS


@click.command()
@click.option("--quick", is_flag=True, help="At most 50 s, for every change; without it the figures are steadier.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures here.")
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True), help="Figures of an earlier run: what got worse?"
)
@click.option(
    "--part",
    "parts",
    type=click.Choice(PARTS),
    multiple=True,
    help="Only this one: a long run in pieces (bench.published).",
)
def main(file: Path | None, against: Path | None, parts: tuple[str, ...], *, quick: bool) -> None:
    """Our work beside what a user would pick instead; a ratio above 1 means that ours is better."""
    found = compare(replace(QUICK if quick else FULL, parts=parts or PARTS))
    if file is not None:
        file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    about = found["machine"]
    click.echo(
        f"{about['cpu']}, {about['cores']} cores, load {about['load']} before; fsync {about['fsync_ms']} ms; "
        f"load and ministry alone {about['rig_calls_per_s']} calls/s; ours {about['resident_mb']} MB"
    )
    head = f"{'work':36} {'peer':42} {'bytes':>6} {'unit':>7} {'ours':>8} {'peer':>8} {'ratio':>6}"
    click.echo(f"{head} {'cpu us':>7} {'peer':>7} {'ratio':>6}")
    for row in found["rows"]:
        click.echo(
            f"{row['work']:36} {row['peer_name']:42} {row['size']:6} {row['unit']:>7} {row['ours']:8.1f} {row['peer']:8.1f} "
            f"{row['ratio']:6.2f} {row['cpu_us_per_call']:7.0f} {row['peer_cpu_us_per_call']:7.0f} {row['cpu_ratio']:6.2f}"
        )
    for note in found["notes"]:
        click.echo(f"- {note}", err=True)
    worse = list(regressions(found, json.loads(against.read_text("utf-8")))) if against is not None else []
    for each in worse:
        click.echo(f"WORSE: {each}", err=True)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
