"""When two names are one person: where two people must decide, the same name written otherwise is nobody else."""

from __future__ import annotations

import unicodedata


def same_person(first: str, second: str) -> bool:
    """However it was typed: capitals, blanks, marks composed or not, characters that are not seen."""
    return _plain(first) == _plain(second)


def _plain(name: str) -> str:
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(each for each in composed if unicodedata.category(each) not in ("Cf", "Cc") or each.isspace())
    return " ".join(seen.split())
