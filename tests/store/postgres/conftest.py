"""Nodes on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.postgres.nodes import Nodes


@pytest.fixture
async def nodes(postgres_url: str, tmp_path: Path) -> AsyncIterator[Nodes]:
    made = Nodes(postgres_url, tmp_path)
    yield made
    await made.close()
