"""Virtual time: jumps when idle, waits for threads and sockets, and repeats itself."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from lgsp.runtime import Runtime
from lgsp_mocks.clock import EPOCH, NothingLeft, VirtualLoop, run


def test_a_day_passes_at_once() -> None:
    async def main(runtime: Runtime) -> tuple[float, timedelta]:
        began = runtime.clock.now()
        await asyncio.sleep(86_400)
        return runtime.clock.monotonic(), runtime.clock.now() - began

    assert run(main) == (86_400, timedelta(days=1))


def test_the_world_begins_on_a_known_morning() -> None:
    async def main(runtime: Runtime) -> bool:
        return runtime.clock.now() == EPOCH

    assert run(main)


def test_timeouts_and_order_are_those_of_time() -> None:
    async def main(_: Runtime) -> list[str]:
        seen = []

        async def later(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            seen.append(name)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.gather(later(3, "three"), later(1, "one"), later(9, "never"))
        return seen

    assert run(main) == ["one", "three"]


def test_the_same_seed_gives_the_same_ids() -> None:
    async def main(runtime: Runtime) -> tuple[str, str, float]:
        return runtime.ids.new(), runtime.ids.token(), runtime.random.random()

    assert run(main, seed=7) == run(main, seed=7)
    assert run(main, seed=7) != run(main, seed=8)


def test_no_jump_while_a_thread_works() -> None:
    async def main(runtime: Runtime) -> float:
        done = threading.Event()

        def work() -> str:
            done.wait(5)
            return "worked"

        async def release() -> None:
            await asyncio.sleep(0)
            done.set()

        loop = asyncio.get_running_loop()
        timer = asyncio.create_task(asyncio.sleep(3_600))
        result, _ = await asyncio.gather(loop.run_in_executor(None, work), release())
        assert result == "worked"
        assert not timer.done()
        timer.cancel()
        return runtime.clock.monotonic()

    assert run(main) < 3_600


def test_no_jump_while_a_socket_is_open() -> None:
    async def main(runtime: Runtime) -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello\n")
            line = await reader.readline()
        writer.close()
        server.close()
        assert runtime.clock.monotonic() < 30
        return line

    assert run(main) == b"hello\n"


def test_a_deadlock_is_said() -> None:
    async def main(_: Runtime) -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingLeft):
        run(main)


def test_hold_stops_the_jump() -> None:
    async def main(_: Runtime) -> bool:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        with loop.hold():
            thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, True))
            future: asyncio.Future[bool] = loop.create_future()
            thread.start()
            return await future

    assert run(main)


def test_a_timer_fires_after_half_a_year_too() -> None:
    """Above 2**24 seconds a float's steps are wider than asyncio's clock resolution: a timer due now was never due."""

    async def main(runtime: Runtime) -> float:
        await asyncio.sleep(2**24 + 0.1)
        for _ in range(100):
            await asyncio.sleep(0.0123)
        return runtime.clock.monotonic()

    assert run(main) == pytest.approx(2**24 + 1.33, abs=0.01)
