"""The board: how everything stands as a sheet that reads from across the room. A pure function of the JSON of `/status`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lgsp.console.collate import collation_key
from lgsp.console.format import NONE, Formats
from lgsp.console.strips import LETTERS, TROUBLE
from lgsp.console.wording import Words
from lgsp.health.cause import LAYERS
from lgsp.model import Lang

STAGES = ("official", "trial", "suspended", "planned", "retired")
_A_MINUTE = timedelta(minutes=1)

Strips = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
"""The strip of a system's row."""


def board(
    shown: Mapping[str, Any], strips: Strips, w: Words, f: Formats, lang: Lang, *, inside: bool
) -> dict[str, Any]:
    """`inside`: for people who are signed in, with links and who is concerned."""
    words, systems = w["board"], shown["systems"]
    counts, official = shown["counts"], shown["counts"]["official"]
    counted = [words["count"][name].format(n=n) for name, n in shown["health"].items() if n]
    return {
        "inside": inside,
        "counts": counts,
        "headline": shown["headline"][lang],
        "proven": words["proven"].format(proven=shown["proven"], official=official, rest=official - shown["proven"]),
        "health_line": " · ".join(counted) + ("." if counted else ""),
        "at": shown["at"],
        "moment": f.dateline(shown["at"]),
        "causes": causes(shown, w, f, lang),
        "platforms": [_platform(each, words, w, f, lang) for each in (*shown["upstreams"], *shown["house"])],
        "groups": [group for stage in STAGES if (group := _group(stage, systems, strips, w, f, lang))["rows"]],
        "state_words": {letter: w["common"]["health"][name].lower() for name, letter in LETTERS.items()},
    }


def causes(shown: Mapping[str, Any], w: Words, f: Formats, lang: Lang) -> list[dict[str, Any]]:
    """What needs attention: the house itself and platforms first, the worst first among equals. A system that is away only
    because its platform is has no line of its own."""
    rows = [
        _cause(each, kind, w, f, lang)
        for kind in ("house", "upstreams", "systems")
        for each in shown[kind]
        if each["health"] in TROUBLE and not each.get("because")
    ]
    rows += [_notice(each, lang) for each in shown["notices"]]
    return sorted(rows, key=lambda row: (*TROUBLE, "note").index(row["health"]))


def _cause(each: Mapping[str, Any], kind: str, w: Words, f: Formats, lang: Lang) -> dict[str, Any]:
    """The sentence names the system first; here its name has a place of its own, and so has what to do."""
    words, todo = w["board"], each.get("next")
    row = {
        "id": each["id"],
        "kind": kind,
        "health": each["health"],
        "title": each["title"][lang],
        "said": f"{w['common']['health'][each['health']].lower()} {words['since'].format(time=f.clock(each['health_since']))}",
        "next": "",
        "layer": each.get("layer") or "",
        "layer_word": _layer(each, lang),
        "waiting": "",
        "lasts": lasting(each["health_since"], f),
    }
    if each["cause"] is not None:
        said = each["cause"][lang].partition(f". {words['to_do']}")[0]
        title, mid, rest = said.partition(": ")
        row |= {"title": title, "said": rest} if mid else {"said": said}
    if todo is not None:
        row["next"] = f"{words['to_do']} {todo[lang]}"
    if each.get("waiting"):
        row["waiting"] = words["waiting"].format(n=f.number(each["waiting"]))
    return row


def _layer(each: Mapping[str, Any], lang: Lang) -> str:
    word = LAYERS.get(each.get("layer") or "")
    return word[lang] if word else ""


def lasting(since: str | None, f: Formats) -> str:
    """How long already, from a minute on: before, the time of day says it all."""
    if since is None or f.now - datetime.fromisoformat(since) < _A_MINUTE:
        return ""
    return f.ago(since)


def _notice(each: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {
        "id": each["system"], "kind": "notices", "health": each["health"], "title": each["title"][lang],
        "said": each["text"][lang], "next": each["next"][lang], "layer": each["layer"], "layer_word": _layer(each, lang),
        "waiting": "", "lasts": "",
    }  # fmt: skip


def _platform(each: Mapping[str, Any], words: Words, w: Words, f: Formats, lang: Lang) -> dict[str, Any]:
    parts = [w["common"]["health"][each["health"]].lower()]
    if each.get("said"):
        parts.append(each["said"][lang])
    elif each.get("checked_at"):
        parts.append(words["checked"].format(time=f.clock(each["checked_at"])))
    if each.get("systems"):
        parts.append(words["behind"].format(n=len(each["systems"])))
    return {"id": each["id"], "health": each["health"], "title": each["title"][lang], "said": " · ".join(parts)}


def _group(stage: str, systems: Sequence[Any], strips: Strips, w: Words, f: Formats, lang: Lang) -> dict[str, Any]:
    chosen = sorted(
        (each for each in systems if each["stage"] == stage), key=lambda each: collation_key(each["title"][lang])
    )
    rows = [_row(each, strips(each), f, lang) | {"observed": _observed(each, w, f)} for each in chosen]
    return {"stage": stage, "title": w["common"]["stage"][stage], "rows": rows}


def _observed(each: Mapping[str, Any], w: Words, f: Formats) -> str:
    """What another gateway's log has shown of it: said to be observed, beside what the bus itself knows."""
    seen = each.get("observed")
    if not seen:
        return ""
    said: str = w["board"]["observed"].format(
        calls=f.number(seen["calls"]), success=f.percent(seen["success_rate"]), source=seen["source"]
    )
    return said


def _row(each: Mapping[str, Any], strip: Any, f: Formats, lang: Lang) -> dict[str, Any]:
    latency, today, before = each["latency_ms"], each["calls_today"], each["calls_yesterday"]
    return {
        "id": each["id"],
        "state": f"{each['stage']} {each['health']}",
        "health": each["health"],
        "evidence": each["evidence"],
        "decision": each["decision"] or "",
        "title": each["title"][lang],
        "place": f"{each['owner'][lang]} · {each['upstream_title']}",
        "since": f.clock(each["health_since"]),
        "success": f.percent(each["success_rate"]),
        "p50": NONE if latency["p50"] is None else f.seconds(latency["p50"] / 1000),
        "p95": NONE if latency["p95"] is None else f.seconds(latency["p95"] / 1000),
        "calls": f.number(today),
        "change": f.change(today, before),
        "strip": strip,
    }
