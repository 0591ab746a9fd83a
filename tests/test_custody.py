"""The decisions about kept messages as somebody types them: refused without role and reason, and each of them evidence.

What they do to the messages themselves is proved in tests/audit/test_payloads.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from lgsp.audit import verify
from lgsp.cli.main import main
from lgsp.runtime import Runtime
from lgsp_mocks.clock import run
from tests.audit.test_payloads import ASK
from tests.submissions.house import house

AS = ["--role", "security-officer", "--reason", "thanh tra theo kế hoạch"]


def typed(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words, "--data", str(data)])


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_from_the_command_line(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        home = await house(runtime, tmp_path, ASK)
        home.ministry.effects["a"] = 1
        await home.ask("ask", {"code": "a", "person": {"id": "099096990001"}}, correlation_id="c-a")
        await home.audit.close()
        await home.store.close()

    run(story)
    assert typed(tmp_path, "payload", "c-a").exit_code == 2, "role and reason must be given"
    short = typed(tmp_path, "payload", "c-a", "--role", "auditor", "--reason", "thử")
    assert "five letters" in short.stderr, "what was given, and is too short, is not asked for as if it were missing"
    refused = typed(tmp_path, "payload", "c-a", "--role", "viewer", "--reason", "chỉ xem thôi")
    assert (refused.exit_code, "auditor" in refused.output) == (1, True)
    request, answer = said(typed(tmp_path, "payload", "c-a", *AS))
    assert request["data"]["person"] == {"id": "099096990001"}
    assert answer["kind"] == "answer"
    hold = said(typed(tmp_path, "hold", "add", "--correlation", "c-a", *AS))
    assert [each["id"] for each in said(typed(tmp_path, "hold", "list"))] == [hold["id"]]
    (key,) = said(typed(tmp_path, "retention", "list", "--json"))
    assert (key["messages"], key["destroyed"]) == (2, None)
    day = key["key"]
    assert said(typed(tmp_path, "retention", "destroy", "--before", "2026-01-01", *AS))["held"] == 2
    assert said(typed(tmp_path, "payload", "c-a", *AS))[0]["data"] == request["data"]
    said(typed(tmp_path, "hold", "release", hold["id"], *AS))
    assert said(typed(tmp_path, "retention", "destroy", "--before", "2026-01-01", *AS))["messages"] == 2
    assert said(typed(tmp_path, "payload", "c-a", *AS)) == []
    shown = typed(tmp_path, "retention", "list").stdout
    assert day in shown
    assert verify(tmp_path).ok
    notes = b"".join(path.read_bytes() for path in tmp_path.glob("evidence-*"))
    for what in (
        b"payload-read",
        b"payload-hold",
        b"payload-hold-released",
        b"payload-retention",
        b"payload-keys-destroyed",
    ):
        assert what in notes
