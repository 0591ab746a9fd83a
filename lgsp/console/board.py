"""The status page: the JSON board as a sheet that reads from across the room. A pure function of the board and a language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lgsp.model import Lang
from lgsp.runtime import HANOI

_HERE = Path(__file__).parent
_MARKS = {
    "up": '<circle cx="8" cy="8" r="6"/>',
    "degraded": '<path d="M8 1.5 15 14H1z"/>',
    "down": '<path d="M3 1 8 6l5-5 2 2-5 5 5 5-2 2-5-5-5 5-2-2 5-5-5-5z"/>',
    "unknown": '<path d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z" fill-rule="evenodd"/>',
    "maintenance": '<path d="M8 1l7 7-7 7-7-7z"/>',
}
"""One shape each, so that colour is never the only sign."""
_STAGES = ("official", "trial", "suspended", "planned", "retired")
_TROUBLE = ("down", "degraded", "maintenance")
STATIC: Mapping[str, str] = MappingProxyType(
    {"board.css": "text/css", "board.js": "text/javascript", "mark.svg": "image/svg+xml"}
)
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Templates and words, read once."""

    templates: Environment = field(
        default_factory=lambda: Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
    )
    words: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: {lang: tomllib.loads(_words(lang)) for lang in ("vi", "en")}
    )

    def board(self, board: Mapping[str, Any], lang: Lang, *, demo: bool) -> str:
        """The page of `/status`; `board` is its JSON (INTERFACE)."""
        w = self.words[lang]
        systems = board["systems"]
        proven = sum(each["stage"] == "official" and each["evidence"] == "proven" for each in systems)
        official = board["counts"]["official"]
        counted = [w["count"][name].format(n=n) for name, n in board["health"].items() if n]
        return self.templates.get_template("board.html").render(
            board=board,
            w=w,
            demo=demo,
            mark=_mark,
            proven=w["proven"].format(proven=proven, official=official, declared=official - proven),
            health_line=" · ".join(counted) + ("." if counted else ""),
            moment=_at(board["at"], w),
            causes=_causes(board, w, lang),
            upstreams=[_upstream(each, w, lang) for each in board["upstreams"]],
            groups=[group for stage in _STAGES if (group := _group(stage, systems, w, lang))["rows"]],
        )


def static(name: str) -> tuple[bytes, str] | None:
    """(content, media type) of a file that pages name; None for any other."""
    kind = STATIC.get(name)
    return None if kind is None else ((_HERE / "static" / name).read_bytes(), kind)


def _words(lang: str) -> str:
    return (_HERE / "words" / f"{lang}.toml").read_text("utf-8")


def _mark(health: str) -> Markup:
    shape = f'<svg class="mark is-{health}" viewBox="0 0 16 16" aria-hidden="true">{_MARKS[health]}</svg>'
    return Markup(shape)  # noqa: S704  from the table above only


def _causes(board: Mapping[str, Any], w: Mapping[str, Any], lang: Lang) -> list[dict[str, str]]:
    """What needs attention, platforms first. A system that is away only because its platform is has no line of its own."""
    rows = [
        {"health": each["health"], **_cause(each, w, lang)}
        for kind in ("upstreams", "systems")
        for each in board[kind]
        if each["health"] in _TROUBLE and not each.get("because")
    ]
    return sorted(rows, key=lambda row: _TROUBLE.index(row["health"]))


def _cause(each: Mapping[str, Any], w: Mapping[str, Any], lang: Lang) -> dict[str, str]:
    """The health book's sentence names the system first and ends with what to do; here each has its place."""
    if each["cause"] is None:
        return {
            "title": each["title"][lang],
            "said": f"{w['health'][each['health']].lower()} {_since(each, w)}",
            "next": "",
        }
    said, _, following = each["cause"][lang].partition(w["to_do"])
    title, _, rest = said.partition(": ")
    return {"title": title, "said": rest.strip(), "next": w["to_do"].strip() + following if following else ""}


def _upstream(each: Mapping[str, Any], w: Mapping[str, Any], lang: Lang) -> dict[str, str]:
    checked = w["checked"].format(time=_clock(each["checked_at"])) if each.get("checked_at") else ""
    said = " · ".join(part for part in (w["health"][each["health"]].lower(), checked) if part)
    return {"health": each["health"], "title": each["title"][lang], "said": said}


def _group(stage: str, systems: list[Any], w: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"title": w["stage"][stage], "rows": [_row(each, w, lang) for each in systems if each["stage"] == stage]}


def _row(each: Mapping[str, Any], w: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    rate, p95 = each["success_rate"], each["latency_ms"]["p95"]
    return {
        "id": each["id"],
        "stage": each["stage"],
        "health": each["health"],
        "evidence": each["evidence"],
        "title": each["title"][lang],
        "place": f"{each['owner'][lang]} · {each['upstream_title']}",
        "since": _clock(each["health_since"]) if each["health_since"] else "—",
        "success": "—" if rate is None else w["percent"].format(number=_number(rate * 100, 1, w)),
        "p95": "—" if p95 is None else _number(p95 / 1000, 2, w),
        "calls": _number(each["calls"], 0, w),
    }


def _number(value: float, digits: int, w: Mapping[str, Any]) -> str:
    written = f"{value:,.{digits}f}"
    return written.translate({ord(","): w["thousands"], ord("."): w["decimal"]})


def _since(each: Mapping[str, Any], w: Mapping[str, Any]) -> str:
    return w["since"].format(time=_clock(each["health_since"])) if each.get("health_since") else ""


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(HANOI).strftime("%H:%M %d/%m")


def _at(moment: str, w: Mapping[str, Any]) -> str:
    local = datetime.fromisoformat(moment).astimezone(HANOI)
    return str(
        w["at"].format(
            time=local.strftime("%H:%M:%S"), weekday=w["weekdays"][local.weekday()], date=local.strftime("%d/%m/%Y")
        )
    )
