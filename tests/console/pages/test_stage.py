"""The stage workflow at the console: proposed by one, approved by another, downloaded by all; nobody else decides."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from lgsp.console.pages.stage import divided, ways
from lgsp.model import Evidence, Stage, StageEntry
from lgsp.promotion import gathered
from tests.endpoints.bus import running
from tests.endpoints.people import notes, signed_in, text


def test_where_it_may_go() -> None:
    trial = StageEntry(
        "births", Stage.TRIAL, date(2026, 3, 1), "01/QĐ", "a", "b", Evidence.DECLARED, datetime(2026, 3, 1, tzinfo=UTC)
    )
    official = replace(trial, stage=Stage.OFFICIAL)
    assert ways(trial) == ["official", "suspended", "retired"]
    assert ways(official) == ["official", "suspended", "retired"]  # again, on proof
    assert ways(replace(official, evidence=Evidence.PROVEN)) == ["suspended", "retired"]
    assert ways(replace(trial, stage=Stage.RETIRED)) == []
    assert divided([]) == (None, [])


async def test_a_suspension_at_the_console_and_a_promotion_that_lacks_evidence(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        first, second = await signed_in(bus, "truc-1"), await signed_in(bus, "truc-2")
        viewer = await signed_in(bus, "xem", "viewer")
        stages = bus.gateway.ledger.all()
        official = next(name for name, each in stages.items() if each.stage is Stage.OFFICIAL)
        trial = next(name for name, each in stages.items() if each.stage is Stage.TRIAL)
        page = f"/console/systems/{official}/stage"
        fields = {"to": "suspended", "decision": "12/QĐ-UBND", "reason": "Thử"}
        assert (await viewer.get(page)).status == 200
        assert "Chính thức, có minh chứng" in text(await first.get(page)), "again, and this time proven"
        assert (await viewer.post(page, fields)).status == 403
        assert (await first.post(page, fields)).status == 403, "no form of this session"
        assert (await first.submit(page, page, {**fields, "decision": ""})).status == 422
        assert (await first.submit(page, page, fields)).status == 303
        waiting = (await bus.gateway.store.stewardship.proposals(official, 1))[0]
        own = await first.submit(page, f"{page}/approve", {"id": waiting.id})
        assert own.status == 422
        assert bus.gateway.ledger.all()[official].stage is Stage.OFFICIAL
        elsewhere = f"/console/systems/{trial}/stage"
        assert (await second.submit(page, f"{elsewhere}/approve", {"id": waiting.id})).status == 404
        assert (await second.submit(page, f"{page}/approve", {"id": waiting.id})).status == 303
        assert bus.gateway.ledger.all()[official].stage is Stage.SUSPENDED
        assert [each["by"] for each in await notes(bus, "stage-moved")] == ["truc-2"]
        base = f"/console/systems/{official}/dossier/{waiting.id}"
        dossier, document = await viewer.get(f"{base}/json"), await viewer.get(f"{base}/docx")
        assert msgspec.json.decode(dossier.body)["document_sha256"] == hashlib.sha256(document.body).hexdigest()
        assert (await viewer.get(f"{base}/sig")).status == 200
        assert (await viewer.get(f"{base}/exe")).status == 404

        assert (await first.submit(elsewhere, elsewhere, {"to": "official", "decision": "13/QĐ"})).status == 303
        asked = (await bus.gateway.store.stewardship.proposals(trial, 1))[0]
        refused = await second.submit(elsewhere, f"{elsewhere}/approve", {"id": asked.id})
        assert refused.status == 422
        assert "Ký xác nhận mẫu" in text(refused)
        assert bus.gateway.ledger.all()[trial].stage is Stage.TRIAL


async def test_a_system_is_judged_by_its_own_calls_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as bus:
        example = next(each for each in await bus.examples() if each["kind"] == "query" and each["expect"] == "ok")
        assert (
            await bus.call(example["system"], example["operation"], example["request"], example.get("headers"))
        ).status == 200
        other = next(name for name in bus.gateway.registry.connectors if name != example["system"])
        for name, wanted in ((example["system"], {example["system"]}), (other, set[str]())):
            found = await gathered(bus.gateway, name)
            assert found is not None
            assert {row.system for row in found.rows} - {name} == set()
            assert wanted <= {row.system for row in found.rows}
