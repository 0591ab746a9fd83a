"""Security levels (Decree 85/2016/NĐ-CP): who has an approved one that still holds, who is about to lose it, who is cut off.

Pure: a register of approvals and a day give a standing each. The same judgement cuts a caller off at the gate
(`policy.check_security_level`), warns before (`Warner`) and previews what will happen (`lgsp compliance --on DATE`).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from lgsp.errors import Told
from lgsp.model import Consumer, Text

WARN_DAYS = 30
LEVELS = range(1, 6)
COLUMNS = ("id", "name", "agency", "level", "decision", "approved", "expires", "anti_malware")


class RegisterError(Told):
    """The register cannot be read; the sentences name line and column, never a value."""


class Standing(StrEnum):
    """What a day makes of an approval. The first two may call, the others are cut off."""

    APPROVED = "approved"
    EXPIRING = "expiring"
    """Approved, and within 30 days of its end."""
    PENDING = "pending"
    """No approval yet: the dossier is being made, or its decision holds only later."""
    EXPIRED = "expired"
    UNPROTECTED = "unprotected"
    """Approved, but declared to run without the central anti-malware."""
    UNDECLARED = "undeclared"
    """A connected system of which nothing is on record: its ministry has told the province nothing, which cuts nobody off."""

    @property
    def cut(self) -> bool:
        return self not in (Standing.APPROVED, Standing.EXPIRING, Standing.UNDECLARED)


_SAID: Mapping[Standing, Text] = {
    Standing.APPROVED: Text("đã được phê duyệt cấp độ", "its level is approved"),
    Standing.EXPIRING: Text("phê duyệt sắp hết hạn", "its approval ends soon"),
    Standing.PENDING: Text("chưa được phê duyệt cấp độ", "its level is not approved yet"),
    Standing.EXPIRED: Text("phê duyệt đã hết hạn", "its approval has expired"),
    Standing.UNDECLARED: Text("chưa khai báo cấp độ", "its level is not declared"),
    Standing.UNPROTECTED: Text("chưa cài phần mềm phòng chống mã độc tập trung", "it lacks the central anti-malware"),
}


def said(standing: Standing) -> Text:
    """The standing as half a sentence for people."""
    return _SAID[standing]


@dataclass(frozen=True, slots=True)
class Approval:
    """One information system of the province, as its register has it."""

    id: str
    name: str
    agency: str
    level: int | None
    """The level that is approved or applied for."""
    decision: str = ""
    approved: date | None = None
    """First day; None while no decision stands."""
    expires: date | None = None
    """Last day; None where the decision sets none."""
    anti_malware: bool | None = None
    """None where nothing is declared: that alone cuts nobody off."""


def standing(approval: Approval, on: date, warn_days: int = WARN_DAYS) -> Standing:
    if approval.level is None or approval.approved is None or approval.approved > on:
        return Standing.PENDING
    if approval.expires is not None and approval.expires < on:
        return Standing.EXPIRED
    if approval.anti_malware is False:
        return Standing.UNPROTECTED
    if approval.expires is not None and approval.expires - on <= timedelta(days=warn_days):
        return Standing.EXPIRING
    return Standing.APPROVED


def of_consumer(consumer: Consumer) -> Approval:
    """What the bus itself knows of a caller. A level without its day was approved before anybody counted."""
    since = consumer.security_since
    if since is None and consumer.security_level is not None:
        since = date.min
    return Approval(
        consumer.id,
        consumer.name.vi,
        consumer.agency,
        consumer.security_level,
        consumer.security_decision,
        since,
        consumer.security_expires,
        consumer.anti_malware,
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """A day's view over the province's register and the callers of this bus."""

    on: date
    register: tuple[tuple[Approval, Standing], ...]
    consumers: tuple[tuple[Approval, Standing], ...]
    connected: tuple[tuple[Approval, Standing], ...] = ()
    """The databases behind the bus."""

    def as_dict(self) -> dict[str, Any]:
        """What `lgsp compliance --json` prints. `approved` counts those that hold, also the ones that end soon."""
        counts = Counter(found for _, found in self.register)
        total, holding = len(self.register), sum(not found.cut for _, found in self.register)
        both = [*self.register, *self.consumers, *self.connected]
        return {
            "on": self.on.isoformat(),
            "total": total,
            "approved": holding,
            "percent": round(100 * holding / total, 1) if total else None,
            **{each.value: counts[each] for each in Standing if each is not Standing.APPROVED},
            "cut": list(dict.fromkeys(approval.id for approval, found in both if found.cut)),
            "warn": list(dict.fromkeys(approval.id for approval, found in both if found is Standing.EXPIRING)),
            "systems": [_row(*each) for each in self.register],
            "consumers": [_row(*each) for each in self.consumers],
            "connected": [_row(*each) for each in self.connected],
        }


def preview(
    register: Iterable[Approval], consumers: Iterable[Consumer], on: date, connected: Iterable[Approval] = ()
) -> Preview:
    return Preview(
        on,
        tuple((each, standing(each, on)) for each in register),
        tuple((each, standing(each, on)) for each in map(of_consumer, consumers)),
        tuple((each, of_system(each, on)) for each in connected),
    )


def of_system(approval: Approval, on: date) -> Standing:
    """A connected system's: what nobody has declared is not held against it."""
    return Standing.UNDECLARED if approval.level is None else standing(approval, on)


