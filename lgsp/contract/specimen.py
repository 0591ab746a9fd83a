"""A specimen of a message: sample data that its own contract has proved, whatever its facets and alternatives ask."""

from __future__ import annotations

from typing import Any

from lgsp.contract.model import Codec
from lgsp.contract.sample import sample
from lgsp.errors import InvalidMessage
from lgsp.model import Data

_ROUNDS = 60
"""Each round proves the message and takes away what was refused; a message that needs more cannot be made."""


def specimen(codec: Codec, *, like: Data | None = None) -> Data:
    """Valid and visibly invented, the same every time; `like` is an example to begin with. Raises `InvalidMessage`.

    A sample has every field that may stand; where a facet or a rule between fields refuses one, it goes, and what
    cannot stand without it goes with it.
    """
    if not codec.root:
        return {}
    if like is not None:
        try:
            codec.check(like)
        except InvalidMessage:
            pass
        else:
            return like
    data = sample(codec)
    for _ in range(_ROUNDS):
        try:
            codec.check(data)
        except InvalidMessage as error:
            if not [each for each in error.errors if _take_away(data, each.path)]:
                raise
        else:
            return data
    codec.check(data)
    return data


def _take_away(data: Data, path: str) -> bool:
    """Removes the value at a JSON Pointer, or the nearest one above it that is there; never the whole message."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    while steps:
        holder = _at(data, steps[:-1])
        key = steps[-1]
        if isinstance(holder, dict) and key in holder:
            del holder[key]
            return True
        if isinstance(holder, list) and key.isdigit() and int(key) < len(holder):
            del holder[int(key)]
            return True
        steps.pop()
    return False


def _at(data: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data
