"""Many systems behind one platform that fail alike at one time: one cause and not fifteen (RULES 15), although the platform's
own door still answers. A pure function of what the health book says.

It is said of the platform, which is then unsteady; each system's own state stays as it was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.health.cause import Cause, common_cause
from lgsp.model import Health, Stage

FEWEST, SHARE = 3, 0.75
"""So many systems at least, and so great a part of those behind the platform that are known about."""
_TROUBLE = (Health.DOWN, Health.DEGRADED)
_WATCHED = (Stage.TRIAL, Stage.OFFICIAL)
_KNOWN = (Health.UP, *_TROUBLE)


class Seen(Protocol):
    """One system as the book has it."""

    @property
    def health(self) -> Health: ...
    @property
    def since(self) -> datetime: ...
    @property
    def layer(self) -> str | None: ...
    @property
    def because(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """One cause of many: `systems` have no line of their own."""

    upstream: str
    health: Health
    since: datetime
    cause: Cause
    systems: tuple[str, ...]


def shared(
    behind: Mapping[str, Sequence[str]], seen: Mapping[str, Seen], down: frozenset[str], now: datetime
) -> Mapping[str, Shared]:
    """By upstream. `behind` are the systems that have this upstream and no other; `down` are upstreams known to be dead, of
    which the book says so itself."""
    found = {}
    for upstream, names in behind.items():
        known = [name for name in names if seen[name].health in _KNOWN]
        ill = {
            name: seen[name].layer or "" for name in known if seen[name].health in _TROUBLE and not seen[name].because
        }
        if upstream in down or not ill:
            continue
        layer, count = Counter(ill.values()).most_common(1)[0]
        if not layer or count < FEWEST or count < SHARE * len(known):
            continue
        those = tuple(name for name, each in ill.items() if each == layer)
        since = min(seen[name].since for name in those)
        dead = count == len(known) and all(seen[name].health is Health.DOWN for name in those)
        cause = common_cause(upstream, layer, since, now, count, len(known))
        found[upstream] = Shared(upstream, Health.DOWN if dead else Health.DEGRADED, since, cause, those)
    return MappingProxyType(found)


def in_common(house: Any, seen: Mapping[str, Seen], now: datetime) -> Mapping[str, Shared]:
    """Of the gateway `house`: systems in trial or official, outside maintenance."""
    used = {}
    for name, connector in house.registry.connectors.items():
        entry = house.ledger.stage(name)
        if entry is not None and entry.stage in _WATCHED:
            used[name] = frozenset(each.upstream for each in connector.backends.values())
    down = frozenset(each.name for each in house.health.upstreams() if each.health is Health.DOWN)
    return shared(behind_of(used), seen, down, now)


def behind_of(upstreams: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """{upstream: systems} from {system: its upstreams}; who has two ways is no witness for either."""
    found: dict[str, list[str]] = {}
    for name, used in upstreams.items():
        if len(used) == 1:
            found.setdefault(next(iter(used)), []).append(name)
    return found
