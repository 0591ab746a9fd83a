"""Specimens are valid by their own contract, the same every time, and visibly invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lgsp.contract import load
from lgsp.contract.references import reached
from lgsp.contract.specimen import specimen
from lgsp.xml import parse_xml
from tests.contract.contracts import files, has_xml, loaded, messages

WITH_XML = [pytest.param(each, id=f"{each.parent.name}/{each.name}") for each in files() if has_xml(each)]


@pytest.mark.parametrize("path", WITH_XML)
def test_every_message_that_both_faces_carry_has_one(path: Path) -> None:
    for name, codec in messages(loaded(path)):
        made = specimen(codec)
        codec.check(made)
        assert specimen(codec) == made, name


def test_an_example_that_is_valid_is_taken() -> None:
    codec = loaded(files()[-2]).operations
    operation = next(iter(codec.values()))
    made = specimen(operation.input)
    assert specimen(operation.input, like=made) is made
    assert specimen(operation.input, like={"khongCo": 1}) == made


FREE = """\
openapi: 3.1.0
info: {title: X, version: "1"}
paths:
  /a:
    post:
      operationId: a
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, additionalProperties: {type: object, required: [so], properties: {so: {type: integer}}},
                     minProperties: 1, example: {mau: {so: "1"}}}
      responses:
        "200":
          description: x
          content: {application/json: {schema: {type: object, minProperties: 1, additionalProperties: true, example: '{"a": 1}'}}}
"""


def test_an_example_that_its_own_schema_refuses_is_not_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "v1.yaml").write_text(FREE, "utf-8")
    operation = load(tmp_path / "v1.yaml", name="x", xml=True).operations["a"]
    for codec in (operation.input, operation.output):
        made = specimen(codec)
        codec.check(made)
        assert specimen(codec) == made, "what was taken away was taken from a copy"


LOOSE = """\
openapi: 3.1.0
info: {title: X, version: "1"}
components:
  schemas:
    Mot: {type: object, required: [a, b], properties: {a: {type: integer}, b: {type: string, minLength: 5, maxLength: 2}}}
    Hai: {type: object, required: [c, thieu], properties: {c: {type: string}}}
paths:
  /a:
    post:
      operationId: a
      requestBody:
        required: true
        content: {application/json: {schema: {oneOf: [{$ref: "#/components/schemas/Mot"}, {$ref: "#/components/schemas/Hai"}]}}}
      responses: {"200": {description: x, content: {application/json: {schema: {$ref: "#/components/schemas/Hai"}}}}}
"""


def test_what_is_demanded_and_described_nowhere_may_be_anything_and_every_alternative_is_tried(tmp_path: Path) -> None:
    (tmp_path / "v1.yaml").write_text(LOOSE, "utf-8")
    operation = load(tmp_path / "v1.yaml", name="x", xml=True).operations["a"]
    answer = specimen(operation.output)
    assert set(answer) == {"c", "thieu"}
    assert operation.output.read_xml(parse_xml(operation.output.write_xml({"c": "1", "thieu": [1]}))) == {
        "c": "1",
        "thieu": [1],
    }
    assert "c" in specimen(operation.input), "the first alternative admits nothing"


def test_a_message_takes_its_own_schemas_along_and_no_others() -> None:
    def to(name: str) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{name}"}

    every = {
        "mot": {"properties": {"x": to("hai")}},
        "hai": {"items": to("hai")},
        "ba": {"anyOf": [to("mot")]},
        "tu": {},
    }
    assert reached({"properties": {"a": [to("mot")]}}, every) == {"mot": every["mot"], "hai": every["hai"]}
    assert set(reached(to("ba"), every)) == {"mot", "hai", "ba"}
    assert reached(to("khongCo"), every) == {}
