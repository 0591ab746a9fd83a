"""The model ministry of the story of two versions: one register, and a service of older days beside it."""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers, HttpFault
from lgsp_mocks.world import World


def get(ask: Ask) -> Data:
    found = {"GP-1": "NGUYỄN MẪU", **ask.state}.get(ask.data["MA"])
    return {"TRANG_THAI": 0} if found is None else {"TRANG_THAI": 1, "CHU": found, "NGAY": "2026-01-02"}


def enter(ask: Ask) -> Data:
    if ask.data["MA"] not in ask.state:
        ask.state[ask.data["MA"]] = ask.data["CHU"]
        ask.effect(ask.data["MA"])
    return {"TRANG_THAI": 1}


def count(ask: Ask) -> Data:
    return {"SO_LUONG": ask.data["NAM"] - 2000}


HANDLERS: Handlers = {"moi": {"LAY": get, "GHI": enter}, "cu": {"thongKe": count}}


def examples(world: World) -> list[Example]:
    del world
    return [
        Example("traCuu", {"soGiayPhep": "GP-1"}),
        Example("traCuu", {"soGiayPhep": "GP-9"}, expect="record-not-found"),
        Example("ghi", {"soGiayPhep": "GP-2", "chuSoHuu": {"hoTen": "TRẦN MẪU"}}),
        Example("tim", {"so": "GP-1"}, version="v1"),
        Example("tim", {"so": "GP-9"}, expect="record-not-found", version="v1"),
        Example("ghi", {"so": "GP-3", "chuHo": "LÊ MẪU"}, version="v1"),
    ]


def business_error(ask: Ask) -> Data:
    if ask.backend == "cu":
        raise HttpFault(422, {"message": "Từ chối (mẫu)"})
    return {"TRANG_THAI": 0}
