"""A scenario's report as one HTML file: nothing is fetched, inputs and results stand apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from lgsp.cli.scenario.pictures import bars, number, periods
from lgsp.cli.scenario.words import sentence

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2733;--quiet:#5c6b7a;--line:#d5dde5;--paper:#fff;--soft:#f5f8fb;
--a:#0b63b0;--b:#1c8a5a;--c:#c2571a;--shade:#c2571a2e}
@media(prefers-color-scheme:dark){:root{--ink:#e7edf3;--quiet:#9fb0c0;--line:#33414f;--paper:#10171e;--soft:#17212a;
--a:#6cb3f5;--b:#5cc99a;--c:#f0965c;--shade:#f0965c38}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.3rem;margin:0 0 .6rem}h3{font-size:1.02rem;margin:1.8rem 0 .4rem}
.quiet{color:var(--quiet)}.say{font-size:1.05rem;background:var(--soft);border-radius:.5rem;padding:.7rem 1rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem}
.cards div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem;font-size:.92rem}
.cards b{display:block;font-size:1.45rem;font-weight:600}.cards small{color:var(--quiet)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--quiet)}th:first-child,td:first-child,td.text,th.text{text-align:left}
tr:hover td{background:var(--soft)}svg{width:100%;min-width:36rem;height:auto}
svg text{fill:var(--quiet);font:12px system-ui,sans-serif}
.legend{margin:.2rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.88rem;color:var(--quiet)}
.legend span::before{content:'';display:inline-block;width:.75rem;height:.75rem;border-radius:.2rem;background:var(--dot);
margin-right:.4rem;vertical-align:-.05rem}
section{border-top:4px solid var(--b);padding:1.2rem 0 0;margin:2rem 0}.inputs{border-color:var(--quiet)}
"""
_WORDS = {
    "id": "mã (id)", "title": "loại hồ sơ (kind)", "settled": "đã giải quyết (settled)",
    "on_time_percent": "đúng hạn % (on time)",
    "days_median": "ngày, trung vị (days, median)", "days_p95": "ngày, 95 % (days, 95 %)", "system": "hệ thống (system)",
    "calls": "cuộc gọi (calls)", "times": "số lần (times)", "first": "lần đầu (first)", "cause": "nguyên nhân (why)",
    "source": "nguồn (source)", "played": "đã chạy (played)", "success_percent": "thành công % (success)",
    "seconds_mean": "giây (seconds)", "retries": "gọi lại (retries)", "availability_percent": "sẵn sàng % (available)",
    "outages": "lần ngừng (outages)", "operation": "thao tác (operation)", "outcome": "kết quả (outcome)",
    "systems": "hệ thống (systems)", "real_month": "tháng thật (real month)", "predicted_month": "dự đoán (predicted)",
    "error_factor": "lệch, lần (off by a factor of)", "figure": "số liệu (figure)", "published": "đã công bố (published)",
    "simulated": "mô phỏng (simulated)", "error_percent": "sai lệch % (error)", "share": "tỷ lệ (share)",
    "term_days": "thời hạn, ngày (term)", "desk_days": "tại cơ quan (desk: median, 95 %)",
    "ministry_days": "tại bộ (ministry)", "capacity_a_day": "năng lực/ngày (capacity a day)", "where": "ở đâu (where)",
    "kind": "sự cố (kind)", "from": "từ (from)", "minutes": "phút (minutes)", "dossiers_held": "hồ sơ bị giữ (held)",
    "working_hours_mean": "giờ chờ trung bình (hours, mean)", "working_hours_most": "giờ chờ lâu nhất (hours, most)",
    "put_right": "bị từ chối, sửa tay (refused, put right)", "taken_as_they_were": "được nhận nguyên mã cũ (taken as they were)",
    "submissions": "lượt gửi nhờ (submissions)", "minutes_mean": "phút trung bình (mean)", "minutes_most": "phút lâu nhất (most)",
}  # fmt: skip
_TEXT = {"operation", "outcome", "kind", "where", "from", "cause", "first", "source"}


