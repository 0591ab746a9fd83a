"""The log: one line an event, an allow-list of keys, no key unthought of."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from lgsp import events, log
from lgsp.model import Health, Stage, Text

AT = datetime(2022, 11, 16, 3, 0, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return 0.0


def written(event: events.Event, level: str = "debug") -> list[dict[str, object]]:
    out = io.StringIO()
    log.subscriber(out, Clock(), level)(event)
    return [json.loads(line) for line in out.getvalue().split("\n") if line]


def test_every_event_has_a_name_and_only_allowed_keys() -> None:
    kinds = get_args(events.Event)
    assert set(log.NAMES) == set(kinds)
    assert len({name for name, _ in log.NAMES.values()}) == len(kinds)
    for kind in kinds:
        assert set(kind.__struct_fields__) <= log.ALLOWED


def test_no_key_could_carry_a_message_or_a_person() -> None:
    assert not log.ALLOWED & {
        "data",
        "body",
        "payload",
        "request",
        "response",
        "subject",
        "query",
        "target",
        "text",
        "exception",
    }


def test_a_line() -> None:
    event = events.HealthChanged("register", Health.UNKNOWN, Health.DOWN, Text("vì sao", "why"), AT)
    assert written(event) == [
        {
            "event": "health-changed", "level": "warning", "system": "register", "was": "unknown", "now": "down",
            "cause": "vì sao", "at": "2022-11-16T03:00:00.000+00:00",
        }
    ]  # fmt: skip


def test_levels_and_bounds() -> None:
    made = events.AttemptMade("c", "register", "ask", 1, "ok", 0.1234567891)
    assert written(made, "info") == []
    assert written(made)[0]["seconds"] == 0.123457
    assert written(events.StageChanged("register", None, Stage.TRIAL, "QĐ 1", AT), "error") == []


@pytest.mark.parametrize("text", ["hai\ndòng", 'dấu "nháy"', "\u2028"])
def test_a_line_is_one_line(text: str) -> None:
    (line,) = written(events.TaskDied(text, "ValueError", 1))
    assert line["name"] == text


async def test_lines_of_one_turn_leave_together_and_what_is_urgent_at_once() -> None:
    class Out(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            return super().write(text)

    out = Out()
    say = log.subscriber(out, Clock(), "info")
    refused = events.EdgeRefused("too-large", "api")
    say(refused)
    say(refused)
    assert out.writes == 0
    await asyncio.sleep(0)
    assert out.writes == 1
    say(refused)
    say(events.TaskDied("probes", "ValueError", 1))
    assert out.writes == 2, "with what waited before it"
    await asyncio.sleep(0)
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["edge-refused"] * 3 + ["task-died"]
