"""Planted bugs: each must be found by the invariants within 500 seeds. A bug that is not found is a hole in them.

A bug is a small change of one function's source, made in this process only while the seeds run.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from types import FunctionType
from typing import Any

from tests.faults.ground import Ground
from tests.faults.world import play

MOST = 500
LATE = (
    "deliveries outlive their loop", "the cursor goes before the items", "a full disk makes a storm of questions",
    "a cancellation is swallowed", "a probe that is never given back", "a poisoned message stops the worker",
)  # fmt: skip
"""Found by some seed in the tens or hundreds: begun first, so that no core waits for another at the end."""


@dataclass(frozen=True, slots=True)
class Tooth:
    """`where`: module:qualified name of the function; `old` stands in its source exactly once. `guard` is another one that has
    to be missing too, where two guard the same and either is enough."""

    name: str
    where: str
    old: str
    new: str
    guard: Tooth | None = None


TEETH: tuple[Tooth, ...] = (
    Tooth("acknowledged before the commit", "lgsp.submissions.desk:Desk.accept",
          "stands = await self.rows.accept(row, self._claim(exchange, row), may_wait=may_wait)",
          "stands = row; asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future("
          "self.rows.accept(row, self._claim(exchange, row), may_wait=may_wait)))"),
    Tooth("commits are not synced", "lgsp.store.sqlite.database:Database._connection", "synchronous=FULL", "synchronous=OFF"),
    Tooth("evidence after the answer", "lgsp.pipeline.record:Record._evidenced", "await self._audit.answered(exchange)",
          "asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future(self._audit.answered(exchange)))"),
    Tooth("asked after it was sent", "lgsp.pipeline.intend:Intend._first", "await self._audit.asked(exchange)",
          "exchange.asked = True; found = await handler(exchange); await self._audit.asked(exchange); return found"),
    Tooth("personal queries without evidence", "lgsp.pipeline.intend:Intend.__call__", "or operation.personal", "or False"),
    Tooth("an answer without evidence is a refusal", "lgsp.pipeline.record:Record._without_evidence",
          "if exchange.asked or exchange.accepted:", "if False:"),
    Tooth("two half-open probes", "lgsp.health.breaker:Breaker.shut", "else self.probing", "else False"),
    Tooth("a probe that is never given back", "lgsp.health.breaker:Breaker.release", "self.probing = False", "pass"),
    Tooth("the minimum volume is ignored", "lgsp.health.breaker:Breaker._tripped", "calls < self.policy.minimum", "calls < 1"),
    Tooth("business refusals open the breaker", "lgsp.pipeline.breaker:_judge", 'attempt.outcome in ("ok", "business")',
          'attempt.outcome == "business" and error is not None:\n        permit.failed(error, attempt.seconds)\n'
          '    elif attempt.outcome == "ok"'),
    Tooth("up without a proof", "lgsp.health.known:Known.system", "SystemState(self.clock.now())",
          "SystemState(self.clock.now(), Health.UP)"),
    Tooth("a write is retried", "lgsp.pipeline.retry:_may_repeat", "operation.safe or operation.keyed", "True"),
    Tooth("the retry budget is ignored", "lgsp.pipeline.retry:Retry._spend",
          "self.retrying[system] >= max(self.policy.floor, self.policy.share * self.active[system])", "False"),
    Tooth("the deadline is not inherited", "lgsp.pipeline.identify:resolve", "within(operation.timeout, exchange.wanted_timeout)",
          "operation.timeout"),
    Tooth("a slot leaks", "lgsp.pipeline.bulkhead:Bulkhead.__call__", "slots.release()",
          "isinstance(__import__('sys').exc_info()[1], Exception) or slots.release()"),
    Tooth("more in flight than slots", "lgsp.pipeline.bulkhead:Slots.take_free", "self.taken < self.capacity and not self.queue", "True"),
    Tooth("a lost wake-up", "lgsp.submissions.desk:Desk._told", "self.wake.set()", "pass"),
    Tooth("the key is released in doubt", "lgsp.submissions.service:Submissions.doubtful",
          "next_at=self.desk.settle_at(row)", "next_at=self.desk.settle_at(row), release_key=True"),
    Tooth("the order is ignored", "lgsp.submissions.desk:Desk._drawn",
          'self.keys.digest(b"order", operation.system.encode(), value.encode()) if value else None', "None"),
    Tooth("the doubtful is sent again", "lgsp.submissions.deliver:Delivery._settle",
          "operation is not None and operation.proved_by is not None", "False"),
    Tooth("sent again while it may be at work", "lgsp.submissions.deliver:Delivery._prove",
          "(desk.now() - row.changed).total_seconds() < max(2 * operation.timeout, _GRACE)", "False"),
    Tooth("settled the wrong way", "lgsp.submissions.deliver:Delivery._prove",
          "await desk.move(row, S.DELIVERED, outcome=Outcome(proof=found))",
          "await desk.move(row, S.FAILED, outcome=Outcome(proof=found), release_key=True)"),
    Tooth("not found counts as done", "lgsp.submissions.deliver:Delivery._prove", "elif row.queued:", "elif await desk.move(row, S.DELIVERED):\n            pass\n        elif row.queued:"),
    Tooth("a refused second try forgets the first", "lgsp.submissions.fate:fate",
          'any(attempt.reached and attempt.outcome != "business" for attempt in exchange.attempts)', "False",
          Tooth("a refused second try is told", "lgsp.pipeline.retry:Retry._again", "raise first from None", "raise")),
    Tooth("a lost connection counts as unsent", "lgsp.submissions.fate:fate",
          'any(attempt.reached and attempt.outcome != "business" for attempt in exchange.attempts):\n'
          "        return Fate.UNKNOWN\n    if isinstance(error, Unavailable) and not error.reached",
          "False:\n        return Fate.UNKNOWN\n    if isinstance(error, Unavailable)"),
    Tooth("the collector acknowledges before the commit", "lgsp.submissions.collect:Collectors._page",
          "fresh = await self._inbox.put_all(arrivals, row)",
          "for item in items if collector.acknowledge else ():\n"
          "        await self._acknowledge(collector, collector.acknowledge, item, handle)\n"
          "    fresh = await self._inbox.put_all(arrivals, row)"),
    Tooth("the cursor goes before the items", "lgsp.submissions.collect:Collectors._page",
          "fresh = await self._inbox.put_all(arrivals, row)",
          "await self._inbox.put_all([], row); await asyncio.sleep(1.0); fresh = await self._inbox.put_all(arrivals, None)"),
    Tooth("items come twice", "lgsp.submissions.inbox:Inbox.put_all", 'self._keys.digest(b"item", arrival.key.encode())',
          'self._keys.digest(b"item", arrival.key.encode() + name.encode())'),
    Tooth("an inbound call is taken before the commit", "lgsp.pipeline.handover:HandOver.__call__",
          "await self.inbox.put_all(arrivals)",
          "__import__('asyncio').get_running_loop().call_later(1.0, lambda: __import__('asyncio').ensure_future(self.inbox.put_all(arrivals)))"),
    Tooth("large bodies are lost in a crash", "lgsp.submissions.bodies:Bodies.keep",
          "await self.store.submissions.put_piece(submission, number, part, sealed)",
          "__import__('asyncio').get_running_loop().call_later(2.0, lambda part=part, sealed=sealed: __import__('asyncio')"
          ".ensure_future(self.store.submissions.put_piece(submission, number, part, sealed)))"),
    Tooth("deliveries outlive their loop", "lgsp.submissions.deliver:Delivery._round",
          'group.create_task(self._deliver(row, handle), name=f"deliver {row.id}")',
          'asyncio.get_running_loop().create_task(self._deliver(row, handle), name=f"deliver {row.id}")'),
    Tooth("a cancellation is swallowed", "lgsp.submissions.collect:Collectors._round",
          "contextlib.suppress(LgspError, StoreFailed)", "contextlib.suppress(LgspError, StoreFailed, asyncio.CancelledError)"),
    Tooth("a poisoned message stops the worker", "lgsp.submissions.deliver:Delivery._deliver",
          "await self._parked(row, error)", "raise"),
    Tooth("a full disk makes a storm of questions", "lgsp.submissions.deliver:Delivery._settle",
          "await asyncio.sleep(_DISK_PAUSE)", "await asyncio.sleep(0.01)"),
    Tooth("the settling question loses its types", "lgsp.submissions.deliver:_leaves", "yield data", "yield str(data)"),
)  # fmt: skip


def target(where: str) -> Any:
    """The function that is to be changed."""
    module, _, name = where.partition(":")
    found: Any = importlib.import_module(module)
    for step in name.split("."):
        found = inspect.getattr_static(found, step) if inspect.isclass(found) else getattr(found, step)
    return getattr(found, "__func__", found)


def changed(tooth: Tooth) -> FunctionType:
    """The function with the bug in it. Raises `ValueError` where the code has moved on and the table has not."""
    function = target(tooth.where)
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(tooth.old) != 1:
        raise ValueError(f"{tooth.name}: {tooth.old!r} stands {source.count(tooth.old)} times in {tooth.where}")
    made: dict[str, Any] = {}
    flags = __future__.annotations.compiler_flag
    code = compile(source.replace(tooth.old, tooth.new), f"<{tooth.name}>", "exec", flags=flags, dont_inherit=True)
    exec(code, function.__globals__, made)
    found: FunctionType = made[function.__name__]
    return found


@contextmanager
def planted(tooth: Tooth) -> Iterator[None]:
    """While it lasts, everybody who calls the function meets the bug, whoever has imported it and when."""
    function, bug = target(tooth.where), changed(tooth)
    kept = function.__code__
    function.__code__ = bug.__code__
    try:
        with planted(tooth.guard) if tooth.guard is not None else nullcontext():
            yield
    finally:
        function.__code__ = kept


@dataclass(frozen=True, slots=True)
class Bitten:
    tooth: str
    seed: int | None
    by: str


_GROUND: list[Ground] = []


def bite(tooth: Tooth, most: int = MOST) -> Bitten:
    """The first seed that finds the bug, and by which invariant."""
    if not _GROUND:
        _GROUND.append(Ground())
    with planted(tooth):
        for seed in range(most):
            found = play(_GROUND[0], seed)
            if not found.ok:
                return Bitten(tooth.name, seed, found.violations[0].name)
    return Bitten(tooth.name, None, "")


def table(only: str, jobs: int) -> bool:
    """Prints which seed found which bug by which invariant; whether all were found."""
    wanted = sorted((tooth for tooth in TEETH if only in tooth.name), key=lambda tooth: tooth.name not in LATE)
    began, missed = time.monotonic(), 0
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for done in as_completed([pool.submit(bite, tooth) for tooth in wanted]):
            bitten = done.result()
            missed += bitten.seed is None
            where = f"seed {bitten.seed:3d}  {bitten.by}" if bitten.seed is not None else f"NOT FOUND in {MOST} seeds"
            print(f"{bitten.tooth:50s} {where}", flush=True)
    print(f"{len(wanted) - missed} of {len(wanted)} planted bugs found in {time.monotonic() - began:.0f} s")
    return not missed
