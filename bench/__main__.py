"""`make bench ARGS="--quick --json FILE"`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bench.rig import FULL, QUICK, compare


@click.command()
@click.option("--quick", is_flag=True, help="At most 50 s, for every change; without it the figures are steadier.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(file: Path | None, *, quick: bool) -> None:
    """Our work beside what a user would pick instead; a ratio above 1 means that ours is better."""
    found = compare(QUICK if quick else FULL)
    if file is not None:
        file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    click.echo(f"{'work':22} {'peer':44} {'ours':>8} {'peer':>8} {'ratio':>6} {'cpu us':>7} {'peer':>7}")
    for row in found["rows"]:
        click.echo(
            f"{row['work']:22} {row['peer_name']:44} {row['ours']:8.0f} {row['peer']:8.0f} {row['ratio']:6.2f} "
            f"{row['cpu_us_per_call']:7.0f} {row['peer_cpu_us_per_call']:7.0f}"
        )
    for note in found["notes"]:
        click.echo(f"- {note}", err=True)


if __name__ == "__main__":
    main()
