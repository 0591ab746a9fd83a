"""A running bus answers what the scrape asks: a real one, since the figures come from all over the house."""

from __future__ import annotations

from pathlib import Path

from lgsp.health.keeper import MOST_TRANSITIONS
from lgsp.scrape import Scrape
from tests.endpoints.bus import running


async def test_what_a_house_says_of_itself(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        scrape = Scrape(bus.gateway)
        assert set(scrape.systems()) == set(bus.gateway.registry.connectors)
        assert scrape.knows("civil-status", "traTrangThaiHoSo")
        assert not scrape.knows("civil-status", "anything")
        assert not scrape.knows("anything", "traTrangThaiHoSo")

        wrong = {"Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}
        assert (
            await bus.send(
                "POST",
                "/token",
                b"grant_type=client_credentials",
                {**wrong, "Content-Type": "application/x-www-form-urlencoded"},
            )
        ).status == 401
        held = scrape.held()
        assert set(held) == {
            "evidence", "spool-bytes", "message-bytes", "unread-bytes", "slots", "refusals", "store", "tokens", "transitions", "attention",
            "alert-messages", "security-news", "shadow", "feed", "streams", "readers", "refused-callers", "nonces", "wrong-secrets",
        }  # fmt: skip
        assert all(0 <= now < most for now, most in held.values())
        assert held["transitions"][1] == MOST_TRANSITIONS
        assert held["wrong-secrets"][0] == 1, "one wrong secret is remembered"
        page = (await bus.send("GET", "/metrics")).body.decode()
        assert 'lgsp_held{what="wrong-secrets"} 1' in page
