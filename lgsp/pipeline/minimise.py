"""Minimise: on the way out only the granted fields leave (data minimisation, Law 91/2025/QH15)."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

from lgsp.exchange import Exchange, Handler
from lgsp.model import Data

Tree = dict[str, "Tree"]


class Minimise:
    """Elements of public answers are optional, so that what is left is valid still."""

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        grant = exchange.grant
        if grant is None or grant.fields is None:
            return handler(exchange)
        return self._cut(exchange, handler, grant.fields)

    async def _cut(self, exchange: Exchange, handler: Handler, fields: tuple[str, ...]) -> Data:
        left = cut(await handler(exchange), tree(fields))
        exchange.fields_left = tuple(each for each in fields if _stands(left, each.split(".")))
        return left


def tree(fields: Iterable[str]) -> Tree:
    """Dotted paths as a tree; a path grants everything below it."""
    root: Tree = {}
    whole: set[int] = set()
    for path in fields:
        here = root
        for part in path.split("."):
            if id(here) in whole:
                break
            here = here.setdefault(part, {})
        else:
            here.clear()
            whole.add(id(here))
    return root


def cut(data: Data, granted: Tree) -> Data:
    """Lists are transparent: a path goes into each of their items. What a path passes through must be an object."""
    left: Data = {}
    for name, value in data.items():
        if name not in granted:
            continue
        inner = granted[name]
        if not inner:
            left[name] = value
        elif isinstance(value, list):
            left[name] = [cut(each, inner) for each in value if isinstance(each, dict)]
        elif isinstance(value, dict):
            left[name] = cut(value, inner)
    return left


def _stands(value: Any, path: list[str]) -> bool:
    if isinstance(value, list):
        return any(_stands(each, path) for each in value)
    if not path:
        return True
    return isinstance(value, dict) and path[0] in value and _stands(value[path[0]], path[1:])
