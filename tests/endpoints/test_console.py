"""The console's door: nobody without session, role and form; guessing is slow; every coming and going is evidence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lgsp.app import routes
from lgsp.console.sessions import GUESSES, IDLE, LONGEST
from lgsp.console.visit import EVERYBODY, PUBLIC
from lgsp.endpoints.console import _inside
from lgsp.office import ROLES
from tests.endpoints.bus import Bus
from tests.endpoints.people import PASSWORD, Person, notes, operator, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPEN = {("GET", "/console/sign-in"), ("POST", "/console/sign-in"), ("GET", "/console"), ("GET", "/console/{rest:.*}")}


def console_routes(bus: Bus) -> list[Any]:
    return [route for route in routes(bus.gateway) if route.path.startswith("/console")]


# -- who may ----------------------------------------------------------------------------------------------------------


async def test_every_route_names_its_roles_or_is_of_the_door(bus: Bus) -> None:
    found = console_routes(bus)
    assert len(found) > 6
    for route in found:
        if route.access == "public":
            assert (route.method, route.path) in OPEN, route
            assert route.roles == PUBLIC
        else:
            assert route.access == "operator", route
            assert route.roles, route
            assert route.roles <= set(ROLES) == EVERYBODY, route


async def test_without_a_session_every_page_leads_to_the_sign_in_and_changes_nothing(bus: Bus) -> None:
    stranger = Person(bus)
    for route in console_routes(bus):
        if (route.method, route.path) in OPEN:
            continue
        path = re.sub(r"\{(\w+)(?::[^}]*)?\}", "x", route.path)
        reply = await (stranger.get(path) if route.method == "GET" else stranger.post(path, {"guard": "x"}))
        assert (reply.status, reply.headers["location"][:16]) == (303, "/console/sign-in"), route
        assert not reply.body


async def test_a_role_that_is_not_the_routes_is_refused_on_every_route(bus: Bus) -> None:
    people = {role: await signed_in(bus, f"all-{role}", role) for role in ROLES}
    tried = 0
    for route in console_routes(bus):
        for role in set(ROLES) - route.roles if route.access == "operator" else set():
            path = re.sub(r"\{(\w+)(?::[^}]*)?\}", "x", route.path)
            person = people[role]
            reply = await (person.get(path) if route.method == "GET" else person.post(path, {"guard": "x"}))
            assert reply.status == 403, (route, role)
            assert "Chưa được quyền" in text(reply)
            tried += 1
    assert tried or all(route.roles == EVERYBODY for route in console_routes(bus) if route.access == "operator")


# -- sign-in ----------------------------------------------------------------------------------------------------------


async def test_signing_in_opens_the_console_with_a_cookie_that_scripts_and_other_sites_do_not_get(bus: Bus) -> None:
    person = Person(bus)
    user = await operator(bus, "lan", "viewer")
    reply = await person.sign_in(user, to="/console/account")
    assert (reply.status, reply.headers["location"]) == (303, "/console/account")
    cookie = next(line for line in person.set_cookies if line.startswith("lgsp_session="))
    assert {"HttpOnly", "SameSite=Strict", "Path=/console"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie, "this one listens on plain HTTP"
    account = await person.get("/console/account")
    assert account.status == 200
    assert "lan" in text(account)
    assert "Người xem" in text(account)
    assert (await notes(bus, "console-signed-in"))[-1]["by"] == "lan"
    token = person.cookies["lgsp_session"]
    rows = bus.gateway.store.shared._connection().execute("SELECT quote(token) FROM console_session").fetchall()
    assert token not in str(rows), "the store holds a digest"


async def test_behind_tls_the_cookie_is_for_tls_alone(bus: Bus) -> None:
    settings = bus.gateway.settings
    object.__setattr__(settings, "public_url", "https://lgsp.example")
    try:
        person = Person(bus)
        await person.sign_in(await operator(bus, "tls"))
        assert "Secure" in next(line for line in person.set_cookies if line.startswith("lgsp_session="))
    finally:
        object.__setattr__(settings, "public_url", None)


async def test_wrong_names_and_wrong_passwords_are_told_alike_and_noted_without_what_was_typed(bus: Bus) -> None:
    await operator(bus, "minh")
    one, other = Person(bus), Person(bus)
    wrong = await one.sign_in("minh", "không phải mật khẩu")
    nobody = await other.sign_in("nhầm ô mật khẩu", "x" * 14)
    assert (wrong.status, nobody.status) == (401, 401)
    said = "Tên đăng nhập hoặc mật khẩu không đúng"
    assert said in text(wrong)
    assert said in text(nobody)
    refused = await notes(bus, "console-sign-in-refused")
    assert [each["by"] for each in refused[-2:]] == ["minh", "-"]
    assert "nhầm" not in str(refused)
    assert "lgsp_session" not in one.cookies | other.cookies


async def test_guessing_is_stopped_for_that_name_there_and_the_right_password_waits_too(bus: Bus) -> None:
    await operator(bus, "guessed")
    guesser = Person(bus)
    for _ in range(GUESSES):
        assert (await guesser.sign_in("guessed", "sai mất rồi 12345")).status == 401
    reply = await guesser.sign_in("guessed")
    assert reply.status == 429
    assert 0 < int(reply.headers["retry-after"]) <= 901
    assert "Sai quá nhiều lần" in text(reply)
    assert (await Person(bus).sign_in(await operator(bus, "somebody-else"))).status == 303
    rows = bus.gateway.store.shared._connection()
    rows.execute("UPDATE console_guess SET until = 0")
    assert (await guesser.sign_in("guessed")).status == 303, "after the wait"


async def test_a_disabled_person_is_out_at_once_and_a_new_password_ends_old_sessions(bus: Bus) -> None:
    person = await signed_in(bus, "leaver")
    assert (await person.get("/console/")).status == 200
    await bus.gateway.store.operators.disable("leaver")
    assert (await person.get("/console/")).status == 303
    assert (await person.sign_in("leaver")).status == 401
    person = await signed_in(bus, "leaver")
    await operator(bus, "leaver", password="một mật khẩu khác")
    assert (await person.get("/console/")).status == 303


async def test_a_session_ends_by_idleness_and_by_age(bus: Bus) -> None:
    store, clock = bus.gateway.store.sessions, bus.gateway.runtime.clock
    await operator(bus, "aging")
    now = clock.now()
    await store.begin(b"t", "aging", now, now + LONGEST)
    assert await store.get(b"t", now, now - IDLE) is not None
    later = now + IDLE
    assert await store.get(b"t", later, later - IDLE) is None, "idle"
    end = now + LONGEST
    await store.seen(b"t", end)
    assert await store.get(b"t", end, end - IDLE) is None, "too old, however busy"


async def test_signing_out_ends_the_session_itself_and_not_the_cookie_alone(bus: Bus) -> None:
    person = await signed_in(bus, "goer")
    token = person.cookies["lgsp_session"]
    reply = await person.submit("/console/", "/console/sign-out", {})
    assert reply.headers["location"] == "/console/sign-in?said=out"
    assert "Đã đăng xuất" in text(await person.get(reply.headers["location"]))
    stolen = Person(bus, {"lgsp_session": token})
    assert (await stolen.get("/console/")).status == 303
    assert (await notes(bus, "console-signed-out"))[-1]["by"] == "goer"


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/console/../../x",
        "/status",
        "javascript:alert(1)",
        "/console/sign-in",
        "/console\\x",
        "/console/\nx",
    ],
)
async def test_a_sign_in_leads_nowhere_else(address: str) -> None:
    assert _inside(address) in ("/console/", "/console/../../x")  # dots stay on this host
    assert _inside("/console/account?x=1") == "/console/account?x=1"


# -- forms ------------------------------------------------------------------------------------------------------------


async def test_a_form_of_nobody_of_another_session_or_from_elsewhere_changes_nothing(bus: Bus) -> None:
    person, other = await signed_in(bus, "careful"), await signed_in(bus, "other-one")
    fields = {"password": PASSWORD, "fresh": "mật khẩu mới tinh", "again": "mật khẩu mới tinh"}
    guard = re.search(r'name="guard" value="(\w+)"', (await other.get("/console/account")).body.decode())
    assert guard
    for given in ({}, {"guard": "x"}, {"guard": guard[1]}):
        assert (await person.post("/console/account", {**fields, **given})).status == 403
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        reply = await person.submit("/console/account", "/console/account", fields, **headers)
        assert (reply.status, "không thuộc phiên" in text(reply)) == (403, True)
    assert (await Person(bus).sign_in("careful")).status == 303, "the password is what it was"
    forged = Person(bus)
    assert (await forged.post("/console/sign-in", {"user": "careful", "password": PASSWORD})).status == 403


async def test_the_password_is_changed_once_and_mistakes_say_where(bus: Bus) -> None:
    person = await signed_in(bus, "changer")
    page = "/console/account"

    async def tried(password: str, fresh: str, again: str) -> tuple[int, str]:
        reply = await person.submit(page, page, {"password": password, "fresh": fresh, "again": again})
        return reply.status, reply.body.decode()

    for given, field, said in [
        ((PASSWORD, "ngắn", "ngắn"), "fresh", "ít nhất 12"),
        ((PASSWORD, "mật khẩu mới tinh", "mật khẩu mới tính"), "again", "không giống"),
        ((PASSWORD, PASSWORD, PASSWORD), "fresh", "phải khác"),
        (("", "mật khẩu mới tinh", "mật khẩu mới tinh"), "password", "Cần điền"),
        (("sai mật khẩu rồi", "mật khẩu mới tinh", "mật khẩu mới tinh"), "password", "không đúng"),
    ]:
        status, shown = await tried(*given)
        assert status == 422
        assert f'<a href="#f-{field}">' in shown
        assert said in shown
        assert (
            "mật khẩu mới" not in shown.lower().replace("mật khẩu mới cần", "").replace("mật khẩu mới phải", "")
            or field
        )
        assert 'value="mật' not in shown, "no password is ever sent back"
    assert (await tried(PASSWORD, " mật khẩu có dấu cách ", " mật khẩu có dấu cách "))[0] == 303
    assert (await person.get(page)).status == 303, "all sessions have ended"
    assert (await person.sign_in("changer")).status == 401
    assert (await person.sign_in("changer", " mật khẩu có dấu cách ")).status == 303
    assert (await notes(bus, "operator-password"))[-1]["by"] == "changer"


async def test_too_large_and_strange_forms_are_refused_as_a_page(bus: Bus) -> None:
    person = await signed_in(bus, "pusher")
    reply = await person.post("/console/account", {"x": "y" * 70_000})
    assert (reply.status, "quá lớn" in text(reply)) == (413, True)
    reply = await person._send("POST", "/console/account", b"{}", {"Content-Type": "application/json"})
    assert reply.status == 415
    many = "&".join(f"f{n}=1" for n in range(300)).encode()
    assert (
        await person._send("POST", "/console/account", many, {"Content-Type": "application/x-www-form-urlencoded"})
    ).status == 400


# -- pages ------------------------------------------------------------------------------------------------------------


async def test_every_page_carries_the_policy_and_asks_nobody_else(bus: Bus) -> None:
    person = await signed_in(bus, "looker", "auditor")
    for path in (
        "/console/",
        "/console/topology",
        "/console/account",
        "/console/sign-in",
        "/console/khong-co",
        "/status",
    ):
        reply = await person.get(path)
        shown = reply.body.decode()
        assert "script-src 'self'" in reply.headers["content-security-policy"]
        assert "unsafe" not in reply.headers["content-security-policy"]
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]* src=\"/assets/)", shown), path
        assert not re.search(r"<[^>]*\s(style|on\w+)=", shown), path
        assert not re.search(r"(?:src|href|action)=\"(?!/|#|\?)", shown), path
        assert len(reply.body) < 100_000, path
        for asset in set(re.findall(r"(/assets/[\w.]+\?v=\w+)", shown)):
            assert (await bus.send("GET", asset)).status == 200


async def test_what_does_not_exist_is_a_page_for_who_is_signed_in(bus: Bus) -> None:
    reply = await (await signed_in(bus, "wanderer")).get("/console/khong-co/gi")
    assert (reply.status, "Không có trang này" in text(reply)) == (404, True)


async def test_the_language_is_asked_for_once_and_kept(bus: Bus) -> None:
    person = await signed_in(bus, "linguist")
    assert "Status board" in text(await person.get("/console/", {"Accept-Language": "en-GB"}))
    assert "Bảng trạng thái" in text(await person.get("/console/"))
    assert "Status board" in text(await person.get("/console/?lang=en"))
    reply = await person.get("/console/account", {"Accept-Language": "vi"})
    assert reply.headers["content-language"] == "en"
    assert '<html lang="en">' in reply.body.decode()
    assert "Sign out" in text(reply)


async def test_a_page_that_breaks_says_so_and_its_text_stays_inside(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await signed_in(bus, "unlucky")
    seen: list[Any] = []
    bus.gateway.events.subscribe(seen.append)

    async def broken(**_: Any) -> Any:
        raise RuntimeError("bí mật 001099")

    monkeypatch.setattr(type(bus.gateway.outlook), "seen", lambda self, **given: broken(**given))
    reply = await person.get("/console/")
    assert (reply.status, "Lỗi của trục" in text(reply), "bí mật" in text(reply)) == (500, True, False)
    assert any(type(event).__name__ == "BusFaultFound" and event.kind == "RuntimeError" for event in seen)
