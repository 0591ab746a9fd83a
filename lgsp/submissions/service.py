"""What the rest of the house sees of submissions: the Deposit step's partner, polling, counts, the supervised loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from lgsp.errors import EvidenceUnavailable
from lgsp.events import Events
from lgsp.exchange import Exchange, Handler
from lgsp.model import Data, SubmissionState
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.spool import Spool
from lgsp.store import Store, StoreFailed, SubmissionRow
from lgsp.submissions.bodies import blobs_of
from lgsp.submissions.deliver import Delivery
from lgsp.submissions.desk import Desk
from lgsp.submissions.record import Outcome, Submission, problem_of

S = SubmissionState


class Submissions:
    """`spool`: where large bodies stand while they are delivered; without one they are only delivered within the call."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        events: Events,
        registry_of: Callable[[], Registry],
        spool: Spool | None = None,
    ) -> None:
        self.desk = Desk(store, runtime, events, registry_of, spool)
        self._delivery = Delivery(self.desk)

    async def accept(self, exchange: Exchange, *, queued: bool) -> tuple[SubmissionRow, bool]:
        """See `Desk.accept`."""
        return await self.desk.accept(exchange, queued=queued)

    async def get(self, submission: str, consumer: str | None = None) -> Submission | None:
        """None where there is none, or where it is another consumer's. Without a consumer: for operators."""
        row = await self.desk.rows.get(submission)
        if row is None or (consumer is not None and row.consumer != consumer):
            return None
        return self.desk.opened(row)

    async def counts(self) -> dict[SubmissionState, int]:
        """How many stand in each state, every state named."""
        counted: Counter[SubmissionState] = Counter(dict.fromkeys(SubmissionState, 0))
        for (_, state), rows in (await self.desk.rows.counts()).items():
            counted[state] += rows
        return dict(counted)

    async def delivered(self, row: SubmissionRow, answer: Data) -> bool:
        """The caller's own call was answered. False where that could not be recorded: its outcome stays doubtful."""
        try:
            return await self.desk.move(row, S.DELIVERED, outcome=Outcome(answer))
        except StoreFailed:
            self.desk.not_written(row.id)
            return False

    async def refused(self, row: SubmissionRow, error: BaseException, *, again: bool) -> None:
        """Known not to have taken effect. `again`: nothing was sent, so the same idempotency key may try afresh."""
        await self._moved(row, S.FAILED, Outcome(problem=problem_of(error)), again=again)

    async def doubtful(self, row: SubmissionRow, error: BaseException) -> None:
        try:
            await self.desk.move(
                row, S.INDETERMINATE, outcome=Outcome(problem=problem_of(error)), next_at=self.desk.settle_at(row)
            )
        except StoreFailed:
            self.desk.not_written(row.id)

    def may_leave(self, data: Data | None) -> bool:
        """Whether this body can be kept."""
        return self.desk.bodies.spool is not None or not any(True for _ in blobs_of(data))

    async def owner(self, system: str, key: str) -> str | None:
        """Who has submitted something about this business record, for a ministry's call that names only the record."""
        natural_key = self.desk.natural_key(system, key)
        return None if natural_key is None else await self.desk.rows.owner(natural_key)

    async def kept(self, row: SubmissionRow, data: Data, error: BaseException) -> None:
        """The system is away: left with the bus. Raises `EvidenceUnavailable` where that could not be recorded."""
        at = self.desk.now() + timedelta(seconds=self.desk.runtime.random.uniform(1.0, 2.0))
        try:
            await self.desk.bodies.keep(row.id, data)
            await self.desk.move(row, S.QUEUED, outcome=Outcome(problem=problem_of(error)), next_at=at, queued=True)
        except StoreFailed as failed:
            raise EvidenceUnavailable(retry_after=1) from failed

    async def doubt(self, submission: str) -> None:
        """The evidence of its answer could not be written. What cannot be written either is left as it is."""
        try:
            await self.desk.doubt(submission)
        except StoreFailed:
            return

    async def run(self, handle: Handler) -> None:
        """The supervised task that delivers and settles."""
        await self._delivery.run(handle)

    async def _moved(self, row: SubmissionRow, now: SubmissionState, outcome: Outcome, *, again: bool) -> None:
        try:
            await self.desk.move(row, now, outcome=outcome, release_key=again)
        except StoreFailed:
            self.desk.not_written(row.id)
