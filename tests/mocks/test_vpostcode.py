"""mocks/vpostcode.py: the post alone, in its own dialect."""

from __future__ import annotations

from datetime import datetime

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import vpostcode as ministry
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)


@pytest.fixture(scope="module", params=["hoa-binh", "dien-bien"])
def world(request):
    return World(Province.load(request.param), 1, 400)


def ask(world, operation, **data):
    return ministry.HANDLERS["vpost"][operation](Ask(world, "vpostcode", "vpost", operation, data, NOW, {}))


def test_every_commune_is_found_by_name_and_district(world):
    for commune in world.communes():
        words = f"{commune.name}, {world.places[commune.parent].name}"
        found = ask(world, "search", q=words, limit=50)["result"]
        assert commune.code in {each["maXa"] for each in found}
        assert {each["maHuyen"] for each in found} == {commune.parent}


def test_words_without_accents_are_the_same_words(world):
    name = world.communes()[0].name
    plain = ministry._plain(name)
    assert plain.isascii()
    assert ask(world, "search", q=plain) == ask(world, "search", q=name)


@pytest.mark.parametrize(
    ("operation", "data", "status", "code"),
    [
        ("search", {"q": "ab"}, 400, "QUERY_TOO_SHORT"),
        ("search", {"q": "abc", "limit": 51}, 400, "LIMIT_INVALID"),
        ("decode", {"code": "36011"}, 400, "CODE_INVALID"),
        ("decode", {"code": "36011AAAAAAA"}, 400, "CODE_INVALID"),
        ("decode", {"code": "000002222222"}, 404, "CODE_NOT_FOUND"),
        ("encode", {"lat": 48.9, "lng": 2.4}, 422, "OUTSIDE_VN"),
        ("encode", {"lat": 10.8, "lng": 106.7}, 422, "NOT_COVERED"),
        ("batch", {"items": [{"id": "1", "diaChi": "a"}] * 101}, 400, "BATCH_TOO_LARGE"),
    ],
)
def test_errors_are_http_statuses_with_a_code(world, operation, data, status, code):
    with pytest.raises(HttpFault) as caught:
        ask(world, operation, **data)
    assert (caught.value.status, caught.value.body["code"]) == (status, code)


def test_what_was_encoded_is_decoded(world):
    office = ministry.Ground(world).point_of(ministry.Ground(world).office_of(world.communes()[-1].code))
    for shift in (0.0, 0.001, -0.002):
        cell = ask(world, "encode", lat=office.lat + shift, lng=office.lng - shift)
        assert ask(world, "decode", code=cell["smartCode"])["smartCode"] == cell["smartCode"]


def test_a_code_of_another_communes_ground_is_nobodys(world):
    """The seven letters name a cell that lies far from the commune of the five digits."""
    ground = ministry.Ground(world)
    first, last = world.communes()[0].code, world.communes()[-1].code
    mixed = ground.office_of(first)[:5] + ground.office_of(last)[5:]
    with pytest.raises(HttpFault) as caught:
        ask(world, "decode", code=mixed)
    assert caught.value.status == 404


def test_the_peoples_book_knows_the_codes(world):
    told = ministry.outcomes(world)
    assert told["mother-hoa"] == told["father-binh"], "one household, one code"
