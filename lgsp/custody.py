"""What people decide about kept payloads: reading them, holding them, destroying their keys. Every one says who, as what and why,
and that stands in the evidence before anything is shown or done (Law 91/2025/QH15).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec

from lgsp.audit.payloads import PayloadEvidence, oldest_kept
from lgsp.decisions import Desk, Refused, day_of, iso
from lgsp.errors import EvidenceUnavailable
from lgsp.runtime import HANOI
from lgsp.store import StoreFailed
from lgsp.store.port.payloads import HoldRow

MAY = MappingProxyType({"read": ("auditor", "security-officer"), "decide": ("security-officer",)})
"""Who may read what was kept, and who may decide what is kept."""
_EVERY, _LEASE = 3600.0, 300.0


async def payload_read(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What was kept of one correlation. The entry that it was read comes first."""
    who = _who(by, arguments, "read")
    correlation = str(arguments["correlation"])
    await desk.audit.note("payload-read", by, correlation=correlation, **who)
    found = await PayloadEvidence(desk.store, desk.runtime).find(correlation)
    return [
        {
            "exchange": each.row.exchange,
            "kind": each.row.kind,
            "at": each.row.at.isoformat(),
            "consumer": each.row.consumer,
            "system": each.row.system,
            "operation": each.row.operation,
            "digest": each.digest,
            "data": None if each.data is None else msgspec.json.decode(each.data),
        }
        for each in found
    ]


async def payload_keys(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Which days are kept, how much, and which keys are gone."""
    del by, arguments
    counted = await desk.store.payloads.count()
    return [
        {
            "key": each.name,
            "messages": counted.get(each.name, 0),
            "destroyed": each.destroyed.isoformat() if each.destroyed else None,
        }
        for each in await desk.store.payloads.keys()
    ]


async def payload_retain(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Destroys the keys of all days before `before`, which must be over."""
    who = _who(by, arguments, "decide")
    before = _day(arguments, "before")
    if before is None or before > desk.runtime.clock.now().astimezone(HANOI).date():
        raise Refused(
            "--before là một ngày đã bắt đầu; khoá của hôm nay đang được dùng",
            "--before takes a day that has begun; today's key is in use",
        )
    await desk.audit.note("payload-retention", by, before=before.isoformat(), **who)
    done = await PayloadEvidence(desk.store, desk.runtime).retain(before)
    await desk.audit.note("payload-keys-destroyed", by, **done)
    return done


async def hold_add(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Nothing that it names is destroyed until it is released."""
    who = _who(by, arguments, "decide")
    hold = HoldRow(
        id=desk.runtime.ids.new()[-12:].lower(),
        correlation=_text(arguments, "correlation"),
        consumer=_text(arguments, "consumer"),
        first=_day(arguments, "first"),
        last=_day(arguments, "last"),
        by=who["person"],
        reason=who["reason"],
        at=desk.runtime.clock.now(),
    )
    if hold.correlation is None and hold.consumer is None and hold.first is None and hold.last is None:
        raise Refused(
            "Lệnh giữ phải nêu mã tương quan, hệ thống khai thác hoặc các ngày",
            "a hold names a correlation, a consumer or days",
        )
    if hold.first is not None and hold.last is not None and hold.last < hold.first:
        raise Refused("Ngày cuối đứng trước ngày đầu", "the last day is before the first")
    await desk.audit.note("payload-hold", by, hold=_shown(hold), **who)
    await desk.store.payloads.hold(hold)
    return _shown(hold)


async def hold_release(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What only this hold kept goes with the next retention."""
    who = _who(by, arguments, "decide")
    name = str(arguments["id"])
    if not any(each.id == name and each.released is None for each in await desk.store.payloads.holds()):
        raise Refused(f"Không có lệnh giữ {name}", f"no hold {name} stands")
    await desk.audit.note("payload-hold-released", by, id=name, **who)
    await desk.store.payloads.release(name, desk.runtime.clock.now())
    return {"id": name, "released": True}


async def hold_list(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [_shown(each) for each in await desk.store.payloads.holds()]


async def retire(desk: Desk, days: int) -> None:
    """The standing rule: keys older than so many days go, and the evidence says which."""
    before = oldest_kept(desk.runtime.clock.now().astimezone(HANOI).date(), days)
    done = await PayloadEvidence(desk.store, desk.runtime).retain(before)
    if done["destroyed"]:
        await desk.audit.note("payload-keys-destroyed", "bus", before=before.isoformat(), **done)


def _who(by: str, arguments: Mapping[str, Any], what: str) -> dict[str, str]:
    role, reason = str(arguments.get("role") or ""), str(arguments.get("reason") or "").strip()
    if role not in MAY[what]:
        raise Refused(
            f"Việc này dành cho {' hoặc '.join(MAY[what])}; nêu vai trò bằng --role",
            f"this is for {' or '.join(MAY[what])}; say as whom with --role",
        )
    if len(reason) < 5:
        raise Refused(
            "Nêu lý do bằng --reason, ít nhất 5 ký tự: lý do được ghi chứng cứ",
            "say why with --reason, five letters at least: it stands in the evidence",
        )
    return {"person": str(arguments.get("person") or by), "role": role, "reason": reason}


def _text(arguments: Mapping[str, Any], name: str) -> str | None:
    return str(arguments[name]) if arguments.get(name) else None


def _day(arguments: Mapping[str, Any], name: str) -> date | None:
    return day_of(arguments.get(name))


def _shown(hold: HoldRow) -> dict[str, Any]:
    return {
        "id": hold.id,
        "correlation": hold.correlation,
        "consumer": hold.consumer,
        "first": iso(hold.first),
        "last": iso(hold.last),
        "by": hold.by,
        "reason": hold.reason,
        "at": hold.at.isoformat(),
        "released": hold.released.isoformat() if hold.released else None,
    }


CUSTODY: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "payload.read": payload_read,
        "payload.keys": payload_keys,
        "payload.retain": payload_retain,
        "hold.add": hold_add,
        "hold.release": hold_release,
        "hold.list": hold_list,
    }
)


async def run(desk: Desk, days: int) -> None:
    """The standing task: once an hour, by one process of the installation."""
    while True:
        with contextlib.suppress(StoreFailed, EvidenceUnavailable):
            if await desk.store.leases.take("payload-retention", _LEASE):
                await retire(desk, days)
        await asyncio.sleep(_EVERY)
