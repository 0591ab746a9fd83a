"""What a run says to those who come later: rows that got worse since the last one, a table and a picture for the docs.

`python -m bench.published FILE… [--further FILE]` puts the table and the picture of a run, made whole or in pieces, into
`docs/performance.md`, and what `bench.further` has found below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import click

from bench.rig import ROOT

PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "pictures" / "performance.svg"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
WORSE = 1.1
"""Times the CPU ratio may shrink between two runs before it is called a regression; rates move more with the neighbours."""
_WIDTH, _ROW, _LEFT, _SCALE = 860, 26, 470, 130


def regressions(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """Rows whose CPU ratio to the same peer is more than a tenth worse than it was."""
    known = {_key(row): row["cpu_ratio"] for row in before["rows"] if row["unit"] == "calls/s"}
    for row in now["rows"]:
        was = known.get(_key(row)) if row["unit"] == "calls/s" else None
        if was is not None and was > WORSE * row["cpu_ratio"]:
            yield f"{row['work']} beside {row['peer_name']}: CPU ratio {was:.2f} before, {row['cpu_ratio']:.2f} now"


def merged(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One run out of its pieces. Raises `ValueError` where they were made on machines that differ."""
    first = runs[0]
    for each in runs:
        if any(each["machine"][name] != first["machine"][name] for name in ("cpu", "cores", "python", "kernel")):
            raise ValueError("the pieces were not made on one machine")
    about = dict(first["machine"])
    for name in ("load", "fsync_ms", "resident_mb"):
        about[name] = max(each["machine"][name] for each in runs)
    about["rig_calls_per_s"] = min(each["machine"]["rig_calls_per_s"] for each in runs)
    notes = dict.fromkeys(note for each in runs for note in each["notes"])
    return {"machine": about, "rows": [row for each in runs for row in each["rows"]], "notes": list(notes)}


def table(run: Mapping[str, Any]) -> str:
    """Rates first, then latencies; each with the CPU that it took, which neighbours blur least."""
    about = run["machine"]
    programs = ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())
    said = (
        f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, Python {about['python']}, load {about['load']} before "
        f"the run, fsync {about['fsync_ms']} ms; load and ministry alone reach {about['rig_calls_per_s']} calls/s; ours resident "
        f"{about['resident_mb']} MB. Peers: {programs}."
    )
    lines = [
        said,
        "",
        "| calls a second | bytes | peer | ours (range) | peer (range) | ratio | CPU us | peer's | CPU ratio | MB | peer's |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['work']} | {row['size']} | {row['peer_name']} | {row['ours']:.0f} ({_range(row['range'])}) "
        f"| {row['peer']:.0f} ({_range(row['peer_range'])}) | {row['ratio']:.2f} | {row['cpu_us_per_call']:.0f} "
        f"| {row['peer_cpu_us_per_call']:.0f} | {row['cpu_ratio']:.2f} | {row['resident_mb']} | {row['peer_resident_mb']} |"
        for row in run["rows"]
        if row["unit"] == "calls/s"
    ]
    lines += [
        "",
        "| milliseconds | beside | p50 | peer's p50 | p99 | peer's p99 | one fsync meanwhile | added beside two fsyncs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['work']} | {row['peer_name']} | {row['ours']:.2f} | {row['peer']:.2f} | {row.get('p99_ms', '')} "
        f"| {row.get('peer_p99_ms', '')} | {row['fsync_ms']:.2f} | {row['above_fsyncs_ms']:.2f} |"
        for row in run["rows"]
        if row["unit"] == "ms p50"
    ]
    return "\n".join([*lines, "", *(f"- {note}" for note in run["notes"])])


def further(found: Mapping[str, Mapping[str, Any]]) -> str:
    """One line a figure of `bench.further`."""
    lines = ["", "| `bench.further` | figure | |", "|---|---|---|"]
    lines += [
        f"| {name} | {what} | {_plain(value)} |" for name, figures in found.items() for what, value in figures.items()
    ]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _range(ends: Sequence[float]) -> str:
    return f"{ends[0]:.0f} to {ends[1]:.0f}"


def picture(run: Mapping[str, Any]) -> str:
    """One bar a rate row: how many times the peer's rate ours is; the line is "as fast as the peer"."""
    rows = [row for row in run["rows"] if row["unit"] == "calls/s"]
    height = _ROW * len(rows) + 40
    longest = max(2.0, *(row["ratio"] for row in rows))
    scale = min(_SCALE, (_WIDTH - _LEFT - 60) / longest)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for index, row in enumerate(rows):
        top, length = index * _ROW + 10, max(1.0, row["ratio"] * scale)
        colour = "#1b7f4d" if row["ratio"] >= 1 else "#8a5a00"
        said = escape(f"{row['work']} ({row['size']} B) / {row['peer_name']}")
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end" fill="#222">{said}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_ROW - 8}" fill="{colour}"/>',
            f'<text x="{_LEFT + length + 6:.1f}" y="{top + 13}" fill="#222">{row["ratio"]:.2f}</text>',
        ]
    one = _LEFT + scale
    parts.append(f'<path d="M{one:.1f} 4V{height - 26}" stroke="#222" stroke-dasharray="3 3"/>')
    parts.append(
        f'<text x="{one:.1f}" y="{height - 10}" text-anchor="middle" fill="#222">1 = the peer&#8217;s rate</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["work"], row["peer_name"], round(row["size"] / 1024)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--further", "beside", type=click.Path(path_type=Path, exists=True), help="What bench.further has written."
)
def main(files: tuple[Path, ...], beside: Path | None) -> None:
    """Put a run, or the pieces of one, into docs/performance.md."""
    run = merged([json.loads(file.read_text("utf-8")) for file in files])
    text = table(run) + (f"\n{further(json.loads(beside.read_text('utf-8')))}" if beside is not None else "")
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    PICTURE.write_text(picture(run), "utf-8")


if __name__ == "__main__":
    main()
