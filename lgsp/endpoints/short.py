"""The short way to the doors of exchanges: a plain address is three look-ups, not aiohttp's table of routes.

Both ways lead to the same door through the same middlewares; what is not plain (an escape, a query that is not the ministry's
own, `Expect`) and what the table has as a literal takes the long way, so nothing depends on which one a call took.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from aiohttp import hdrs, web

from lgsp.endpoints.house import Answer, Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_REST = "{path:.+}"
"""The end of a template that takes any number of parts; its door reads the query itself."""


class Ways:
    """The templates of a table whose doors may be reached without it: one for each method and first part."""

    def __init__(self, routes: Iterable[tuple[Route, Answer]]) -> None:
        table = list(routes)
        self._literal = {(route.method, route.path) for route, _ in table if "{" not in route.path}
        self._found: dict[tuple[str, str], tuple[int | None, Answer]] = {}
        for route, answer in table:
            if route.short:
                parts = route.path.split("/")
                name = (route.method, parts[1])
                if name in self._found:
                    raise ValueError(f"two short ways to {route.method} /{parts[1]}")
                self._found[name] = None if parts[-1] == _REST else len(parts), answer

    def through(self, middlewares: Iterable[Callable[..., Awaitable[web.StreamResponse]]], long: Handler) -> Handler:
        """Everything that comes in; `long` is the application's own way, which meets the middlewares by itself."""
        around = list(middlewares)
        found = {name: (parts, _around(answer, around)) for name, (parts, answer) in self._found.items()}
        literal = self._literal

        def handle(request: web.Request) -> Awaitable[web.StreamResponse]:
            method, target = request.method, request.raw_path
            path, mark, _ = target.partition("?")
            steps = path.split("/", 2)
            way = found.get((method, steps[1])) if len(steps) == 3 else None
            if way is None:
                return long(request)
            parts, answer = way
            fits = not mark and path.count("/") == parts - 1 if parts is not None else (method, path) not in literal
            if not fits or _PLAIN.fullmatch(path) is None or hdrs.EXPECT in request.headers:
                return long(request)
            return answer(request)

        return handle


def _around(answer: Handler, middlewares: list[Callable[..., Awaitable[web.StreamResponse]]]) -> Handler:
    for each in reversed(middlewares):
        answer = partial(each, handler=answer)
    return answer


WAYS: web.AppKey[Ways] = web.AppKey("ways", Ways)
