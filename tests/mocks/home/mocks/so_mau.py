"""A sample ministry for the simulator's own tests: three dialects, one register."""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, Handlers, HttpFault, SoapFault
from lgsp_mocks.world import World

HOUR = 3_600.0


def tra_cuu(ask: Ask) -> Data:
    if ask.data["ma"] == "LOI-404":
        raise HttpFault(404, {"message": "không có"})
    if ask.data["ma"] == "HONG":
        raise RuntimeError("a defect of this module, on purpose")
    entry = ask.state.get("so", {}).get(ask.data["ma"])
    if entry:
        return {"status": 1, "ten": ask.kept(entry["noiDung"]), "thongBao": entry["trangThai"]}
    person = ask.world.person(ask.data["ma"])
    if person is None:
        return {"status": 0, "thongBao": "không tìm thấy"}
    return {
        "status": 1,
        "ten": person.full_name,
        "danToc": person.ethnicity,
        "tep": "TeG6q3UgZ2nhuqMgxJHhu4tuaCBt4bqrdQ==",
    }


def ghi_nhan(ask: Ask) -> Data:
    book = ask.state.setdefault("so", {})
    if ask.data["ma"].startswith("VIDU") and ask.data["ma"] in book:
        return {"status": 1}
    if ask.data["ma"] in book:
        return duplicate(ask)
    book[ask.data["ma"]] = {"noiDung": ask.keep(ask.data.get("noiDung", "")), "trangThai": "tiếp nhận"}
    ask.effect(ask.data["ma"])
    ask.later(HOUR, "xu_ly", ma=ask.data["ma"])
    return {"status": 1}


def xu_ly(ask: Ask) -> Data:
    ask.state["so"][ask.data["ma"]]["trangThai"] = "hoàn thành"
    ask.call_province("BAO", {"ma": ask.data["ma"], "trangThai": "hoàn thành"})
    return {}


def acknowledged(operation: str, reply: Data) -> bool:
    return operation == "BAO" and reply.get("nhan") == "00"


def hoi_soap(ask: Ask) -> Data:
    if ask.data["ma"] == "LOI":
        raise SoapFault("Client", "mã sai")
    if ask.data["ma"] == "THIEU":
        return {"danToc": "06"}
    return {"ten": f"Mẫu {ask.data['ma']} của {ask.consumer}", "danToc": "06"}


def g(ask: Ask) -> Data:
    return {"error_code": "0", "message": f"{ask.consumer} gửi {ask.data['ma']}"}


def business_error(ask: Ask) -> Data:
    if ask.backend == "soap":
        raise SoapFault("Client", "từ chối")
    return {"error_code": "9", "message": "từ chối"} if ask.backend == "truc" else {"status": 0, "thongBao": "từ chối"}


def duplicate(ask: Ask) -> Data:
    del ask
    return {"status": 0, "thongBao": "hồ sơ đã được tiếp nhận"}


def outcomes(world: World) -> dict[str, str]:
    del world
    return {"mother-hoa": "found"}


HANDLERS: Handlers = {
    "rest": {"traCuu": tra_cuu, "ghiNhan": ghi_nhan},
    "soap": {"hoiSoap": hoi_soap},
    "truc": {"g": g},
}


def examples(world: World) -> list[Example]:
    return [
        Example("traCuu", {"ma": world.actor("mother-hoa").cccd}),
        Example("ghiNhan", {"ma": "VIDU-1", "noiDung": "Mẫu"}, headers={"X-LGSP-Purpose": "1.001193"}),
        Example("hoiSoap", {"ma": "1"}),
        Example("guiTruc", {"ma": "1"}),
    ]
