"""The province: people are arithmetic and consistent, numbers lead back to them, the cast keeps its parts."""

from __future__ import annotations

import re
import shutil
import tracemalloc
import unicodedata
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from lgsp_mocks.world import Province, World
from lgsp_mocks.world.business import check_digit
from lgsp_mocks.world.people import CAPACITY
from lgsp_mocks.world.province import PROVINCES

CCCD = re.compile(r"^0(0[1-9]|[1-8][0-9]|9[0-6])[0-9][0-9]{2}[0-9]{6}$")
MARKS = ("Mẫu", "Thử", "Giả Định")


@pytest.fixture(scope="module")
def world() -> World:
    return World(Province.load("hoa-binh"), seed=1, size=100_000)


@pytest.mark.parametrize(("name", "districts", "communes"), [("hoa-binh", 10, 151), ("dien-bien", 10, 129)])
def test_places_are_those_of_the_statistics_office(name: str, districts: int, communes: int) -> None:
    world = World(Province.load(name), 1)
    assert (len(world.districts()), len(world.communes())) == (districts, communes)
    assert all(re.fullmatch(r"[0-9]{5}", p.code) and world.place(p.parent) for p in world.communes())


def test_a_ministry_calls_places_by_its_own_codes(world: World) -> None:
    commune = world.communes()[3]
    assert world.place_by("moj-unit", commune.codes["moj-unit"]) == commune
    assert world.place_by("moj", world.places["17"].codes["moj"]) == world.places["17"]
    assert world.places["17"].codes["moj"] != "17"


def test_every_number_leads_back_to_its_person(world: World) -> None:
    for n in range(0, 100_000, 997):
        person = world.nth(n)
        assert CCCD.match(person.cccd)
        assert person.cccd[6:8] == "99"
        assert world.person(person.cccd) == person
        assert world.by_insurance(person.insurance_no) == person
        assert world.by_health_card(person.health_card) == person
        assert world.by_health_card(person.insurance_no) == person
        assert person.cmnd is None or world.by_cmnd(person.cmnd) == person
        assert person in world.find(person.full_name.upper(), person.birth_text)


def test_numbers_are_unique() -> None:
    people = World(Province.load("hoa-binh"), 3, 20_000)
    made = list(people.people())
    for read in ("cccd", "insurance_no", "health_card", "phone"):
        assert len({getattr(p, read) for p in made}) == len(made)


