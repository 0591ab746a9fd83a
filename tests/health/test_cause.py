"""Fifteen causes, each injected into the real gateway: the line names system, layer, since when and what to do next."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lgsp.asking import examples_of
from lgsp.health.cause import LAYERS, Cause, Facts, system_cause
from lgsp.model import Grant, Health, Text
from lgsp.runtime import HANOI
from lgsp.simulate import Loaded, Province, tell
from lgsp.store import StoreFailed
from tests.health.wire import Wire, on_the_wire

LOOK_UP = ("business-registration", "chiTietDoanhNghiep")
OTHER = "criminal-record"
TITLE = {"civil-status": "Hộ tịch", LOOK_UP[0]: "Đăng ký kinh doanh"}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded.read().only("civil-status", LOOK_UP[0], OTHER)


async def seen(province: Province, inside: bool = True) -> dict[str, Any]:
    shown, _ = await province.gateway.outlook.seen(inside=inside)
    return dict(shown)


def clock(province: Province) -> str:
    return f"{province.runtime.clock.now().astimezone(HANOI):%H:%M}"


async def line(province: Province, place: str, name: str, wanted: Callable[[Any], bool]) -> dict[str, Any]:
    """The line of one system, platform or part of the house, once it is what is waited for."""
    for _ in range(240):
        shown = await seen(province)
        found = next((each for each in shown[place] if each.get("id", each.get("system")) == name), None)
        if found is not None and wanted(found):
            return dict(found)
        await asyncio.sleep(1)
    raise AssertionError(f"{place} {name} stays {found}")


async def page(province: Province) -> str:
    reply = await province.send("GET", "/status", {"accept": "text/html"})
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.body.decode()))


def troubled(found: Any) -> bool:
    return found["health"] in ("down", "degraded")


async def example(province: Province, system: str, operation: str | None = None) -> dict[str, Any]:
    for each in examples_of(province, system):
        if each["expect"] == "ok" and operation in (None, each["operation"]):
            return dict(each)
    raise AssertionError(system)


async def until_well(province: Province) -> None:
    await province.gateway.ready.wait()
    for _ in range(60):
        if all(each["health"] == "up" for each in (await seen(province))["systems"]):
            return
        await asyncio.sleep(1)
    raise AssertionError("not well after a minute")


# -- one system's own -------------------------------------------------------------------------------------------------

OWN: dict[str, tuple[dict[str, Any], str, str, tuple[str, ...]]] = {
    "refuse": ({}, "tcp", "không kết nối được", ("đường truyền",)),
    "schema-invalid": ({}, "contract", "trả lời sai hợp đồng", ("đối chiếu hợp đồng",)),
    "hang": ({}, "backend", "quá thời hạn", ("gọi",)),
    "suspend-303001": ({}, "platform", "tạm ngắt điểm cuối", ("nền tảng tự mở lại",)),
    "html-200": ({}, "contract", "trang HTML, không phải dữ liệu", ("đối chiếu hợp đồng",)),
    "truncate": ({}, "contract", "bị cắt cụt", ("đối chiếu hợp đồng",)),
    "http-status 500": ({"status": 500}, "backend", "gặp lỗi phía máy chủ (HTTP 500)", ("gọi",)),
    "http-status 503": ({"status": 503}, "backend", "không được phục vụ (HTTP 503)", ("gọi",)),
    "http-status 403": (
        {"status": 403},
        "account",
        "bị từ chối quyền truy cập (HTTP 403",
        ("đơn vị vận hành trục NGSP",),
    ),
    "http-status 404": ({"status": 404}, "contract", "HTTP 404: không có đường dẫn này", ("đối chiếu hợp đồng",)),
    "http-status 401": (
        {"status": 401},
        "token",
        "từ chối tài khoản của trục",
        ("client id", "đơn vị vận hành trục NGSP"),
    ),
    "http-status": ({"status": 429}, "quota", "quá hạn mức", ("giảm tải", "hạn mức", "đơn vị vận hành trục NGSP")),
}


OF_THE_PLATFORM = ("quota", "account", "token")
"""Layers about which the platform's operator is called."""


