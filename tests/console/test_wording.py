"""Every word in both languages, and no template or page that names one which nobody has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lgsp.console.marks import MARKS
from lgsp.console.wording import LANGS, Words, load
from lgsp.model import Health, Lang, Stage
from lgsp.office import ROLES

CONSOLE = Path(__file__).parents[2] / "lgsp" / "console"
_NAMED = re.compile(r"\bw\.([a-z_]+(?:\.[a-z_]+)*)")
_TAKEN = re.compile(r'\bw\["(\w+)"\](?:\["(\w+)"\])?')


def has(words: Words, path: str) -> bool:
    here: object = words
    for part in path.split("."):
        if not isinstance(here, Words) or part not in set(here):
            return False
        here = here[part]
    return True


def test_both_languages_have_the_same_keys() -> None:
    vi, en = (set(load(lang).paths()) for lang in LANGS)
    assert vi - en == set(), "missing in English"
    assert en - vi == set(), "missing in Vietnamese"


def test_both_languages_fill_in_the_same_values() -> None:
    def blanks(words: Words, path: str) -> set[str]:
        here: object = words
        for part in path.split("."):
            assert isinstance(here, Words)
            here = here[part]
        return set(re.findall(r"{(\w+)}", str(here)))

    vi, en = load("vi"), load("en")
    for path in vi.paths():
        if not path.endswith("]"):
            assert blanks(vi, path) == blanks(en, path), path


@pytest.mark.parametrize("lang", LANGS)
def test_templates_name_only_words_that_exist(lang: Lang) -> None:
    words = load(lang)
    named = {
        (file.name, path)
        for file in (CONSOLE / "templates").glob("*.html")
        for path in _NAMED.findall(file.read_text("utf-8"))
    }
    assert len(named) > 40
    assert {(file, path) for file, path in named if not has(words, path)} == set()


@pytest.mark.parametrize("lang", LANGS)
def test_pages_take_only_words_that_exist(lang: Lang) -> None:
    words = load(lang)
    taken = {
        (file.name, ".".join(filter(None, found)))
        for file in CONSOLE.rglob("*.py")
        for found in _TAKEN.findall(file.read_text("utf-8"))
    }
    assert {(file, path) for file, path in taken if not has(words, path)} == set()


@pytest.mark.parametrize("lang", LANGS)
def test_every_state_stage_and_role_has_a_word(lang: Lang) -> None:
    common = load(lang)["common"]
    assert set(common["health"]) == {each.value for each in Health} == set(MARKS)
    assert set(common["stage"]) == {each.value for each in Stage}
    assert set(common["role"]) == set(ROLES)
    assert set(load(lang)["board"]["count"]) == set(MARKS)


def test_a_missing_word_is_an_error_and_a_word_called_items_is_a_word() -> None:
    words = Words({"a": {"items": "x", "get": "y"}})
    assert (words["a"]["items"], list(words.paths())) == ("x", ["a.items", "a.get"])
    with pytest.raises(KeyError):
        words["b"]
