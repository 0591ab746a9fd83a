"""Shared catalogues: records whose members a catalogue names itself, as lists of fields; refusals that count records."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lgsp.errors import InvalidMessage, LgspError, RecordNotFound
from lgsp.mapping import Context, Data, FieldError, listed, read_date, refusal, text_of, write_date

DAY = "dd/MM/yyyy"
DATES = ("Ngay", "HieuLuc")
"""How the names of DateTime properties begin; the metadata, a question of its own, calls their type DateTime."""
DONE = "done"
NO_CATALOGUE = ("404",)
_RECORD = re.compile(r"Record (\d{1,9}): (\w+)")
_RULES = (("duplicate", "unique"), ("required", "required"), ("datetime", "format"), ("defined", "enum"))
"""A word of the service's refusal -> the rule that was broken."""


def ask(operation: str, data: Data, ctx: Context) -> Data:  # noqa: ARG001  every mapping has this signature
    """Raises `InvalidMessage` where a record names a property twice."""
    if operation == "PostCategory":
        return {"code": data["code"], "body": [_record(each, i) for i, each in enumerate(data["banGhi"])]}
    return data


def answer(operation: str, data: Data, ctx: Context) -> Data:
    """Raises `RecordNotFound` for a catalogue that is not there or has no record."""
    if operation == "PostCategory":
        return _posted(data, ctx)
    found = data.get("AllCategoryResult") if operation == "AllCategoryWcf" else data.get("result")
    if isinstance(found, Mapping):
        raise refusal("404", found.get("MSG"), not_found=NO_CATALOGUE, errors=_about_code(ctx))
    rows = [row for row in listed(found) if isinstance(row, Mapping)]
    if not rows:
        raise RecordNotFound(errors=tuple(_about_code(ctx)))
    match operation:
        case "Metadata":
            return {"thuocTinh": [{name: text_of(value) for name, value in row.items()} for row in rows]}
        case "Category":
            return {"banGhi": [{"truong": [_field(name, value) for name, value in row.items()]} for row in rows]}
        case "AllCategoryWcf":
            names = (("CategoryCode", "Code"), ("CategoryName", "Name"))
            return {"danhMuc": [{ours: text_of(row.get(theirs)) for ours, theirs in names} for row in rows]}
    return {"danhMuc": [{name: text_of(value) for name, value in row.items()} for row in rows]}


def _record(public: Data, number: int) -> Data:
    record: Data = {}
    for i, each in enumerate(public["truong"]):
        name, value = each["PropertyCode"], each.get("value")
        if name in record:
            raise InvalidMessage(errors=(FieldError(f"/banGhi/{number}/truong/{i}/PropertyCode", "unique"),))
        record[name] = _theirs(name, value)
    return record


def _theirs(name: str, value: str | None) -> str | None:
    """A whole ISO date of a DateTime property in the catalogue's own form; anything else as it is."""
    if value is None or not name.startswith(DATES) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return value
    try:
        return write_date(value, DAY)
    except InvalidMessage:
        return value  # a day that does not exist: the service says so


def _field(name: str, value: object) -> Data:
    """null stays null: a member that is there without a value is another thing than one that is not there."""
    if value is None:
        return {"PropertyCode": name, "value": None}
    text = text_of(value)
    whole = name.startswith(DATES) and len(text) == len(DAY)
    return {"PropertyCode": name, "value": (read_date(text, DAY) or text) if whole else text}


def _posted(data: Data, ctx: Context) -> Data:
    said, count = text_of(data.get("MSG")), data.get("Count")
    if said.casefold() == DONE:
        return {"MSG": said, "Count": count}
    raise _refused(said, ctx)


def _refused(said: str, ctx: Context) -> LgspError:
    if "not found" in said.casefold():
        return refusal("404", said, not_found=NO_CATALOGUE, errors=_about_code(ctx))
    return refusal("0", said, errors=_about_record(said, ctx))


def _about_code(ctx: Context) -> list[FieldError]:
    return [FieldError("/code", "enum")] if "code" in ctx.request else []


def _about_record(said: str, ctx: Context) -> list[FieldError]:
    """`Record 2: MaDinhDanhCap1 "…" is duplicate` -> the field of the caller's second record; its value is told to nobody."""
    found = _RECORD.search(said)
    records = listed(ctx.request.get("banGhi"))
    if found is None or not 0 < int(found[1]) <= len(records):
        return []
    number, ending = int(found[1]) - 1, said.rpartition(" is ")[2].casefold()
    rule = next((rule for word, rule in _RULES if word in ending), "refused")
    fields = listed(records[number].get("truong")) if isinstance(records[number], Mapping) else []
    names = [each.get("PropertyCode") if isinstance(each, Mapping) else None for each in fields]
    if found[2] not in names:
        return [FieldError(f"/banGhi/{number}/truong", rule)]
    return [FieldError(f"/banGhi/{number}/truong/{names.index(found[2])}/value", rule)]
