"""Names of the data for a content model: every particle of one object gets a name of its own, repeated groups become lists."""

from __future__ import annotations

from dataclasses import replace

from lgsp.contract.shape import GROUP_KEY, UNBOUNDED, Element, Group, Particle, Wild

Taken = dict[str, Particle]


def named(content: Group) -> Group:
    """The same content model with names assigned. One element alone in a repeated group takes the repetition over."""
    simplified = _simplified(content)
    top = simplified if isinstance(simplified, Group) else Group("sequence", (simplified,))
    part, _ = _assigned(top, {}, {})
    assert isinstance(part, Group)
    return part


def _simplified(part: Particle) -> Particle:
    if not isinstance(part, Group):
        return part
    parts = tuple(_simplified(each) for each in part.parts)
    if len(parts) == 1 and part.most > 1 and isinstance(parts[0], Element | Wild):
        # (a)* and (a*)* hold the same lists
        inner = parts[0]
        return replace(inner, least=inner.least * part.least, most=min(UNBOUNDED, inner.most * part.most))
    if len(parts) == 1 and part.most == 1 and isinstance(parts[0], Group):
        inner_group = parts[0]
        return replace(inner_group, least=min(inner_group.least, part.least))
    return replace(part, parts=parts)


def _assigned(part: Particle, taken: Taken, elsewhere: Taken) -> tuple[Particle, Taken]:
    """The particle with its name, and all names taken after it. `elsewhere` are names of other branches of a choice:
    the same element may have the same name there, because only one branch stands in the data."""
    if isinstance(part, Element | Wild):
        name = _free(part.name, part, taken, elsewhere)
        result: Particle = replace(part, name=name)
        return result, {**taken, name: result}
    if part.most > 1:
        name = _free(GROUP_KEY, part, taken, elsewhere)
        inner, _ = _assigned(replace(part, most=1), {}, {})
        assert isinstance(inner, Group)
        result = replace(inner, name=name, least=part.least, most=part.most)
        return result, {**taken, name: result}
    parts: list[Particle] = []
    if part.kind == "choice":
        others = dict(elsewhere)
        after = dict(taken)
        for each in part.parts:
            done, names = _assigned(each, taken, others)
            parts.append(done)
            fresh = {name: value for name, value in names.items() if name not in taken}
            others |= fresh
            after |= fresh
        return replace(part, parts=tuple(parts)), after
    for each in part.parts:
        done, taken = _assigned(each, taken, elsewhere)
        parts.append(done)
    return replace(part, parts=tuple(parts)), taken


def _free(base: str, part: Particle, taken: Taken, elsewhere: Taken) -> str:
    name, number = base, 1
    while name in taken or (name in elsewhere and not _same(elsewhere[name], part)):
        number += 1
        name = f"{base}#{number}" if not base.startswith("#") else f"{base}{number}"
    return name


def _same(one: Particle, other: Particle) -> bool:
    return (
        isinstance(one, Element)
        and isinstance(other, Element)
        and one.tag == other.tag
        and one.repeated == other.repeated
        and one.shape == other.shape
        and one.nillable == other.nillable
    )
