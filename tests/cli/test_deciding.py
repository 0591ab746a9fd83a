"""What waits for a second person, at a terminal: looked at, admitted, declined."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from lgsp.model import SubmissionState
from lgsp.office import perform
from lgsp.runtime import Runtime
from lgsp.store import open_store
from tests.cli.test_office import lgsp
from tests.test_correction import made, put


def asked(data: Path) -> None:
    """Two consumers that an operator has asked for, and a doubtful submission that he wants sent again."""

    async def ask() -> None:
        runtime = Runtime.system()
        store = await open_store(data, runtime)
        office = made(store, runtime)
        for name in ("portal", "archive"):
            await perform(office, "consumer.ask", "an", {"consumer": name, "name": f"Hệ thống {name}", "basis": "1/QĐ"})
        await put(office, "doubtful", SubmissionState.INDETERMINATE, code="timeout")
        await perform(office, "submission.propose", "an", {"id": "doubtful", "kind": "resend", "reason": "Bộ chưa có"})
        await store.close()

    asyncio.run(ask())


def test_a_consumer_that_was_asked_for_is_admitted_or_declined(tmp_path: Path) -> None:
    asked(tmp_path)
    table = lgsp(tmp_path, "consumer", "requests").stdout
    assert "portal" in table
    assert "1/QĐ" in table
    waiting = {
        each["consumer"]: each["id"] for each in json.loads(lgsp(tmp_path, "consumer", "requests", "--json").stdout)
    }
    admitted = json.loads(lgsp(tmp_path, "consumer", "admit", waiting["portal"]).stdout)
    assert (admitted["id"], admitted["asked_by"]) == ("portal", "an")
    assert admitted["api_key"].startswith("lgsp_")
    again = lgsp(tmp_path, "consumer", "admit", waiting["portal"])
    assert (again.exit_code, f"Không có đề nghị {waiting['portal']} đang chờ" in again.stderr) == (1, True)
    assert lgsp(tmp_path, "consumer", "decline", waiting["archive"]).exit_code == 0
    assert "nothing waits" in lgsp(tmp_path, "consumer", "requests").stderr
    assert [each["id"] for each in json.loads(lgsp(tmp_path, "consumer", "list", "--json").stdout)] == ["portal"]


def test_proposals_are_looked_at(tmp_path: Path) -> None:
    asked(tmp_path)
    (found,) = json.loads(lgsp(tmp_path, "submission", "proposals", "--json").stdout)
    assert (found["submission"], found["kind"], found["by"]) == ("doubtful", "resend", "an")
    assert "doubtful" in lgsp(tmp_path, "submission", "proposals").stdout
    assert json.loads(lgsp(tmp_path, "submission", "proposals", "other", "--json").stdout) == []
