"""The public postal service as VNPost answers it: orders, cancellations, and a cursor over everything that happened.

An order is collected some hours of the post's time after it was taken, under way after a day and delivered after two; one whose
number ends in 4 is not delivered (nobody at home) and comes back. Five orders stand ready from the seed: …-221101-9911
delivered, -9912 taken and still to be cancelled, -9913 under way, -9914 returned, -9915 cancelled.
Province and district are the post's own numbers: the postcode's first two and four digits.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from lgsp.model import Data
from lgsp.runtime import HANOI
from lgsp_mocks.handler import Ask, Example, Handlers
from lgsp_mocks.world import World

HOUR = 3_600.0
YES, FAULTY, HAD, STRANGER, UNKNOWN, LATE = "100", "101", "102", "103", "104", "105"
TAKEN, COLLECTED, UNDER_WAY, DELIVERED, RETURNED, CANCELLED = "10", "20", "30", "40", "41", "90"
STATES = {
    TAKEN: "Đã tiếp nhận đơn hàng",
    COLLECTED: "Đã thu gom",
    UNDER_WAY: "Đang vận chuyển",
    DELIVERED: "Phát thành công",
    RETURNED: "Phát không thành công, chuyển hoàn",
    CANCELLED: "Đã huỷ",
}
MOST = 1_000
BEGINNING = datetime(2022, 11, 1, 8, tzinfo=HANOI)
MANDATORY = (
    "SenderAddress",
    "SenderName",
    "SenderTel",
    "ReceiverName",
    "ReceiverAddress",
    "ReceiverTel",
    "OrderNumber",
)
PROVINCES = (
    *(
        f"{n:02d}"
        for n in (1, 3, 4, 6, 7, 8, 10, 15, 16, 17, 18, *range(20, 27), 30, 31, 32, 33, 34, 35, 36, 40, 43, 45)
    ),
    *(
        str(n)
        for n in (*range(47, 52), 53, 55, 56, 57, 59, 60, 61, 63, 65, 66, 67, 70, 75, 76, 77, 78, 80, 81, 82, 84, 85)
    ),
    *(str(n) for n in (86, 87, 90, 91, 94, 95, 96, 97, 98)),
)
"""The post's 63 provinces, our reconstruction."""


def PostOrder(ask: Ask) -> Data:
    if refused := _stranger(ask):
        return refused
    number = ask.data["OrderNumber"]
    if number in _orders(ask):
        return duplicate(ask)
    if faults := _faults(ask.world, ask.data):
        return _no(FAULTY, "; ".join(faults))
    orders = ask.state.setdefault("don", {})
    item = ask.data.get("ItemCode") or f"EM{990_001_000 + len(orders)}VN"
    orders[number] = {"item": item, "state": TAKEN}
    _note(ask, number, TAKEN)
    ask.effect(number)
    last = RETURNED if number.endswith("4") else DELIVERED
    for hours, state in ((6, COLLECTED), (24, UNDER_WAY), (48, last)):
        ask.later(hours * HOUR, "diChuyen", don=number, trangThai=state)
    return {"Status": YES, "Message": "Thành công"}


def CancelOrder(ask: Ask) -> Data:
    """Only what has not been collected; cancelled twice is cancelled once."""
    if refused := _stranger(ask):
        return refused
    number = ask.data["OrderNumber"]
    order = _orders(ask).get(number)
    if order is None:
        return _no(UNKNOWN, f"Không tìm thấy đơn hàng {number}")
    if order["state"] not in (TAKEN, CANCELLED):
        return _no(LATE, f"Đơn hàng {number} đang ở trạng thái {STATES[order['state']]}, không thể huỷ")
    if order["state"] == TAKEN:
        ask.state.setdefault("don", {})[number] = order | {"state": CANCELLED}
        _note(ask, number, CANCELLED)
        ask.effect(f"{number}:{CANCELLED}")
    return {"Status": YES, "Message": "Thành công"}


def GetOrderTracking(ask: Ask) -> Data:
    after, size = str(ask.data["lastId"]), ask.data["pageSize"]
    if not re.fullmatch(r"[0-9a-f]{24}", after) or not 1 <= size <= MOST:
        return {"result": _no(FAULTY, "lastId hoặc pageSize không đúng định dạng")}
    events = [*_standing_events(ask.world), *ask.state.get("hanhTrinh", [])]
    return {"result": [event for event in events if event["id"] > after][:size]}


def diChuyen(ask: Ask) -> Data:
    """The next stage of an order, unless it was cancelled before."""
    number, state = ask.data["don"], ask.data["trangThai"]
    order = ask.state.get("don", {}).get(number)
    if order and order["state"] != CANCELLED and order["state"] < state:
        order["state"] = state
        _note(ask, number, state)
    return {}


def business_error(ask: Ask) -> Data:
    if ask.operation == "GetOrderTracking":
        return {"result": _no(FAULTY, "lastId không đúng định dạng")}
    if ask.operation == "CancelOrder":
        return _no(LATE, "Đơn hàng đã phát thành công, không thể huỷ")
    return _no(FAULTY, "ReceiverTel không đúng định dạng; ReceiverProvince không có trong danh mục")


def duplicate(ask: Ask) -> Data:
    """The only sign that an order was had before is the wording."""
    if ask.operation != "PostOrder":
        return business_error(ask)
    return _no(HAD, f"Đơn hàng {ask.data['OrderNumber']} đã được tiếp nhận")


def _no(status: str, said: str) -> Data:
    return {"Status": status, "Message": said}


def _stranger(ask: Ask) -> Data | None:
    if ask.data["CustomerCode"] != ask.values.get("CustomerCode"):
        return _no(STRANGER, "CustomerCode không hợp lệ")
    return None


