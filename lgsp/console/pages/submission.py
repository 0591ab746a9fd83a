"""One submission at the correction desk: how it came there, what was asked (with a reason), a correction, a second person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lgsp.console.pages import desk, exchanges
from lgsp.console.visit import OPERATORS, READERS_OF_EVIDENCE, Form, Go, Missing, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.pointers import leaves, steps, value_at

MOST = 150
"""Fields that one form shows; those that were complained about come first."""
BODY = 1024 * 1024


def complaint(rule: str, visit: Visit) -> str:
    """The rule in words, where it has some: `type:date-time` and `minimum 1` are named by how they begin."""
    words = visit.w["desk"]["rules"]
    name = re.split(r"[: ]", rule, maxsplit=1)[0]
    return str(words[name]) if name in set(words) else rule


def fields(
    data: Any, complaints: Sequence[Mapping[str, str]], typed: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """(what can be corrected, how many more there are). The ministry's complaints mark a field and all that stands below it."""
    rules: dict[str, list[str]] = {}
    listed = dict(leaves(data))
    for each in complaints:
        path = each["path"]
        below = [name for name in listed if name == path or name.startswith(f"{path}/")]
        for name in (below or [path]) if path else []:  # of the whole message: no field stands out
            rules.setdefault(name, []).append(each["rule"])
    found = []
    for path in [*rules, *(each for each in listed if each not in rules)]:
        value = listed.get(path, "")
        if isinstance(value, dict | list) or not path.startswith("/"):
            continue
        text = _text(value)
        found.append(
            {
                "path": path,
                "label": " › ".join(steps(path)),
                "rules": rules.get(path, []),
                "value": typed.get(path, text),
                "was": text,
                "kind": "flag" if isinstance(value, bool) else "text" if "\n" not in text and len(text) < 120 else "area",
            }
        )  # fmt: skip
    return found[:MOST], max(0, len(found) - MOST)


def typed_in(form: Form) -> dict[str, str]:
    """What the fields of the form hold, by where it stands."""
    return {
        name.removeprefix("at:"): form.raw(name).replace("\r\n", "\n") for name in form.fields if name.startswith("at:")
    }


def corrections(data: Any, typed: Mapping[str, str]) -> dict[str, Any]:
    """Only what differs, in the type that stood there; emptied is taken out. What is no number stays text."""
    found: dict[str, Any] = {}
    for path, text in typed.items():
        was = value_at(data, path)
        if text == _text(was):
            continue
        found[path] = None if not text.strip() else _as(was, text)
    return found


def _as(was: Any, text: str) -> Any:
    plain = text.strip()
    if isinstance(was, bool):
        return {"true": True, "false": False}.get(plain, text)
    if isinstance(was, int | float):
        try:
            return int(plain) if isinstance(was, int) else float(plain)
        except ValueError:
            return text
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def differences(paths: Sequence[str], before: Any, after: Any) -> list[dict[str, str]]:
    return [
        {"label": " › ".join(steps(each)), "before": _text(value_at(before, each)), "after": _text(value_at(after, each))}
        for each in paths
    ]  # fmt: skip


# -- the pages ---------------------------------------------------------------------------------------------------------


async def show(visit: Visit) -> Shown:
    return await _one(visit)


async def read(visit: Visit) -> Shown:
    """What was asked, for the reason that was given: evidence before it is shown."""
    try:
        content = await visit.perform(
            "submission.read", {"id": visit.path["submission"], "reason": visit.form.one("reason")}
        )
    except Refused as refused:
        return await _one(visit, {"": refused.said[visit.lang]})
    return await _one(visit, content=content)


async def correct(visit: Visit) -> Shown:
    name, reason = visit.path["submission"], visit.form.one("reason")
    errors = _reasoned(visit)
    try:
        content = await visit.perform(
            "submission.read", {"id": name, "reason": reason or visit.w["desk"]["correcting"]}
        )
    except Refused as refused:
        return await _one(visit, {"": refused.said[visit.lang]})
    typed = typed_in(visit.form)
    if not errors:
        asked = {"id": name, "kind": "correct", "reason": reason, "fields": corrections(content["data"], typed)}
        try:
            await visit.perform("submission.propose", asked)
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            return Go(f"/console/desk/{name}", Said("good", visit.w["desk"]["proposed"]))
    return await _one(visit, errors, content, typed)


