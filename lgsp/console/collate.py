"""Vietnamese alphabetical order: a ă â b c d đ e ê …, then the five tones, then case (TCVN order of dictionaries)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACE = {letter: place for place, letter in enumerate(_ALPHABET, 1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Huyền, hỏi, ngã, sắc, nặng; none comes first."""
_DIGIT, _LETTER, _OTHER = 1, 2, 3

Key = tuple[tuple[tuple[int, int], ...], tuple[int, ...], str]


@lru_cache(maxsize=4096)
def collation_key(text: str) -> Key:
    """For `sorted`. Words are compared before the spaces between them matter: "An Bình" comes before "Ân"."""
    primary: list[tuple[int, int]] = []
    tones: list[int] = []
    for letter in unicodedata.normalize("NFC", text.casefold()):
        base, tone = _toneless(letter)
        if base.isspace():
            primary.append((0, 0))
        elif base.isdigit():
            primary.append((_DIGIT, ord(base)))
        elif base in _PLACE:
            primary.append((_LETTER, _PLACE[base]))
        elif base.isalpha():
            primary.append((_OTHER, ord(base)))
        else:
            continue
        tones.append(tone)
    return tuple(primary), tuple(tones), text.swapcase()


def _toneless(letter: str) -> tuple[str, int]:
    """Ế -> (ê, sắc): the tone goes, the letter's own mark stays."""
    tone, kept = 0, []
    for part in unicodedata.normalize("NFD", letter):
        if part in _TONES:
            tone = _TONES[part]
        else:
            kept.append(part)
    return unicodedata.normalize("NFC", "".join(kept)), tone
