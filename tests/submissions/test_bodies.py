"""Large bodies: kept beside the record, encrypted, whole again when they are delivered, gone afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lgsp.errors import ConnectFailed
from lgsp.model import Blob, Data, SubmissionState
from lgsp.runtime import Runtime
from lgsp.spool import CHUNK, Spool
from lgsp.submissions import Submissions
from lgsp_mocks.clock import run
from tests.submissions.house import House, Ministry, house

S = SubmissionState
TEXT = b"canary " * (CHUNK // 4)


def large(spool: Spool) -> Blob:
    writer = spool.drawer().open()
    writer.write(TEXT)
    return writer.close()


async def stand(runtime: Runtime, folder: Path, *, spooled: bool = True) -> tuple[House, Spool, list[Any], Ministry]:
    home = await house(runtime, folder / "data")
    spool = Spool(folder / "spool", runtime)
    if spooled:
        home.submissions = Submissions(home.store, runtime, home.events, lambda: home.registry, spool)
    got: list[Any] = []
    ministry = home.ministry

    async def read(exchange: Any) -> Data:
        contents = [part["content"] for part in (exchange.data or {}).get("parts", ())]
        got.extend((each.path.read_bytes(), each.sha256) for each in contents if isinstance(each, Blob))
        return await ministry(exchange)

    home.ministry = read  # type: ignore[assignment]
    return home, spool, got, ministry


@pytest.mark.parametrize("away", [False, True])
def test_left_and_delivered_whole(tmp_path: Path, away: bool) -> None:
    async def story(runtime: Runtime) -> None:
        home, spool, got, ministry = await stand(runtime, tmp_path)
        blob = large(spool)
        data = {"code": "a", "parts": [{"content": "small"}, {"content": blob}]}
        if away:
            ministry.script.append(ConnectFailed())
        view, exchange = await home.ask(data=data, respond_async=not away)
        assert exchange.accepted
        await home.store.submissions.drop_orphans("Z")
        got.clear()
        await home.until(view["id"], S.DELIVERED)
        assert got == [(TEXT, blob.sha256)]
        assert not (tmp_path / "data" / "lgsp.db").read_bytes().count(b"canary")
        assert await home.store.submissions.piece(view["id"], 0, 0) is None, "nothing is kept after its end"
        assert spool.used == 0
        await home.store.close()

    run(story)


def test_a_large_body_does_not_overtake(tmp_path: Path) -> None:
    """Behind an update of the same dossier that waits it is copied and waits too; alone it is sent as it is."""

    async def story(runtime: Runtime) -> None:
        home, spool, got, ministry = await stand(runtime, tmp_path)
        alone, exchange = await home.ask(data={"code": "b", "n": 0, "parts": [{"content": large(spool)}]})
        assert (alone, exchange.accepted) == ({"receipt": "b"}, False)
        ministry.script = [ConnectFailed()]
        first, _ = await home.ask(data={"code": "a", "n": 1})
        blob = large(spool)
        second, exchange = await home.ask(data={"code": "a", "n": 2, "parts": [{"content": blob}]})
        assert exchange.accepted
        await home.store.submissions.drop_orphans("Z")
        got.clear()
        await home.until(second["id"], S.DELIVERED)
        assert ministry.order == ["b:0", "a:1", "a:2"]
        assert got == [(TEXT, blob.sha256)]
        assert await home.submissions.get(first["id"]) is not None
        await home.store.close()

    run(story)


def test_without_a_spool_a_large_body_is_delivered_within_the_call(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home, spool, got, _ = await stand(runtime, tmp_path, spooled=False)
        _, exchange = await home.ask(data={"code": "a", "parts": [{"content": large(spool)}]}, respond_async=True)
        assert not exchange.accepted
        assert len(got) == 1
        await home.store.close()

    run(story)


def test_what_was_never_kept_waits_for_a_human(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home, spool, _, _ = await stand(runtime, tmp_path)
        view, _ = await home.ask(data={"code": "a", "parts": [{"content": large(spool)}]}, respond_async=True)
        await home.store.submissions.drop_pieces(view["id"])
        loop = asyncio.create_task(home.submissions.run(home.handle))
        await asyncio.sleep(3600)
        found = await home.submissions.get(view["id"])
        assert found is not None
        assert found.state is S.INDETERMINATE
        assert not loop.done()
        loop.cancel()
        await asyncio.wait({loop})
        await home.store.close()

    run(story)


def test_whose_record_a_ministry_talks_about(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home, _, _, _ = await stand(runtime, tmp_path)
        await home.ask("plain", {"code": "a"})
        assert await home.submissions.owner("register", "a") == "portal"
        assert await home.submissions.owner("register", "b") is None
        assert await home.submissions.owner("other", "a") is None
        await home.store.close()

    run(story)
