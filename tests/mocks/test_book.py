"""The test people's book: at least sixty entries, fixed outcomes in every system, the awkward ones, and a page that is true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lgsp.home import builtin
from lgsp_mocks import catalogue
from lgsp_mocks.book import LOOKUPS, NOTHING, entries
from lgsp_mocks.catalogue import SimSystem
from lgsp_mocks.world import Province, World

Book = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def systems() -> dict[str, SimSystem]:
    return catalogue.read([builtin()])


def read(systems: dict[str, SimSystem], province: str = "hoa-binh", seed: int = 1) -> Book:
    return {each["role"]: each for each in entries(World(Province.load(province), seed, 2_000), systems)}


@pytest.fixture(scope="module")
def book(systems: dict[str, SimSystem]) -> Book:
    return read(systems)


def test_there_are_at_least_sixty_entries_of_every_kind(book: Book) -> None:
    assert len(book) >= 60
    assert {each["kind"] for each in book.values()} == {"person", "household", "business", "agency", "dossier"}
    assert all(each["note"]["vi"] and each["note"]["en"] for each in book.values())


def test_every_entry_has_an_outcome_in_every_system(book: Book, systems: dict[str, SimSystem]) -> None:
    for each in book.values():
        assert each["outcomes"].keys() == systems.keys()
        assert any(said != NOTHING for said in each["outcomes"].values()), each["role"]


def test_every_system_has_something_to_say(book: Book, systems: dict[str, SimSystem]) -> None:
    silent = [name for name in systems if all(each["outcomes"][name] == NOTHING for each in book.values())]
    assert silent == []


def test_every_lookup_asks_a_system_that_there_is(systems: dict[str, SimSystem]) -> None:
    assert {system for system, _ in LOOKUPS} <= set(systems)


def test_outcomes_do_not_depend_on_the_seed(systems: dict[str, SimSystem], book: Book) -> None:
    """Positions on the ground may move with the seed, what a ministry says of the cast may not."""
    other = read(systems, seed=9)
    for role, each in book.items():
        for system in ("population", "civil-status", "criminal-record", "business-registration", "social-insurance"):
            assert other[role]["outcomes"][system] == each["outcomes"][system]


def test_the_other_province_has_the_same_book(systems: dict[str, SimSystem], book: Book) -> None:
    other = read(systems, "dien-bien")
    assert other.keys() == book.keys()
    assert other["mother-hoa"]["id"].startswith("011")
    assert other["certificate-issued"]["outcomes"]["criminal-record"] == "5 Đã có phiếu"


@pytest.mark.parametrize(
    ("role", "system", "said"),
    [
        ("year-only", "population", "found by number and name"),
        ("old-cmnd", "population", "also by 999000007"),
        ("nfd-name", "population", "found by number and name"),
        ("corrected-birth", "population", "found by number and name"),
        ("deceased", "population", "not found"),
        ("twin-name-a", "social-insurance", "several of this name and birth"),
        ("company-closed", "business-registration", "status 3"),
        ("cooperative", "business-registration", "a cooperative"),
        ("company-closed", "national-portal", "no account"),
        ("birth-supplement", "civil-status", "2 Cần bổ sung"),
        ("certificate-issued", "criminal-record", "5 Đã có phiếu"),
        ("returned-by-post", "postal-delivery", "chuyển hoàn"),
        ("payment-settled", "public-payment", "TrangThaiGD 1"),
        ("payment-pending", "public-payment", "TrangThaiGD 3"),
        ("payment-failed", "public-payment", "TrangThaiGD 4"),
        ("budget-code-granted", "budget-unit", "trangThai 3"),
        ("nobodys-dossier", "civil-status", "not found"),
        ("department-of-justice", "document-exchange", "registered"),
        ("land-taxed", "land-registry", "tax notice LTB99"),
        ("land-untaxed", "land-registry", "no tax notice yet"),
        ("allowance-decided", "social-protection", "statusId 10"),
        ("people-s-committee", "legal-documents", "documents issued"),
        ("people-s-committee", "government-reporting", "trangThai 0"),
    ],
)
def test_the_awkward_ones(book: Book, role: str, system: str, said: str) -> None:
    assert said in book[role]["outcomes"][system]


def test_the_page_is_the_book(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/people.py", "--check"], cwd=root, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{root}:{root / 'tools' / 'names'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
