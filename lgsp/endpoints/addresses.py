"""Every address that is served, door by door."""

from __future__ import annotations

from lgsp.endpoints import console, docs, inbound, native, reads, rest, soap, status, through, token
from lgsp.endpoints.house import House, Route


def routes(house: House) -> list[Route]:
    """Literal paths go before templates of the same shape."""
    doors = (docs, reads, token, status, console, rest, soap, native, inbound, through)
    return [route for each in doors for route in each.routes(house)]
