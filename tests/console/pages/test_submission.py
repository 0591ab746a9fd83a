"""One submission: the refused field stands first and marked, what was typed keeps its type, a second person confirms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lgsp.console.pages.submission import MOST, corrections, differences, fields, typed_in
from lgsp.console.visit import Form
from lgsp.model import SubmissionState
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, notes, signed_in, text
from tests.test_amending import FIELD, OPERATION, SYSTEM, refused, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = {"reason": "Bộ từ chối số điện thoại"}
DATA: dict[str, Any] = {
    "ho": "Nguyễn",
    "so": 3,
    "phi": 1.5,
    "co": True,
    "trong": None,
    "con": [{"ten": "A"}],
    "ghi": "a\nb",
    "o": {},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("submission")) as found:
        yield found


async def test_what_was_complained_about_stands_first_also_where_it_is_missing() -> None:
    complaints = [
        {"path": "/con", "rule": "enum"},
        {"path": "/ngay", "rule": "required"},
        {"path": "", "rule": "refused"},
    ]
    found, more = fields(DATA, complaints, {"/ho": "Trần"})
    assert [(each["path"], each["rules"]) for each in found[:2]] == [("/con/0/ten", ["enum"]), ("/ngay", ["required"])]
    assert [each["path"] for each in found[2:]] == ["/ho", "/so", "/phi", "/co", "/trong", "/ghi"], (
        "what holds others is no field"
    )
    assert {each["path"]: each["kind"] for each in found if each["kind"] != "text"} == {"/co": "flag", "/ghi": "area"}
    assert next(each for each in found if each["path"] == "/ho")["value"] == "Trần", "what was typed stays"
    assert more == 0
    assert fields({f"f{n}": "x" for n in range(MOST + 7)}, [], {})[1] == 7


@pytest.mark.parametrize(
    ("path", "typed", "value"),
    [("/ho", "Trần", "Trần"), ("/ho", " ", None), ("/so", "4", 4), ("/so", "bốn", "bốn"), ("/phi", "2", 2.0),
     ("/co", "false", False), ("/trong", "x", "x"), ("/con/0/ten", "B", "B"), ("/moi", "x", "x"), ("/ghi", "a\nc", "a\nc")],
)  # fmt: skip
async def test_a_correction_keeps_the_type(path: str, typed: str, value: Any) -> None:
    found = corrections(DATA, {path: typed})
    assert found == {path: value}
    assert type(found[path]) is type(value)


async def test_what_was_left_alone_is_no_correction() -> None:
    every, _ = fields(DATA, [], {})
    assert corrections(DATA, {each["path"]: each["value"] for each in every}) == {}
    assert typed_in(Form({"at:/ghi": ("a\r\nb",), "reason": ("x",)})) == {"/ghi": "a\nb"}, (
        "browsers write their own line ends"
    )
    assert differences(["/ho", "/moi"], DATA, {**DATA, "moi": 1}) == [
        {"label": "ho", "before": "Nguyễn", "after": "Nguyễn"}, {"label": "moi", "before": "", "after": "1"}
    ]  # fmt: skip


async def boxes(person: Person, address: str) -> tuple[str, dict[str, str]]:
    """(the page, what its form of correction would send)."""
    page = (await person.submit(address, f"{address}/read", WHY)).body.decode()
    return page, dict(re.findall(r'name="(at:[^"]+)" value="([^"]*)"', page))


async def test_corrected_by_one_confirmed_by_another(bus: Bus) -> None:
    first, second = await signed_in(bus, "an"), await signed_in(bus, "binh")
    name, _ = await refused(bus, 11)
    address = f"/console/desk/{name}"
    closed = await first.get(address)
    assert "sai định dạng" in text(closed)
    assert FIELD in text(closed)
    assert "0912" not in text(closed), "no value before a reason was given"
    assert (await first.submit(address, f"{address}/read", {"reason": "x"})).status == 422
    page, form = await boxes(first, address)
    assert re.search(r'class="field at complained"><label for="at-/ReceiverTel"', page)
    assert page.index("at:/ReceiverTel") < page.index("at:/OrderNumber")
    assert (await notes(bus, "submission-read"))[-1]["by"] == "an"
    sent = {**form, f"at:{FIELD}": "0912345678", **WHY}
    wrong = await first.submit(address, f"{address}/correct", {**sent, "at:/ReceiverName": ""})
    assert wrong.status == 422
    assert "Trái hợp đồng" in text(wrong)
    assert 'value="0912345678"' in wrong.body.decode(), "what was typed is kept"
    assert (await first.submit(address, f"{address}/correct", sent)).status == 303
    own = (await first.get(address)).body.decode()
    assert "/approve" not in own
    assert "Rút lại" in own
    (record,) = await bus.gateway.store.corrections.of(name)
    forged = await first.submit(address, f"{address}/approve", {"proposal": record.id})
    assert forged.status == 422
    assert "hai người" in text(forged)
    assert record.id not in (await second.get("/console/desk")).body.decode()
    assert name in text(await second.get("/console/desk")), "it waits on the desk"
    compared = (await second.submit(address, f"{address}/read", WHY)).body.decode()
    assert re.search(r"<del>[^<]+</del>.*<ins>0912345678</ins>", compared, re.DOTALL)
    done = await second.submit(address, f"{address}/approve", {"proposal": record.id})
    assert done.status == 303
    shown = await second.get(address)
    assert "Đã xác nhận và thực hiện" in text(shown)
    became = (await bus.gateway.store.corrections.of(name))[0].became
    assert f'/console/desk/{became}"' in shown.body.decode()
    assert await settled(bus, became) is SubmissionState.DELIVERED
    assert "đã gửi xong" in text(await second.get(f"/console/desk/{became}"))


async def test_another_try_of_what_its_caller_may_have_repeated_takes_two(bus: Bus) -> None:
    first, second = await signed_in(bus, "chi"), await signed_in(bus, "dung")
    name, _ = await refused(bus, 12)
    address = f"/console/desk/{name}"
    assert (await first.submit(address, f"{address}/resend", WHY)).status == 422, "one person alone cannot"
    assert (await first.submit(address, f"{address}/propose", {"kind": "resend", "reason": ""})).status == 422
    assert (await first.submit(address, f"{address}/propose", {"kind": "resend", **WHY})).status == 303
    (record,) = await bus.gateway.store.corrections.of(name)
    assert (await second.submit(address, f"{address}/reject", {"proposal": record.id})).status == 303
    assert "không đồng ý" in text(await first.get(address))
    assert (await first.submit(address, f"{address}/cancel", WHY)).status == 422, "it is over already"


async def test_who_may(bus: Bus) -> None:
    name, _ = await refused(bus, 13)
    address = f"/console/desk/{name}"
    for user, role, sees in (("looks", "auditor", 200), ("guards", "security-officer", 200), ("sees", "viewer", 403)):
        person = await signed_in(bus, user, role)
        shown = await person.get(address)
        assert shown.status == sees
        assert f"{address}/read" not in shown.body.decode()
        for deed in ("read", "correct", "propose", "resend", "cancel", "approve", "reject"):
            assert (await person.post(f"{address}/{deed}", {"guard": "x", **WHY})).status == 403, deed
    person = await signed_in(bus, "duty")
    assert (await person.post(f"{address}/read", WHY)).status == 403, "no form of ours"
    assert (await person.get(f"{address}/read")).status == 303, "reloading begins anew"
    assert SYSTEM
    assert OPERATION
