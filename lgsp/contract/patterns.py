r"""Regular expressions between JSON Schema (ECMA, not anchored) and XSD (anchored, `\d` means every script's digits)."""

from __future__ import annotations

import re

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r"}


def to_xsd(pattern: str) -> str | None:
    """An XSD expression that admits the same strings, or None where XSD has none (look-around, back-references…)."""
    if re.search(r"\(\?(?!:)|\\[1-9bBkpPuxc]|[*+?}]\?|[*+?}]\+", pattern):
        return None
    pattern = pattern.replace("(?:", "(")
    branches = _branches(pattern)
    return "|".join(_anchored(branch) for branch in branches) if all(map(_clean, branches)) else None


def _anchored(branch: str) -> str:
    start, end = branch.startswith("^"), branch.endswith("$") and not branch.endswith("\\$")
    core = branch[start : len(branch) - end]
    return ("" if start else "[\\s\\S]*") + _classes(core) + ("" if end else "[\\s\\S]*")


def _clean(branch: str) -> bool:
    """Anchors may stand only at the ends: inside a group they have no counterpart."""
    core = branch.removeprefix("^")
    core = core[:-1] if core.endswith("$") and not core.endswith("\\$") else core
    inside, position = False, 0
    while position < len(core):
        char = core[position]
        if char == "\\":
            position += 1
        elif char == "[" and not inside:
            inside = True
            position += core[position + 1 : position + 2] == "^"
        elif char == "]":
            inside = False
        elif char in "^$" and not inside:
            return False
        position += 1
    return True


def _branches(pattern: str) -> list[str]:
    found, depth, inside, start, position = [], 0, False, 0, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            found.append(pattern[start:position])
            start = position + 1
        position += 1
    return [*found, pattern[start:]]


def _classes(core: str) -> str:
    r"""`\d`, `\w`, `\s` and the dot written out, because both languages mean different sets by them."""
    out, inside, position = [], False, 0
    while position < len(core):
        char = core[position]
        if char == "\\" and position + 1 < len(core):
            position += 1
            letter = core[position]
            if letter.lower() in _CLASSES:
                members = _CLASSES[letter.lower()]
                out.append(members if inside and letter.islower() else f"[{'^' if letter.isupper() else ''}{members}]")
            else:
                out.append(
                    {"/": "/", "f": "", "v": ""}.get(
                        letter, letter if letter in "\"'@#%&=:;,<>~`!_ " else "\\" + letter
                    )
                )
        elif char == "[" and not inside:
            inside = True
            out.append(char)
        elif char == "[":
            out.append("\\[")
        elif char == "]":
            inside = False
            out.append(char)
        elif char == "." and not inside:
            out.append("[^\\n\\r]")
        elif char in "^$" and inside and out and out[-1] != "[":
            out.append("\\^" if char == "^" else "$")
        else:
            out.append(char)
        position += 1
    return "".join(out)


def to_json(pattern: str) -> str | None:
    """An anchored ECMA expression for documentation, or None where XSD's classes have no short counterpart."""
    if re.search(r"\\[icICpP]|-\[", pattern):
        return None
    out = pattern.replace("$", "\\$") if "\\$" not in pattern else pattern
    out = re.sub(r"(?<!\[)\^(?![^\[]*\])", r"\\^", out)
    return f"^(?:{out})$"
