"""A store in memory begins as a copy: of an empty database, or of another's records, and goes its own way from there."""

from __future__ import annotations

import apsw
import pytest

from lgsp.runtime import Runtime
from lgsp.store.sqlite import open_store
from lgsp.store.sqlite.memory import begin, fresh
from lgsp.store.sqlite.migrate import migrations


@pytest.mark.parametrize("family", ["shared", "evidence", "exchanges"])
def test_a_fresh_one_has_every_migration(family: str) -> None:
    connection = apsw.Connection(":memory:")
    begin(connection, fresh(family))
    numbers = [row[0] for row in connection.execute("SELECT number FROM migration ORDER BY number")]
    assert numbers == [each.number for each in migrations(family)]
    connection.execute("DELETE FROM migration")
    other = apsw.Connection(":memory:")
    begin(other, fresh(family))
    assert other.execute("SELECT count(*) FROM migration").fetchall() == [(len(numbers),)], "a copy, not the same"


async def test_a_store_begins_with_what_another_holds_and_neither_sees_the_other() -> None:
    runtime = Runtime.system()
    first = await open_store(None, runtime, inline=True)
    await first.meta.put("mau", 1)
    image = await first.image()
    second = await open_store(None, runtime, inline=True, image=image)
    await first.meta.put("mau", 2)
    await second.meta.put("khac", 3)
    assert await second.meta.get("mau") == 1
    assert await first.meta.get("khac") is None
    await second.close()
    await first.close()
