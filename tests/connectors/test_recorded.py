"""Clients as they are in the field: what .NET and Axis write reaches every SOAP operation and gets what REST gets."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import quote

from lgsp.adapters.envelope import NAMESPACES
from lgsp.home import builtin
from lgsp.simulate import Loaded
from lgsp.testing import Bus
from lgsp_mocks.expanded import body_of
from tests.connectors.recorded import manners, send


def test_the_manners_differ_in_what_clients_differ_in() -> None:
    told = manners()
    assert {each.version for each in told} == set(NAMESPACES)
    assert {each.sent for each in told} == {"length", "chunked", "expect"}
    assert any(each.mark for each in told)
    assert any(each.types for each in told)
    heads = [each.head for each in told]
    assert any('SOAPAction: "{action}"' in head for head in heads)
    assert any("SOAPAction: {action}" in head for head in heads)
    assert any('SOAPAction: ""' in head for head in heads)
    assert any("HTTP/1.0" in head for head in heads)
    assert len({each.names for each in told}) >= 3
    assert len({each.id for each in told}) == len(told) >= 8


def rest(bus: Bus, example: dict[str, Any]) -> Any:
    url = f"{bus.url}/api/{example['system']}/{example['version']}/{example['operation']}"
    headers = {"content-type": "application/json", "x-api-key": bus.api_key(), **example.get("headers", {})}
    request = urllib.request.Request(url, json.dumps(example["request"]).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_every_operation_answers_every_client(lgsp_bus: Bus, lgsp_loaded: Loaded, lgsp_system: str) -> None:
    connector = lgsp_loaded.registry.connectors[lgsp_system]
    operations = connector.public.operations
    simulator, told, asked = lgsp_bus.simulator, manners(), set()
    for example in simulator.examples():
        name = example["operation"]
        if example["system"] != lgsp_system or example["expect"] != "ok" or name in asked:
            continue
        asked.add(name)
        more = {header: quote(value) for header, value in example.get("headers", {}).items()}
        update = example["kind"] == "update"
        wanted = rest(lgsp_bus, example)
        for manner in told:
            if update:
                simulator.reset()
            url = f"{lgsp_bus.url}/soap/{lgsp_system}/{example['version']}"
            status, raw = send(
                manner, url, lgsp_bus.api_key(), connector.public, operations[name], example["request"], more
            )
            assert status == 200, (manner.id, name, raw[:600])
            body = body_of(raw)
            assert body is not None, (manner.id, name)
            assert body.tag == operations[name].output.root, (manner.id, name)
            answered = operations[name].output.read_xml(body)
            assert answered.keys() == {key for key, value in wanted.items() if value != []}, (manner.id, name)
    assert asked == set(operations), "an operation without an example that succeeds"


def test_every_system_is_here(lgsp_loaded: Loaded) -> None:
    assert set(lgsp_loaded.registry.connectors) == set(builtin().systems())
