"""Dances are played by hand; the driver is played in virtual time against a wire of the test's own."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from lgsp.errors import ConnectFailed
from lgsp.events import Event, Events, UpstreamSignedIn
from lgsp.exchange import Deadline
from lgsp.model import HttpRequest, HttpResponse, Spooled
from lgsp.runtime import Runtime
from lgsp.settings import Upstream
from lgsp.transport import MIB, Keep, Until
from lgsp.upstream import (
    MANNERS,
    PAUSE_SECONDS,
    Credential,
    Dance,
    SignInRefused,
    Upstreams,
    UpstreamUnavailable,
    client_credentials,
    password_grant,
    xroad_login,
)
from lgsp_mocks import clock
from tests.pipeline.house import raw

SETTING = Upstream("oauth2", "http://platform.example", "lgsp", "demo-secret", "user", "demo-pass")
DST = "VN:GOV:000.00.00.G22:x"


def answered(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


def finish(dance: Dance, answer: HttpResponse) -> Credential:
    with pytest.raises(StopIteration) as end:
        dance.send(answer)
    found: Credential = end.value.value
    return found


def test_client_credentials() -> None:
    dance = client_credentials(SETTING, None)
    request = next(dance)
    assert (request.method, request.target, request.body) == ("POST", "/token", b"grant_type=client_credentials")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"lgsp:demo-secret").decode()
    assert finish(dance, answered({"access_token": "t", "expires_in": 3600})) == Credential("t", 3600.0)


@pytest.mark.parametrize(
    "answer",
    [
        answered({"error": "invalid_client"}, 401),
        answered({"access_token": ""}),
        answered([]),
        HttpResponse(200, {}, b"<html>"),
        HttpResponse(500, {}, b'{"access_token": "t"}'),
    ],
)
def test_anything_else_is_no_token(answer: HttpResponse) -> None:
    dance = client_credentials(SETTING, None)
    next(dance)
    with pytest.raises(SignInRefused):
        dance.send(answer)


def test_password_grant_and_strange_lifetimes() -> None:
    dance = password_grant(SETTING, None)
    assert b"grant_type=password&username=user&password=demo-pass" in raw(next(dance))
    assert finish(dance, answered({"access_token": "t", "expires_in": "soon"})).seconds == 60.0
    dance = password_grant(SETTING, None)
    next(dance)
    assert finish(dance, answered({"access_token": "t", "expires_in": -5})).seconds == 1.0


@pytest.mark.parametrize(
    "life", [10**400, -(10**400), "nan", "inf", "1" * 5000, [], {}, None, True], ids=lambda each: f"{each}"[:8]
)
def test_a_life_that_is_none_is_still_a_number_of_seconds(life: object) -> None:
    dance = client_credentials(SETTING, None)
    next(dance)
    seconds = finish(dance, answered({"access_token": "t", "expires_in": life})).seconds
    assert seconds is not None
    assert 1.0 <= seconds <= 86400.0


@pytest.mark.parametrize("token", ["", "a\r\nx: y", "a\nb", "a\0", "t" * 9000, "ệ", "\x7f", 5, ["t"], {"t": 1}, True])
def test_what_cannot_stand_in_a_header_is_no_credential(token: object) -> None:
    dance = client_credentials(SETTING, None)
    next(dance)
    with pytest.raises(SignInRefused):
        dance.send(answered({"access_token": token, "expires_in": 60}))
    if token != "":  # an empty session is the adapter's own affair
        login = xroad_login(SETTING, DST)
        next(login)
        with pytest.raises(SignInRefused):
            login.send(answered({"error_code": 0, "session": token}))


def test_xroad_login() -> None:
    dance = xroad_login(SETTING, DST)
    request = next(dance)
    assert request.target == "/mapi/login?dstcode=VN:GOV:000.00.00.G22:x"
    assert json.loads(raw(request)) == {"username": "user", "password": "demo-pass"}
    assert finish(dance, answered({"session": "s", "error_code": "0"})) == Credential("s", None)
    refused = xroad_login(SETTING, DST)
    next(refused)
    with pytest.raises(SignInRefused):
        refused.send(answered({"error_code": "1"}))


def sign(request: HttpRequest, manner: str = "xroad-session") -> HttpRequest:
    return MANNERS[manner].sign(request, Credential("mine"), SETTING, DST)


def test_a_session_in_the_body_replaces_the_callers_and_touches_nothing_else() -> None:
    body = b'{"session": "theirs", "soTien": 12345678901234567890.10, "data": {"x": "\\u0110"}}'
    signed = sign(HttpRequest("POST", "/mapi/g?dstcode=VN:EVIL", {"content-type": "application/json"}, body))
    assert signed.target == "/mapi/g?dstcode=VN:GOV:000.00.00.G22:x"
    assert signed.body == b'{"session":"mine","soTien":12345678901234567890.10,"data":{"x": "\\u0110"}}'
    assert "session" not in signed.headers


def test_a_spooled_body_gets_its_session_in_front() -> None:
    spooled = Spooled((b'{"a":1,', b'"b":2}'), 13)
    signed = sign(HttpRequest("POST", "/mapi/g", {"content-type": "application/json"}, spooled))
    assert isinstance(signed.body, Spooled)
    whole = b"".join(each for each in signed.body if isinstance(each, bytes))
    assert json.loads(whole) == {"session": "mine", "a": 1, "b": 2}
    assert signed.body.size == len(whole)


def test_other_paths_carry_the_session_in_a_header() -> None:
    signed = sign(HttpRequest("GET", "/getEdoc?docId=1"))
    assert signed.headers["session"] == "mine"
    assert signed.target == "/getEdoc?docId=1&dstcode=VN:GOV:000.00.00.G22:x"


def test_header_manners() -> None:
    assert sign(HttpRequest("GET", "/"), "oauth2").headers["authorization"] == "Bearer mine"
    assert sign(HttpRequest("GET", "/"), "headers").headers == {"x-systemid": "lgsp", "x-secretkey": "demo-secret"}
    assert sign(HttpRequest("GET", "/"), "basic").headers["authorization"].startswith("Basic ")
    assert sign(HttpRequest("GET", "/"), "none").headers == {}
    both = sign(HttpRequest("GET", "/"), "lgspaccesstoken").headers
    assert json.loads(base64.b64decode(both["lgspaccesstoken"]))["AccessKey"] == "lgsp"


def test_what_a_lost_session_looks_like() -> None:
    lost = MANNERS["xroad-session"].refused
    assert lost(answered({"error_code": "401", "message": "Phiên làm việc đã hết hạn"}))
    assert lost(HttpResponse(401))
    assert not lost(answered({"error_code": "5", "message": "Không tìm thấy"}))
    assert not lost(answered({"error_code": "0", "session": "x"}))
    assert not lost(HttpResponse(200, {}, b"session" * 1000))


# -- the driver -----------------------------------------------------------------------------------------------------


class Wire:
    """A platform in the test: counts sign-ins, knows which tokens live."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.logins, self.calls = runtime, 0, list[str]()
        self.life, self.seconds, self.broken = 3600.0, 0.1, False
        self.dead: set[str] = set()
        self.events = Events()
        self.seen: list[Event] = []
        self.events.subscribe(self.seen.append)
        self.upstreams = Upstreams({"ngsp": SETTING, "odd": replace(SETTING, manner="?")}, self, runtime, self.events)

    async def send(
        self,
        system: str,
        base: str,
        request: HttpRequest,
        deadline: Until,
        *,
        keep: Keep | None = None,
        limit: int = MIB,
    ) -> HttpResponse:
        await asyncio.sleep(self.seconds)
        if request.target == "/token":
            self.logins += 1
            if self.broken:
                raise ConnectFailed()
            return answered({"access_token": f"t{self.logins}", "expires_in": self.life})
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.calls.append(token)
        return answered({"fault": {"code": 900901}}, 401) if token in self.dead else answered({"ok": 1})

    async def call(self, seconds: float = 10) -> HttpResponse:
        until = Deadline(self.runtime.clock.monotonic() + seconds)
        return await self.upstreams.send("register", "ngsp", None, HttpRequest("GET", "/x"), until)