def _faults(world: World, order: Data) -> list[str]:
    faults = [f"{name} bắt buộc" for name in MANDATORY if not str(order.get(name) or "").strip()]
    faults += [
        f"{name} không đúng định dạng"
        for name in ("SenderTel", "ReceiverTel")
        if order.get(name) and not re.fullmatch(r"\+?[0-9 .]{8,15}", order[name])
    ]
    faults += [
        f"{name} không có trong danh mục"
        for name in ("SenderProvince", "ReceiverProvince")
        if str(order.get(name)).zfill(2) not in PROVINCES
    ]
    mine = {f"{world.province.post_prefix}{n:02d}" for n in range(1, len(world.districts()) + 1)}
    for name in ("SenderDistrict", "ReceiverDistrict"):
        here = str(order.get(name.replace("District", "Province"))).zfill(2) == world.province.post_prefix
        if order.get(name) and here and str(order[name]).zfill(4) not in mine:
            faults.append(f"{name} không có trong danh mục")
    if mine and not order.get("SenderDistrict"):
        faults.append("SenderDistrict bắt buộc")
    if (order.get("CODAmount") or 0) < 0:
        faults.append("CODAmount không đúng định dạng")
    return faults


# Orders and what happened to them


def standing(world: World) -> dict[str, dict[str, Any]]:
    """The orders that are there from the seed; never written."""
    agency = f"{world.province.agency}.03"
    last = {"9911": DELIVERED, "9912": TAKEN, "9913": UNDER_WAY, "9914": RETURNED, "9915": CANCELLED}
    return {
        f"{agency}-221101-{number}": {"item": f"EM{990_000_000 + n}VN", "state": state}
        for n, (number, state) in enumerate(last.items(), 11)
    }


def _orders(ask: Ask) -> dict[str, dict[str, Any]]:
    mine: dict[str, dict[str, Any]] = ask.state.get("don", {})
    return standing(ask.world) | mine


def _standing_events(world: World) -> list[Data]:
    events: list[Data] = []
    for number, order in standing(world).items():
        way = (TAKEN, COLLECTED, UNDER_WAY, order["state"])
        stages = (TAKEN, CANCELLED) if order["state"] == CANCELLED else way[: way.index(order["state"]) + 1]
        for hours, state in zip((0, 6, 24, 48), stages, strict=False):
            at = BEGINNING + timedelta(hours=hours, seconds=len(events))
            events.append(_event(len(events) + 1, at, number, order["item"], state, world.province.post_prefix))
    events.sort(key=lambda event: str(event["id"]))
    return events


def _note(ask: Ask, number: str, state: str) -> None:
    events = ask.state.setdefault("hanhTrinh", [])
    item = _orders(ask)[number]["item"]
    at = max(ask.now, BEGINNING + timedelta(days=3))  # a clock before the seed's events must not hide what is new
    events.append(_event(1_000 + len(events), at, number, item, state, ask.world.province.post_prefix))


def _event(n: int, at: datetime, number: str, item: str, state: str, prefix: str) -> Data:
    """Ids look like those of the post's store: eight digits of the second, then a counter, so they grow with time."""
    return {
        "id": f"{int(at.timestamp()):08x}99{n:014x}",
        "OrderNumber": number,
        "ItemCode": item,
        "StatusCode": state,
        "StatusName": STATES[state],
        "StatusDate": f"{at:%d/%m/%Y %H:%M:%S}",
        "StatusDesc": "Bưu cục mẫu",
        "PostCode": f"{prefix}000",
    }


HANDLERS: Handlers = {
    "bcci": {"PostOrder": PostOrder, "CancelOrder": CancelOrder, "GetOrderTracking": GetOrderTracking}
}


def examples(world: World) -> list[Example]:
    agency, person = f"{world.province.agency}.03", world.actor("father-binh")
    order: Data = {
        "OrderNumber": f"{agency}-221116-9907",
        "CODAmount": 30000,
        "SenderProvince": world.province.code,
        "SenderAddress": "Số 1 Đường Mẫu",
        "SenderName": "Trung tâm Phục vụ hành chính công (mẫu)",
        "SenderTel": "0000990001",
        "Description": "Phiếu lý lịch tư pháp (mẫu)",
        "ReceiverName": person.full_name,
        "ReceiverAddress": person.residence.text,
        "ReceiverTel": person.phone,
        "ReceiverProvince": person.residence.province,
    }
    if districts := world.districts():
        order |= {"SenderDistrict": districts[0].code, "ReceiverDistrict": person.residence.district}
    faulty = order | {"OrderNumber": f"{agency}-221116-9908", "ReceiverTel": "khong-phai-so"}
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("PostOrder", order, "ok", "asked again it was received before"),
        ("PostOrder", order | {"OrderNumber": f"{agency}-221116-9904"}, "ok", "…4: nobody will be at home"),
        ("PostOrder", faulty, "provider-fault", "a telephone number that is none"),
        ("PostOrder", order | {"ReceiverProvince": "99"}, "invalid-message", "a province that the post does not know"),
        ("CancelOrder", {"OrderNumber": f"{agency}-221101-9912"}, "ok", "not collected yet"),
        ("CancelOrder", {"OrderNumber": f"{agency}-221101-9911"}, "provider-fault", "delivered"),
        ("CancelOrder", {"OrderNumber": f"{agency}-000101-0000"}, "record-not-found", "nobody's order"),
        ("GetOrderTracking", {"pageSize": 5}, "ok", "from the beginning"),
        ("GetOrderTracking", {"lastId": "f" * 24}, "ok", "nothing is new"),
        ("GetOrderTracking", {"pageSize": 1001}, "invalid-message", "more than the post gives at once"),
    )
    headers = {"X-LGSP-Purpose": "2.000488"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]
