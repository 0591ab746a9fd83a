"""What waits for a second person, whoever it is of, stands in one list; the oldest first."""

from __future__ import annotations

from pathlib import Path

from lgsp.model import Stage
from tests.endpoints.bus import running
from tests.endpoints.people import signed_in, text
from tests.test_amending import WHY, refused


async def test_everything_that_waits_and_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        perform = bus.gateway.perform
        duty, viewer = await signed_in(bus, "duty"), await signed_in(bus, "xem", "viewer")
        assert (await viewer.get("/console/approvals")).status == 403
        assert "Không có đề nghị nào đang chờ" in text(await duty.get("/console/approvals"))
        official = next(name for name, each in bus.gateway.ledger.all().items() if each.stage is Stage.OFFICIAL)
        await perform(
            "stage.propose", "duty", {"system": official, "to": "suspended", "decision": "1/QĐ", "reason": "thử"}
        )
        name, _ = await refused(bus, 21)
        await perform("submission.propose", "an", {"id": name, "kind": "resend", "reason": WHY})
        wanted = {"consumer": "tester", "system": official, "operation": "*", "legal_basis": "2/QĐ"}
        grant = await perform("grant.ask", "an", wanted)
        await perform("consumer.ask", "an", {"consumer": "moi", "name": "Hệ mới", "basis": "3/CV"})
        shown = text(await duty.get("/console/approvals"))
        places = [shown.index(each) for each in ("Chuyển giai đoạn", name, "2/QĐ", "Hệ mới")]
        assert places == sorted(places)
        assert "duty (của bạn)" in shown
        await perform("grant.reject", "an", {"request": grant["id"]})
        assert "2/QĐ" not in text(await duty.get("/console/approvals"))
