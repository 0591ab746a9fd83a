"""Jobs run when they are due, each by itself; a call is tried again, a function never."""

from __future__ import annotations

import asyncio
from typing import Any

from lgsp.runtime import Runtime
from lgsp_mocks import clock
from lgsp_mocks.work import Job, Work


def run(
    do: Any, jobs: list[tuple[float, str, str]], seconds: float
) -> tuple[list[tuple[float, str]], list[dict[str, Any]]]:
    async def main(runtime: Runtime) -> tuple[list[tuple[float, str]], list[dict[str, Any]]]:
        seen: list[tuple[float, str]] = []

        async def done(job: Job) -> bool:
            seen.append((round(asyncio.get_running_loop().time(), 2), job.name))
            result: bool = await do(job)
            return result

        work = Work(runtime, done)
        now = runtime.clock.now().timestamp()
        task = asyncio.create_task(work.run())
        await asyncio.sleep(0)
        for after, kind, name in jobs:
            work.put(Job(now + after, kind, "so-mau", "rest", name, {}))  # type: ignore[arg-type]
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen, work.state()

    return clock.run(main)


async def at_once(_: Job) -> bool:
    return True


def test_jobs_run_in_the_order_in_which_they_are_due() -> None:
    seen, left = run(at_once, [(3, "function", "c"), (1, "function", "a"), (2, "call", "b"), (99, "function", "d")], 10)
    assert seen == [(1, "a"), (2, "b"), (3, "c")]
    assert [job["name"] for job in left] == ["d"]


def test_a_slow_job_holds_up_nobody() -> None:
    async def slow(job: Job) -> bool:
        await asyncio.sleep(100 if job.name == "slow" else 0)
        return True

    seen, left = run(slow, [(1, "call", "slow"), (2, "call", "quick")], 10)
    assert [name for _, name in seen] == ["slow", "quick"]
    assert [job["name"] for job in left] == ["slow"]


def test_only_calls_are_tried_again() -> None:
    async def never(_: Job) -> bool:
        return False

    seen, left = run(never, [(1, "function", "f"), (1, "call", "c")], 100)
    assert [at for at, name in seen if name == "f"] == [1]
    assert [at for at, name in seen if name == "c"] == [1, 3, 7, 15, 31, 63]
    assert [(job["name"], job["tries"]) for job in left] == [("c", 6)]