def page(document: Mapping[str, Any]) -> str:
    """`document` as `lgsp simulate --json` writes it."""
    inputs, results = document["inputs"], document["results"]
    title = inputs["title"]["vi"]
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    about = f"{escape(inputs['title']['en'])} · seed {inputs['seed']} · mẫu (sample) {inputs['sample']}"
    said = f"{escape(sentence(results, 'vi'))}<br><span class='quiet'>{escape(sentence(results, 'en'))}</span>"
    parts = [
        f"<!doctype html><html lang='vi'>{head}<style>{_STYLE}</style>",
        f"<h1>{escape(title)}</h1>",
        f"<p class='quiet'>{about} · mô phỏng, dữ liệu giả định (simulated, invented data)</p><p class='say'>{said}</p>",
        "<section class='results'><h2>Kết quả: tìm ra (results: found)</h2>",
        _cards(results),
    ]
    if document.get("what_if"):
        parts += ["<h3>Nếu như (what if)</h3>", _side_by_side(document)]
    if results["published"]:
        names = ("figure", "published", "simulated", "error_percent", "source")
        parts += ["<h3>Cạnh số đã công bố (beside what was published)</h3>", _table(results["published"], names)]
    kinds = [{**row, "title": _both(row["title"])} for row in results["kinds"]]
    parts += [
        f"<h3>Hồ sơ theo {'ngày' if results['by'] == 'day' else 'tuần'} (dossiers by {results['by']})</h3>",
        periods(results["periods"], inputs["outages"]),
        "<h3>Theo loại hồ sơ (by kind)</h3>",
        _table(kinds, ("title", "settled", "on_time_percent", "days_median", "days_p95")),
        "<h3>Ai phải chờ vì sự cố (who waited because something failed)</h3>", _waiting(results["waiting"]),
    ]  # fmt: skip
    if results["submissions"]["waited"]:
        rows = [{"system": system, **row} for system, row in results["submissions"]["waited"].items()]
        parts += ["<h3>Trục giữ giúp (kept by the bus until they could be delivered)</h3>",
                  _table(rows, ("system", "submissions", "minutes_mean", "minutes_most"))]  # fmt: skip
    if results["codes_of_before"]:
        rows = [{"system": system, **row} for system, row in results["codes_of_before"].items()]
        parts += ["<h3>Thông điệp còn mã cũ (messages with the codes of before)</h3>",
                  _table(rows, ("system", "put_right", "taken_as_they_were"))]  # fmt: skip
    parts += [
        "<h3>Cuộc gọi theo hệ thống, thang log (calls by system, logarithmic)</h3>",
        bars([(row["system"], row["calls"]) for row in results["systems"]]),
        _table(results["systems"], ("system", "calls", "played", "success_percent", "seconds_mean", "retries")),
        "<h3>Sẵn sàng và thời gian chờ của người dân theo hệ thống (availability and citizens' waiting by system)</h3>",
        _table(results["systems"], ("system", "availability_percent", "outages", "dossiers_held", "working_hours_mean",
                                    "working_hours_most")),
        "<h3>Trục thấy hệ thống nào ngừng, vì sao (what the bus saw down, and why)</h3>", _incidents(results["incidents"]),
        "<h3>Cuộc gọi không thành, như đã chạy (calls that failed, as played)</h3>",
        _table(results["failures"], ("system", "operation", "outcome", "calls")),
        "<h3>Cạnh một tháng thật ở tỉnh khác (beside a real month of another province)</h3>", _month(results["month"]),
        "</section>", _inputs(inputs), "</html>",
    ]  # fmt: skip
    return "\n".join(parts)


def _cards(results: Mapping[str, Any]) -> str:
    found, waiting, sent = results["dossiers"], results["waiting"], results["submissions"]
    cards = (
        (number(found["settled"]), "đã giải quyết", "settled"),
        (f"{_cell(found['on_time_percent'])} %", "đúng hạn", "on time"),
        (f"{number(found['open_at_the_end'])}", f"còn lại, {_cell(found['open_percent'])} %", "carried over"),
        (number(waiting["dossiers_held"]), "hồ sơ bị sự cố giữ lại", "held by failures"),
        (number(sent["most_waiting_at_once"]), "gửi nhờ chờ cùng lúc, nhiều nhất", "submissions waiting at once, most"),
        (number(sent["lost"] + sum(sent["messages_lost"].values())), "bị mất", "lost"),
    )
    shown = "".join(f"<div><b>{a}</b>{escape(vi)}<br><small>{escape(en)}</small></div>" for a, vi, en in cards)
    return f"<div class='cards'>{shown}</div>"


def _waiting(waiting: Mapping[str, Any]) -> str:
    offices = [{**row, "title": _both(row["title"])} for row in waiting["offices"]]
    table = _table(offices, ("title", "dossiers_held", "working_hours_mean", "working_hours_most"))
    facts = {
        "giữ vì hệ thống (held because of)": waiting["because_of"],
        "cán bộ sửa tay (put right by hand)": waiting["put_right_by_hand"],
        "kiểm tra bằng giấy (checked on paper)": waiting["checked_on_paper"],
    }
    return table + _facts({name: rows for name, rows in facts.items() if rows})


def _incidents(incidents: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        {**row, "systems": ", ".join(row["systems"]), "cause": f"{row['cause']['vi']} ({row['cause']['en']})"}
        for row in incidents
    ]
    return _table(rows, ("systems", "times", "minutes", "first", "cause"))


