"""What an entry of the evidence says: projections of an exchange. Digests and keyed hashes, never the payload."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from lgsp import moments
from lgsp.audit.chain import canonical
from lgsp.model import Blob, Data
from lgsp.store import Keys

if TYPE_CHECKING:  # the exchange stands above; only its type is named here
    from lgsp.exchange import Exchange

EntryKind = Literal["asked", "answered", "note"]
_STEPS = 20
"""Attempts and waits told one by one, of each kind."""
_MICROSECOND = timedelta(microseconds=1)


class Draft(msgspec.Struct, frozen=True):
    """An entry before it has its place in the chain."""

    record: dict[str, Any]
    subjects: tuple[bytes, ...] = ()


def asked(exchange: Exchange, keys: Keys, at: datetime) -> Draft:
    """Committed before the first outbound byte of an update or a personal query (RULES 1)."""
    subjects = _subjects(exchange, keys)
    record = {
        **_who_and_why(exchange, "asked", at),
        "backend": exchange.route.backend.name if exchange.route else None,
        "request": digest(keys, exchange.data),
        "subjects": [subject.hex() for subject in subjects],
    }
    return Draft(record, subjects)


def answered(exchange: Exchange, keys: Keys, at: datetime) -> Draft:
    """Committed before the first byte of the answer. People are named in it only where no asked entry names them."""
    subjects = () if exchange.asked else _subjects(exchange, keys)
    record = {
        **_who_and_why(exchange, "answered", at),
        "outcome": "accepted" if exchange.accepted and exchange.error is None else exchange.outcome,
        "fault_domain": exchange.error.fault_domain if exchange.error else None,
        "asked": exchange.asked,
        "attempts": len(exchange.attempts),
        "trace": _trace(exchange, at),
        "answer": digest(keys, exchange.answer),
        "fields": list(exchange.fields_left) if exchange.fields_left is not None else None,
        "subjects": [subject.hex() for subject in subjects],
    }
    return Draft(record, subjects)


def note(what: str, by: str, at: datetime, facts: dict[str, Any]) -> Draft:
    """A decision of a person or of the bus itself: a stage, a grant, a key, a count of refusals."""
    return Draft({"kind": "note", "at": at.isoformat(), "what": what, "by": by, "facts": facts})


def digest(keys: Keys, data: Data | None) -> str | None:
    """HMAC-SHA-256 of the canonical message. Keyed, because a plain digest of one identifier is undone by trying all."""
    if data is None:
        return None
    return keys.message(written(data)).hex()


def written(data: Data) -> bytes:
    """The bytes that are digested, and kept where payload evidence is asked for."""
    try:
        return canonical(data)
    except TypeError:  # a large value, which is no JSON: only such a message is walked and copied
        return canonical(flat(data))


def values_at(data: Any, path: str) -> Iterator[str]:
    """The strings that a dotted path names, through every list on the way."""
    if isinstance(data, list):
        for item in data:
            yield from values_at(item, path)
    elif not path:
        if isinstance(data, str | int) and not isinstance(data, bool) and str(data).strip():
            yield str(data)
    elif isinstance(data, dict):
        first, _, rest = path.partition(".")
        if first in data:
            yield from values_at(data[first], rest)


def _trace(exchange: Exchange, at: datetime) -> dict[str, Any]:
    """How the time passed, in microseconds since it came in: what took long, and what was tried when, with which outcome."""
    begin, monotonic = exchange.received, exchange.started
    return {
        "us": _us(at - begin),
        "spent": {name: int(seconds * 1e6) for name, seconds in exchange.timings.items()},
        "attempts": [
            [_us(each.started - begin), int(each.seconds * 1e6), each.outcome, each.reached]
            for each in exchange.attempts[:_STEPS]
        ],
        "waits": [
            [name, int((since - monotonic) * 1e6), int(seconds * 1e6)]
            for name, since, seconds in exchange.waits[:_STEPS]
        ],
    }


def _us(span: timedelta) -> int:
    return max(0, span // _MICROSECOND)


def _subjects(exchange: Exchange, keys: Keys) -> tuple[bytes, ...]:
    if exchange.operation is None or exchange.data is None:
        return ()
    found = {value for path in exchange.operation.subject for value in values_at(exchange.data, path)}
    return tuple(sorted(keys.subject(value) for value in found))


def _who_and_why(exchange: Exchange, kind: EntryKind, at: datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "at": moments.written(at),
        "exchange": exchange.id,
        "correlation": exchange.correlation_id,
        "face": exchange.face.value,
        "system": exchange.system,
        "operation": exchange.operation_name,
        "consumer": exchange.consumer.id if exchange.consumer else None,
        "officer": exchange.officer,
        "purpose": exchange.purpose,
        "case": exchange.case,
        "legal_basis": exchange.grant.legal_basis if exchange.grant else None,
        "submission": exchange.submission,
    }


def flat(value: Any) -> Any:
    """A large value stands for itself by its digest."""
    if isinstance(value, Blob):
        return {"sha256": value.sha256, "size": value.size}
    if isinstance(value, dict):
        return {key: flat(member) for key, member in value.items()}
    if isinstance(value, list):
        return [flat(member) for member in value]
    return value
