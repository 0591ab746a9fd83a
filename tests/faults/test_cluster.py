"""Two nodes on one PostgreSQL, in the short form: one bus; the server dies and comes back; a node dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import agreeing, cluster, collecting, workers
from tests.faults.crew import nodes
from tests.postgres import Server

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


async def test_two_nodes_on_postgresql_are_one_bus(tmp_path: Path, postgres_server: Server, postgres_url: str) -> None:
    async with nodes(tmp_path, postgres_url) as (one, other):
        found = await workers.one_key(one, 200, 9001, other)
        assert (found["answers"], found["effects"]) == (1, 1), found
        agreed = await workers.between_nodes(one, other)
        assert max(agreed[name] for name in ("stage", "key known", "key revoked")) < 10, agreed
        assert agreed["token elsewhere"] == 200, agreed

        nouns = await agreeing.nouns(one, other)
        assert nouns["quota"]["statuses"] == {200: 10, 429: 30}, nouns
        assert nouns["quota"]["tightened"].get(200, 0) <= 10, "what was drawn under the old limit is not spent"
        assert nouns["breaker"]["others answered"] == {"circuit-open": 1}, "told of it, not by calls of its own"
        assert max(agreeing.slowest(nouns).values()) < 10, nouns

        outage = await cluster.server_killed(one, other, postgres_server, count=20, away=1.0, settle=2.0)
        assert outage["acknowledged"] == 20, outage
        assert (outage["lost"], outage["doubled"], outage["acknowledged while it was away"]) == (0, 0, 0), outage
        assert max(outage["each node takes updates again after s"]) < 60, outage

        death = await cluster.node_killed(one, other, count=20, settle=2.0)
        assert death["acknowledged"] == 20, death
        assert (death["lost"], death["doubled"], death["others lost"]) == (0, 0, {}), death
        assert death["first of them done after s"] < 60, death


async def test_one_collector_in_the_whole_cluster(tmp_path: Path, postgres_url: str) -> None:
    async with nodes(tmp_path, postgres_url, 3) as crew:
        found = await collecting.taken_over(crew, count=12)
        assert found["acknowledged"] >= 12, found
        assert found["acknowledged and not in the inbox"] == found["twice in the inbox"] == 0, found
        assert found["read by nodes that had no turn"] == 0, found
