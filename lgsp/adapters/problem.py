"""What a caller is told about an error, once, for both faces: the members of problem+json and of `lgsp:error`."""

from __future__ import annotations

import math
from typing import Any

from lgsp.errors import BusFault, LgspError
from lgsp.model import Lang, Text

ORDER = (
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "fault_domain",
    "retryable",
    "retry_after",
    "system",
    "operation",
    "errors",
    "provider",
)
"""The members in the order in which they are written; the schema of `lgsp:error` has the same sequence."""

_TOLD = 3
_LONGEST_PATH = 500
"""Characters of a path that are told: a caller's own names stand in it, however long he made them."""


def problem(error: LgspError, lang: Lang, instance: str) -> dict[str, Any]:
    """RFC 9457 members plus ours (INTERFACE, "errors"). `instance` is the correlation id's path."""
    # what went wrong inside the bus is told to the log, never to a caller
    detail = None if isinstance(error, BusFault) else error.detail or where(error)
    members: dict[str, Any] = {
        "type": f"/errors/{error.code}",
        "title": error.title[lang],
        "status": error.status,
        "detail": detail[lang] if detail else error.title[lang],
        "instance": instance,
        "code": error.code,
        "fault_domain": error.fault_domain,
        "retryable": retryable(error),
    }
    if error.retry_after is not None:
        members["retry_after"] = math.ceil(error.retry_after)
    if error.system is not None:
        members["system"] = error.system
    if error.operation is not None:
        members["operation"] = error.operation
    if error.errors:
        members["errors"] = [{"path": shortened(each.path), "rule": each.rule} for each in error.errors]
    if error.provider is not None:
        members["provider"] = {"code": error.provider[0], "message": error.provider[1]}
    return members


def where(error: LgspError) -> Text | None:
    """The broken rules in a sentence, the first few: `errors` has them all."""
    if not error.errors:
        return None
    told = ", ".join(f"{shortened(each.path) or '/'} ({each.rule})" for each in error.errors[:_TOLD])
    more = len(error.errors) - _TOLD
    return Text(
        f"Sai tại {told}" + (f" và {more} chỗ khác" if more > 0 else ""),
        f"Wrong at {told}" + (f" and {more} more" if more > 0 else ""),
    )


def shortened(path: str) -> str:
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


def retryable(error: LgspError) -> bool:
    """An update whose submission carries on must not be sent again, whatever its class says."""
    return error.retryable and error.submission is None
