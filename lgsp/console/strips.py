"""Ninety days as a strip: paths by state, a sentence for who cannot see them, and what each day is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lgsp.console.format import Formats
from lgsp.console.wording import Words
from lgsp.health.history import Day
from lgsp.model import Lang

LETTERS = {"up": "u", "degraded": "d", "down": "x", "maintenance": "m", "unknown": "n"}
TROUBLE = ("down", "degraded", "maintenance")
_PITCH, _WIDTH, _HEIGHT = 4, 3, 24


@dataclass(frozen=True, slots=True)
class Strips:
    """A drawn strip holds until one of its days changes: 89 of them never do."""

    drawn: dict[tuple[str, Lang], tuple[Sequence[Day], Mapping[str, Any]]] = field(default_factory=dict)

    def of(
        self, system: str, title: str, days: Sequence[Day], w: Words, f: Formats, lang: Lang
    ) -> Mapping[str, Any] | None:
        if not days:
            return None
        held = self.drawn.get((system, lang))
        if held is None or held[0] != days:
            held = self.drawn[system, lang] = (days, strip(title, days, w, f))
        return held[1]


def strip(title: str, days: Sequence[Day], w: Words, f: Formats) -> dict[str, Any]:
    """Ninety days as SVG paths by state, one sentence for who cannot see them, and what each day is called (`data-days`)."""
    words, bad = w["board"]["strip"], [each for each in days if each.worst in TROUBLE]
    shares = [each.available for each in days if each.available is not None]
    paths: dict[str, str] = {}
    for place, each in enumerate(days):
        letter = LETTERS[each.worst]
        top = 6 if letter == "d" else 0
        paths[letter] = paths.get(letter, "") + f"M{place * _PITCH} {top}h{_WIDTH}v{_HEIGHT - top}h-{_WIDTH}z"
    parts = [words["name"].format(title=title, n=len(days))]
    if shares:
        parts.append(words["available"].format(share=f.percent(sum(shares) / len(shares), 2)))
    parts.append(words["bad"].format(n=len(bad)) if bad else words["good"] if shares else words["nothing"])
    parts += [_day_name(each, w, f) for each in bad[-5:]]
    return {
        "title": title,
        "paths": paths,
        "width": len(days) * _PITCH - (_PITCH - _WIDTH),
        "name": "; ".join(parts),
        "last": days[-1].day.isoformat(),
        "days": encoded(days, f),
    }


def encoded(days: Sequence[Day], f: Formats) -> str:
    """`40u d=99,2_% u`: runs of whole days, the script gives each its name from the date and the words beside it."""
    tokens: list[list[Any]] = []
    for each in days:
        whole = each.available is None or each.available >= 1
        token = LETTERS[each.worst] + ("" if whole else "=" + f.percent(each.available, 2).replace(" ", "_"))
        if tokens and tokens[-1][1] == token and "=" not in token:
            tokens[-1][0] += 1
        else:
            tokens.append([1, token])
    return " ".join(f"{n if n > 1 else ''}{token}" for n, token in tokens)


def _day_name(each: Day, w: Words, f: Formats) -> str:
    share = f" {f.percent(each.available, 2)}" if each.available is not None else ""
    return f"{each.day:%d/%m} {w['common']['health'][each.worst.value].lower()}{share}"
