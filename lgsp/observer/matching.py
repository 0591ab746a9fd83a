"""Which system and operation a path of the old gateway means: by rules of the operator, else by the ministries' own paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lgsp.registry import Connector, Registry

OTHER = "(khác / other)"
"""An operation that the rules do not name: counted for its system; its path is kept nowhere."""
_VERSION = re.compile(r"/v?[0-9]{1,3}(?:\.[0-9]{1,4}){0,3}(?=/|$)")


@dataclass(slots=True)
class Matching:
    """`paths`: prefix at the old gateway -> a system's name, or the beginning of the ministry's own path that it stands for."""

    registry: Registry
    paths: Mapping[str, str] = field(default_factory=dict)

    def of(self, method: str, path: str) -> tuple[str, str] | None:
        """(system, operation), or None. Nothing is remembered: a path may hold what names a person."""
        for prefix in sorted(self.paths, key=len, reverse=True):
            bare = prefix.rstrip("/")
            if path == bare or path.startswith(bare + "/"):
                return self._by_rule(method, path.removeprefix(bare), self.paths[prefix])
        return self._native(method, path) or self._native(method, _VERSION.sub("", path, count=1))

    def _by_rule(self, method: str, rest: str, to: str) -> tuple[str, str] | None:
        if to.startswith("/"):
            return self._native(method, to.rstrip("/") + rest)
        connector = self.registry.connector(to)
        return (to, _operation(connector, rest)) if connector is not None else None

    def _native(self, method: str, path: str) -> tuple[str, str] | None:
        entries = self.registry.native.at(method, path)
        if not entries:
            return None
        names = {each.operation.name for each in entries}
        return entries[0].connector.name, names.pop() if len(names) == 1 else OTHER


def _operation(connector: Connector, rest: str) -> str:
    """Named by a part of the path, as agencies or the ministry call it; the last part first."""
    own = {
        route.operation.name.casefold(): each.name for each in connector.operations.values() for route in each.routes
    }
    own |= {name.casefold(): name for name in connector.operations}
    parts = [part for part in rest.split("/") if part]
    return next((own[part.casefold()] for part in reversed(parts) if part.casefold() in own), OTHER)
