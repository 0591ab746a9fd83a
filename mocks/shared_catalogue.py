"""The shared catalogues: structure, whole catalogues without paging, and additions that are taken all or not at all.

Errors are words in HTTP 200 that name the record by its number. A record whose key begins with VIDU (ví dụ, an example) may be
posted again unchanged without a second effect; any other is a duplicate when it comes twice. The list of catalogues exists a
second time behind the older WCF service, which asks for Basic credentials on every call.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lgsp.model import Data
from lgsp_mocks.clock import EPOCH
from lgsp_mocks.handler import Ask, Example, Handlers, HttpFault
from lgsp_mocks.world import World
from lgsp_mocks.world.directories import Directory, directories, records

DAY = "%d/%m/%Y"


def metadata(ask: Ask) -> Data:
    directory = directories().get(ask.data["code"])
    if directory is None:
        raise HttpFault(404, {"MSG": "Category not found"})
    return {
        "result": [
            {"PropertyCode": each.code, "PropertyName": each.name, "PropertyType": each.type}
            for each in directory.properties
        ]
    }


def category(ask: Ask) -> Data:
    """A catalogue that does not exist is an empty one here, unlike above."""
    code = ask.data["code"]
    return {"result": _all(ask, code) if code in directories() else []}


def post_category(ask: Ask) -> Data:
    directory, sent = directories().get(ask.data["code"]), ask.data["body"]
    if directory is None:
        raise HttpFault(404, {"MSG": "Category not found"})
    known = {str(each[directory.key]): each for each in _all(ask, directory.code)}
    new: list[dict[str, Any]] = []
    for number, given in enumerate(sent, 1):
        record = {each.code: None for each in directory.properties} | given
        if problem := _wrong(directory, record):
            return _no(f"Data not insert: Record {number}: {problem}")
        key = str(record[directory.key])
        before = known.get(key)
        if before is not None and not (key.startswith("VIDU") and before == record):
            return _no(f'Data not insert: Record {number}: {directory.key} "{key}" is duplicate')
        if before is None:
            known[key] = record
            new.append(record)
    if not sent:
        return _no("Data not insert: no record")
    ask.state.setdefault("records", {}).setdefault(directory.code, []).extend(new)
    for record in new:
        ask.effect(f"{directory.code}:{record[directory.key]}")
    return {"MSG": "Done", "Count": len(sent)}


def all_category(ask: Ask) -> Data:  # noqa: ARG001  every handler has this signature
    rows = [{"CategoryCode": each.code, "CategoryName": each.title} for each in directories().values()]
    return {"result": rows}


def all_category_wcf(ask: Ask) -> Data:  # noqa: ARG001  every handler has this signature
    return {"AllCategoryResult": [{"Code": each.code, "Name": each.title} for each in directories().values()]}


def _all(ask: Ask, code: str) -> list[dict[str, Any]]:
    """What stands there from the beginning, then what was posted."""
    return [*records(ask.world, code, ask.now), *ask.state.get("records", {}).get(code, ())]


def _wrong(directory: Directory, record: Data) -> str:
    """What the service says of one record; "" where it is fine."""
    properties = {each.code: each for each in directory.properties}
    if not record[directory.key]:
        return f"{directory.key} is required"
    for name, value in record.items():
        if name not in properties:
            return f"{name} is not defined"
        if value is not None and properties[name].type == "DateTime" and not _is_day(str(value)):
            return f'{name} "{value}" is not DateTime'
    return ""


def _is_day(text: str) -> bool:
    try:
        return bool(re.fullmatch("[0-9]{2}/[0-9]{2}/[0-9]{4}", text) and datetime.strptime(text, DAY))  # noqa: DTZ007
    except ValueError:
        return False


def _no(text: str) -> Data:
    return {"MSG": text, "Count": 0}


# Faults and examples


def business_error(ask: Ask) -> Data:
    if ask.operation == "PostCategory":
        return _no("Data not insert: Record 1: Ten is required")
    return {"AllCategoryResult": []} if ask.backend == "wcf" else {"result": []}


def duplicate(ask: Ask) -> Data:
    if ask.operation != "PostCategory":
        return business_error(ask)
    key = directories()["dokhanvanban"].key
    return _no(f'Data not insert: Record 1: {key} "VIDU01" is duplicate')


HANDLERS: Handlers = {
    "dmdc": {
        "Metadata": metadata,
        "Category": category,
        "PostCategory": post_category,
        "AllCategory": all_category,
    },
    "wcf": {"AllCategory": all_category_wcf},
}


def examples(world: World) -> list[Example]:
    top = f"000.00.00.{world.province.agency}"
    urgency = [_fields(Ma="VIDU01", Ten="Ví dụ: rất khẩn")]
    agency = _fields(
        MaDinhDanhCap1="VIDU.00.00.H99", TenDonVi="UBND tỉnh Ví Dụ", DiaChi=None, NgayBanHanhQd="2018-08-16"
    )
    again = _fields(MaDinhDanhCap1=top, TenDonVi="UBND tỉnh Ví Dụ")
    wrong_day = _fields(MaDinhDanhCap1="VIDU.00.00.H98", TenDonVi="UBND tỉnh Ví Dụ", NgayBanHanhQd="hôm qua")
    asked: tuple[tuple[str, Data, str, str], ...] = (
        *(("Metadata", {"code": code}, "ok", each.title) for code, each in directories().items()),
        ("Metadata", {"code": "khongcodanhmucnay"}, "record-not-found", "HTTP 404"),
        *(("Category", {"code": code}, "ok" if records(world, code, EPOCH) else "record-not-found", each.title)
          for code, each in directories().items()),
        ("Category", {"code": "khongcodanhmucnay"}, "record-not-found", "an empty array"),
        ("PostCategory", {"code": "dokhanvanban", "banGhi": urgency}, "ok", "one record"),
        ("PostCategory", {"code": "qlvanbandieuhanhcap1", "banGhi": [agency]}, "ok", "the sourced record"),
        ("PostCategory", {"code": "qlvanbandieuhanhcap1", "banGhi": [agency, again]}, "provider-fault", "record 2 is there"),
        ("PostCategory", {"code": "qlvanbandieuhanhcap1", "banGhi": [wrong_day]}, "provider-fault", "no date"),
        ("PostCategory", {"code": "khongcodanhmucnay", "banGhi": urgency}, "record-not-found", "no such catalogue"),
        ("AllCategory", {}, "ok", "all 36"),
        ("AllCategoryWcf", {}, "ok", "all 36, by the older service"),
    )  # fmt: skip
    return [Example(operation, request, expect, note=note) for operation, request, expect, note in asked]


def _fields(**values: str | None) -> Data:
    return {"truong": [{"PropertyCode": name, "value": value} for name, value in values.items()]}
