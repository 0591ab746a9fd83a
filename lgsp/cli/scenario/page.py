"""A scenario's report as one HTML file: pictures are SVG made here, nothing is fetched, inputs and results stand apart."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2733;--quiet:#5c6b7a;--line:#d5dde5;--paper:#fff;--a:#0b63b0;--b:#1c8a5a;--c:#c2571a}
@media(prefers-color-scheme:dark){:root{--ink:#e7edf3;--quiet:#9fb0c0;--line:#33414f;--paper:#10171e;--a:#6cb3f5;--b:#5cc99a;--c:#f0965c}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .5rem;border-bottom:1px solid var(--line)}
.quiet{color:var(--quiet)}.cards{display:flex;flex-wrap:wrap;gap:1rem}
.cards div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem}
.cards b{display:block;font-size:1.5rem}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:right;padding:.2rem .6rem;border-bottom:1px solid var(--line)}th:first-child,td:first-child{text-align:left}
svg{width:100%;height:auto}svg text{fill:var(--quiet);font:12px system-ui,sans-serif}details{margin:.5rem 0}
.inputs{border-left:4px solid var(--quiet);padding-left:1rem}.results{border-left:4px solid var(--b);padding-left:1rem}
"""


def page(document: Mapping[str, Any]) -> str:
    """`document` as `lgsp simulate --json` writes it."""
    inputs, results = document["inputs"], document["results"]
    title = inputs["title"]["vi"]
    parts = [
        (
            f"<!doctype html><html lang='vi'><meta charset='utf-8'><title>{escape(title)}</title>"
            f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style>"
        ),
        (
            f"<h1>{escape(title)}</h1><p class='quiet'>{escape(inputs['title']['en'])} · seed {inputs['seed']} · "
            f"mẫu (sample) {inputs['sample']} · mô phỏng, dữ liệu giả định (simulated, invented data)</p>"
        ),
        "<section class='results'><h2>Kết quả (results)</h2>",
        _cards(results),
        "<h2>Hồ sơ theo tuần (dossiers by week)</h2>",
        _weeks(results["weeks"]),
        "<h2>Theo loại (by kind)</h2>",
        _table(results["kinds"], ("id", "settled", "on_time_percent", "days_median", "days_p95")),
        "<h2>Hệ thống (systems)</h2>",
        _bars([(row["system"], row["calls"]) for row in results["systems"]]),
        _table(
            results["systems"],
            (
                "system",
                "calls",
                "played",
                "success_percent",
                "seconds_mean",
                "retries",
                "availability_percent",
                "outages",
            ),
        ),
        "<h2>Người dân phải chờ vì sự cố (who waited because something failed)</h2>",
        _facts(results["waiting"]),
        "<h2>Gửi nhờ (submissions)</h2>",
        _facts(results["submissions"]),
        "<h2>Cuộc gọi không thành (calls that failed)</h2>",
        _table(results["failures"], ("system", "operation", "outcome", "calls")),
        "<h2>So với một tháng thật ở nơi khác (beside a real month elsewhere)</h2>",
        _month(results["month"]),
    ]
    if results["published"]:
        parts += [
            "<h2>So với số đã công bố (beside what was published)</h2>",
            _table(results["published"], ("figure", "published", "simulated", "error_percent")),
        ]
    if document.get("what_if"):
        parts += ["<h2>Nếu như (what if)</h2>", _side_by_side(document)]
    parts += ["</section>", _inputs(inputs), "</html>"]
    return "\n".join(parts)


def _cards(results: Mapping[str, Any]) -> str:
    found, waiting = results["dossiers"], results["waiting"]
    cards = (
        (_number(found["settled"]), "đã giải quyết (settled)"),
        (f"{found['on_time_percent']} %", "đúng hạn (on time)"),
        (f"{_number(found['open_at_the_end'])} · {found['open_percent']} %", "còn lại (carried over)"),
        (_number(waiting["dossiers_held"]), "hồ sơ bị sự cố giữ lại (held by failures)"),
        (_number(results["submissions"]["lost"]), "bị mất (lost)"),
    )
    return "<div class='cards'>" + "".join(f"<div><b>{a}</b>{escape(b)}</div>" for a, b in cards) + "</div>"


