"""What operators do about alerts: take one upon themselves with a note, register where alerts are sent. Named actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from lgsp.alerting import mail
from lgsp.alerting.routes import seal_secret
from lgsp.audit import Audit
from lgsp.decisions import Refused
from lgsp.runtime import Runtime
from lgsp.store import Store
from lgsp.store.port.alerts import AlertRow, RouteKind, RouteRow
from lgsp.submissions.webhook import address, new_secret

PAST = 100
_ROUTES = 20


class AlertDesk(Protocol):
    """What an action may touch here."""

    @property
    def store(self) -> Store: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def runtime(self) -> Runtime: ...
    @property
    def demonstration(self) -> bool: ...


async def alert_list(desk: AlertDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Those that stand; with `past` the last ones that are over too."""
    del by
    rows = await desk.store.alerts.standing()
    if arguments.get("past"):
        rows += await desk.store.alerts.past(PAST)
    return [shown(each) for each in rows]


async def alert_ack(desk: AlertDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    alert, note = str(arguments["id"]), str(arguments.get("note") or "").strip()[:500]
    if not any(each.id == alert and each.acknowledged is None for each in await desk.store.alerts.standing()):
        raise Refused(f"Không có cảnh báo {alert} nào chưa ai nhận", f"no alert {alert} stands that nobody has taken")
    await desk.audit.note("alert-acknowledged", by, alert=alert, note=note)
    if not await desk.store.alerts.acknowledge(alert, by, note, desk.runtime.clock.now()):
        raise Refused(f"Người khác vừa nhận cảnh báo {alert}", f"somebody else has just taken {alert}")
    return {"id": alert, "by": by, "note": note}


async def route_list(desk: AlertDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Never a secret."""
    del by, arguments
    return [
        {"id": each.id, "kind": each.kind, "target": each.target, "least": each.least, "by": each.by}
        for each in await desk.store.alerts.routes()
    ]


async def route_add(desk: AlertDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A webhook's address or a mail address, an operator's decision (RULES 21). The only answer that ever carries the secret."""
    target, least = str(arguments["target"]), int(arguments.get("least") or 5)
    if not 0 <= least <= 10:
        raise Refused("Mức cảnh báo từ 0 đến 10", "a severity is 0 to 10")
    if len(await desk.store.alerts.routes()) >= _ROUTES:
        raise Refused(f"Tối đa {_ROUTES} nơi nhận", f"at most {_ROUTES} routes")
    kind: RouteKind = "email" if "@" in target and "://" not in target else "webhook"
    try:
        if kind == "email":
            mail.address(target)
        else:
            address(target, demonstration=desk.demonstration)
    except ValueError as error:
        raise Refused(
            "Địa chỉ nhận là https:// của một máy khác, không kèm tài khoản, hoặc e-mail ten@may bằng ASCII", str(error)
        ) from error
    route, secret = desk.runtime.ids.new(), new_secret(desk.runtime.ids) if kind == "webhook" else None
    await desk.audit.note("alert-route-added", by, route=route, route_kind=kind, target=target, least=least)
    sealed = seal_secret(desk.store.keys, route, secret) if secret is not None else b""
    await desk.store.alerts.put_route(RouteRow(route, kind, target, sealed, least, desk.runtime.clock.now(), by))
    return {"id": route, "kind": kind, "target": target, "least": least, "secret": secret.text if secret else ""}


async def route_drop(desk: AlertDesk, by: str, arguments: Mapping[str, Any]) -> Any:
    route = str(arguments["id"])
    if not any(each.id == route for each in await desk.store.alerts.routes()):
        raise Refused(f"Không có nơi nhận {route}", f"no route {route}")
    await desk.audit.note("alert-route-dropped", by, route=route)
    await desk.store.alerts.drop_route(route)
    return {"id": route}


def shown(row: AlertRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "cause": row.cause,
        "kind": row.kind,
        "severity": row.severity,
        "text": row.text.as_dict(),
        "raised": row.raised.isoformat(),
        "cleared": row.cleared.isoformat() if row.cleared else None,
        "acknowledged": row.acknowledged.isoformat() if row.acknowledged else None,
        "by": row.by,
        "note": row.note,
    }


ALERTS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "alert.list": alert_list,
        "alert.ack": alert_ack,
        "alert.routes": route_list,
        "alert.route": route_add,
        "alert.unroute": route_drop,
    }
)
