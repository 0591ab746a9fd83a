"""One's own account: who one is, until when, and another password. Sign-in itself is the door's (`lgsp/endpoints/console.py`)."""

from __future__ import annotations

from typing import Any

from lgsp.console.visit import EVERYBODY, Form, Page, Shown, View, Visit
from lgsp.console.wording import Words


def account(visit: Visit) -> dict[str, Any]:
    """What the page shows of a session."""
    words, session = visit.w["account"], visit.session
    assert session is not None
    return {
        "rows": [
            (words["user"], session.operator),
            (words["role"], visit.w["common"]["role"][session.role]),
            (words["began"], visit.f.moment(session.began, seconds=False)),
            (words["ends"], visit.f.moment(session.ends, seconds=False)),
        ],
    }


def mistakes(form: Form, w: Words) -> dict[str, str]:
    """What is wrong with a new password before anybody is asked."""
    found = form.missing(w, "password", "fresh", "again")
    fresh = form.raw("fresh")
    if "fresh" not in found and len(fresh) < 12:
        found["fresh"] = w["account"]["short"]
    elif "fresh" not in found and fresh == form.raw("password"):
        found["fresh"] = w["account"]["same"]
    if not found and fresh != form.raw("again"):
        found["again"] = w["account"]["differ"]
    return found


async def show(visit: Visit) -> Shown:
    return View("account.html", account(visit))


PAGES = (Page("account", "account", EVERYBODY, show),)