@pytest.mark.parametrize("kind", OWN)
def test_a_systems_own_trouble_names_it_its_layer_since_when_and_whom_to_call(loaded: Loaded, kind: str) -> None:
    given, layer, evidence, steps = OWN[kind]

    async def story(province: Province) -> None:
        await until_well(province)
        await asyncio.sleep(60)
        begun = clock(province)
        province.fail("civil-status", kind.partition(" ")[0], always=True, **given)
        found = await line(province, "systems", "civil-status", troubled)
        since = datetime.fromisoformat(found["health_since"]).astimezone(HANOI)
        said = found["cause"]["vi"]
        assert found["because"] is None
        assert found["layer"] == layer
        assert said.startswith("Hộ tịch: ")
        assert evidence in said
        assert f"{since:%H:%M}" in said
        assert since >= datetime.strptime(begun, "%H:%M").replace(
            year=since.year, month=since.month, day=since.day, tzinfo=HANOI
        )
        assert all(step in found["next"]["vi"] for step in steps), found["next"]
        assert layer in OF_THE_PLATFORM or "Cục Hộ tịch" in found["next"]["vi"], "whom to call"
        assert kind in ("refuse", "http-status 401") or "trục NGSP vẫn thông" in said
        shown = await page(province)
        assert found["next"]["vi"] in shown
        others = {
            each["id"]: each["health"] for each in (await seen(province))["systems"] if each["id"] != "civil-status"
        }
        assert set(others.values()) == {"up"}

    tell(story, loaded=loaded)


