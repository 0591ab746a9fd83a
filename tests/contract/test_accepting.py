"""What the predicate accepts is what the schema accepts, and comes back from there unchanged."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from lgsp.contract.evident import test_of as evident
from lgsp.contract.shape import Facets, Scalar
from lgsp.errors import InvalidMessage
from tests.contract.contracts import files, loaded, messages
from tests.contract.strategies import data_of

WSDL = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files() if path.suffix == ".wsdl"]
ODD = (
    None,
    "",
    " ",
    "a  b",
    " a",
    "a\n",
    "\x01",
    "2024-02-30",
    "2024-01-02",
    0,
    -1,
    2**70,
    1.0,
    1.5,
    True,
    [],
    {},
    [None],
    "x" * 300,
)


def spoiled(data: Any, random: Random) -> Any:
    """The data with one value changed, dropped or added somewhere."""
    data = copy.deepcopy(data)
    here: Any = data
    while isinstance(here, dict | list) and here:
        key = random.choice(list(here)) if isinstance(here, dict) else random.randrange(len(here))
        if not isinstance(here[key], dict | list) or not here[key] or random.random() < 0.2:
            match random.randrange(4):
                case 0:
                    del here[key]
                case 1 if isinstance(here, dict):
                    here["la"] = 1
                case 2 if isinstance(here[key], list):
                    here[key] = here[key] * 40
                case _:
                    here[key] = random.choice(ODD)
            break
        here = here[key]
    return data


@pytest.mark.parametrize("path", WSDL)
def test_what_is_accepted_is_valid_and_stays_as_it_is(path: Any) -> None:
    every: list[tuple[str, Any]] = list(messages(loaded(path)))

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(every), st.integers(0, 2**32), st.booleans())
    def holds(message: tuple[str, Any], seed: int, spoil: bool) -> None:
        name, codec = message
        data = data_of(codec, seed)
        if spoil:
            data = spoiled(data, Random(seed))
        if codec.accept(data):
            assert codec._proved(copy.deepcopy(data)) == data, name

    holds()


def test_most_messages_of_the_product_are_accepted_without_the_schema() -> None:
    tried = accepted = 0
    for path in files():
        if path.suffix != ".wsdl" or path.parent.name == "fixtures":
            continue
        for _, message in messages(loaded(path)):
            codec: Any = message
            for seed in range(30):
                data = data_of(codec, seed)
                try:
                    codec._proved(copy.deepcopy(data))
                except InvalidMessage:
                    continue
                tried += 1
                accepted += codec.accept(data)
    assert accepted > tried / 4 > 0, "generated texts are odd on purpose; still a good part should need no schema"


SCALARS = [
    Scalar("string", "string", Facets(min_length=2, max_length=4), "preserve"),
    Scalar("token", "string"),
    Scalar("normalizedString", "string", space="replace"),
    Scalar("string", "string", Facets(patterns=(("[0-9]{2,3}", "A[a-c.]?"), (".+",))), "preserve"),
    Scalar("string", "string", Facets(patterns=((r"\d{3}-\d+",),)), "preserve"),
    Scalar("string", "string", Facets(patterns=((r"(a|bc)?[A-Z ]*",),)), "preserve"),
    Scalar("string", "string", Facets(enum=("a", "b c")), "preserve"),
    Scalar("decimal", "string", Facets(total_digits=4, fraction_digits=2, minimum="-1.5", below="20")),
    Scalar("decimal", "string"),
    Scalar("int", "integer", Facets(above="3", maximum="10")),
    Scalar("unsignedByte", "integer"),
    Scalar("date", "string"),
    Scalar("dateTime", "string"),
    Scalar("time", "string"),
    Scalar("base64Binary", "string"),
    Scalar("hexBinary", "string"),
    Scalar("boolean", "boolean"),
    Scalar("double", "number"),
]
FACETS = {
    "min_length": "minLength", "max_length": "maxLength", "minimum": "minInclusive", "maximum": "maxInclusive",
    "above": "minExclusive", "below": "maxExclusive", "total_digits": "totalDigits", "fraction_digits": "fractionDigits",
}  # fmt: skip


def schema_of(shape: Scalar) -> etree.XMLSchema:
    def step(inner: str, base: str) -> str:
        return f'<xs:simpleType><xs:restriction base="{base}">{inner}</xs:restriction></xs:simpleType>'

    single = "".join(
        f'<xs:{FACETS[name]} value="{getattr(shape.facets, name)}"/>'
        for name in FACETS
        if getattr(shape.facets, name) is not None
    )
    single += "".join(f'<xs:enumeration value="{value}"/>' for value in shape.facets.enum or ())
    types, base = "", f"xs:{shape.base}"
    for index, alternatives in enumerate(shape.facets.patterns):
        written = "".join(f'<xs:pattern value="{each}"/>' for each in alternatives)
        types += step(written, base).replace("<xs:simpleType>", f'<xs:simpleType name="t{index}">', 1)
        base = f"t{index}"
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{types}<xs:element name="a">{step(single, base)}</xs:element></xs:schema>'
    return etree.XMLSchema(etree.fromstring(text))


@pytest.mark.parametrize("shape", SCALARS, ids=lambda shape: f"{shape.base}-{SCALARS.index(shape)}")
def test_an_evident_value_is_valid_by_the_schema(shape: Scalar) -> None:
    accepts, schema = evident(shape), schema_of(shape)
    assert accepts is not None
    alphabet = "aAbc 0123459.-+:TZ/=\n\u0663ệ\u00a0"
    texts = st.text(alphabet, max_size=6) | st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-9]{2}(Z|[+]0[0-9]:00)?)?|[A-Za-z0-9+/]{3}[A-Z048=]|-?[0-9]{1,4}([.][0-9]{1,3})?",
        fullmatch=True,
    )
    texts |= st.from_regex(
        r"[0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{1,3})?Z?|[0-9]{3}-[0-9]{1,2}|bc[A-Z ]{0,2}|A[a-c.]|[0-9]{2,3}",
        fullmatch=True,
    )
    values = texts | st.integers(-300, 300) | st.integers(0, 12) | st.floats(allow_nan=True) | st.booleans() | st.none()
    values |= st.sampled_from(shape.facets.enum or ("",))
    seen = 0

    @settings(max_examples=500, deadline=None)
    @given(values)
    def holds(value: Any) -> None:
        nonlocal seen
        if accepts(value):
            seen += 1
            element = etree.Element("a")
            element.text = (
                value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
            )
            assert schema.validate(element), value

    holds()
    assert seen, "nothing was accepted: the property says nothing"


def test_patterns_that_could_take_long_are_left_to_the_schema() -> None:
    for pattern in (
        "(a+)+",
        "(a|b)*",
        "[0-9]*[0-9]*x",
        r"\p{L}+",
        "[^a]",
        "[a-z-[b]]",
        "(?=a)",
        r"\w+",
        "^a$",
        "a{2,}b{3,}",
    ):
        assert evident(Scalar("string", "string", Facets(patterns=((pattern,),)), "preserve")) is None, pattern
