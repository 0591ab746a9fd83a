"""One attempt: what goes down, what comes up, what every odd answer means, what is noted of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lgsp.errors import (
    BadAnswer,
    CircuitOpen,
    ConnectFailed,
    InvalidMessage,
    LgspError,
    Maintenance,
    Overloaded,
    RecordNotFound,
    Timeout,
    Unavailable,
    UnknownOperation,
)
from lgsp.events import AttemptMade
from lgsp.model import Face, Grant, Health, HttpRequest, HttpResponse
from lgsp.upstream import CredentialRefused
from tests.manifest.small_home import MANIFEST
from tests.pipeline.house import FOUND, House, answered, fails, play, raw

XML_FAULT = b'<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900901</ams:code></ams:fault>'


def test_a_question_in_the_ministrys_dialect_and_its_answer_in_ours(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        exchange = house.exchange()
        assert await house.handle(exchange) == {"ma": "7", "ten": "Sổ bảy"}
        sent = house.wire.seen[0]
        assert (sent.method, sent.target) == ("POST", "/apiSo/hoi")
        assert json.loads(raw(sent)) == {"MA": "7", "KHOA": "demo-khoa"}
        assert sent.headers["authorization"] == "Bearer t"
        assert [each.outcome for each in exchange.attempts] == ["ok"]
        assert {"backend", "codec", "wait"} <= exchange.timings.keys()
        assert house.health.system("register").health is Health.UP

    play(tmp_path, story)


def test_a_business_refusal_is_an_answer_and_proves_health(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def unknown(_: HttpRequest) -> HttpResponse:
            return answered({"TRANG_THAI": 0})

        house.wire.answer = unknown
        exchange = house.exchange()
        with pytest.raises(RecordNotFound) as refused:
            await house.handle(exchange)
        assert refused.value.provider == ("0", "khong co")
        assert exchange.attempts[0].outcome == "business"
        assert house.health.system("register").health is Health.UP

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("answer", "error", "reached"),
    [
        (HttpResponse(200, {"content-type": "text/html"}, b"<html>"), BadAnswer, True),
        (answered({"TRANG_THAI": "1"}), BadAnswer, True),
        (answered({"TRANG_THAI": 1}), BadAnswer, True),  # the mapping misses TEN
        (HttpResponse(200, {}, b""), BadAnswer, True),
        (HttpResponse(302, {"location": "http://evil.example/"}), BadAnswer, True),
        (HttpResponse(500, {}, b"boom"), BadAnswer, True),
        (HttpResponse(502, {}), ConnectFailed, True),
        (HttpResponse(503, {"retry-after": "7"}), ConnectFailed, True),
        (HttpResponse(504, {}), Timeout, True),
        (HttpResponse(429, {"retry-after": "7"}), Overloaded, False),
        (answered({"fault": {"code": 101503}}, 503), ConnectFailed, False),
        (answered({"fault": {"code": 101504}}, 504), Timeout, True),
        (answered({"fault": {"code": 303001}}, 503), CircuitOpen, False),
        (answered({"fault": {"code": "700700"}}, 503), Maintenance, False),
        (answered({"fault": {"code": 900800}}, 429), Overloaded, False),
        (answered({"fault": {"code": 900908}}, 403), BadAnswer, False),
        (answered({"fault": {"code": 900901}}, 401), CredentialRefused, False),
        (HttpResponse(401, {"content-type": "application/xml"}, XML_FAULT), CredentialRefused, False),
    ],
)
def test_what_an_odd_answer_means(
    tmp_path: Path, answer: HttpResponse, error: type[Unavailable], reached: bool
) -> None:
    async def story(house: House) -> None:
        async def odd(_: HttpRequest) -> HttpResponse:
            return answer

        house.wire.answer = odd
        with pytest.raises(error) as caught:
            await house.ask("ghi", wanted_timeout=1.0)
        assert type(caught.value) is error
        assert caught.value.reached is reached

    play(tmp_path, story)


def test_an_account_that_one_api_refuses_is_not_the_whole_platforms_trouble(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.ask()

        async def refuses(_: HttpRequest) -> HttpResponse:
            return answered({"fault": {"code": 900901}}, 401)

        house.wire.answer = refuses
        with pytest.raises(CredentialRefused):
            await house.ask()
        assert [each.target for each in house.wire.seen].count("/apiSo/hoi") == 3  # one, and one with a fresh token
        assert house.health.upstream("ngsp").health is Health.UP
        assert house.health.system("register").because is None
        house.health.upstream_failed("ngsp", "another", CredentialRefused())
        assert house.health.upstream("ngsp").health is Health.DOWN

    play(tmp_path, story)


def test_a_defect_of_a_mapping_is_ours_before_and_the_answers_after(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        with pytest.raises(KeyError):
            await house.ask(data={})
        assert not house.wire.seen
        with pytest.raises(KeyError):
            await house.ask(data={})
        assert house.health.system("register").health is Health.UNKNOWN

    play(tmp_path, story)


def test_what_the_ministrys_contract_does_not_admit_is_the_callers_to_change(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        with pytest.raises(InvalidMessage):
            await house.ask(data={"ma": 7})
        assert not house.wire.seen

    play(tmp_path, story)


def test_only_granted_fields_leave(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        grant = Grant("mot-cua", "register", "*", fields=("ten", "khong.co"))
        exchange = house.exchange(grant=grant)
        assert await house.handle(exchange) == {"ten": "Sổ bảy"}
        assert exchange.fields_left == ("ten",)

    play(tmp_path, story)


def test_attempts_are_told_as_events(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.ask()
        house.wire.answer = fails(ConnectFailed)
        with pytest.raises(ConnectFailed):
            await house.ask("ghi")
        made = [(each.operation, each.outcome) for each in house.seen if isinstance(each, AttemptMade)]
        assert made == [("hoi", "ok"), ("ghi", "connect-failed")]

    play(tmp_path, story)


def native(house: House, target: str, body: bytes, method: str = "POST", **headers: str) -> HttpRequest:
    return HttpRequest(method, target, {"content-type": "application/json", **headers}, body)


def test_native_goes_through_untouched_with_our_credential(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        body = b'{ "MA" : "7" , "KHOA": "theirs" }'
        request = native(house, "/apiSo/hoi?x=1", body, authorization="Bearer theirs", cookie="a=b", host="evil")
        exchange = house.exchange(face=Face.NATIVE, request=request, system=None, operation_name=None, data={})
        await house.handle(exchange)
        sent = house.wire.seen[0]
        assert (sent.target, sent.body) == ("/apiSo/hoi?x=1", body)
        assert sent.headers == {"content-type": "application/json", "authorization": "Bearer t"}
        assert (exchange.system, exchange.operation_name) == ("register", "hoi")
        assert exchange.backend_response is not None
        assert json.loads(raw(exchange.backend_response)) == FOUND

    play(tmp_path, story)


def test_native_refusals_are_judged_and_their_bytes_kept(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        async def unknown(_: HttpRequest) -> HttpResponse:
            return answered({"TRANG_THAI": 0})

        house.wire.answer = unknown
        exchange = house.exchange(face=Face.NATIVE, request=native(house, "/apiSo/ghi/7", b"{}"), data={})
        with pytest.raises(RecordNotFound):
            await house.handle(exchange)
        assert exchange.backend_response is not None
        assert exchange.operation_name == "ghi"
        assert house.health.system("register").health is Health.UP

    play(tmp_path, story)


def test_native_operations_of_one_path_are_told_apart_by_a_field(tmp_path: Path) -> None:
    rule = 'native = { field = "LOAI", equals = "GHI" }'
    shared = MANIFEST.replace('backend_operation = "GHI"', f'backend_operation = "HOI"\n{rule}')

    async def story(house: House) -> None:
        for body, name in ((b'{"LOAI":"GHI","MA":"1"}', "ghi"), (b'{"MA":"1"}', "hoi")):
            exchange = house.exchange(face=Face.NATIVE, request=native(house, "/apiSo/hoi", body), data={})
            await house.handle(exchange)
            assert exchange.operation_name == name
        with pytest.raises(InvalidMessage):
            await house.ask(face=Face.NATIVE, request=native(house, "/apiSo/hoi", b"{"))

    play(tmp_path, story, shared)


@pytest.mark.parametrize(
    ("target", "method"),
    [("/apiSo/bao", "POST"), ("/apiSo/hoi", "GET"), ("/apiSo/../token", "POST"), ("/apiSo/hoi/", "POST")],
)
def test_native_paths_that_mean_nothing(tmp_path: Path, target: str, method: str) -> None:
    async def story(house: House) -> None:
        with pytest.raises(UnknownOperation):
            await house.ask(face=Face.NATIVE, request=native(house, target, b"{}", method))
        assert not house.wire.seen

    play(tmp_path, story)


@pytest.mark.parametrize("slots", [{"system": "no"}, {"operation": "no"}, {"version": "v2"}, {"system": None}])
def test_unknown_operations(tmp_path: Path, slots: dict[str, object]) -> None:
    async def story(house: House) -> None:
        with pytest.raises(UnknownOperation):
            await house.handle(house.exchange(**slots))  # type: ignore[arg-type]

    play(tmp_path, story)


def test_nothing_of_a_person_stands_in_an_error(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        with pytest.raises(LgspError) as caught:
            await house.ask("ghi", data={"ma": 1099990000})
        assert "1099990000" not in f"{caught.value} {caught.value.detail} {caught.value.errors}"

    play(tmp_path, story)
