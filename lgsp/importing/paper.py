"""The proposals on paper: JSON for programs, Markdown for people (Vietnamese and English), CSV of grants to be completed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from lgsp.importing.missing import MISSING
from lgsp.importing.proposal import Proposal
from lgsp.report.sheet import cell

COLUMNS = ("consumer", "system", "operation", "legal_basis", "purposes", "fields", "valid_to", "missing")


def as_json(proposal: Proposal) -> dict[str, Any]:
    """Without the files themselves."""
    return {
        "connectors": [_plain(each) for each in proposal.connectors],
        "consumers": [_plain(each) for each in proposal.consumers],
        "grants": [_plain(each) for each in proposal.grants],
        "left_out": list(proposal.left_out),
        "ignored": proposal.ignored,
        "counts": {
            "connectors": len(proposal.connectors),
            "ready": sum(each.ready for each in proposal.connectors),
            "waiting": sum(not each.ready for each in proposal.connectors),
            "consumers": len(proposal.consumers),
            "grants": len(proposal.grants),
            "missing": dict(Counter(code for each in proposal.connectors for code in each.missing)),
        },
        "missing": {code: {"vi": text.vi, "en": text.en} for code, text in MISSING.items()},
    }


def markdown(proposal: Proposal) -> str:
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    ready = sum(each.ready for each in proposal.connectors)
    yield "# Đề xuất từ bản xuất của cổng cũ / Proposals from the old gateway's export"
    yield ""
    yield (
        f"{len(proposal.connectors)} API → {len(proposal.connectors)} kết nối đề xuất ({ready} có thể kiểm tra ngay, "
        f"{len(proposal.connectors) - ready} còn chờ); {len(proposal.consumers)} hệ thống khai thác, "
        f"{len(proposal.grants)} quyền. Chưa có gì có hiệu lực."
    )
    yield (
        f"{len(proposal.connectors)} APIs → {len(proposal.connectors)} proposed connectors ({ready} can be checked now, "
        f"{len(proposal.connectors) - ready} wait); {len(proposal.consumers)} consumers, {len(proposal.grants)} grants. "
        "Nothing is in force."
    )
    yield ""
    yield "| hệ thống / system | API | kiểu / kind | máy chủ nguồn / backend | còn thiếu / missing |"
    yield "|---|---|---|---|---|"
    for each in proposal.connectors:
        state = "" if each.ready else " (chờ / waits)"
        cells = (each.system + state, f"{each.api} {each.version}", each.kind, each.backend, ", ".join(each.missing))
        yield f"| {' | '.join(map(_md, cells))} |"
    for connector in proposal.connectors:
        if connector.findings:
            yield ""
            yield f"## {connector.system}"
            for found in connector.findings:
                yield _md(f"- {found['file']}:{found['line']} {found['construct']}: {found['text']}")
    yield ""
    yield "## Còn thiếu nghĩa là / What is missing means"
    yield ""
    lists = [each.missing for each in proposal.connectors] + [each.missing for each in proposal.consumers]
    used = {code for each in [*lists, *(grant.missing for grant in proposal.grants)] for code in each}
    yield from (f"- `{code}`: {text.vi} / {text.en}" for code, text in MISSING.items() if code in used)
    if proposal.left_out:
        yield ""
        yield "## Không lấy được / Left out"
        yield ""
        yield from (f"- {_md(each)}" for each in proposal.left_out)


def grants_sheet(proposal: Proposal) -> bytes:
    """One row a grant: a person fills in what it rests on, `lgsp import ask` asks for those that are complete."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for each in proposal.grants:
        rows.writerow(
            [cell(each.consumer), cell(each.system), cell(each.operation), "", "", "", "", " ".join(each.missing)]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read_grants(raw: bytes) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The rows that are complete as arguments of a request, and why each other one is not. Raises `ValueError`."""
    text = raw.decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"consumer", "system", "operation", "legal_basis"} <= set(reader.fieldnames or ()):
        raise ValueError("the columns consumer, system, operation, legal_basis are needed")
    complete: list[Mapping[str, Any]] = []
    waiting: list[str] = []
    for number, row in enumerate(reader, 2):
        said = {name: " ".join((row.get(name) or "").split()) for name in COLUMNS}
        name = f"{number}: {said['consumer']} {said['system']} {said['operation']}"
        lacks = [column for column in ("legal_basis", "purposes") if not said[column]]
        if lacks:
            waiting.append(f"{name}: {', '.join(lacks)}")
            continue
        complete.append(
            {
                "consumer": said["consumer"],
                "system": said["system"],
                "operation": said["operation"],
                "legal_basis": said["legal_basis"],
                "purposes": said["purposes"].split(),
                "fields": said["fields"].split(),
                "valid_to": said["valid_to"] or None,
            }
        )
    return complete, waiting


def _plain(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _md(text: Any) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
