"""The page of reports, at a running bus: any period, its files, and the months on file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from docx import Document

from lgsp.console.pages.reports import asked, quick
from lgsp.console.wording import load
from tests.endpoints.bus import Bus, running
from tests.endpoints.people import Person, signed_in, text

TODAY = date(2022, 11, 16)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("reports")) as found:
        yield found


def test_without_days_it_is_this_month() -> None:
    assert asked({}, TODAY).query == "from=2022-11-01&to=2022-11-16"
    assert asked({"filed": "2022-10"}, TODAY).query == "filed=2022-10"


def test_periods_that_are_often_wanted() -> None:
    assert [query for _, query in quick(date(2023, 1, 5), load("vi"))] == [
        "from=2023-01-01&to=2023-01-05",
        "from=2022-12-01&to=2022-12-31",
        "from=2023-01-01&to=2023-01-05",
        "from=2023-01-01&to=2023-01-05",
    ]


def written(folder: Path) -> dict[str, bytes]:
    return {each.suffix: each.read_bytes() for each in folder.glob("*")}


async def viewer(bus: Bus) -> Person:
    return await signed_in(bus, "viewer-of-reports", "viewer")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_and_every_file_say_the_same_sentence(bus: Bus) -> None:
    person = await viewer(bus)
    headline = (await bus.send("GET", "/status", headers={"Accept": "application/json"})).data["headline"]["vi"]
    shown = await person.get("/console/reports")
    assert shown.status == 200
    assert headline in text(shown)
    for form in ("csv", "html"):
        file = await person.get(f"/console/reports/file/{form}")
        assert headline.rstrip(".") in file.body.decode("utf-8-sig")
        assert "bao-cao-ket-noi-" in file.headers["content-disposition"]
    paper = await person.get("/console/reports/paper")
    assert headline in text(paper)
    document = Document(io.BytesIO((await person.get("/console/reports/file/docx")).body))
    assert headline in [each.text for each in document.paragraphs]
    assert "SỐ LIỆU MÔ PHỎNG - KHÔNG CÓ GIÁ TRỊ BÁO CÁO" in [each.text for each in document.paragraphs]


@pytest.mark.asyncio(loop_scope="module")
async def test_calls_are_in_the_report(bus: Bus) -> None:
    example = next(each for each in await bus.examples() if each["expect"] == "ok" and each["kind"] == "query")
    person = await viewer(bus)
    for _ in range(3):
        await bus.call(example["system"], example["operation"], example["request"], example.get("headers"))
    assert "H28.01" in text(await person.get("/console/reports"))


@pytest.mark.asyncio(loop_scope="module")
async def test_days_that_are_none(bus: Bus) -> None:
    person = await viewer(bus)
    for query in ("from=2022-11-16&to=2022-01-01", "from=x&to=y", "from=2020-01-01&to=2026-01-01"):
        assert (await person.get(f"/console/reports?{query}")).status == 422
        assert (await person.get(f"/console/reports/file/csv?{query}")).status == 404
    assert (await person.get("/console/reports?filed=1999-01")).status == 404
    assert (await person.get("/console/reports/file/exe")).status == 404


@pytest.mark.asyncio(loop_scope="module")
async def test_last_month_is_filed_by_itself(bus: Bus) -> None:
    folder = bus.gateway.settings.data / "reports"
    async with asyncio.timeout(30):  # the task that files it begins when the bus does
        while not (rows := await bus.gateway.store.reports.newest(9)) or len(files := written(folder)) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    (row,) = rows
    assert sorted(files) == [".csv", ".docx", ".html"]
    person = await viewer(bus)
    assert f"/console/reports?filed={row.name}" in (await person.get("/console/reports")).body.decode()
    filed = await person.get(f"/console/reports/file/csv?filed={row.name}")
    assert filed.body == files[".csv"]


@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_unknown_sees_it(bus: Bus) -> None:
    for path in ("/console/reports", "/console/reports/paper", "/console/reports/file/csv"):
        assert (await Person(bus).get(path)).status == 303
