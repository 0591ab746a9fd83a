"""Security levels: the register by its ends, what a day to come changes, and a file that is no register."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import FormData

from lgsp.compliance import COLUMNS, RegisterError
from lgsp.console.pages.security import moved, register_of
from lgsp.console.visit import Upload
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, notes, signed_in, text

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = "/console/security"
HEAD = ",".join(COLUMNS)
GOOD = f"{HEAD}\nh1,Hệ thống một,H99.01,3,7/QĐ,2026-01-01,2099-01-01,yes\ntester,Hệ thống thử,H99.02,2,8/QĐ,2026-01-01,2090-01-01,\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("security")) as found:
        yield found


async def test_what_a_day_changes() -> None:
    assert moved({"cut": ["a", "b"]}, {"cut": ["b", "c"]}) == {"lost": ["c"], "won": ["a"]}


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"id,name\n1,2\n", f"{HEAD}\nh1,x,y,9,z,,,\n".encode(), f"{HEAD}\nh1,,,,,,,\nh1,,,,,,,\n".encode()],
)  # fmt: skip
async def test_what_is_no_register(content: bytes) -> None:
    with pytest.raises(RegisterError):
        register_of(Upload("so.csv", content))


async def imported(bus: Bus, person: Person, content: bytes) -> Any:
    page = (await person.get(PAGE)).body.decode()
    form = FormData()
    form.add_field("guard", page.partition('name="guard" value="')[2].partition('"')[0])
    form.add_field("file", content, filename="so.csv", content_type="text/csv")
    cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    async with bus.session.post(
        bus.url + PAGE, data=form, headers={"Cookie": cookies, "Accept": "text/html"}, allow_redirects=False
    ) as answer:
        return answer.status


async def test_imported_looked_at_and_previewed(bus: Bus) -> None:
    officer = await signed_in(bus, "officer", "security-officer")
    assert "Chưa nhập sổ" in text(await officer.get(PAGE))
    assert await imported(bus, officer, b"id\n1\n") == 422
    assert await imported(bus, officer, GOOD.encode()) == 303
    assert (await notes(bus, "security-register"))[-1]["by"] == "officer"
    today = text(await officer.get(PAGE))
    assert "2/2 hệ thống có phê duyệt còn hiệu lực" in today
    assert "Nếu không làm gì" not in today
    later = text(await officer.get(f"{PAGE}?on=2095-01-01"))
    assert "1/2 hệ thống" in later
    assert "1 hệ thống bị ngắt thêm" in later
    assert "Hệ thống thử" in later.partition("bị ngắt thêm")[2][:200]
    assert (await officer.get(f"{PAGE}?on=mai")).status == 422
    tomorrow = bus.gateway.policy.today() + timedelta(days=1)
    assert "Không có gì khác hôm nay" in text(await officer.get(f"{PAGE}?on={tomorrow.isoformat()}"))


async def test_only_the_officer_imports(bus: Bus) -> None:
    person = await signed_in(bus, "duty")
    assert "so.csv" not in (await person.get(PAGE)).body.decode()
    assert await imported(bus, person, GOOD.encode()) == 403
