"""Version 1 into version 2 and back: `so` is `soGiayPhep` now, `chuHo` stands in an object."""

from __future__ import annotations

from lgsp.mapping import Context, Data


def ask(operation: str, data: Data, ctx: Context) -> Data:
    newer: Data = {"soGiayPhep": data["so"]}
    if operation == "ghi":
        newer["chuSoHuu"] = {"hoTen": data["chuHo"]}
    return newer


def answer(operation: str, data: Data, ctx: Context) -> Data:
    if operation == "tim":
        return {**data, "so": data["soGiayPhep"], "chuHo": data["chuSoHuu"]["hoTen"]}
    return data
