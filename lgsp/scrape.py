"""What the scrape of `/metrics` asks a running bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lgsp.alerting.routes import MOST as MOST_MESSAGES
from lgsp.health.keeper import MOST_TRANSITIONS
from lgsp.model import Health, Stage
from lgsp.pipeline.bulkhead import MOST_REFUSALS

if TYPE_CHECKING:
    from lgsp.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Scrape:
    """`metrics.Reading` of a house."""

    house: Gateway

    def systems(self) -> Mapping[str, tuple[Stage | None, Health, str]]:
        rows = {}
        for name in self.house.registry.connectors:
            entry, seen = self.house.ledger.stage(name), self.house.health.system(name)
            rows[name] = (entry.stage if entry else None, seen.health, str(seen.breaker))
        return rows

    def knows(self, system: str, operation: str) -> bool:
        connector = self.house.registry.connector(system)
        return connector is not None and (
            operation in connector.inbound or any(operation in each.operations for each in connector.versions())
        )

    def inflight(self) -> Mapping[str, int]:
        return self.house.bulkhead.inflight()

    def audit_entries(self) -> int:
        return self.house.audit.entries

    def memory(self) -> tuple[int, int]:
        return self.house.spool.memory.used, self.house.spool.memory.refused

    def let_go(self) -> int:
        return self.house.spool.unread.dropped

    def syslog_dropped(self) -> int:
        return self.house.soc.dropped if self.house.soc is not None else 0

    def held(self) -> Mapping[str, tuple[int, int]]:
        house, spool = self.house, self.house.spool
        found = {
            "evidence": house.audit.waiting,
            "spool-bytes": (spool.used, spool.limit),
            "message-bytes": (spool.memory.used, spool.memory.limit),
            "unread-bytes": (spool.unread.used, spool.unread.limit),
            "slots": house.bulkhead.waiting(),
            "refusals": (house.bulkhead.refusing, MOST_REFUSALS),
            "store": house.store.waiting,
            "tokens": house.policy.tokens.held(len(house.policy.consumers())),
            "transitions": (len(house.keeper.waiting), MOST_TRANSITIONS),
            "attention": house.attention.held,
            "alert-messages": (len(house.alerting.sender.waiting), MOST_MESSAGES),
            "security-news": house.news.held,
            "shadow": (house.shadow.waiting.qsize(), house.shadow.waiting.maxsize),
            **house.feed.held(),
            **house.watch.held(),
            **house.policy.credentials.guard.held(),
        }
        return found if house.soc is None else {**found, "syslog": house.soc.held}