def test_cccd_says_gender_century_and_year(world: World) -> None:
    for person in world.people(500, 400):
        assert int(person.cccd[3]) == (person.birth.year // 100 - 19) * 2 + (person.gender == "2")
        assert int(person.cccd[4:6]) == person.birth.year % 100


def test_families_are_consistent(world: World) -> None:
    for person in world.people(0, 2_000):
        household = world.household(person.household)
        assert household is not None
        assert person.cccd in household.members
        head = world.person(household.head)
        assert head is not None
        assert head.relation == "Chủ hộ"
        assert world.head_of(person.household) == head
        assert head.residence == person.residence
        if person.spouse:
            spouse = world.person(person.spouse)
            assert spouse is not None
            assert spouse.spouse == person.cccd
            assert spouse.gender != person.gender
        for parent in (person.mother, person.father):
            if parent:
                elder = world.person(parent)
                assert elder is not None
                assert 15 < person.birth.year - elder.birth.year < 60
                assert elder.gender == ("2" if parent == person.mother else "1")


def test_names_are_visibly_invented(world: World) -> None:
    people = [
        *islice(world.people(), 3_000),
        *(world.actor(role) for role, m in world.cast.items() if m.kind == "person"),
    ]
    for person in people:
        assert any(mark in unicodedata.normalize("NFC", person.full_name) for mark in MARKS)


def test_some_do_not_know_their_birthday_and_some_share_it(world: World) -> None:
    people = list(world.people(0, 10_000))
    assert 0.02 < sum(p.birth_precision == "year" for p in people) / len(people) < 0.05
    seen: dict[tuple[str, date], int] = {}
    for person in people:
        key = (person.full_name, person.birth)
        seen[key] = seen.get(key, 0) + 1
    assert any(count > 1 for count in seen.values())


def test_ethnic_groups_follow_the_province(world: World) -> None:
    people = list(world.people(0, 8_000))
    assert 0.5 < sum(p.ethnicity == "06" for p in people) / len(people) < 0.75


def test_strangers_are_not_found(world: World) -> None:
    for number in ("", "abc", "0" * 12, "011085990001", "017085000001", world.nth(99_999).cccd[:-1]):
        assert world.person(number) is None
    assert World(Province.load("hoa-binh"), 1, 100).person(world.nth(5_000).cccd) is None
    assert world.household("0000000000") is None
    assert world.head_of("0000000000") is None
    assert world.by_insurance("1799999999") is None
    assert world.business("5499999999") is None


def test_person_n_depends_on_nothing_but_seed_and_n() -> None:
    small, large = (World(Province.load("hoa-binh"), 5, size) for size in (400, 40_000))
    assert [small.nth(n) for n in range(0, 396, 7)] == [large.nth(n) for n in range(0, 396, 7)]
    assert World(Province.load("hoa-binh"), 6, 400).nth(8) != small.nth(8)


def test_a_hundred_thousand_people_cost_little() -> None:
    tracemalloc.start()
    world = World(Province.load("hoa-binh"), 1, 100_000)
    world.person(world.nth(99_000).cccd)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_there_is_a_bound() -> None:
    with pytest.raises(ValueError, match="at most"):
        World(Province.load("hoa-binh"), 1, CAPACITY + 1)


def test_businesses_have_valid_codes_of_the_reserved_serials(world: World) -> None:
    companies = world.businesses()
    assert [b.mst for b in companies[:5]] == ["5499000017", "5499000024", "5499000031", "5499000049", "5499000056"]
    for company in companies:
        assert check_digit(company.mst[:9]) == company.mst[9]
        assert world.business(company.mst) is company
        assert world.person(company.owner) is not None
    assert check_digit("549900012") is None
    assert check_digit("569900011") is None
    assert 0.02 < sum(b.status == "suspended" for b in companies) / len(companies) < 0.09
    assert 0.005 < sum(b.status == "closed" for b in companies) / len(companies) < 0.06
    branches = [code for company in companies for code in company.branches]
    assert len(branches) > 5
    assert all(world.business(code) for code in branches)


def test_agencies_have_both_orders_of_their_code(world: World) -> None:
    assert world.agency("H28.03") is world.agency("000.00.03.H28")
    commune = world.agency("H28.148.01")
    assert commune is not None
    assert commune.old_code == "001.00.21.H28"
    assert world.unit(commune.unit_code) is commune
    assert len({id(agency) for agency in world.agencies.values()}) == 4 + 1 + 20 + 10 + 151


def test_the_cast_is_there_and_awkward(world: World) -> None:
    assert len(world.cast) >= 12
    assert world.actor("year-only").birth_text == "1948"
    assert world.actor("month-only").birth_text == "1953-08"
    assert world.by_cmnd("999000007") == world.actor("old-cmnd")
    name = world.actor("nfd-name").full_name
    assert name != unicodedata.normalize("NFC", name)
    twins = world.find("nguyễn văn giả định minh", "1975-01-01")
    assert {p.cccd for p in twins} >= {world.actor("twin-name-a").cccd, world.actor("twin-name-b").cccd}
    corrected = world.actor("corrected-birth")
    assert int(corrected.cccd[4:6]) != corrected.birth.year % 100
    assert world.actor("deceased").died == date(2021, 12, 24)
    moved = world.actor("moved-commune")
    assert moved.residence.commune != moved.birth_place.commune
    assert world.company("company-closed").status == "closed"
    branch = world.company("company-branches").branches[0]
    assert world.business(branch) is world.company("company-branches")
    for role, member in world.cast.items():
        if member.kind == "person":
            assert world.person(member.id) == world.actor(role)


def test_a_newborn_joins_the_family_and_can_be_forgotten() -> None:
    world = World(Province.load("hoa-binh"), 1)
    mother = world.actor("mother-hoa")
    facts = {"birth": date(2022, 11, 10), "gender": "2", "commune": "04789", "mother": mother.cccd}
    child = world.add_person(full_name="Bùi Thị Mẫu", **facts)  # type: ignore[arg-type]
    sister = world.add_person(full_name="Bùi Thị Thử", **facts)  # type: ignore[arg-type]
    assert world.person(child.cccd) == child
    assert child.cccd != sister.cccd
    assert CCCD.match(child.cccd)
    assert (child.ho, child.chu_dem, child.ten, child.mother) == ("Bùi", "Thị", "Mẫu", mother.cccd)
    assert child.cccd in (world.household(mother.household) or pytest.fail("no household")).members
    assert world.find("BÙI THỊ MẪU", "2022-11-10") == [child]
    assert world.by_insurance(child.insurance_no) == child
    kept = world.state
    again = World(Province.load("hoa-binh"), 1)
    again.restore(kept)
    assert again.person(child.cccd) == child
    again.restore()
    assert again.person(child.cccd) is None
    assert again.add_person(full_name="Bùi Thị Mẫu", **facts).cccd == child.cccd  # type: ignore[arg-type]


def test_the_numbers_of_a_year_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgsp_mocks.world.world.CAST_SERIAL", 3)
    world = World(Province.load("hoa-binh"), 1)

    def born(year: int, gender: str) -> str:
        return world.add_person(full_name="Bùi Mẫu", birth=date(year, 1, 2), gender=gender, commune="04789").cccd

    assert len({born(2022, "1") for _ in range(3)} | {born(2022, "2"), born(2021, "1")}) == 5
    with pytest.raises(OverflowError):
        born(2022, "1")


def test_a_death_is_remembered() -> None:
    world = World(Province.load("hoa-binh"), 1)
    person = world.nth(12)
    world.died(person.cccd, date(2022, 11, 1))
    assert (world.person(person.cccd) or person).died == date(2022, 11, 1)


def test_a_third_province_is_a_folder_nothing_more(tmp_path: Path) -> None:
    folder = tmp_path / "tinh-mau"
    shutil.copytree(PROVINCES / "dien-bien", folder)
    for file in folder.rglob("*.*"):
        file.write_text(file.read_text("utf-8").replace("Điện Biên", "Tỉnh Mẫu"), "utf-8")
    facts = (folder / "province.toml").read_text("utf-8")
    (folder / "province.toml").write_text(facts.replace('code = "11"', 'code = "95"').replace("H18", "H99"), "utf-8")
    places = (folder / "places.csv").read_text("utf-8").replace("\n11,", "\n95,")
    (folder / "places.csv").write_text(places, "utf-8")
    world = World(Province.load(folder), 1)
    assert world.nth(3).cccd.startswith("095")
    assert world.agency("H99.03") is not None


def test_an_unknown_province_is_named_with_those_that_exist() -> None:
    with pytest.raises(FileNotFoundError, match="dien-bien, hoa-binh"):
        Province.load("khong-co")


def test_stages_are_nine_and_eight() -> None:
    for name in ("hoa-binh", "dien-bien"):
        stages = [entry["now"] for entry in Province.load(name).stages.values()]
        assert (stages.count("official"), stages.count("trial")) == (9, 8)


def test_the_first_demonstration_consumer_may_call_everything() -> None:
    first = Province.load("hoa-binh").consumers[0]
    assert first["grants"][0]["system"] == first["grants"][0]["operation"] == "*"
    assert first["admits_trial"]
