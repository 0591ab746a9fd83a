"""What `lgsp new` writes beside the vendored contract: a manifest, a simulator module and a first test, all to be edited."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date

from lgsp.contract.model import Contract, Operation

BACKEND = "ministry"
_ASKING = re.compile(
    r"(get|find|list|search|query|lookup|look|read|fetch|retrieve|check|count|describe|show|view|is|has|calculate|convert|"
    r"tra|lay|tim|xem|hoi|danhsach|chitiet|thongtin|kiemtra|dem)(?![a-z])",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def manifest(name: str, contract: Contract, root: str, address: str, today: date) -> str:
    """`connector.toml` in stage trial. Nothing is marked safe: a person decides."""
    soap = contract.born == "wsdl"
    says = f"   # the document says {_text(address)}" if address else ""
    head = [
        "# Written by `lgsp new`, yours from now on; docs/connector.md describes every key.",
        f"name = {_text(name)}",
        f"title = {{ vi = {_text(contract.title.vi)}, en = {_text(contract.title.en)} }}",
        'owner = { vi = "chưa khai báo", en = "not named yet" }',
        "personal = true   # until somebody has looked: each call leaves evidence before it is sent",
        "",
        "[stage]",
        'now = "trial"',
        f"since = {today.isoformat()}",
        'decision = "chưa có"',
        "",
        "[contract]",
        f"public = {_text(root)}",
        f"sha256 = {_text(contract.sha256)}",
        "",
        f"[backends.{BACKEND}]",
        f"contract = {_text(root)}",
        f"adapter = {_text('soap' if soap else 'rest')}",
        'upstream = "ngsp"',
        f"path = {_text('/' + name)}{says}",
        *(['soap_version = "1.2"'] if soap and _only_12(contract) else []),
        "",
        "# Nothing is safe until a person who knows the ministry says so: `safe = true` where asking twice changes nothing,",
        "# and `probe = { … }` with a harmless request of it. Until then the board shows the system as unknown.",
        "# `kind` is a guess by name or method: an update leaves a submission record, a query does not.",
    ]
    head += [f"# {_comment(each.text)}" for each in contract.left_out.values()]
    return "\n".join([*head, *_operations(contract)]) + "\n"


def _operations(contract: Contract) -> Iterator[str]:
    seen: set[object] = set()
    for operation in contract.operations.values():
        place: object = operation.input.root
        if contract.born == "openapi":
            place = operation.http.method, operation.http.path
        yield ""
        yield f"[operations.{_key(operation.name)}]"
        yield f"kind = {_text(kind_of(operation, contract.born))}"
        if place in seen:
            yield "native = false   # the ministry's message does not tell it from another operation"
        seen.add(place)


def kind_of(operation: Operation, born: str) -> str:
    """query or update, as its method or name has it; what does not clearly ask counts as changing something."""
    if born == "openapi" and operation.http.method in ("GET", "HEAD"):
        return "query"
    if born == "openapi" and operation.http.method != "POST":
        return "update"
    words = _WORDS.findall(operation.name)
    first = "".join(words[:1])
    return "query" if _ASKING.fullmatch(first) or _ASKING.fullmatch("".join(words[:2])) else "update"


def _only_12(contract: Contract) -> bool:
    return not any("1.1" in operation.soap.versions for operation in contract.operations.values())


def simulator(name: str, contract: Contract, root: str) -> str:
    """`mocks/<module>.py`: every operation by its contract, ready to be replaced one by one."""
    entries = "".join(f"        {_text(operation)}: CONTRACT.answer,\n" for operation in contract.operations)
    return f'''"""The simulated side of {name}: every operation answers a specimen of its contract, visibly invented.

A text `LOI:<fault>` anywhere in a request asks for that declared fault. Put a function of your own (`Ask -> Data`,
docs/simulator.md) in the place of an entry of HANDLERS where the ministry should know something.
"""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.generated import Specimens
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World

CONTRACT = Specimens.beside(__file__, {_text(name)}, {_text(root)})

HANDLERS: Handlers = {{
    {_text(BACKEND)}: {{
{entries}    }}
}}


def examples(world: World) -> list[Example]:
    del world
    return CONTRACT.examples()


def business_error(ask: Ask) -> Data:
    return CONTRACT.business_error(ask)


def duplicate(ask: Ask) -> Data:
    return CONTRACT.answer(ask)
'''


def test_module(name: str) -> str:
    """`tests/test_<module>.py`: what only this system has goes here."""
    return f'''"""What only {name} has; the standard tests come free: `pytest --lgsp-home <this folder's parent>`."""

from __future__ import annotations

import json
import urllib.request

from lgsp.testing import Bus

SYSTEM = {_text(name)}


def test_every_operation_is_answered_through_the_bus(lgsp_bus: Bus) -> None:
    examples = [each for each in lgsp_bus.simulator.examples() if each["system"] == SYSTEM and each["expect"] == "ok"]
    assert examples
    for example in examples:
        request = urllib.request.Request(
            f"{{lgsp_bus.url}}/api/{{SYSTEM}}/v1/{{example['operation']}}",
            json.dumps(example["request"]).encode(),
            {{"content-type": "application/json", "x-api-key": lgsp_bus.api_key()}},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
'''


def _text(text: str) -> str:
    """A TOML (and Python) basic string."""
    return json.dumps(" ".join(text.split())[:200], ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return _text(text)[1:-1]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
