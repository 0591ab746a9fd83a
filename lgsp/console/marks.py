"""The five marks of health: one shape each, so that colour is never the only sign; the word always stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup

MARKS: Mapping[str, str] = MappingProxyType(
    {
        "up": '<circle cx="8" cy="8" r="6"/>',
        "degraded": '<path d="M8 1.5 15 14H1z"/>',
        "down": '<path d="M3 1 8 6l5-5 2 2-5 5 5 5-2 2-5-5-5 5-2-2 5-5-5-5z"/>',
        "unknown": '<path d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z" fill-rule="evenodd"/>',
        "maintenance": '<path d="M8 1l7 7-7 7-7-7z"/>',
    }
)


def mark(health: str) -> Markup:
    """Drawn from the table above only."""
    shape = f'<svg class="mark is-{health}" viewBox="0 0 16 16" aria-hidden="true">{MARKS[health]}</svg>'
    return Markup(shape)  # noqa: S704  see above
