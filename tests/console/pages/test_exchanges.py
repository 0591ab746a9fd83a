"""Exchanges: the timeline says how the time passed; the pages find, refuse and keep quiet as they should, on a real bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from lgsp.audit.payloads import PayloadEvidence
from lgsp.console.format import Formats
from lgsp.console.pages.exchanges import WIDTH, asked_for, kind_of, timeline, titles_of
from lgsp.console.visit import Visit
from lgsp.console.wording import load
from lgsp.errors import leaves
from lgsp.runtime import HANOI
from lgsp.store.port.exchanges import ExchangeQuery
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, notes, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2022, 12, 6, 1, 2, 3, tzinfo=UTC)
W = load("vi")
VISIT = Visit(None, "vi", W, Formats(W, NOW), NOW, "/console/exchanges/x")
SYSTEM = "civil-status"
ADDRESS = "/console/exchanges"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("bus")) as started:
        yield started


def entries(**trace: Any) -> list[dict[str, Any]]:
    """Asked after 20 ms, answered after 900."""
    told = {"us": 900_000, "spent": {}, "attempts": [], "waits": [], **trace}
    return [
        {"kind": "asked", "at": (NOW + timedelta(milliseconds=20)).isoformat()},
        {
            "kind": "answered",
            "at": (NOW + timedelta(milliseconds=900)).isoformat(),
            "outcome": "timeout",
            "trace": told,
        },
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("ok", "good"), ("accepted", "good"), ("record-not-found", "told"), ("provider-fault", "told"), ("forbidden", "told"),
     ("invalid-message", "told"), ("timeout", "bad"), ("bad-answer", "bad"), ("bus-fault", "bad"), ("", "told")],
)  # fmt: skip
async def test_only_what_failed_is_drawn_as_a_failure(code: str, kind: str) -> None:
    assert kind_of(code) == kind


async def test_who_called_in_is_named_and_moments_are_typed_as_people_do(bus: Bus) -> None:
    titles = titles_of(replace(VISIT, house=bus.gateway))["consumer"]
    assert titles[f"system:{SYSTEM}"] == "Hộ tịch (gọi vào)"
    assert asked_for({"first": "6/12/2022", "before": "06/12/2022 08:30"}) == {
        "first": "2022-12-06",
        "before": "2022-12-06 08:30",
    }


async def test_steps_stand_in_order_and_each_bar_where_its_time_was() -> None:
    told = entries(
        attempts=[[100_000, 300_000, "timeout", True], [600_000, 200_000, "connect-failed", False]],
        waits=[["pause", 450_000, 150_000], ["slot", 50_000, 40_000]],
        spent={"policy": 0.0, "wait": 190_000, "nobody-knows": 5},
    )
    made = timeline(told, VISIT)
    assert made is not None
    names = [step.name for step in made["steps"]]
    assert names == ["Toàn bộ", "Ghi chứng cứ", "Chờ chỗ gọi", "Lần gọi 1", "Nghỉ trước khi gọi lại", "Lần gọi 2"]
    assert [step.kind for step in made["steps"]] == ["whole", "mark", "wait", "bad", "wait", "bad"]
    assert [round(step.begin, 3) for step in made["steps"]] == [0, 0.02, 0.05, 0.1, 0.45, 0.6]
    assert made["steps"][5].said.endswith("chưa gửi tới nơi")
    whole, *_, last = made["steps"]
    assert last.x > whole.x + whole.width / 2
    assert abs(last.x + last.width - whole.x - whole.width * 8 / 9) < 2
    assert made["spent"] == [("chờ", 0.19)]


async def test_nothing_leaves_the_picture_however_short_or_long() -> None:
    for attempts in (
        [[0, 1, "ok", True]],
        [[899_999, 1, "ok", True]],
        [[0, 5_000_000, "ok", True]],
        [[2_000_000, 9, "business", True]],
    ):
        made = timeline(entries(attempts=attempts), VISIT)
        assert made is not None
        for step in made["steps"]:
            assert step.width >= 3
            assert 0 <= step.x <= step.x + step.width <= WIDTH
            assert step.y < made["height"]


async def test_without_an_answer_or_a_trace_there_is_no_timeline() -> None:
    asked, answered = entries()
    assert timeline([asked], VISIT) is None
    assert timeline([asked, {**answered, "trace": None}], VISIT) is None


async def test_every_outcome_and_fault_domain_has_a_word() -> None:
    for lang in ("vi", "en"):
        assert {leaf.fault_domain for leaf in leaves()} <= set(load(lang)["exchanges"]["domains"])
    assert asked_for({"outcome": "-", "case": " H99 ", "lang": "en", "below": "7"}) == {"outcome": "", "case": "H99"}


# -- on a bus ----------------------------------------------------------------------------------------------------------


async def called(bus: Bus, correlation: str, operation: str = "danhMuc") -> None:
    headers = {"X-Correlation-ID": correlation, "X-LGSP-Case": "H99-221206-0007"}
    await bus.call(SYSTEM, operation, {"loaiDanhMuc": "3"}, headers)


async def test_a_call_is_found_by_all_that_one_knows_of_it_and_told(bus: Bus) -> None:
    await called(bus, "c-page-1")
    await called(bus, "c-page-2")
    person = await signed_in(bus, "looker", "operator")
    for query in (
        "correlation=c-page-1",
        "case=H99-221206-0007",
        f"system={SYSTEM}&consumer=tester&outcome=ok",
        "first=2022-01-01T00:00",
    ):
        page = text(await person.get(f"{ADDRESS}?{query}"))
        assert "danhMuc" in page, query
    found = await bus.gateway.store.exchanges.find(asked("c-page-1"), None, 9)
    assert [row.correlation for row in found] == ["c-page-1"]
    page = text(await person.get(f"{ADDRESS}/{found[0].exchange}"))
    for said in ("c-page-1", "H99-221206-0007", "Lần gọi 1", "Toàn bộ", "Thành công", "w0 #", "Không lưu nội dung"):
        assert said in page, said
    english = text(await person.get(f"{ADDRESS}/{found[0].exchange}?lang=en"))
    assert "Attempt 1" in english


async def test_what_is_not_there_or_badly_written_says_so(bus: Bus) -> None:
    person = await signed_in(bus, "looker2", "auditor")
    assert "Không có giao dịch nào khớp" in text(await person.get(f"{ADDRESS}?correlation=never&lang=vi"))
    wrong = await person.get(f"{ADDRESS}?first=hom-qua")
    assert (wrong.status, "Thời điểm viết theo dạng" in text(wrong)) == (422, True)
    assert (await person.get(f"{ADDRESS}?below=x")).status == 404
    for name in ("01M81RFX0YD22BEM9A0FQDMX2X", "x", "'"):
        assert (await person.get(f"{ADDRESS}/{name}")).status == 404, name
    assert (await (await signed_in(bus, "onlooker", "viewer")).get(ADDRESS)).status == 403


async def test_a_person_is_looked_for_with_a_reason_that_is_evidence(bus: Bus) -> None:
    person, number = await signed_in(bus, "inspector", "auditor"), "099096990001"
    before = len(await notes(bus, "exchange-search"))
    short = await submit(person, {"subject": number, "reason": "x"})
    assert (short.status, number in short.body.decode()) == (422, False)
    assert len(await notes(bus, "exchange-search")) == before
    done = await submit(person, {"subject": number, "reason": "kiểm tra theo đơn"})
    assert (done.status, number in done.body.decode()) == (200, False)
    note = (await notes(bus, "exchange-search"))[-1]
    assert note["by"] == "inspector"
    subject = bus.gateway.store.keys.subject(number).hex()
    assert note["facts"] == {"person": "inspector", "reason": "kiểm tra theo đơn", "subject": subject}


async def test_only_some_read_what_was_said(bus: Bus) -> None:
    await called(bus, "c-page-3")
    await bus.gateway.store.exchanges.gather(500)
    (row,) = await bus.gateway.store.exchanges.find(asked("c-page-3"), None, 9)
    address = f"{ADDRESS}/{row.exchange}/content"
    operator = await signed_in(bus, "handler", "operator")
    assert (await operator.submit(ADDRESS, address, {"reason": "để xem thử"})).status == 403
    auditor = await signed_in(bus, "inspector2", "auditor")
    assert (await auditor.submit(ADDRESS, address, {"reason": "x"})).status == 422
    before = len(await notes(bus, "payload-read"))
    assert (await auditor.submit(ADDRESS, address, {"reason": "kiểm tra theo đơn"})).status == 200
    assert len(await notes(bus, "payload-read")) == before + 1


async def test_kept_messages_are_shown_to_who_may_and_gone_with_their_key(bus: Bus) -> None:
    await called(bus, "c-page-4")
    store, runtime = bus.gateway.store, bus.gateway.runtime
    await store.exchanges.gather(500)
    (row,) = await store.exchanges.find(asked("c-page-4"), None, 9)
    await kept(bus, row.exchange, row.correlation, {"loaiDanhMuc": "<b>3</b>"})
    address = f"{ADDRESS}/{row.exchange}"
    operator, auditor = await signed_in(bus, "handler2", "operator"), await signed_in(bus, "inspector3", "auditor")
    page = await operator.get(address)
    assert "chỉ cán bộ an toàn" in text(page)
    assert b"loaiDanhMuc" not in page.body
    page = await auditor.get(address)
    assert f'action="{address}/content"' in page.body.decode()
    assert b"loaiDanhMuc" not in page.body
    page = await auditor.submit(address, f"{address}/content", {"reason": "kiểm tra theo đơn"})
    assert "&lt;b&gt;3&lt;/b&gt;" in page.body.decode()
    assert (await notes(bus, "payload-read"))[-1]["facts"]["person"] == "inspector3"
    await store.payloads.destroy(runtime.clock.now().astimezone(HANOI).date().isoformat(), runtime.clock.now())
    assert "Không lưu nội dung" in text(await auditor.get(address))


async def kept(bus: Bus, exchange: str, correlation: str, data: dict[str, str]) -> None:
    """As a system whose manifest asks for it would have kept it."""
    operation = SimpleNamespace(keep_payload=True, system=SYSTEM, name="danhMuc")
    told = SimpleNamespace(
        id=exchange, correlation_id=correlation, consumer=None, operation=operation, data=data, answer=None
    )
    evidence: Any = PayloadEvidence(bus.gateway.store, bus.gateway.runtime)
    await evidence.keep(told, "request")


async def submit(person: Person, fields: dict[str, str]) -> Any:
    return await person.submit(ADDRESS, f"{ADDRESS}/person", fields)


def asked(correlation: str) -> Any:
    return ExchangeQuery(correlation=correlation)