def _month(month: Mapping[str, Any]) -> str:
    rows = [{**row, "systems": ", ".join(row["systems"])} for row in month["rows"]]
    given = ", ".join(", ".join(row["systems"]) for row in month["stated_and_not_compared"]) or "–"
    return (
        _table(rows, ("systems", "real_month", "predicted_month", "error_factor"))
        + f"<p class='quiet'>Lệch trung bình (mean error factor) {_cell(month['mean_error_factor'])}, tương quan hạng (rank "
        f"correlation) {_cell(month['rank_correlation'])}; đã đưa vào nên không so (fed in, not compared): {escape(given)}.</p>"
    )


def _side_by_side(document: Mapping[str, Any]) -> str:
    told = [("như đã kể (as told)", document["results"])]
    told += [(_both(w["title"]), w["results"]) for w in document["what_if"]]
    lines: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...] = (
        ("đúng hạn % (on time)", lambda r: r["dossiers"]["on_time_percent"]),
        ("còn lại (open at the end)", lambda r: r["dossiers"]["open_at_the_end"]),
        ("hồ sơ bị giữ (dossiers held)", lambda r: r["waiting"]["dossiers_held"]),
        ("giờ làm việc chờ, trung bình (hours waited, mean)", lambda r: r["waiting"]["working_hours_mean"]),
        ("giờ làm việc chờ, lâu nhất (hours waited, most)", lambda r: r["waiting"]["working_hours_most"]),
        ("giữ vì (because of)", lambda r: r["waiting"]["because_of"]),
        ("sửa tay (put right by hand)", lambda r: sum(r["waiting"]["put_right_by_hand"].values())),
        ("gửi nhờ chờ cùng lúc (submissions waiting at once)", lambda r: r["submissions"]["most_waiting_at_once"]),
        ("cuộc gọi không thành (calls that failed)", lambda r: r["in_vain"]["calls"]),
        ("phút chờ những cuộc gọi ấy (minutes spent in them)", lambda r: r["in_vain"]["minutes"]),
        ("trục tự gọi lại (the bus's own retries)", lambda r: r["in_vain"]["retries"]),
        ("bị mất (lost)", lambda r: r["submissions"]["lost"] + sum(r["submissions"]["messages_lost"].values())),
    )
    head = "<th></th>" + "".join(f"<th>{escape(name)}</th>" for name, _ in told)
    body = "".join(
        f"<tr><td>{escape(name)}</td>" + "".join(f"<td>{_cell(read(results))}</td>" for _, results in told) + "</tr>"
        for name, read in lines
    )
    said = "".join(f"<li><b>{escape(name)}</b>: {escape(sentence(results, 'vi'))}</li>" for name, results in told)
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div><ul>{said}</ul>"


def _inputs(inputs: Mapping[str, Any]) -> str:
    apart = ("title", "kinds", "outages", "cuts", "switch", "thinned", "policy")
    plain = {name.replace("_", " "): value for name, value in inputs.items() if name not in apart}
    kinds = [{**row, "title": _both(row["title"])} for row in inputs["kinds"]]
    names = ("title", "share", "term_days", "desk_days", "ministry_days", "capacity_a_day")
    parts = [
        "<section class='inputs'><h2>Đầu vào: nêu ra, không tìm ra (inputs: stated, not found)</h2>", _facts(plain),
        "<h3>Thời gian xử lý đã nêu, ngày làm việc (stated processing times, working days)</h3>", _table(kinds, names),
        "<h3>Sự cố (outages)</h3>", _table(inputs["outages"], ("where", "kind", "from", "minutes")),
    ]  # fmt: skip
    if inputs["cuts"]:
        parts += [
            "<h3>Ngắt kết nối theo quyết định (cut off by decision)</h3>",
            _table(inputs["cuts"], ("system", "from", "until")),
        ]
    if inputs["switch"]:
        parts += ["<h3>Chuyển sang giai đoạn mới (change of era)</h3>", _facts(inputs["switch"])]
    parts += ["<h3>Chính sách của trục (policy of the bus)</h3>", _facts(inputs["policy"]),
              "<h3>Rút gọn, 1 trên (thinned, one in)</h3>", _facts(inputs["thinned"]), "</section>"]  # fmt: skip
    return "".join(parts)


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    if not rows:
        return "<p class='quiet'>không có (none)</p>"
    kinds = [" class='text'" if name in _TEXT else "" for name in names]
    head = "".join(f"<th{kind}>{escape(_WORDS.get(name, name))}</th>" for name, kind in zip(names, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{_cell(row.get(name))}</td>" for name, kind in zip(names, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{_cell(value)}</td></tr>" for name, value in facts.items()
    )
    return f"<div class='wide'><table>{rows}</table></div>" if rows else ""


def _both(title: Mapping[str, str]) -> str:
    return f"{title['vi']} ({title['en']})" if title["vi"] != title["en"] else title["vi"]


def _cell(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "có (yes)" if value else "không (no)"
        case int() | float():
            return number(value)
        case dict():
            return ", ".join(f"{escape(str(name))}: {_cell(each)}" for name, each in value.items()) or "–"
        case list():
            return " · ".join(_cell(each) for each in value) or "–"
        case _:
            return escape(str(value))
