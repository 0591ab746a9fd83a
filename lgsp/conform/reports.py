"""What a conformity check leaves behind: JUnit for machines, a page for people, a line of history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from lgsp.conform import Check, Conformity


def junit(found: Conformity) -> str:
    """One test case a call; a deviation is a failure."""
    cases = "".join(_case(found.system, each) for each in found.checks)
    skipped = "".join(
        f'<testcase classname="{escape(found.system)}" name="{escape(each)}"><skipped message="not marked safe"/></testcase>'
        for each in found.unasked
    )
    total, failed = len(found.checks) + len(found.unasked), sum(bool(each.deviation) for each in found.checks)
    seconds = sum(each.seconds for each in found.checks)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites><testsuite name="lgsp conform {escape(found.system)}" tests="{total}" failures="{failed}" errors="0" '
        f'skipped="{len(found.unasked)}" time="{seconds:.3f}">{cases}{skipped}</testsuite></testsuites>\n'
    )


def _case(system: str, check: Check) -> str:
    name = escape(f"{check.operation} ({check.backend}, {check.sample})")
    head = f'<testcase classname="{escape(system)}" name="{name}" time="{check.seconds:.3f}"'
    if not check.deviation:
        return f"{head}/>"
    said = escape("\n".join(check.rules))
    return f'{head}><failure type="{check.deviation}" message="{check.deviation}: {check.outcome}">{said}</failure></testcase>'


def page(found: Conformity, history: Sequence[dict[str, Any]]) -> str:
    """A page of its own, without any outside reference."""
    rows = "".join(
        f"<tr class='{'bad' if each.deviation else 'good'}'><td>{escape(each.operation)}</td><td>{escape(each.backend)}</td>"
        f"<td>{each.sample}</td><td>{each.deviation or '✓'}</td><td>{escape(each.outcome)}</td>"
        f"<td>{escape('; '.join(each.rules))}</td><td>{each.seconds:.2f} s</td></tr>"
        for each in found.checks
    )
    past = "".join(f"<li>{escape(str(each['at']))}: {_score(each['score'])}</li>" for each in list(history)[-20:][::-1])
    unasked = f"<p>Not asked, because not marked safe: {escape(', '.join(found.unasked))}.</p>" if found.unasked else ""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{escape(found.system)}: {_score(found.score)}</title>
<style>body{{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}
td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}}.bad td{{background:#fdecea}}</style>
<h1>{escape(found.system)}: {_score(found.score)}</h1>
<table><tr><th>operation<th>backend<th>request<th>deviation<th>outcome<th>rules<th>time</tr>{rows}</table>
{unasked}<h2>Before</h2><ul>{past}</ul></html>
"""


def _score(score: float | None) -> str:
    return "nothing asked" if score is None else f"{score:g} of 100"


def remember(folder: Path, found: Conformity, where: str, at: datetime) -> list[dict[str, Any]]:
    """Appends to the system's history in the data folder; answers what stood there before, oldest first."""
    file = _file(folder, found.system)
    file.parent.mkdir(parents=True, exist_ok=True)
    before = remembered(folder, found.system)
    row = {
        "at": at.isoformat(timespec="seconds"),
        "url": where,
        "score": found.score,
        "calls": len(found.checks),
        "deviations": dict(found.classes),
    }
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
    return before


def remembered(folder: Path, system: str) -> list[dict[str, Any]]:
    """The checks of this system, oldest first."""
    file = _file(folder, system)
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def _file(folder: Path, system: str) -> Path:
    return folder / "conform" / f"{system}.jsonl"
