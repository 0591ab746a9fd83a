"""What a gateway has more where it is one of several: the news, one opinion of health, duties that only one of them does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lgsp.events import HealthChanged, StageChanged
from lgsp.health import HealthBook, HealthKeeper
from lgsp.lifecycle import Ledger
from lgsp.policy import Policy
from lgsp.runtime import Clock
from lgsp.store import Store
from lgsp.submissions.desk import Desk
from lgsp.supervise import Supervisor
from lgsp.workers.duties import Duty
from lgsp.workers.health import HealthLink
from lgsp.workers.news import News

Work = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Together:
    news: News
    link: HealthLink
    store: Store
    clock: Clock

    @classmethod
    def of(
        cls,
        store: Store,
        clock: Clock,
        policy: Policy,
        ledger: Ledger,
        health: HealthBook,
        keeper: HealthKeeper,
        desk: Desk,
        told: Callable[[HealthChanged | StageChanged], None],
    ) -> Together | None:
        """None for a process that is alone with its data: nothing of this is needed, and nothing costs anything."""
        if store.changes.alone:
            return None
        link = HealthLink(health, store.changes, store.leases, clock, told)
        news = News(store.changes, policy, ledger, desk, health.counts, told)
        health.link = link
        keeper.told = news.tell_counts
        news.begin()
        link.begin()
        return cls(news, link, store, clock)

    async def start(self, supervisor: Supervisor) -> None:
        """What changed between reading and hearing is read again; from here on everything is heard."""
        await self.news.read_again()
        supervisor.start("news", self.news.run)
        supervisor.start("health-link", self.link.run)

    def one(self, name: str, work: Work) -> Work:
        """The same work, done by one process of all."""
        return lambda: Duty(name, self.store.leases, self.clock).run(work)

    def leader(self, work: Work) -> Work:
        """Work of the one that judges health."""
        duty = Duty("health", self.store.leases, self.clock, self.link.lead, self.link.follow)
        return lambda: duty.run(work)
