"""One bus and one browser a module. Where there is no Chromium the tests say so and are skipped, or with `REQUIRE_BROWSER` fail."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser.axe import source
from tests.browser.house import MISSING, REQUIRED, House, ninety_days, opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("browser"))  # one browser at a time is enough for two cores
            if MISSING and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    assert not MISSING, MISSING
    async with opened(tmp_path_factory.mktemp("house")) as started:
        ninety_days(started)
        yield started


@pytest.fixture(scope="session")
def axe() -> str:
    script = source()
    needed = "needs npm, which fetches axe-core into the cache of the tests"
    if not script and not REQUIRED:
        pytest.skip(needed)
    assert script, needed
    return script
