"""What a page gets and what it gives: a visit in, a view, a way to go or a file out. Nothing of HTTP beyond that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lgsp.console.format import Formats
from lgsp.console.wording import Words
from lgsp.model import Lang
from lgsp.office import perform
from lgsp.store import SessionRecord

Role = Literal["viewer", "operator", "security-officer", "auditor"]
PUBLIC: frozenset[str] = frozenset()
"""Nobody need be signed in."""
EVERYBODY: frozenset[str] = frozenset({"viewer", "operator", "security-officer", "auditor"})
OPERATORS: frozenset[str] = frozenset({"operator"})
OFFICERS: frozenset[str] = frozenset({"operator", "security-officer"})
READERS_OF_EVIDENCE: frozenset[str] = frozenset({"operator", "security-officer", "auditor"})

SMALL = 64 * 1024


class Missing(Exception):
    """There is no such record: the page says so (404)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form, whole in memory: `Page.body` bounds it."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of a POST, at most 200."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Without the spaces around it."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """As it was typed: passwords."""
        found = self.fields.get(name, ())
        return found[-1] if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(each.strip() for each in self.fields.get(name, ()))

    def missing(self, w: Words, *names: str) -> dict[str, str]:
        """{field: sentence} for those that are empty: the `errors` of a view."""
        return {name: w["common"]["needed"] for name in names if not self.one(name)}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence shown on the next page: what was done, or why it was not."""

    kind: Literal["good", "bad", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """A template with its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Go:
    """To another address of ours, after a change (303)."""

    address: str
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A document to keep: a report, a dossier, a table."""

    name: str
    content: bytes = field(repr=False)
    kind: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page. `house` is `lgsp.endpoints.house.House`; `session` is None on public pages only."""

    house: Any
    lang: Lang
    w: Words
    f: Formats
    now: datetime
    address: str
    """The path asked for."""
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    session: SessionRecord | None = None
    peer: str = ""
    name: str = ""
    """Of the page, for the navigation."""

    @property
    def user(self) -> str:
        """Who decides, for evidence."""
        return self.session.operator if self.session else ""

    def may(self, *roles: str) -> bool:
        return self.session is not None and self.session.role in roles

    async def perform(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """One action of the office in this person's name. Raises `Refused` with the sentence to show."""
        return await perform(self.house.office, action, self.user, arguments)


Shown = View | Go | File
Answer = Callable[[Visit], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address below `/console/`. No page is served without its roles (RULES 24)."""

    name: str
    """Of the page in the navigation and in `nav.toml`; several addresses may be of one page."""
    path: str
    """Below `/console/`, aiohttp's form: `systems/{system}`."""
    roles: frozenset[str]
    answer: Answer
    method: Literal["GET", "POST"] = "GET"
    nav: int | None = None
    """Its place in the navigation."""
    badge: Callable[[Any], Awaitable[int]] | None = None
    """A figure beside its name there, counted from the house every few seconds (`badges.py`); nought is not shown."""
    body: int = SMALL
    """Bytes of a form, files included."""
