"""Consumers and grants: asked for by one, admitted by a security officer, keys in one answer only; and why a call is refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lgsp.console.pages.consumers import listed
from lgsp.errors import Unauthenticated
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, notes, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/console/consumers"
ASKED = {"consumer": "so-y-te.his", "name": "Sở Y tế", "agency": "H99.07", "basis": "12/CV-SYT"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("consumers")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def duty(bus: Bus) -> Person:
    return await signed_in(bus, "duty")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(bus: Bus) -> Person:
    return await signed_in(bus, "officer", "security-officer")


async def waiting(bus: Bus, action: str) -> str:
    (request,) = await bus.gateway.perform(action, "local:x", {})
    return str(request["id"])


@pytest.mark.parametrize(("typed", "names"), [("", None), (" , ", None), ("a, b  c", ["a", "b", "c"])])
async def test_names_in_a_field(typed: str, names: list[str] | None) -> None:
    assert listed(typed) == names


async def test_asked_admitted_and_its_keys_are_shown_once(bus: Bus, duty: Person, officer: Person) -> None:
    for wrong in ({**ASKED, "consumer": "Sở Y tế"}, {**ASKED, "consumer": "tester"}, {**ASKED, "basis": ""}):
        assert (await duty.submit(LIST, LIST, wrong)).status == 422
    assert (await duty.submit(LIST, LIST, ASKED)).status == 303
    assert (await duty.submit(LIST, LIST, ASKED)).status == 422, "asked for already"
    request = await waiting(bus, "consumer.requests")
    assert (await duty.submit(LIST, f"{LIST}/requests/admit", {"request": request})).status == 403
    shown = await officer.submit(LIST, f"{LIST}/requests/admit", {"request": request})
    assert shown.status == 200
    key = re.search(r"lgsp_\S+?(?=<)", shown.body.decode())
    assert key
    assert bus.gateway.policy.by_api_key(key[0]).id == "so-y-te.his"
    assert (await bus.send("GET", "/api/systems", None, {"X-API-Key": key[0]})).status == 200
    for page in (LIST, f"{LIST}/so-y-te.his"):
        assert key[0] not in (await officer.get(page)).body.decode()
    (note,) = [each for each in await notes(bus, "consumer-added") if each["facts"]["consumer"] == "so-y-te.his"]
    assert (note["by"], note["facts"]["asked_by"], note["facts"]["basis"]) == ("officer", "duty", "12/CV-SYT")
    assert key[0] not in str(note)


async def test_nobody_admits_what_he_asked_for(bus: Bus, officer: Person) -> None:
    await officer.submit(LIST, LIST, {**ASKED, "consumer": "rieng"})
    request = await waiting(bus, "consumer.requests")
    refused = await officer.submit(LIST, f"{LIST}/requests/admit", {"request": request})
    assert refused.status == 422
    assert bus.gateway.policy.consumer("rieng") is None
    assert (await officer.submit(LIST, f"{LIST}/requests/decline", {"request": request})).status == 303
    assert (await notes(bus, "consumer-declined"))[-1]["facts"]["consumer"] == "rieng"


async def test_a_grant_from_request_to_the_first_answer_and_back(bus: Bus, duty: Person, officer: Person) -> None:
    made = await bus.gateway.perform("consumer.add", "local:x", {"id": "cap-xa", "name": "Cấp xã"})
    page, key = f"{LIST}/cap-xa", {"X-API-Key": made["api_key"]}
    why = "/console/explain?consumer=cap-xa&call=civil-status/danhMuc"

    async def status() -> int:
        asked = {"loaiDanhMuc": "3"}
        return (await bus.send("POST", "/api/civil-status/v1/danhMuc", asked, key)).status

    assert "security-level-not-approved" in text(await duty.get(why))
    level = {"level": "3", "decision": "7/QĐ", "level_until": "31/12/2099"}
    assert (await duty.submit(page, f"{page}/level", level)).status == 403
    assert (await officer.submit(page, f"{page}/level", {**level, "level_until": "ngày kia"})).status == 422
    assert (await officer.submit(page, f"{page}/level", level)).status == 303
    assert "Chưa được cấp quyền nào cho chức năng này" in text(await duty.get(why))
    assert await status() == 403
    asked = {"call": "civil-status/danhMuc", "basis": "15/QĐ-UBND", "quota": "x"}
    assert (await duty.submit(page, f"{page}/grants", asked)).status == 422
    assert (await duty.submit(page, f"{page}/grants", {**asked, "quota": "30"})).status == 303
    assert await status() == 403, "a request is no grant"
    request = await waiting(bus, "grant.requests")
    assert (await duty.submit(LIST, f"{LIST}/requests/grant", {"request": request})).status == 403
    assert (await officer.submit(LIST, f"{LIST}/requests/grant", {"request": request})).status == 303
    assert await status() == 200
    assert "Cuộc gọi này được phép" in text(await duty.get(why))
    assert "15/QĐ-UBND" in text(await duty.get(page))
    assert (await officer.submit(page, f"{page}/ungrant", {"call": "civil-status/danhMuc"})).status == 303
    assert await status() == 403
    await officer.submit(page, f"{page}/active", {"active": "no"})
    assert "đang bị khoá" in text(await duty.get(page))
    assert await status() == 401


async def test_a_grant_that_asks_for_the_dossier(bus: Bus, duty: Person, officer: Person) -> None:
    made = await bus.gateway.perform("consumer.add", "local:x", {"id": "mot-cua", "name": "Một cửa"})
    page, why = f"{LIST}/mot-cua", "/console/explain?consumer=mot-cua&call=civil-status/danhMuc"
    asked = {"call": "civil-status/danhMuc", "basis": "16/QĐ-UBND", "case": "yes"}
    assert (await duty.submit(page, f"{page}/grants", asked)).status == 303
    assert "phải nêu mã hồ sơ" in text(await officer.get(LIST))
    request = await waiting(bus, "grant.requests")
    assert (await officer.submit(LIST, f"{LIST}/requests/grant", {"request": request})).status == 303
    assert "phải nêu mã hồ sơ" in text(await duty.get(page))
    shown = text(await duty.get(why))
    assert "X-LGSP-Case" in shown
    systems = (await bus.send("GET", "/api/systems", None, {"X-API-Key": made["api_key"]})).data
    (found,) = [
        each
        for system in systems
        for each in system["operations"]
        if system["id"] == "civil-status" and each["granted"]
    ]
    assert found["needs_case"] is True


async def test_new_keys_and_revoked_ones(bus: Bus, officer: Person) -> None:
    made = await bus.gateway.perform("consumer.add", "local:x", {"id": "moi", "name": "Mới"})
    page = f"{LIST}/moi"
    assert (await officer.submit(page, f"{page}/key", {"overlap": "9999"})).status == 422
    fresh = re.search(r"lgsp_\S+?(?=<)", (await officer.submit(page, f"{page}/key", {"overlap": "1"})).body.decode())
    assert fresh
    assert fresh[0] != made["api_key"]
    for each in await bus.gateway.store.consumers.secrets("moi"):
        assert (await officer.submit(page, f"{page}/revoke", {"key": each.key_id})).status == 303
    assert "Chưa có khoá nào" in text(await officer.get(page))
    assert (await bus.send("GET", "/api/systems", None, {"X-API-Key": fresh[0]})).status == 401


async def test_who_may(bus: Bus) -> None:
    auditor, viewer = await signed_in(bus, "looks", "auditor"), await signed_in(bus, "sees", "viewer")
    shown = (await auditor.get(f"{LIST}/tester")).body.decode()
    assert f"{LIST}/tester/" not in shown
    assert (await auditor.get(f"{LIST}/khong-co")).status == 404
    assert (await auditor.get(f"{LIST}/tester/key")).status == 303
    for deed in ("", "/requests/admit", "/requests/grant", "/tester/key", "/tester/grants", "/tester/active"):
        assert (await auditor.post(f"{LIST}{deed}", {"guard": "x"})).status == 403, deed
    for page in (LIST, f"{LIST}/tester", "/console/explain", "/console/security"):
        assert (await viewer.get(page)).status == 403


async def test_a_password_for_digests_is_shown_once_and_revoked_by_its_kind(bus: Bus, officer: Person) -> None:
    made = await bus.gateway.perform("consumer.add", "local:x", {"id": "soap", "name": "Hệ SOAP"})
    page, policy = f"{LIST}/soap", bus.gateway.policy
    shown = (await officer.submit(page, f"{page}/password", {"password_overlap": "0"})).body.decode()
    password = re.search(r"<dt>password</dt><dd><code>([^<]+)<", shown)
    assert password
    assert policy.by_secret("soap", password[1]).id == "soap"
    kept = (await officer.get(page)).body.decode()
    assert password[1] not in kept
    assert all(f'name="kind" value="{kind}"' in kept for kind in ("client", "password", "api_key")), "two have one name"
    assert (await officer.submit(page, f"{page}/revoke", {"key": "soap", "kind": "password"})).status == 303
    with pytest.raises(Unauthenticated):
        policy.by_secret("soap", password[1])
    assert policy.by_secret("soap", made["client_secret"]).id == "soap"
    for overlap in ("-1", "nhiều"):
        assert (await officer.submit(page, f"{page}/password", {"password_overlap": overlap})).status == 422
        assert (await officer.submit(page, f"{page}/key", {"overlap": overlap})).status == 422


async def test_who_approves_sees_from_when_until_when_and_what_it_takes_the_place_of(
    bus: Bus, duty: Person, officer: Person
) -> None:
    await bus.gateway.perform("consumer.add", "local:x", {"id": "gia-han", "name": "Gia hạn"})
    page = f"{LIST}/gia-han"
    asked = {"call": "civil-status/danhMuc", "basis": "17/QĐ-UBND", "from": "01/02/2098", "until": "31/12/2098"}
    await duty.submit(page, f"{page}/grants", {**asked, "from": "", "until": ""})
    await officer.submit(LIST, f"{LIST}/requests/grant", {"request": await waiting(bus, "grant.requests")})
    assert (await duty.submit(page, f"{page}/grants", {**asked, "from": "01/02/2099"})).status == 422
    assert (await duty.submit(page, f"{page}/grants", asked)).status == 303
    shown = text(await officer.get(LIST))
    assert all(each in shown for each in ("01/02/2098", "31/12/2098", "thay cho quyền đang có"))
    await officer.submit(LIST, f"{LIST}/requests/grant", {"request": await waiting(bus, "grant.requests")})
    assert "01/02/2098" in text(await officer.get(page))


async def test_the_anti_malware_stays_as_declared_until_somebody_says_otherwise(bus: Bus, officer: Person) -> None:
    await bus.gateway.perform("consumer.add", "local:x", {"id": "may-cu", "name": "Máy cũ"})
    page, policy = f"{LIST}/may-cu", bus.gateway.policy
    level = {"level": "3", "decision": "7/QĐ", "level_until": "31/12/2099"}
    for said, wanted in (("no", False), ("as_was", False), ("yes", True), ("", True)):
        assert (await officer.submit(page, f"{page}/level", {**level, "malware": said})).status == 303
        consumer = policy.consumer("may-cu")
        assert consumer is not None
        assert consumer.anti_malware is wanted
    assert "đã khai báo: có" in text(await officer.get(page))
