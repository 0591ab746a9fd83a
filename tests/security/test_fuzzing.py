"""The targets of `make fuzz` in short and always the same way: their seeds, and what hypothesis makes of them."""

from __future__ import annotations

import random

import pytest

from lgsp.contract.raw import outer
from lgsp.errors import InvalidMessage
from lgsp.xml import parse_xml
from tests.security.fuzzing.targets import TARGETS, seeds

ROUNDS = {"xml": 400, "json": 400, "username-token": 150, "signature": 60, "token": 80}


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, cut out, doubled, put in: one to four times."""
    found = bytearray(raw)
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(found) + 1)
        end = min(len(found), place + chance.choice((1, 1, 2, 8, 64)))
        match chance.randrange(4):
            case 0:
                found[place:end] = b""
            case 1:
                found[place:place] = found[place:end] * chance.choice((1, 2, 50))
            case 2:
                found[place:end] = chance.randbytes(end - place)
            case _:
                found[place:place] = chance.choice(
                    (
                        b"<",
                        b"&",
                        b"\0",
                        b'"',
                        b"]]>",
                        b"\xff",
                        b"{",
                        b"[",
                        b"-1",
                        b"1e999",
                        b"\xc3",
                        b"<!DOCTYPE a>",
                        b"<!--",
                    )
                )
    return bytes(found)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_breaks_it(name: str) -> None:
    chance, begin = random.Random(name), seeds(name)
    for seed in begin[:40]:
        TARGETS[name](seed)
    for _ in range(ROUNDS[name]):
        TARGETS[name](mutated(chance.choice(begin), chance))
    for size in range(30):
        TARGETS[name](chance.randbytes(size))


def test_open_content_without_a_canonical_form_is_refused() -> None:
    """Found by fuzzing signatures, and the same here: a relative namespace address parses, but cannot be canonicalised."""
    assert outer(parse_xml(b'<a xmlns="urn:a"/>')) == '<a xmlns="urn:a"></a>'
    with pytest.raises(InvalidMessage):
        outer(parse_xml(b'<a xmlns="relative"/>'))
