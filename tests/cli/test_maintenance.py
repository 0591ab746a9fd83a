"""`lgsp maintenance …`, on a data folder that nobody owns."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lgsp.model import Evidence, Stage, StageEntry
from lgsp.runtime import Runtime
from lgsp.store import open_store
from tests.cli.test_office import lgsp


def filled(data: Path) -> None:
    async def fill() -> None:
        store = await open_store(data, Runtime.system())
        day = datetime(2022, 11, 1, tzinfo=UTC)
        await store.stages.append(
            StageEntry("births", Stage.OFFICIAL, date(2022, 11, 1), "01/QĐ", "a", "b", Evidence.DECLARED, day)
        )
        await store.close()

    asyncio.run(fill())


def test_announced_listed_ended_and_reclassified(tmp_path: Path) -> None:
    filled(tmp_path)
    now = Runtime.system().clock.now()

    def times(begins: int, ends: int) -> list[str]:
        return [
            "--begins",
            (now + timedelta(hours=begins)).isoformat(),
            "--ends",
            (now + timedelta(hours=ends)).isoformat(),
        ]

    made = json.loads(lgsp(tmp_path, "maintenance", "announce", "births", *times(1, 2), "--reason", "Nâng cấp").stdout)
    refused = lgsp(tmp_path, "maintenance", "reclassify", "births", *times(1, 2), "--reason", "Nâng cấp")
    assert refused.exit_code == 1
    lgsp(tmp_path, "maintenance", "reclassify", "births", *times(-2, -1), "--reason", "Báo muộn")
    lgsp(tmp_path, "maintenance", "end", made["id"])
    rows = json.loads(lgsp(tmp_path, "maintenance", "list", "--json").stdout)
    assert [(each["past"], each["closed"] is not None) for each in rows] == [(True, False), (False, True)]
    assert "Báo muộn" in lgsp(tmp_path, "maintenance", "list", "births").stdout
