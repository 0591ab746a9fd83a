"""The last afternoon of a reporting month: what the province has published goes to the Government, in time, once, through an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from lgsp.runtime import HANOI, Runtime
from lgsp.simulate import Loaded, Province, tell
from lgsp_mocks import clock

SYSTEM = "government-reporting"
LAST_HOUR = datetime(2022, 11, 25, 16, 0, tzinfo=HANOI)
"""The report of a month is due on its 25th at 17:00."""


@pytest.fixture(scope="module")
def reporting() -> Loaded:
    return Loaded.read().only(SYSTEM)


def at_the_last_hour(story: Callable[[Province], Awaitable[None]], loaded: Loaded) -> None:
    async def main(runtime: Runtime) -> None:
        async with Province(runtime, loaded=loaded) as province:
            await province.gateway.ready.wait()
            await story(province)

    clock.run(main, 1, LAST_HOUR)


def report(province: Province, code: str = "BC-MAU-01", office: str = "H28") -> dict[str, Any]:
    """The monthly report on administrative procedures, made of the province's own figures."""
    figures = province.folder.figures
    received, still_open = Decimal(figures["dossiers-received"].value), Decimal(figures["dossiers-open"].value)
    rows = (
        ("CT-MAU-001", received, "hồ sơ"),
        ("CT-MAU-002", Decimal(figures["dossiers-on-time"].value), "%"),
        ("CT-MAU-003", (received * still_open / 100).quantize(Decimal(1)), "hồ sơ"),
    )
    return {
        "maBaoCao": code,
        "maCoQuan": office,
        "ky": "2022-11",
        "chiTieu": [
            {"maChiTieu": name, "loaiSoLieu": "3", "giaTri": str(value), "donViTinh": unit}
            for name, value, unit in rows
        ],
        "nguoiKy": province.simulator.world.actor("officer").full_name,
    }


async def state(province: Province, code: str = "BC-MAU-01") -> dict[str, Any]:
    reply = await province.call(SYSTEM, "reports", {"ky": "2022-11", "maCoQuan": "H28", "maBaoCao": code})
    assert reply.code == "ok", reply.data
    (row,) = reply.data["baoCao"]
    return dict(row)


def test_the_published_figures_fit_together() -> None:
    async def story(province: Province) -> None:
        figures = {key: Decimal(each.value) for key, each in province.folder.figures.items()}
        assert (
            figures["online-services"]
            == figures["online-services-level-3"] + figures["online-services-level-4"]
            == 1623
        )
        assert figures["services-on-national-portal"] / figures["online-services"] > Decimal("0.70")
        assert figures["dossiers-resolved"] > figures["dossiers-received"], "some were open from the year before"

    tell(story, loaded=Loaded.read().only(SYSTEM))


def test_the_report_goes_out_in_time_and_counts(reporting: Loaded) -> None:
    async def story(province: Province) -> None:
        due = await state(province)
        assert due["trangThai"] == "0"
        assert due["hanNop"] == "2022-11-25T17:00:00+07:00"

        sent = await province.call(SYSTEM, "submit", report(province))
        assert sent.code == "ok", sent.data
        assert (await state(province))["maGiaoDich"] == sent.data["maGiaoDich"]

        again = await province.call(SYSTEM, "submit", report(province))
        assert again.data == {"maGiaoDich": sent.data["maGiaoDich"], "daTiepNhanTruoc": True}
        other = report(province) | {"nguoiKy": "Người Khác Mẫu"}
        other["chiTieu"][0]["giaTri"] = "1"
        refused = await province.call(SYSTEM, "submit", other)
        assert (refused.status, refused.data["provider"]["code"]) == (422, "03")
        assert {"path": "/ky", "rule": "refused"} in refused.data["errors"]

        asked = {"maCoQuan": "H28", "maChiTieu": "CT-MAU-001", "loaiSoLieu": "3"}
        shown = (await province.call(SYSTEM, "indicators", asked)).data
        assert shown["soLieu"][-1] == {"ky": "2022-11", "giaTri": "391333"}
        assert list(province.simulator.journal.effects[SYSTEM].values()) == [1]

    at_the_last_hour(story, reporting)


def test_an_indicator_that_does_not_exist_is_pointed_at(reporting: Loaded) -> None:
    async def story(province: Province) -> None:
        wrong = report(province)
        wrong["chiTieu"][1]["maChiTieu"] = "CT-LA"
        reply = await province.call(SYSTEM, "submit", wrong)
        assert (reply.status, reply.data["provider"]["code"]) == (422, "02")
        assert reply.data["errors"] == [{"path": "/chiTieu/1/maChiTieu", "rule": "refused"}]

    at_the_last_hour(story, reporting)


def test_all_departments_at_once_and_nobody_twice(reporting: Loaded) -> None:
    """The peak of the month: every department and district in the same minute."""

    async def story(province: Province) -> None:
        top = province.folder.agency
        offices = [a.code for a in province.simulator.world.agencies.values() if a.level == 2 and a.parent == top]
        offices = list(dict.fromkeys(offices))
        assert len(offices) == 30
        key = {"X-LGSP-Timeout": "25"}

        async def submit(office: str) -> str:
            for _ in range(50):
                sent = report(province, office=office)
                reply = await province.call(
                    SYSTEM, "submit", sent, headers=key | {"Idempotency-Key": f"thang-11-{office}"}
                )
                if reply.code != "overloaded":
                    return reply.code
                await asyncio.sleep(float(reply.headers["retry-after"]))
            return "never"

        outcomes = await asyncio.gather(*map(submit, offices), *map(submit, offices))
        assert set(outcomes) <= {"ok", "conflict"}, outcomes
        effects = province.simulator.journal.effects[SYSTEM]
        assert len(effects) == 30
        assert set(effects.values()) == {1}

    at_the_last_hour(story, reporting)


def test_a_report_of_an_outage_is_kept_and_delivered_before_the_deadline(reporting: Loaded) -> None:
    async def story(province: Province) -> None:
        province.fail(SYSTEM, "refuse", always=True)
        for _ in range(60):
            board = (await province.get("/status")).data["systems"]
            if board[0]["health"] == "down":
                break
            await asyncio.sleep(5)
        sent = await province.call(SYSTEM, "submit", report(province))
        assert sent.status == 202, sent.data
        where = sent.headers["location"]
        assert (await province.get(where, consumer="mot-cua")).data["state"] in ("queued", "delivering")

        await asyncio.sleep(15 * 60)
        province.heal(SYSTEM)
        for _ in range(60):
            submission = (await province.get(where, consumer="mot-cua")).data
            if submission["state"] == "delivered":
                break
            await asyncio.sleep(10)
        assert submission["state"] == "delivered", submission
        assert province.runtime.clock.now().astimezone(HANOI).hour == 16, "an hour is long enough"
        assert (await state(province))["trangThai"] == "1"
        assert list(province.simulator.journal.effects[SYSTEM].values()) == [1]

    at_the_last_hour(story, reporting)


def test_after_the_deadline_it_is_too_late(reporting: Loaded) -> None:
    async def story(province: Province) -> None:
        assert (await state(province))["trangThai"] == "0"
        await asyncio.sleep(3_601)
        assert (await state(province))["trangThai"] == "2", "overdue, says the system itself"
        reply = await province.call(SYSTEM, "submit", report(province))
        assert (reply.status, reply.data["provider"]["code"]) == (422, "01")
        assert reply.data["retryable"] is False
        assert reply.data["errors"] == [{"path": "/ky", "rule": "refused"}]
        assert not province.simulator.journal.effects.get(SYSTEM)

    at_the_last_hour(story, reporting)
