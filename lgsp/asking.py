"""How the standard tests ask a system: by the examples that its simulator promises, in a province of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from lgsp.simulate import Loaded, Province, Reply, tell

Example = Mapping[str, Any]


def examples_of(province: Province, system: str, kind: str | None = None, expect: str | None = None) -> list[Example]:
    return [
        example
        for example in province.simulator.admin.examples()
        if example["system"] == system and kind in (None, example["kind"]) and expect in (None, example["expect"])
    ]


async def ask(province: Province, example: Example, **headers: str) -> Reply:
    named = {name.lower(): value for name, value in example.get("headers", {}).items()}
    operation, version = example["operation"], example["version"]
    return await province.call(
        example["system"], operation, example["request"], headers={**named, **headers}, version=version
    )


def a_question(province: Province, system: str) -> Example:
    """A query that is answered with data, or else any query; a system without one is skipped with its reason."""
    found = examples_of(province, system, "query", "ok") or examples_of(province, system, "query")
    if not found:
        pytest.skip("needs a query")
    return found[0]


def story_of(loaded: Loaded, system: str, story: Callable[[Province], Awaitable[None]]) -> None:
    """The story in a province where this system is the only one."""
    tell(story, loaded=loaded.only(system), size=400)


async def under(province: Province, system: str, kind: str, **given: Any) -> Reply:
    """The answer to a question while the system has this fault."""
    question = a_question(province, system)
    assert (await ask(province, question)).code == question["expect"]
    province.fail(system, kind, operation=question["operation"], **given)
    return await ask(province, question)


async def recovers(province: Province, system: str) -> None:
    """Without the fault the same question is answered again, at the latest when the breaker has tried."""
    province.heal(system)
    await asyncio.sleep(120)
    question = a_question(province, system)
    assert (await ask(province, question)).code == question["expect"]
