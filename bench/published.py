"""What a run says to those who come later: rows that got worse since the last one, a table and a picture for the docs.

`python -m bench.published FILE` puts the table and the picture of a run into `docs/performance.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

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


def table(run: Mapping[str, Any]) -> str:
    about = run["machine"]
    programs = ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())
    machine = (
        f"{about['cpu']}, {about['cores']} cores, load {about['load']} before the run, Python {about['python']}, fsync "
        f"{about['fsync_ms']} ms, resident {about['resident_mb']} MB. Peers: {programs}."
    )
    lines = [
        machine,
        "",
        "| work | bytes | peer | unit | ours | peer | ratio | CPU us | peer's | CPU ratio | p99 ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['work']} | {row['size']} | {row['peer_name']} | {row['unit']} | {row['ours']} | {row['peer']} "
        f"| {row['ratio']} | {row['cpu_us_per_call']:.0f} | {row['peer_cpu_us_per_call']:.0f} | {row['cpu_ratio']} "
        f"| {row.get('p99_ms', '')} |"
        for row in run["rows"]
    ]
    return "\n".join(lines)


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


def main() -> None:
    run = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(run)}\n{END}{after}", "utf-8")
    PICTURE.write_text(picture(run), "utf-8")


if __name__ == "__main__":
    main()
