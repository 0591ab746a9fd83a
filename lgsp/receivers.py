"""Where consumers are called back: an operator registers the address, the secret is shown once. Named actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.audit import Audit
from lgsp.decisions import Refused, consumer_of
from lgsp.policy import Policy
from lgsp.runtime import Runtime
from lgsp.store import Store
from lgsp.store.port.callbacks import CallbackRow, CallbackWork, WorkOutcome
from lgsp.submissions.webhook import address, new_secret, open_secrets, rotated, seal_secrets

_SHOWN = 100
_SAID: Mapping[WorkOutcome, str] = MappingProxyType(
    {"": "waiting", "delivered": "delivered", "parked": "parked", "off": "stopped"}
)
_OVERLAP_HOURS = 24.0


class ReceiverDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def wake(self) -> Callable[[], None]: ...
    @property
    def demonstration(self) -> bool:
        """Receivers on this very machine are allowed, without TLS."""


async def callback_show(desk: ReceiverDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The receiver, how much waits, and what is parked; never a secret."""
    del by
    consumer = consumer_of(desk.policy, arguments["id"]).id
    row = await desk.store.callbacks.get(consumer)
    counted = await desk.store.callbacks.counts()
    return {
        "id": consumer,
        "url": row.url if row else None,
        "on": row is not None and row.off is None,
        "with_data": row.with_data if row else False,
        "since": row.since.isoformat() if row else None,
        "off": row.off.isoformat() if row and row.off else None,
        "why": row.why if row else "",
        "counts": {said: counted.get((consumer, outcome), 0) for outcome, said in _SAID.items()},
        "parked": [_work_shown(each) for each in await desk.store.callbacks.work(consumer, "parked", _SHOWN)],
    }


async def callback_set(desk: ReceiverDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The address is an operator's decision (RULES 21). A receiver that has a secret keeps it."""
    consumer, url = consumer_of(desk.policy, arguments["id"]).id, str(arguments["url"])
    with_data = bool(arguments.get("with_data"))
    try:
        address(url, demonstration=desk.demonstration)
    except ValueError as error:
        raise Refused("Địa chỉ nhận là https:// của một máy khác, không kèm tài khoản", str(error)) from error
    before = await desk.store.callbacks.get(consumer)
    fresh = None if before is not None else new_secret(desk.runtime.ids)
    sealed = before.secrets if before is not None else b""
    if fresh is not None:
        sealed = seal_secrets(desk.store.keys, consumer, [fresh])
    await desk.audit.note("callback-registered", by, consumer=consumer, url=url, with_data=with_data)
    await desk.store.callbacks.put(CallbackRow(consumer, url, sealed, with_data, desk.runtime.clock.now()))
    return {"id": consumer, "url": url, "with_data": with_data, "secret": fresh.text if fresh is not None else None}


async def callback_rotate(desk: ReceiverDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A fresh secret; for `overlap` hours each call-back is signed with the one before, too."""
    row = await _registered(desk, arguments)
    hours = _OVERLAP_HOURS if arguments.get("overlap") is None else float(arguments["overlap"])
    if not 0 <= hours <= 24 * 30:
        raise Refused(
            "Hai khoá bí mật cùng hiệu lực tối đa 720 giờ", "two secrets hold beside each other for at most 720 hours"
        )
    now, fresh = desk.runtime.clock.now(), new_secret(desk.runtime.ids)
    until = now + timedelta(hours=hours)
    known = open_secrets(desk.store.keys, row.consumer, row.secrets)
    sealed = seal_secrets(desk.store.keys, row.consumer, rotated(known, fresh, until, now))
    await desk.audit.note("callback-rotated", by, consumer=row.consumer, overlap_hours=hours)
    await desk.store.callbacks.put(replace(row, secrets=sealed))
    return {"id": row.consumer, "secret": fresh.text, "before_until": until.isoformat()}


async def callback_off(desk: ReceiverDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    row = await _registered(desk, arguments)
    await desk.audit.note("callback-off", by, consumer=row.consumer, why="operator")
    stopped = await desk.store.callbacks.off(row.consumer, desk.runtime.clock.now(), "operator")
    if stopped is None:
        raise Refused(f"{row.consumer} hiện không được gọi lại", f"{row.consumer} is not called back as it is")
    return {"id": row.consumer, "on": False, "stopped": stopped}


async def callback_again(desk: ReceiverDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What was parked, or stopped with its receiver, is told once more."""
    row = await _registered(desk, arguments)
    if row.off is not None:
        raise Refused(
            f"Nơi nhận của {row.consumer} đang tắt; hãy đăng ký lại địa chỉ trước",
            f"{row.consumer} is switched off; register its address again first",
        )
    await desk.audit.note("callback-again", by, consumer=row.consumer)
    waiting = await desk.store.callbacks.again(row.consumer, desk.runtime.clock.now())
    desk.wake()
    return {"id": row.consumer, "waiting": waiting}


async def _registered(desk: ReceiverDesk, arguments: Mapping[str, Any]) -> CallbackRow:
    consumer = consumer_of(desk.policy, arguments["id"]).id
    row = await desk.store.callbacks.get(consumer)
    if row is None:
        raise Refused(
            f"{consumer} chưa có nơi nhận; đăng ký bằng --url", f"{consumer} has no receiver; register one with --url"
        )
    return row


def _work_shown(work: CallbackWork) -> dict[str, Any]:
    return {
        "id": work.id,
        "kind": work.kind,
        "subject": work.subject,
        "created": work.created.isoformat(),
        "attempts": work.attempts,
        "last": work.last,
    }


RECEIVERS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "callback.show": callback_show,
        "callback.set": callback_set,
        "callback.rotate": callback_rotate,
        "callback.off": callback_off,
        "callback.again": callback_again,
    }
)
