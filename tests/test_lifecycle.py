"""The ledger of stages: two people, a decision, a move that exists, and evidence for official."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from lgsp.events import Event, Events, StageChanged
from lgsp.lifecycle import Ledger, Proof, StageRefused, no_proof
from lgsp.model import Evidence, Stage
from lgsp.registry import Connector
from lgsp.runtime import Runtime
from lgsp.store import open_store
from lgsp_mocks.clock import run


def connector(name: str, stage: Stage) -> Connector:
    class Fake:
        stage_now, stage_since, stage_decision = stage, date(2022, 11, 1), "QĐ 1/QĐ-UBND"

    fake = Fake()
    fake.name = name  # type: ignore[attr-defined]
    return cast(Connector, fake)


async def proven(_: str) -> Proof:
    return Proof(True)


async def ledger(runtime: Runtime, stage: Stage, prove: Any = no_proof) -> tuple[Ledger, list[Event]]:
    events = Events()
    heard: list[Event] = []
    events.subscribe(heard.append)
    made = Ledger(await open_store(None, runtime), runtime, events, prove)
    await made.load([connector("register", stage)])
    return made, heard


async def move(made: Ledger, stage: Stage, **changed: str) -> Any:
    given: dict[str, Any] = {"decision": "QĐ 2", "by": "An", "approved_by": "Bình"}
    return await made.move("register", stage, **{**given, **changed})


def test_a_new_installation_starts_with_the_declaration() -> None:
    async def story(runtime: Runtime) -> None:
        store = await open_store(None, runtime)
        for _ in range(2):
            made = Ledger(store, runtime, Events())
            await made.load([connector("register", Stage.OFFICIAL)])
            entry = made.stage("register")
            assert entry is not None
            assert (entry.stage, entry.evidence, entry.since) == (Stage.OFFICIAL, Evidence.DECLARED, date(2022, 11, 1))
            assert len(await made.entries("register")) == 1
            assert made.stage("unknown") is None

    run(story)


def test_official_asks_for_its_evidence_and_refuses_without() -> None:
    async def story(runtime: Runtime) -> None:
        made, heard = await ledger(runtime, Stage.TRIAL)
        with pytest.raises(StageRefused) as raised:
            await move(made, Stage.OFFICIAL)
        assert "evidence" in raised.value.reason.en
        assert len(await made.entries("register")) == 1
        assert heard == []

    run(story)


def test_promotion_with_proof() -> None:
    async def story(runtime: Runtime) -> None:
        made, heard = await ledger(runtime, Stage.TRIAL, proven)
        entry = await move(made, Stage.OFFICIAL)
        assert entry.evidence is Evidence.PROVEN
        assert made.stage("register") == entry
        (event,) = heard
        assert isinstance(event, StageChanged)
        assert (event.was, event.now) == (Stage.TRIAL, Stage.OFFICIAL)

    run(story)


def test_what_is_declared_official_may_be_proven_and_keeps_its_day() -> None:
    async def story(runtime: Runtime) -> None:
        without, _ = await ledger(runtime, Stage.OFFICIAL)
        with pytest.raises(StageRefused):
            await move(without, Stage.OFFICIAL)
        made, _ = await ledger(runtime, Stage.OFFICIAL, proven)
        since = made.all()["register"].since
        entry = await move(made, Stage.OFFICIAL)
        assert (entry.stage, entry.evidence, entry.since) == (Stage.OFFICIAL, Evidence.PROVEN, since)
        with pytest.raises(StageRefused):  # there is nothing more to prove
            await move(made, Stage.OFFICIAL)

    run(story)


def test_after_a_suspension_it_goes_back_to_what_it_was() -> None:
    async def story(runtime: Runtime) -> None:
        made, _ = await ledger(runtime, Stage.OFFICIAL)
        await move(made, Stage.SUSPENDED)
        assert (await move(made, Stage.OFFICIAL)).evidence is Evidence.DECLARED
        trial, _ = await ledger(runtime, Stage.TRIAL)
        await move(trial, Stage.SUSPENDED)
        with pytest.raises(StageRefused):
            await move(trial, Stage.OFFICIAL)
        assert (await move(trial, Stage.TRIAL)).stage is Stage.TRIAL

    run(story)


@pytest.mark.parametrize(
    ("stage", "changed"),
    [
        (Stage.SUSPENDED, {"approved_by": "an"}),
        (Stage.SUSPENDED, {"approved_by": " "}),
        (Stage.SUSPENDED, {"by": ""}),
        (Stage.SUSPENDED, {"decision": " "}),
        (Stage.TRIAL, {}),
        (Stage.PLANNED, {}),
    ],
)
def test_refused(stage: Stage, changed: dict[str, str]) -> None:
    async def story(runtime: Runtime) -> None:
        made, _ = await ledger(runtime, Stage.OFFICIAL, proven)
        with pytest.raises(StageRefused):
            await move(made, stage, **changed)
        assert len(await made.entries("register")) == 1

    run(story)


def test_retired_is_the_end() -> None:
    async def story(runtime: Runtime) -> None:
        made, _ = await ledger(runtime, Stage.TRIAL, proven)
        await move(made, Stage.RETIRED)
        for stage in Stage:
            with pytest.raises(StageRefused):
                await move(made, stage)

    run(story)
