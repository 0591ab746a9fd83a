"""One name however it is typed; two names stay two people."""

from __future__ import annotations

import unicodedata

import pytest

from lgsp.persons import same_person

NAME = "Nguyễn Văn Mẫu"


@pytest.mark.parametrize(
    "again",
    [
        NAME,
        " nguyễn  văn mẫu ",
        "NGUYỄN VĂN MẪU",
        unicodedata.normalize("NFD", NAME),
        unicodedata.normalize("NFD", NAME).upper(),
        "Nguyễn\u00a0Văn\tMẫu",
        "Nguyễn Văn\u200b Mẫu",
        "Ｎguyễn Văn Mẫu",
    ],
)
def test_one_person(again: str) -> None:
    assert same_person(NAME, again)


@pytest.mark.parametrize("other", ["Nguyễn Văn Mau", "Nguyễn Vân Mẫu", "NguyễnVăn Mẫu", ""])
def test_two_people(other: str) -> None:
    assert not same_person(NAME, other)
