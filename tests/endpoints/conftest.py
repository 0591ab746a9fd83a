"""One bus a module: the doors keep no state between tests that a test could trip over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.endpoints.bus import Bus, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("bus")) as started:
        yield started
