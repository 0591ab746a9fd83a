"""The numbers of several processes as one page: counters add up, gauges by what they mean, gone processes are not forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SUMMED = frozenset({
    "lgsp_inflight", "lgsp_audit_entries_total", "lgsp_connections", "lgsp_message_bytes", "lgsp_held", "lgsp_held_most",
})  # fmt: skip
"""Gauges of which each process has a part; of the others every process says the same, or the worst counts."""


@dataclass(slots=True)
class Page:
    """One rendered page, read. `kinds` by name of the metric; `values` by the whole line before its value."""

    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    """Comments and lines as they came."""

    @classmethod
    def read(cls, text: str) -> Page:
        page = cls()
        for line in text.splitlines():
            if line.startswith("#"):
                page.order.append(line)
                words = line.split(" ", 3)
                if words[1] == "TYPE":
                    page.kinds[words[2]] = words[3]
                continue
            name, _, value = line.rpartition(" ")
            if name:
                page.order.append(name)
                page.values[name] = float(value)
        return page

    def written(self) -> str:
        lines = [f"{line} {_number(self.values[line])}" if line in self.values else line for line in self.order]
        return "\n".join(lines) + "\n"


def together(pages: Iterable[Page]) -> Page:
    """One page of all of them."""
    whole = Page()
    for page in pages:
        metric = ""
        for line in page.order:
            if line.startswith("#"):
                metric = line.split(" ", 3)[2]
            elif line in whole.values:
                whole.values[line] = _joined(metric, page.kinds.get(metric, ""), whole.values[line], page.values[line])
            else:
                whole.values[line] = page.values[line]
        whole.kinds.update(page.kinds)
        _merge_order(whole.order, page.order)
    return whole


def past(page: Page) -> Page:
    """What stays of a process that is gone: what it has counted; what it was at the moment is over."""
    kept = Page(kinds=page.kinds)
    metric = ""
    for line in page.order:
        if line.startswith("#"):
            metric = line.split(" ", 3)[2]
            kept.order.append(line)
        elif _counts(metric, page.kinds.get(metric, "")):
            kept.order.append(line)
            kept.values[line] = page.values[line]
    return kept


def _counts(metric: str, kind: str) -> bool:
    return kind in ("counter", "histogram", "summary") or metric == "lgsp_audit_entries_total"


def _joined(metric: str, kind: str, one: float, other: float) -> float:
    if metric.endswith("_created"):
        return min(one, other)
    return one + other if _counts(metric, kind) or metric in SUMMED else max(one, other)


def _merge_order(whole: list[str], more: list[str]) -> None:
    """New lines stand behind the metric that they belong to."""
    known = set(whole)
    at = 0
    for line in more:
        if line in known:
            at = whole.index(line, 0) + 1
        else:
            whole.insert(at, line)
            known.add(line)
            at += 1


def _number(value: float) -> str:
    """As the text format writes it: digits of a large number behind its power of ten."""
    text = repr(float(value))
    digits, dot, rest = text.partition(".")
    if value <= 0 or not dot or len(digits) <= 6 or not text.replace(".", "").isdigit():
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text)
    mantissa = f"{digits[0]}.{digits[1:]}{rest}".rstrip("0.")
    return f"{mantissa}e+{len(digits) - 1:02}"
