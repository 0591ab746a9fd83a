"""A bearer token that another node has just handed out: it may be used here before the news of it have come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from lgsp.policy import Policy

_TOGETHER = 32
"""Look-ups under way at once: who shows invented tokens must not keep the database busy."""


def met(policy: Policy) -> Middleware:
    """Looks up a token that nobody here knows, once, before anything is asked of it."""
    under_way = 0

    @web.middleware
    async def meet(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        nonlocal under_way
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() == "bearer" and under_way < _TOGETHER and not policy.knows(token.strip()):
            under_way += 1
            try:
                await policy.meet(token.strip())
            finally:
                under_way -= 1
        return await handler(request)

    return meet
