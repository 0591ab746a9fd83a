"""The sample register's dialect: `status` 0 is a refusal, the exchange says `error_code`."""

from lgsp.errors import ProviderFault, RecordNotFound
from lgsp.mapping import Context, Data, Received


def ask(operation: str, data: Data, ctx: Context) -> Data:
    """The caller's message into the ministry's dialect."""
    if operation == "ghiNhan":
        return {**data, "khoa": ctx.secrets["khoa"], "maDoiTac": ctx.values["maDoiTac"]}
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """The ministry's answer, or the error that it means."""
    del operation, ctx
    if data.get("error_code", "0") != "0":
        raise ProviderFault(provider=(data["error_code"], data.get("message", "")))
    if data.get("status", 1) == 0:
        said = data.get("thongBao", "")
        if "không tìm thấy" in said:
            raise RecordNotFound(provider=("0", said))
        raise ProviderFault(provider=("0", said))
    named = {
        "ten": data.get("ten", data.get("message")),
        "trangThai": data.get("thongBao"),
        "danToc": data.get("danToc"),
    }
    return {name: value for name, value in named.items() if value is not None}


def receive(operation: str, data: Data, ctx: Context) -> Received:
    """The register tells that an entry is finished."""
    del operation, ctx
    return Received(consumer=None, key=data["ma"], data=data, reply={"nhan": "00"})
