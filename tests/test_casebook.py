"""The case-book on every store: filters, pages, groups, and what is shown of one."""

from __future__ import annotations

import json

import pytest

from lgsp.model import SubmissionState
from lgsp.office import Office, Refused
from tests.store.test_store import installation, store
from tests.test_correction import do, office, put

__all__ = ["installation", "office", "store"]
S = SubmissionState


async def test_a_list_with_pages_and_filters(office: Office) -> None:
    await put(office, "1", S.FAILED)
    await put(office, "2", S.INDETERMINATE, code="timeout")
    await put(office, "3", system="land")
    page = await do(office, "list", limit=2)
    assert [each["id"] for each in page["items"]] == ["1", "2"]
    assert page["total"] == 3
    rest = await do(office, "list", limit=2, after=page["next"])
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (["3"], None)
    for filters, expected in (
        ({"states": ["failed", "queued"]}, ["1", "3"]),
        ({"system": "land"}, ["3"]),
        ({"cause": "timeout"}, ["2"]),
        ({"older_than": "1h"}, []),
        ({"newer_than": "1h"}, ["1", "2", "3"]),
        ({"consumer": "nobody"}, []),
    ):
        assert [each["id"] for each in (await do(office, "list", **filters))["items"]] == expected
    assert json.dumps(page), "plain JSON"
    assert set(page["items"][0]) == {
        "id", "system", "operation", "consumer", "state", "queued", "cause", "attempts", "accepted", "changed", "next_at",
        "expires", "correlation_id", "follows", "followed_by",
    }  # fmt: skip
    for wrong in ({"states": ["lost"]}, {"older_than": "soon"}, {"limit": 0}, {"limit": 501}, {"after": "x"}):
        with pytest.raises(Refused):
            await do(office, "list", **wrong)


async def test_groups(office: Office) -> None:
    for name in ("1", "2"):
        await put(office, name, S.FAILED)
    await put(office, "3", S.DELIVERED)
    await put(office, "4")
    found = await do(office, "groups")
    assert [(each["system"], each["cause"], each["count"], each["states"]) for each in found] == [
        ("register", "provider-fault", 2, {"failed": 2}),
        ("register", "", 1, {"queued": 1}),
    ]


async def test_what_is_shown_holds_no_body_and_no_words_of_the_ministry(office: Office) -> None:
    await put(office, "1", S.INDETERMINATE, code="provider-fault")
    shown = await do(office, "show", id="1")
    assert "Nguyễn" not in json.dumps(shown, ensure_ascii=False)
    assert shown["last_error"]["code"] == "provider-fault"
    assert shown["last_error"]["provider"] == {"code": "7"}
    assert [(each["state"], each["attempts"], each["cause"]) for each in shown["history"]] == [
        ("indeterminate", 1, "provider-fault")
    ]
    assert shown["may"] == {
        "cancel": True, "settle": True, "resend": True, "people": 2,
        "why": {
            "vi": "Chưa rõ kết quả: phải hai người xác nhận là chưa tới",
            "en": "its outcome is not known: two people must say that it is not there",
        },
        "code": "doubtful",
    }  # fmt: skip
    with pytest.raises(Refused, match="no submission"):
        await do(office, "show", id="none")
