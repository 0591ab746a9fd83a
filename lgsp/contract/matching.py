"""Content models where a tag alone does not tell the field: repeated groups, wildcards, one tag in two places.

XSD content is deterministic (unique particle attribution), so one pass with one tag of look-ahead reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from lgsp.contract import raw
from lgsp.contract.shape import Element, Group, Particle, Wild, split
from lgsp.contract.text import Mismatch

Read = Callable[[etree._Element], Any]  # noqa: SLF001  lxml's name for an element
Step = Callable[[list[etree._Element], int, dict[str, Any]], int]  # noqa: SLF001  lxml's name for an element


@dataclass(frozen=True, slots=True)
class First:
    """What a particle may begin with."""

    tags: frozenset[str]
    wilds: tuple[Wild, ...]
    empty: bool
    """It may also be nothing at all."""

    def admits(self, tag: str) -> bool:
        return tag in self.tags or (bool(self.wilds) and any(wild.admits(split(tag)[0]) for wild in self.wilds))


def matcher(content: Group, value: Callable[[Element], Read]) -> Read:
    """A reader of an element's whole content; raises `Mismatch` where something is left over."""
    step = _step(content, value)
    empty = tuple(e.name for e in _top(content) if e.empty_list)

    def match(element: etree._Element) -> Any:
        children, data = list(element), dict[str, Any]()
        if step(children, 0, data) != len(children):
            raise Mismatch
        for name in empty:
            data.setdefault(name, [])
        return data

    return match


def first(particle: Particle) -> First:
    match particle:
        case Element():
            return First(frozenset({particle.tag}), (), particle.least == 0)
        case Wild():
            return First(frozenset(), (particle,), particle.least == 0)
    tags: frozenset[str] = frozenset()
    wilds: tuple[Wild, ...] = ()
    empties = []
    for part in particle.parts:
        found = first(part)
        tags, wilds = tags | found.tags, wilds + found.wilds
        empties.append(found.empty)
        if particle.kind == "sequence" and not found.empty:
            break
    empty = any(empties) or not particle.parts if particle.kind == "choice" else all(empties)
    return First(tags, wilds, empty or particle.least == 0)


def _top(group: Group) -> list[Element]:
    return [part for part in group.parts if isinstance(part, Element)] if group.name is None else []


def _step(particle: Particle, value: Callable[[Element], Read]) -> Step:
    match particle:
        case Element():
            return _element(particle, value(particle))
        case Wild():
            return _wild(particle)
    inner = {"sequence": _sequence, "choice": _choice, "all": _all}[particle.kind](particle, value)
    return inner if particle.name is None else _repeated(particle, particle.name, inner)


def _element(element: Element, read: Read) -> Step:
    tag, name, most, repeated = element.tag, element.name, element.most, element.repeated

    def step(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        if not repeated:
            if at < len(children) and children[at].tag == tag:
                data[name] = read(children[at])
                return at + 1
            return at
        stop = min(len(children), at + most)
        while at < stop and children[at].tag == tag:
            data.setdefault(name, []).append(read(children[at]))
            at += 1
        return at

    return step


def _wild(wild: Wild) -> Step:
    def step(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        stop = min(len(children), at + wild.most)
        while at < stop and wild.admits(split(str(children[at].tag))[0]):
            data.setdefault(wild.name, []).append(raw.outer(children[at]))
            at += 1
        return at

    return step


def _sequence(group: Group, value: Callable[[Element], Read]) -> Step:
    steps = [_step(part, value) for part in group.parts]
    # a wildcard gives way to the elements that are declared after it
    followers = [_declared(group.parts[index + 1 :]) for index in range(len(steps))]
    guarded = [
        _guarded(step, tags) if isinstance(part, Wild) and tags else step
        for part, step, tags in zip(group.parts, steps, followers, strict=True)
    ]

    def sequence(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        for step in guarded:
            at = step(children, at, data)
        return at

    return sequence


def _declared(parts: tuple[Particle, ...]) -> frozenset[str]:
    tags: frozenset[str] = frozenset()
    for part in parts:
        found = first(part)
        tags |= found.tags
        if not found.empty:
            break
    return tags


def _guarded(step: Step, tags: frozenset[str]) -> Step:
    def guarded(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        stop = next((i for i in range(at, len(children)) if children[i].tag in tags), len(children))
        return step(children[:stop], at, data)

    return guarded


def _choice(group: Group, value: Callable[[Element], Read]) -> Step:
    branches = [(first(part), _step(part, value)) for part in group.parts]
    by_tag = {tag: step for begin, step in reversed(branches) for tag in begin.tags}
    wild = [(begin, step) for begin, step in branches if begin.wilds]

    def choice(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        if at >= len(children):
            return at
        tag = str(children[at].tag)
        step = by_tag.get(tag) or next((step for begin, step in wild if begin.admits(tag)), None)
        return at if step is None else step(children, at, data)

    return choice


def _all(group: Group, value: Callable[[Element], Read]) -> Step:
    return _repeat(_choice(group, value))


def _repeat(step: Step) -> Step:
    def repeat(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        while (after := step(children, at, data)) > at:
            at = after
        return at

    return repeat


def _repeated(group: Group, name: str, inner: Step) -> Step:
    def repeated(children: list[etree._Element], at: int, data: dict[str, Any]) -> int:
        found: list[dict[str, Any]] = []
        while len(found) < group.most and at < len(children):
            item: dict[str, Any] = {}
            after = inner(children, at, item)
            if after == at:
                break
            found.append(item)
            at = after
        if found:
            data[name] = found
        return at

    return repeated
