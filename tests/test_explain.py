"""The explanation of a grant: the first no, in both languages. That it agrees with the gate: tests/pipeline/test_rights.py."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

from lgsp.office import Office
from tests.test_decisions import ASKED, desk
from tests.test_office import do, office

__all__ = ["desk", "office"]


async def explained(desk: Office, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = await do(
        desk, "grant.explain", consumer="mot-cua", system="births", operation="ask", **options
    )
    return found


async def test_the_explanation_says_which_no_comes_first(desk: Office) -> None:
    assert (await explained(desk))["code"] == "forbidden"
    day = desk.runtime.clock.now().date()
    grant = {**ASKED, "by": "An", "approved_by": "Bình", "admits_trial": True}
    await do(desk, "grant.add", **grant, valid_to=(day - timedelta(days=2)).isoformat())
    assert "hết hạn" in (await explained(desk))["answers"][-1]["text"]["vi"]
    await do(desk, "grant.add", **grant, valid_from=(day + timedelta(days=2)).isoformat())
    assert "hiệu lực" in (await explained(desk))["answers"][-1]["text"]["vi"]
    await do(desk, "grant.add", **grant, purposes=["1.001193"], fields=["a"])
    assert (await explained(desk))["code"] == "purpose-required"
    assert (await explained(desk, purpose="1.001193"))["allowed"] is True
    assert (await explained(desk, purpose="1.001193", native=True))["code"] == "forbidden"
    await do(desk, "grant.add", **grant, needs_case=True)
    assert (await explained(desk))["code"] == "purpose-required"
    assert (await explained(desk, case="so 7"))["answers"][-2]["question"] == "case"
    assert (await explained(desk, case=f"H28.148-{day:%y%m%d}-0007"))["allowed"] is True
    await do(desk, "consumer.active", id="mot-cua", active=False)
    assert (await explained(desk))["code"] == "unauthenticated"
    assert (await do(desk, "grant.explain", consumer="x", system="y", operation="z"))["code"] == "unauthenticated"


async def test_both_languages_always(desk: Office) -> None:
    for native, purpose in product((True, False), (None, "1.001193")):
        for answer in (await explained(desk, native=native, purpose=purpose))["answers"]:
            assert answer["text"]["vi"] != answer["text"]["en"]


async def test_a_closed_trial_says_at_which_door(desk: Office) -> None:
    grant = {**ASKED, "by": "An", "approved_by": "Bình"}
    for consumer, of_grant, said in ((True, False, "this grant"), (False, True, "this consumer"), (True, True, "open")):
        await do(desk, "consumer.trial", id="mot-cua", admits=consumer)
        await do(desk, "grant.add", **grant, admits_trial=of_grant)
        (answer,) = [each for each in (await explained(desk))["answers"] if each["question"] == "trial"]
        assert said in answer["text"]["en"]
        assert answer["ok"] is (consumer and of_grant)