async def propose(visit: Visit) -> Shown:
    """Another try of what takes two people, or what became of a doubtful one."""
    return await _decide(visit, "submission.propose", "proposed", kind=visit.form.one("kind"))


async def resend(visit: Visit) -> Shown:
    return await _decide(visit, "submission.resend", "sent_one", yes=1)


async def cancel(visit: Visit) -> Shown:
    return await _decide(visit, "submission.cancel", "cancelled")


async def _decide(visit: Visit, action: str, said: str, **more: Any) -> Shown:
    name, errors = visit.path["submission"], _reasoned(visit)
    if not errors:
        try:
            await visit.perform(action, {"id": name, "reason": visit.form.one("reason"), **more})
        except Refused as refused:
            errors = {"": refused.said[visit.lang]}
        else:
            return Go(f"/console/desk/{name}", Said("good", visit.w["desk"][said]))
    return await _one(visit, errors)


async def approve(visit: Visit) -> Shown:
    return await _answer(visit, "submission.approve", "approved")


async def reject(visit: Visit) -> Shown:
    return await _answer(visit, "submission.reject", "rejected")


async def _answer(visit: Visit, action: str, said: str) -> Shown:
    try:
        await visit.perform(action, {"proposal": visit.form.one("proposal")})
    except Refused as refused:
        return await _one(visit, {"": refused.said[visit.lang]})
    return Go(f"/console/desk/{visit.path['submission']}", Said("good", visit.w["desk"][said]))


async def back(visit: Visit) -> Shown:
    """Whoever reloads the answer to a form, or asks for it in the other language, begins anew."""
    return Go(f"/console/desk/{visit.path['submission']}")


def _reasoned(visit: Visit) -> dict[str, str]:
    return {} if visit.form.one("reason") else {"": visit.w["desk"]["say_why"]}


async def _one(
    visit: Visit,
    errors: Mapping[str, str] | None = None,
    content: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
) -> View:
    name = visit.path["submission"]
    try:
        found = await visit.perform("submission.show", {"id": name})
    except Refused:
        raise Missing from None
    titles = exchanges.titles_of(visit)
    told = desk.proposals(await visit.perform("submission.proposals", {"id": name}), visit)
    waiting = next((each for each in told if each["state"] == "open"), None)
    form, more = fields(content["data"], content["complaints"], typed or {}) if content else ([], 0)
    for each in form:
        each["rules"] = [complaint(rule, visit) for rule in each["rules"]]
    compared = content is not None and waiting is not None and content["after"] is not None
    values = {
        "found": desk.rows([found], titles, visit)[0],
        "refused": [(each["path"] or "/", complaint(each["rule"], visit))
                    for each in (found["last_error"] or {}).get("errors", ())],
        "states": visit.w["exchanges"]["states"],
        "history": [{**each, "said": desk.cause(each["cause"], visit) if each["cause"] else ""} for each in found["history"]],
        "waiting": waiting,
        "past": [each for each in told if each["state"] != "open"],
        "content": content,
        "fields": form,
        "complained": [each for each in form if each["rules"]],
        "others": [each for each in form if not each["rules"]],
        "more": more,
        "compared": differences(waiting["paths"], content["data"], content["after"]) if compared else None,  # type: ignore[index]
        "operator": visit.may("operator"),
        "errors": errors or {},
        "reason": visit.form.one("reason"),
    }  # fmt: skip
    return View("submission.html", values, 422 if errors else 200)


PAGES = (
    Page("desk", "desk/{submission}", READERS_OF_EVIDENCE, show),
    Page("desk", "desk/{submission}/{deed}", READERS_OF_EVIDENCE, back),
    Page("desk", "desk/{submission}/read", OPERATORS, read, "POST"),
    Page("desk", "desk/{submission}/correct", OPERATORS, correct, "POST", body=BODY),
    Page("desk", "desk/{submission}/propose", OPERATORS, propose, "POST"),
    Page("desk", "desk/{submission}/resend", OPERATORS, resend, "POST"),
    Page("desk", "desk/{submission}/cancel", OPERATORS, cancel, "POST"),
    Page("desk", "desk/{submission}/approve", OPERATORS, approve, "POST"),
    Page("desk", "desk/{submission}/reject", OPERATORS, reject, "POST"),
)
