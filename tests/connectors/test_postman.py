"""The Postman collection of `examples/`: the file that lies there is played as Postman plays it, and has every operation."""

from __future__ import annotations

import importlib.util
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from lgsp.simulate import Loaded
from lgsp.testing import Bus

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "postman"
COLLECTION = FOLDER / "lgsp.postman_collection.json"


def maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_collection", FOLDER / "make_collection.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requests_of(collection: dict[str, Any]) -> list[dict[str, Any]]:
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    return [item for folder in collection["item"] for item in folder["item"]]


def test_every_operation_that_has_an_example_is_in_the_file(lgsp_bus: Bus) -> None:
    there = {
        tuple(item["request"]["url"]["path"][1:]) for item in requests_of(json.loads(COLLECTION.read_text("utf-8")))
    }
    examples = lgsp_bus.simulator.examples()
    assert there == {(each["system"], each["version"], each["operation"]) for each in examples}, (
        "made anew by: python examples/postman/make_collection.py http://127.0.0.1:9000 > " + COLLECTION.name
    )


def test_what_the_file_asks_is_answered_as_its_own_tests_expect(lgsp_bus: Bus, lgsp_loaded: Loaded) -> None:
    variables = {"{{gateway}}": lgsp_bus.url, "{{api_key}}": lgsp_bus.api_key()}
    wrong = []
    items = requests_of(json.loads(COLLECTION.read_text("utf-8")))
    assert {item["request"]["url"]["path"][1] for item in items} == set(lgsp_loaded.registry.connectors)
    for item in items:
        asked = item["request"]
        headers = {each["key"]: variables.get(each["value"], each["value"]) for each in asked["header"]}
        url = asked["url"]["raw"].replace("{{gateway}}", lgsp_bus.url)
        request = urllib.request.Request(url, asked["body"]["raw"].encode(), headers, method=asked["method"])
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                said = "ok" if answer.status in (200, 202) else str(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                said = json.loads(error.read())["code"]
        if json.dumps(said) not in item["event"][0]["script"]["exec"][0]:
            wrong.append((item["name"], said))
    assert wrong == []


def test_one_request_an_operation_and_a_success_where_there_is_one() -> None:
    def example(operation: str, expect: str) -> dict[str, Any]:
        return {"system": "so-mau", "version": "v1", "operation": operation, "expect": expect, "request": {}}

    made = maker()
    given = [example("a", "record-not-found"), example("a", "ok"), example("a", "ok"), example("b", "forbidden")]
    assert [(each["operation"], each["expect"]) for each in made.one_each(given)] == [("a", "ok"), ("b", "forbidden")]
    assert len(requests_of(made.collection(given))) == 4