def play(story: Callable[[Wire], object]) -> None:
    async def main(runtime: Runtime) -> None:
        wire = Wire(runtime)
        await story(wire)  # type: ignore[misc]
        await wire.upstreams.close()

    clock.run(main)


def test_a_hundred_callers_sign_in_once() -> None:
    async def story(wire: Wire) -> None:
        answers = await asyncio.gather(*(wire.call() for _ in range(100)))
        assert {each.status for each in answers} == {200}
        assert wire.logins == 1

    play(story)


def test_a_caller_who_leaves_does_not_take_the_sign_in_with_him() -> None:
    async def story(wire: Wire) -> None:
        wire.seconds = 3.0
        with pytest.raises(UpstreamUnavailable):
            await wire.call(seconds=1)
        leaving = asyncio.create_task(wire.call())
        await asyncio.sleep(0.5)
        leaving.cancel()
        assert (await wire.call()).status == 200
        assert wire.logins == 1

    play(story)


def test_a_stale_token_is_renewed_once_and_the_call_repeated_once() -> None:
    async def story(wire: Wire) -> None:
        await wire.call()
        wire.dead = {"t1"}
        answers = await asyncio.gather(*(wire.call() for _ in range(10)))
        assert {each.status for each in answers} == {200}
        assert wire.logins == 2
        wire.dead = {"t2", "t3"}
        assert (await wire.call()).status == 401  # the second refusal is the answer
        assert wire.logins == 3

    play(story)


def test_renewal_comes_before_the_end_and_nobody_waits_for_it() -> None:
    async def story(wire: Wire) -> None:
        await wire.call()
        await asyncio.sleep(3545)
        began = wire.runtime.clock.monotonic()
        assert (await wire.call()).status == 200
        assert wire.runtime.clock.monotonic() - began == pytest.approx(wire.seconds)
        await asyncio.sleep(1)
        assert wire.logins == 2
        await wire.call()
        assert wire.calls[-1] == "t2"

    play(story)


def test_a_dead_sign_in_refuses_at_once_and_is_asked_again_after_its_pause() -> None:
    async def story(wire: Wire) -> None:
        wire.broken = True
        for _ in range(20):
            with pytest.raises(UpstreamUnavailable) as refused:
                await wire.call()
            assert refused.value.upstream == "ngsp"
            assert not refused.value.reached
        assert wire.logins == 1
        wire.broken = False
        await asyncio.sleep(PAUSE_SECONDS)
        assert (await wire.call()).status == 200
        assert [each.outcome for each in wire.seen if isinstance(each, UpstreamSignedIn)] == ["connect-failed", "ok"]

    play(story)


def test_an_upstream_that_is_not_set_says_so() -> None:
    async def story(wire: Wire) -> None:
        for name in ("nowhere", "odd"):
            with pytest.raises(UpstreamUnavailable):
                await wire.upstreams.send("s", name, None, HttpRequest("GET", "/"), Deadline(99))

    play(story)


def test_xroad_addresses_with_and_without_the_forwarding_path() -> None:
    base = MANNERS["xroad-session"].base
    assert base(replace(SETTING, url="http://ss:8081")) == base(
        replace(SETTING, url="http://ss:8081/XrdAdapter/RestService/forward/")
    )
