"""The order of Vietnamese dictionaries."""

from __future__ import annotations

import random

import pytest

from lgsp.console.collate import collation_key

ALPHABET = ["a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "g", "h", "i", "k", "l", "m", "n", "o", "ô", "ơ", "p", "q",
            "r", "s", "t", "u", "ư", "v", "x", "y"]  # fmt: skip


@pytest.mark.parametrize(
    "ordered",
    [
        ALPHABET,
        ["ma", "mà", "mả", "mã", "má", "mạ"],
        ["An Bình", "An Giang", "Ân Thi"],
        ["Bảo hiểm xã hội", "Bảo trợ xã hội", "Bưu chính"],
        ["Cổng Dịch vụ", "Cơ sở dữ liệu", "CSDL quốc gia", "Danh mục", "Đăng ký", "Đất đai"],
        ["Hoa", "Hoà", "hoà bình", "Hoà Bình"],
        ["1 cửa", "Một cửa"],
        ["Quận 1", "Quận 2"],
        ["thanh", "thành phố", "Thanh toán"],
    ],
)
def test_words_stand_as_in_a_dictionary(ordered: list[str]) -> None:
    for seed in range(5):
        shuffled = list(ordered)
        random.Random(seed).shuffle(shuffled)
        assert sorted(shuffled, key=collation_key) == ordered


def test_composed_and_decomposed_are_the_same_but_for_the_last_word() -> None:
    composed, apart = collation_key("Hoà"), collation_key("Hoa\u0300")
    assert composed[:2] == apart[:2]