def _row(approval: Approval, found: Standing) -> dict[str, Any]:
    shown = {**as_record(approval), "standing": found.value, "cut": found.cut, "why": said(found).as_dict()}
    if shown["approved"] == date.min.isoformat():
        shown["approved"] = None
    return shown


# -- the register as a file and as records ---------------------------------------------------------------------------


def read_register(path: Path) -> list[Approval]:
    """A CSV with the columns of `COLUMNS`. Raises `RegisterError`, `OSError`."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise RegisterError(
                f"{path.name}: các cột phải là {', '.join(COLUMNS)}",
                f"{path.name}: the columns are {', '.join(COLUMNS)}",
            )
        return from_records(reader)


def from_records(records: Iterable[Mapping[str, Any]]) -> list[Approval]:
    """Raises `RegisterError`."""
    found: dict[str, Approval] = {}
    for number, record in enumerate(records, 1):
        approval = _approval(record, number)
        if approval.id in found:
            raise RegisterError(f"Dòng {number}: mã bị lặp", f"entry {number}: the id stands twice")
        found[approval.id] = approval
    return list(found.values())


def as_record(approval: Approval) -> dict[str, Any]:
    """Plain JSON that `from_records` reads."""
    days = {name: day.isoformat() if (day := getattr(approval, name)) else None for name in ("approved", "expires")}
    return {**asdict(approval), **days}


def _approval(record: Mapping[str, Any], number: int) -> Approval:
    def text(name: str) -> str:
        value = record.get(name)
        return "" if value is None else str(value).strip()

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(text(name)) if text(name) else None
        except ValueError as error:
            raise RegisterError(
                f"Dòng {number}: {name} là ngày, viết 2026-12-31", f"entry {number}: {name} is a day, 2026-12-31"
            ) from error

    level, flag = text("level"), text("anti_malware").lower()
    if level and (not level.isascii() or not level.isdigit() or int(level) not in LEVELS):
        raise RegisterError(f"Dòng {number}: level từ 1 đến 5", f"entry {number}: level is 1 to 5")
    if flag not in ("", "yes", "no", "true", "false"):
        raise RegisterError(
            f"Dòng {number}: anti_malware là yes, no hoặc để trống", f"entry {number}: anti_malware is yes, no or empty"
        )
    if not text("id"):
        raise RegisterError(f"Dòng {number}: thiếu id", f"entry {number}: id is missing")
    approved, expires = day("approved"), day("expires")
    if approved and not (level and text("decision")):
        raise RegisterError(
            f"Dòng {number}: phê duyệt phải có cấp độ và số quyết định",
            f"entry {number}: an approval has a level and a decision",
        )
    if expires and (not approved or expires < approved):
        raise RegisterError(
            f"Dòng {number}: expires phải sau approved", f"entry {number}: expires comes after approved"
        )
    return Approval(
        text("id"),
        text("name"),
        text("agency"),
        int(level) if level else None,
        text("decision"),
        approved,
        expires,
        None if not flag else flag in ("yes", "true"),
    )