def test_slow_answers_are_a_cause_although_each_is_right(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        asked = await example(province, "civil-status", "danhMuc")
        seconds = province.gateway.registry.connectors["civil-status"].operations["danhMuc"].timeout * 0.9
        province.fail("civil-status", "latency", seconds=seconds, always=True)
        for _ in range(5):
            await province.call("civil-status", "danhMuc", asked["request"])
        found = await line(province, "systems", "civil-status", troubled)
        assert found["layer"] == "backend"
        assert re.search(r"[3-9]/\d+ cuộc gọi gần nhất trả lời quá chậm", found["cause"]["vi"]), found["cause"]
        assert "gọi Cục Hộ tịch" in found["next"]["vi"]
        province.heal("civil-status")
        await line(province, "systems", "civil-status", lambda each: each["health"] == "up")

    tell(story, loaded=loaded)


def test_a_maintenance_window_says_so_and_is_no_fault(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        begun = clock(province)
        province.gateway.health.maintenance("civil-status", on=True)
        found = await line(province, "systems", "civil-status", lambda each: each["health"] == "maintenance")
        assert (found["layer"], f"bảo trì từ {begun}" in found["cause"]["vi"]) == ("maintenance", True)
        assert "không phải xử lý" in found["next"]["vi"]

    tell(story, loaded=loaded)


# -- a platform is one cause ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "layer", "said", "step"),
    [
        ("token-down", {}, "token", "không cấp mã truy cập", "tài khoản của trục"),
        ("refuse", {}, "tcp", "bị ngắt", "đường truyền"),
    ],
)
def test_a_dead_platform_is_one_line_and_names_its_layer(
    loaded: Loaded, kind: str, given: dict[str, Any], layer: str, said: str, step: str
) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        province.fail("ngsp", kind, always=True, **given)
        for door in province.gateway.upstreams._doors.values():
            door.good_until = 0.0  # the token in hand has come to its end
        found = await line(province, "upstreams", "ngsp", troubled)
        assert found["layer"] == layer
        assert said in found["cause"]["vi"]
        since = datetime.fromisoformat(found["health_since"]).astimezone(HANOI)
        assert f"từ {since:%H:%M}" in found["cause"]["vi"]
        assert step in found["next"]["vi"]
        assert "đơn vị vận hành trục NGSP" in found["next"]["vi"]
        reply = await province.send("GET", "/status", {"accept": "text/html"})
        assert reply.body.decode().count('<li class="down"') == 1
        systems = (await seen(province))["systems"]
        assert {each["because"] for each in systems} == {"ngsp"}
        assert all("NGSP" in each["cause"]["vi"] for each in systems)

    tell(story, loaded=loaded)


def test_a_session_that_is_refused_is_told_as_one() -> None:
    chosen = Loaded.read().only("document-exchange")

    async def story(province: Province) -> None:
        await until_well(province)
        province.fail("xroad", "token-down", always=True)
        province.fail("document-exchange", "session-expired", always=True)
        found = await line(province, "upstreams", "xroad", troubled)
        assert found["layer"] == "session"
        assert "X-Road" in found["cause"]["vi"]
        assert "Trục liên thông văn bản" in found["cause"]["vi"], "a few systems behind it are named"
        assert "tài khoản của trục trên bộ chuyển X-Road" in found["next"]["vi"]

    tell(story, loaded=chosen)


# -- callers: the database is not to blame ----------------------------------------------------------------------------


async def notice(province: Province, kind: str) -> dict[str, Any]:
    return await line(province, "notices", LOOK_UP[0], lambda each: each["kind"] == kind)


def blameless(found: dict[str, Any], shown: dict[str, Any], begun: str) -> None:
    assert begun in found["text"]["vi"]
    assert "Một cửa" in found["text"]["vi"] or "một cửa" in found["text"]["vi"]
    assert {each["health"] for each in shown["systems"]} == {"up"}, "nobody else is blamed"


def test_a_callers_quota(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        policy = province.gateway.policy
        for grant in policy.grants_of("mot-cua"):
            await policy.put_grant(replace(grant, quota_per_minute=2))
        begun, asked = clock(province), await example(province, *LOOK_UP)
        for _ in range(12):
            await province.call(*LOOK_UP, asked["request"])
        found = await notice(province, "quota")
        blameless(found, await seen(province), begun)
        assert re.search(r"\d+/12 cuộc gọi", found["text"]["vi"])
        assert "hạn mức" in found["next"]["vi"]
        outside = await province.get("/status")
        assert "mot-cua" not in str(outside.data["notices"])
        assert "Một cửa" not in str(outside.data["notices"])

    tell(story, loaded=loaded)


def test_a_security_level_that_is_not_approved(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        policy = province.gateway.policy
        known = policy.consumer("mot-cua")
        assert known is not None
        await policy.put_consumer(replace(known, anti_malware=False))
        begun, asked = clock(province), await example(province, *LOOK_UP)
        for _ in range(4):
            assert (await province.call(*LOOK_UP, asked["request"])).code == "security-level-not-approved"
        found = await notice(province, "policy")
        blameless(found, await seen(province), begun)
        assert found["layer"] == "policy"
        assert "cấp độ" in found["text"]["vi"]
        assert "sổ đăng ký" in found["next"]["vi"]

    tell(story, loaded=loaded)


def test_one_callers_bad_data(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        begun = clock(province)
        for _ in range(6):
            assert (await province.call(*LOOK_UP, {"khongCo": 1})).code == "invalid-message"
        found = await notice(province, "consumer")
        blameless(found, await seen(province), begun)
        assert "6/6 cuộc gọi" in found["text"]["vi"]
        assert "sửa dữ liệu" in found["next"]["vi"]
        await asyncio.sleep(700)
        assert not (await seen(province))["notices"], "what is over is not shown"

    tell(story, loaded=loaded)


def test_pushes_that_the_ministry_has_had_already(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        await province.gateway.policy.put_grant(Grant("mot-cua", "civil-status", "*", legal_basis="test"))
        province.fail("civil-status", "duplicate", always=True)
        begun, asked = clock(province), await example(province, "civil-status", "dangKyHoTich")
        for place in range(4):
            headers = {"idempotency-key": f"k{place}", **asked.get("headers", {})}
            await province.call("civil-status", "dangKyHoTich", asked["request"], headers=headers)
        found = await line(province, "notices", "civil-status", lambda each: each["kind"] == "repeated")
        assert begun in found["text"]["vi"]
        assert "gửi trùng: 4 lần" in found["text"]["vi"]
        assert "Idempotency-Key" in found["next"]["vi"]
        assert (
            next(each for each in (await seen(province))["systems"] if each["id"] == "civil-status")["health"] == "up"
        )

    tell(story, loaded=loaded)


# -- the house itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "layer", "step"), [("BusyError", "evidence", "khoá"), ("FullError", "disk", "đĩa")])
def test_evidence_and_disk(loaded: Loaded, reason: str, layer: str, step: str) -> None:
    async def story(province: Province) -> None:
        await until_well(province)
        await asyncio.sleep(60)
        begun = clock(province)
        await province.gateway.audit.note("probe", "test")

        async def refuse(_: Any) -> int:
            raise StoreFailed(reason)

        audit: Any = province.gateway.audit
        held = audit._evidence
        audit._evidence = _Refusing(held, refuse)
        asked = await example(province, *LOOK_UP)
        assert (await province.call(*LOOK_UP, asked["request"])).code == "evidence-unavailable"
        found = await line(province, "house", "evidence", lambda each: each["health"] == "down")
        assert (found["layer"], begun in found["cause"]["vi"], step in found["next"]["vi"]) == (layer, True, True)
        assert found["cause"]["vi"].startswith("Sổ chứng cứ: ")
        assert {each["health"] for each in (await seen(province))["systems"]} == {"up"}
        assert "Sổ chứng cứ" in await page(province)
        audit._evidence = held
        await line(province, "house", "evidence", lambda each: each["health"] == "up")

    tell(story, loaded=loaded)


class _Refusing:
    """The evidence's records, but a disk below them that takes nothing."""

    def __init__(self, held: Any, append: Any) -> None:
        self._held, self.append = held, append

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)


# -- real sockets: names, connections, certificates -------------------------------------------------------------------


@pytest.mark.parametrize(("wire", "layer", "said", "step"), [
    ("dns", "dns", "DNS", "máy chủ tên miền"),
    ("tcp", "tcp", "TCP", "tường lửa"),
    ("tls", "tls", "TLS", "chứng thư"),
])  # fmt: skip
async def test_the_wire_below_is_named(tmp_path: Path, wire: Wire, layer: str, said: str, step: str) -> None:
    async with on_the_wire(tmp_path, wire) as gateway:
        shown, _ = await gateway.outlook.seen(inside=True)
        found = next(each for each in shown["upstreams"] if each["id"] == "ngsp")
        assert found["health"] == "down"
        assert (found["layer"], said in found["cause"]["vi"], step in found["next"]["vi"]) == (layer, True, True), found
        assert re.search(r"từ \d\d:\d\d", found["cause"]["vi"])
        system = shown["systems"][0]
        assert (system["health"], system["because"], system["layer"]) == ("down", "ngsp", layer)
        assert system["title"]["vi"] in system["cause"]["vi"]
        assert system["title"]["vi"] in found["cause"]["vi"]


# -- sentences --------------------------------------------------------------------------------------------------------


def test_every_layer_has_a_word_and_text_is_one_sentence_after_the_other() -> None:
    assert all(word.vi and word.en for word in LAYERS.values())
    said, todo = Text("Sổ: hỏng", "Book: broken"), Text("gọi A", "call A")
    assert Cause("tcp", said, todo).text == Text("Sổ: hỏng. Việc cần làm: gọi A", "Book: broken. To do: call A")
    assert Cause("tcp", said).text == said


def test_another_day_is_named() -> None:
    title = Text("Sổ", "Book")
    now = datetime(2022, 11, 16, 10, 0, tzinfo=HANOI)
    facts = Facts(title, title, Health.DOWN, now.replace(day=14), now, code="timeout", failed=3, calls=4)
    found = system_cause(facts)
    assert found is not None
    assert "từ 10:00 ngày 14/11" in found.said.vi
    assert "since 10:00 on 14/11" in found.said.en
