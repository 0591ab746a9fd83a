"""The asked entry comes before the ministry, for updates and for what is personal."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lgsp.model import Kind
from lgsp.runtime import Runtime
from lgsp_mocks.clock import run
from tests.submissions.house import house, operation


@pytest.mark.parametrize(
    ("kind", "personal", "asked"),
    [(Kind.UPDATE, True, True), (Kind.UPDATE, False, True), (Kind.QUERY, True, True), (Kind.QUERY, False, False)],
)
def test_asked_where_it_matters(kind: Kind, personal: bool, asked: bool) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime, None, operation("one", kind, personal=personal))
        seen: list[Any] = []
        ministry = home.ministry

        async def look(exchange: Any) -> Any:
            seen.extend(await home.store.evidence.rows(0, 10))
            return await ministry(exchange)

        home.ministry = look  # type: ignore[assignment]
        _, exchange = await home.ask("one")
        assert exchange.asked is asked
        assert [msgspec.json.decode(row.body)["kind"] for row in seen] == ["asked"] * asked

    run(story)