def _weeks(weeks: Sequence[Mapping[str, Any]]) -> str:
    width, height, left = 960, 260, 60
    most = max((max(w["received"], w["settled"], w["open"]) for w in weeks), default=1) or 1
    step = (width - left - 10) / max(1, len(weeks))

    def y(value: float) -> float:
        return round(height - 30 - value / most * (height - 50), 1)

    def line(name: str, colour: str) -> str:
        points = " ".join(f"{left + (i + 0.5) * step:.1f},{y(w[name])}" for i, w in enumerate(weeks))
        return f"<polyline points='{points}' fill='none' stroke='var({colour})' stroke-width='2'><title>{name}</title></polyline>"

    grid = "".join(
        f"<line x1='{left}' x2='{width}' y1='{y(v)}' y2='{y(v)}' stroke='var(--line)'/>"
        f"<text x='{left - 6}' y='{y(v) + 4}' text-anchor='end'>{_number(v)}</text>"
        for v in (0, most // 2, most)
    )
    every = max(1, len(weeks) // 8)
    names = "".join(
        f"<text x='{left + (i + 0.5) * step:.1f}' y='{height - 10}' text-anchor='middle'>{w['week'][5:]}</text>"
        for i, w in enumerate(weeks)
        if i % every == 0
    )
    legend = (
        f"<text x='{left}' y='12' style='fill:var(--a)'>tiếp nhận (received)</text>"
        f"<text x='{left + 170}' y='12' style='fill:var(--b)'>giải quyết (settled)</text>"
        f"<text x='{left + 340}' y='12' style='fill:var(--c)'>đang giải quyết (open)</text>"
    )
    drawn = line("received", "--a") + line("settled", "--b") + line("open", "--c")
    return f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='dossiers by week'>{grid}{drawn}{names}{legend}</svg>"


def _bars(rows: Sequence[tuple[str, float]]) -> str:
    """Calls by system on a logarithmic scale: the skew is the picture."""
    rows = sorted(rows, key=lambda row: -row[1])
    most = max((value for _, value in rows), default=1) or 1
    scale = 640 / max(1.0, math.log10(most + 1))
    drawn = "".join(
        f"<text x='172' y='{i * 22 + 15}' text-anchor='end'>{escape(name)}</text>"
        f"<rect x='180' y='{i * 22 + 3}' height='15' width='{math.log10(value + 1) * scale:.1f}' fill='var(--a)' rx='2'/>"
        f"<text x='{186 + math.log10(value + 1) * scale:.1f}' y='{i * 22 + 15}'>{_number(value)}</text>"
        for i, (name, value) in enumerate(rows)
    )
    return f"<svg viewBox='0 0 960 {len(rows) * 22 + 6}' role='img' aria-label='calls by system, logarithmic'>{drawn}</svg>"


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    if not rows:
        return "<p class='quiet'>không có (none)</p>"
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in names) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{_cell(value)}</td></tr>" for name, value in facts.items()
    )
    return f"<table>{rows}</table>"


def _month(month: Mapping[str, Any]) -> str:
    rows = [{**row, "systems": ", ".join(row["systems"])} for row in month["rows"]]
    given = ", ".join(", ".join(row["systems"]) for row in month["stated_and_not_compared"]) or "–"
    return (
        _table(rows, ("systems", "real_month", "predicted_month", "error_factor"))
        + f"<p class='quiet'>Sai lệch trung bình (mean error factor) {month['mean_error_factor']}, tương quan hạng "
        f"(rank correlation) {month['rank_correlation']}; đã đưa vào nên không so (fed in, not compared): {escape(given)}.</p>"
    )


def _side_by_side(document: Mapping[str, Any]) -> str:
    told = [
        ("như đã kể (as told)", document["results"]),
        *((w["title"]["vi"], w["results"]) for w in document["what_if"]),
    ]
    lines: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
        ("on time %", lambda r: r["dossiers"]["on_time_percent"]),
        ("open at the end", lambda r: r["dossiers"]["open_at_the_end"]),
        ("dossiers held", lambda r: r["waiting"]["dossiers_held"]),
        ("working hours waited, mean", lambda r: r["waiting"]["working_hours_mean"]),
        ("working hours waited, most", lambda r: r["waiting"]["working_hours_most"]),
        ("because of", lambda r: r["waiting"]["because_of"]),
        ("put right by hand", lambda r: sum(r["waiting"]["put_right_by_hand"].values())),
        ("submissions waiting at once", lambda r: r["submissions"]["most_waiting_at_once"]),
        ("lost", lambda r: r["submissions"]["lost"]),
    )
    head = "<th></th>" + "".join(f"<th>{escape(name)}</th>" for name, _ in told)
    body = "".join(
        f"<tr><td>{escape(name)}</td>" + "".join(f"<td>{_cell(read(results))}</td>" for _, results in told) + "</tr>"
        for name, read in lines
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _inputs(inputs: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in inputs.items() if name not in ("title", "kinds", "outages", "cuts")}
    names = ("id", "share", "term_days", "desk_days", "ministry_days", "capacity_a_day")
    return (
        "<section class='inputs'><h2>Đầu vào (inputs: stated, not found)</h2>"
        + _facts(plain)
        + "<h2>Thời gian xử lý đã nêu (stated processing times)</h2>"
        + _table(inputs["kinds"], names)
        + "<h2>Sự cố (outages)</h2>"
        + _table(inputs["outages"], ("where", "kind", "from", "minutes"))
        + "</section>"
    )


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "có", False: "không", None: "–"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict | list):
        return escape(json.dumps(value, ensure_ascii=False).strip("{}[]").replace('"', "")) or "–"
    return escape(str(value))


def _number(value: float) -> str:
    """1.234.567,8 as people here write it."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip(".").rstrip(".")
    return text.replace(",", "_").replace(".", ",").replace("_", ".")
