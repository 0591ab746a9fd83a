"""`lgsp submission …` and `lgsp consumer callback`, on a data folder that nobody owns and beside its owner."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from lgsp.model import SubmissionState
from lgsp.office import Office
from lgsp.runtime import Runtime
from lgsp.store import open_store
from tests.cli.test_office import beside, lgsp, owner
from tests.test_correction import made, put

__all__ = ["owner"]
S = SubmissionState


def filled(data: Path) -> None:
    async def fill() -> None:
        runtime = Runtime.system()
        store = await open_store(data, runtime)
        office = made(store, runtime)
        await put(office, "failed", S.FAILED)
        await put(office, "doubtful", S.INDETERMINATE, code="timeout")
        await put(office, "queued")
        await store.close()

    asyncio.run(fill())


def test_from_the_look_to_the_decision(tmp_path: Path) -> None:
    filled(tmp_path)
    listed = lgsp(tmp_path, "submission", "list", "--state", "failed", "--state", "indeterminate", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)["items"]] == ["failed", "doubtful"]
    table = lgsp(tmp_path, "submission", "list", "--limit", "1")
    assert "provider-fault" in table.stdout
    assert "more with --after" in table.stderr
    grouped = json.loads(lgsp(tmp_path, "submission", "groups", "--json").stdout)
    assert {(each["cause"], each["count"]) for each in grouped} == {("provider-fault", 1), ("timeout", 1), ("", 1)}
    assert "provider-fault" in lgsp(tmp_path, "submission", "groups").stdout
    shown = json.loads(lgsp(tmp_path, "submission", "show", "doubtful").stdout)
    assert shown["may"]["settle"] is True
    assert lgsp(tmp_path, "submission", "cancel", "queued", "--reason", "withdrawn").exit_code == 0
    one = lgsp(
        tmp_path, "submission", "settle", "doubtful", "failed", "--reason", "asked", "--by", "A", "--approved-by", "a"
    )
    assert one.exit_code == 1
    two = lgsp(
        tmp_path, "submission", "settle", "doubtful", "failed", "--reason", "asked", "--by", "A", "--approved-by", "B"
    )
    assert (two.exit_code, json.loads(two.stdout)["state"]) == (0, "failed")


def test_sending_again_only_counts_until_the_count_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    for dry in ((), ("--dry-run",)):
        counted = json.loads(lgsp(tmp_path, "submission", "resend", *dry).stdout)
        assert (counted["count"], counted["sent"]) == (1, [])
    assert lgsp(tmp_path, "submission", "resend", "--yes", "1").exit_code == 2, "without a reason"
    assert lgsp(tmp_path, "submission", "resend", "--yes", "1", "--dry-run", "--reason", "repaired").exit_code == 2
    wrong = lgsp(tmp_path, "submission", "resend", "--yes", "2", "--reason", "repaired")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    done = json.loads(lgsp(tmp_path, "submission", "resend", "--yes", "1", "--reason", "repaired").stdout)
    assert [each["id"] for each in done["sent"]] == ["failed"]


async def test_a_receiver_over_the_owners_socket(tmp_path: Path, owner: Office) -> None:
    assert (await beside(tmp_path, "consumer", "add", "mot-cua", "--name", "Một cửa")).exit_code == 0
    callback = ("consumer", "callback", "mot-cua")
    assert json.loads((await beside(tmp_path, *callback)).stdout)["on"] is False
    made_ = await beside(tmp_path, *callback, "--url", "https://receiver.example/hook")
    assert json.loads(made_.stdout)["secret"].startswith("whsec_")
    assert (await beside(tmp_path, *callback, "--url", "http://127.0.0.1:1/")).exit_code == 1
    assert json.loads((await beside(tmp_path, *callback, "--rotate", "--overlap", "1")).stdout)["secret"]
    for wrong in (("--off", "--rotate"), ("--with-data",), ("--overlap", "1")):
        assert (await beside(tmp_path, *callback, *wrong)).exit_code == 2
    assert json.loads((await beside(tmp_path, *callback, "--off")).stdout)["on"] is False
    row = await owner.store.callbacks.get("mot-cua")
    assert row is not None
    assert row.why == "operator"
