"""Promotion: every criterion by itself, two people, a signed dossier; back to missing where anything is missing."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lgsp.audit import Audit
from lgsp.criteria import Findings
from lgsp.decisions import Refused
from lgsp.events import Events
from lgsp.lifecycle import Ledger, StageRefused
from lgsp.model import Evidence, Stage
from lgsp.office import Office, perform
from lgsp.policy import Policy
from lgsp.promotion import Promotion
from lgsp.runtime import Runtime, SeededIds, SystemClock
from lgsp.store import open_store
from tests.test_criteria import ENTRY, GOOD, PAPERS


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    clock = SystemClock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    today = clock.now()
    entry = replace(ENTRY, since=(today - timedelta(days=30)).date())
    await store.stages.append(entry)
    rows = [replace(GOOD.rows[0], hour=today.replace(minute=0, second=0, microsecond=0))]

    async def known(system: str) -> Findings | None:
        return replace(GOOD, entry=ledger.stage(system) or entry, rows=rows) if system == "births" else None

    promotion = Promotion(store, runtime, known)
    ledger = Ledger(store, runtime, Events(), promotion.prove)
    await ledger.load(())
    yield Office(store, Policy(store, runtime), Audit(store, runtime), runtime, ledger, promotion=promotion)
    await store.close()


async def do(office: Office, action: str, by: str, **arguments: Any) -> Any:
    return await perform(office, f"stage.{action}", by, arguments)


async def test_from_the_proposal_to_the_signed_dossier(office: Office) -> None:
    made = await do(office, "propose", "an", system="births", to="official", decision="9/QĐ", documents=PAPERS)
    with pytest.raises(Refused, match="open already"):
        await do(office, "propose", "binh", system="births", to="official", decision="9/QĐ")
    with pytest.raises(Refused, match="two different people"):
        await do(office, "approve", "an", id=made["id"])
    assert office.ledger.all()["births"].stage is Stage.TRIAL
    await do(office, "approve", "binh", id=made["id"])
    entry = office.ledger.all()["births"]
    assert (entry.stage, entry.evidence, entry.by, entry.approved_by) == (Stage.OFFICIAL, Evidence.PROVEN, "an", "binh")
    kept = await office.store.stewardship.proposal(made["id"])
    assert kept is not None
    key = Ed25519PublicKey.from_public_bytes(office.store.keys.public)
    key.verify(kept.signature, kept.dossier)
    with pytest.raises(InvalidSignature):
        key.verify(kept.signature, kept.dossier.replace(b"births", b"deaths"))
    whole = msgspec.json.decode(kept.dossier)
    assert whole["document_sha256"] == hashlib.sha256(kept.document).hexdigest()
    assert (whole["decision"], whole["documents"], len(whole["criteria"])) == ("9/QĐ", PAPERS, 7)
    from docx import Document

    document = Document(io.BytesIO(kept.document))
    said = "\n".join(each.text for each in document.paragraphs)
    assert "9/QĐ" in said
    assert "Người phê duyệt: binh" in said
    assert len(document.tables[0].rows) == 8
    with pytest.raises(Refused, match="no such proposal"):
        await do(office, "approve", "chi", id=made["id"])


async def test_without_documents_neither_way_leads_to_official(office: Office) -> None:
    made = await do(office, "propose", "an", system="births", to="official", decision="9/QĐ", documents={})
    with pytest.raises(Refused, match="Sample sign-off"):
        await do(office, "approve", "binh", id=made["id"])
    with pytest.raises(StageRefused, match="Data agreement"):
        await office.ledger.move("births", Stage.OFFICIAL, decision="9/QĐ", by="an", approved_by="binh")
    await do(office, "reject", "an", id=made["id"])
    made = await do(office, "propose", "an", system="births", to="official", decision="9/QĐ", documents=PAPERS)
    given = {"system": "births", "to": "official", "decision": "9/QĐ", "by": "an", "approved_by": "binh"}
    moved = await perform(office, "stage.move", "local:x", given)
    assert moved["evidence"] == "proven", "the command line goes by the same evidence"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"to": "planned"}, "no way"),
        ({"to": "x"}, "a stage is"),
        ({"decision": " "}, "decision"),
        ({"system": "x"}, "no system"),
    ],
)
async def test_what_is_no_proposal(office: Office, wrong: dict[str, str], why: str) -> None:
    with pytest.raises(Refused, match=why):
        await do(office, "propose", "an", **{"system": "births", "to": "suspended", "decision": "9/QĐ", **wrong})
    assert await office.store.stewardship.proposals(None, 9) == []
