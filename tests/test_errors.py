"""The error tree is the table of INTERFACE: every code with its status, whose turn it is, and never a value in its text."""

from __future__ import annotations

from typing import get_args

import pytest

from lgsp.errors import BusFault, FaultDomain, LgspError, by_code, leaves
from lgsp.model import FieldError, Text

STATUS = {
    "unauthenticated": 401,
    "forbidden": 403,
    "security-level-not-approved": 403,
    "purpose-required": 403,
    "suspended": 403,
    "unknown-operation": 404,
    "record-not-found": 404,
    "conflict": 409,
    "too-large": 413,
    "unsupported-media-type": 415,
    "invalid-message": 400,
    "provider-fault": 422,
    "idempotency-mismatch": 422,
    "quota-exceeded": 429,
    "bus-fault": 500,
    "connect-failed": 502,
    "bad-answer": 502,
    "overloaded": 503,
    "circuit-open": 503,
    "maintenance": 503,
    "evidence-unavailable": 503,
    "timeout": 504,
    "invalid-signature": 422,
}
"""As INTERFACE lists them, and our additions, which the change log names."""


def test_the_codes_are_those_of_the_published_table() -> None:
    assert {code: by_code(code).status for code in {leaf.code for leaf in leaves()}} == STATUS


@pytest.mark.parametrize("leaf", list(leaves()), ids=lambda leaf: leaf.__name__)
def test_every_leaf_says_whose_turn_it_is_in_both_languages(leaf: type[LgspError]) -> None:
    assert leaf.fault_domain in get_args(FaultDomain)
    assert leaf.title.vi
    assert leaf.title.en
    assert leaf.__bases__[0] is not LgspError or leaf is BusFault or leaf.code == "provider-fault"


def test_its_text_is_its_code_and_nothing_that_it_carries() -> None:
    """`str()` of an error may be logged by a library (RULES 25)."""
    error = by_code("invalid-message")("a detail", errors=(FieldError("/x", "type"),), provider=("7", "words"))
    assert str(error) == "invalid-message"
    assert error.detail == Text("a detail", "a detail")


def test_an_unknown_code_is_ours() -> None:
    assert by_code("no-such-code") is BusFault
