"""One system's page: figures by the hour, whose errors, who calls; the test of a connection by those who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lgsp.console.format import Formats
from lgsp.console.pages.system import DOMAINS, by_hour, callers, kept, kind_of, taxonomy, traffic
from lgsp.console.wording import load
from lgsp.errors import leaves
from lgsp.health.counts import BOUNDS, PROBE
from lgsp.model import Consumer, Grant, Text
from lgsp.store.port import CountRow
from tests.endpoints.bus import running
from tests.endpoints.people import Person, notes, signed_in, text

NOW = datetime(2026, 3, 2, 3, 20, tzinfo=UTC)
W = load("vi")
F = Formats(W, NOW)
SINCE = NOW.replace(minute=0) - timedelta(hours=23)
GOOD = tuple(10 if place == 5 else 0 for place in range(len(BOUNDS) + 1))


def row(outcome: str, calls: int, back: int = 0, consumer: str = "a", system: str = "s") -> CountRow:
    hour = NOW.replace(minute=0) - timedelta(hours=back)
    return CountRow(system, "op", consumer, hour, outcome, calls, 1.0, GOOD if outcome == "ok" else ())


def test_every_outcome_has_a_kind() -> None:
    assert {kind_of(each.code) for each in leaves()} == {"business", *DOMAINS}
    assert kind_of("ok") == "ok"


def test_hours_count_calls_and_only_measure_probes() -> None:
    hours = by_hour([row("ok", 10), row("timeout", 2), row("ok", 9, consumer=PROBE), row("ok", 5, back=30),
                     row("ok", 7, system="other"), row("quota-exceeded", 3, back=23)], "s", NOW)  # fmt: skip
    assert len(hours) == 24
    assert (hours[-1].kinds["ok"], hours[-1].kinds["backend"], hours[-1].calls) == (10, 2, 12)
    assert sum(hours[-1].buckets) == 20, "probes measure latency"
    assert hours[0].kinds == {"policy": 3}
    shown = traffic(hours, W, F)
    assert shown["calls"] == 15
    assert shown["used"] == ["ok", "policy", "backend"]
    assert shown["rows"][-1]["calls"] == "12"
    assert "10 có trả lời, 5 lỗi" in shown["name"]


def test_errors_by_whose_they_are() -> None:
    rows = [row("timeout", 2), row("bad-answer", 5), row("invalid-message", 1), row("ok", 8), row("provider-fault", 4)]
    found = {each["domain"]: each for each in taxonomy(rows, "s", SINCE, F, "vi")}
    assert list(found) == list(DOMAINS)
    assert [code for code, _, _ in found["backend"]["codes"]] == ["bad-answer", "timeout"]
    assert (found["backend"]["calls"], found["caller"]["calls"], found["bus"]["any"]) == ("7", "1", False)


def test_callers_with_a_grant_or_with_calls() -> None:
    def who(name: str, *grants: Grant) -> tuple[Consumer, tuple[Grant, ...]]:
        return Consumer(name, Text(name, name)), grants

    parties = [
        who("a"),
        who("b", Grant("b", "s", "op")),
        who("c", Grant("c", "other", "*")),
        who("d", Grant("d", "*", "*")),
    ]
    found = callers(parties, [row("ok", 3), row("timeout", 1)], "s", SINCE, F, "vi")
    assert [(each["id"], each["calls"], each["share"]) for each in found] == [
        ("a", 4, "25,0 %"), ("b", 0, "—"), ("d", 0, "—"),
    ]  # fmt: skip
    assert found[2]["operations"] == ["*"]


def test_conformance_latest_first() -> None:
    one = {"at": "2026-03-02T10:00:00+07:00", "operation": "x", "deviation": "type", "rules": ["/a type: string"]}
    shown = kept(
        {"score": 99.5, "answers": 1000, "deviations": {"type": 5}, "latest": [one, {**one, "operation": "y"}]}, W, F
    )
    assert shown["score"] == "99,50 %"
    assert [each["operation"] for each in shown["latest"]] == ["y", "x"]
    assert kept({"score": None, "answers": 0, "deviations": {}, "latest": []}, W, F)["score"] == "—"


async def test_a_system_on_a_running_bus(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        system = next(iter(bus.gateway.registry.connectors))
        page = f"/console/systems/{system}"
        assert (await Person(bus).get(page)).status == 303, "nobody looks who is not signed in"
        operator, viewer = await signed_in(bus, "truc"), await signed_in(bus, "xem", "viewer")
        shown = await viewer.get(page)
        assert shown.status == 200
        assert "Thử ngay" not in text(shown)
        assert (await viewer.get("/console/systems/khong-co")).status == 404

        assert (await operator.post(f"{page}/test", {"operation": ""})).status == 403, "no form of this session"
        tested = await operator.submit(page, f"{page}/test", {"operation": ""})
        assert tested.status == 200
        assert "kết nối thông" in text(tested)
        (note,) = await notes(bus, "connection-tested")
        assert (note["by"], note["facts"]["system"] if "facts" in note else note["system"]) == ("truc", system)
        refused = await viewer.post(f"{page}/test", {"operation": ""})
        assert refused.status == 403
        assert len(await notes(bus, "connection-tested")) == 1
