"""One page of the journal: a call as it ended, kept as it came and told only when somebody asks.

Nearly no page is ever looked at, so nothing is formatted in front of an answer. What is small is read again from its bytes;
of what is large a shortened copy is kept, never the bytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from lgsp.adapters import rest, soap
from lgsp_mocks.journal import LONGEST, RAW, Entry, shortened
from lgsp_mocks.reading import read
from lgsp_mocks.visit import Visit

_SHOWN = ("x-correlation-id", "traceparent", "content-type", "soapaction", "dstcode", "x-systemid")


class Page:
    """`status` of the answer that left, 0 where none did. The visit is the page's from now on."""

    __slots__ = ("_answer", "_raw", "_request", "_status", "_visit")

    def __init__(self, visit: Visit, status: int) -> None:
        self._visit, self._status = visit, status
        self._request: Any = None
        self._answer: Any = None
        size = len(visit.request.body)
        if visit.data is not None and size > LONGEST:
            self._request = shortened(visit.data)
            visit.data = None
        self._raw = size <= RAW and isinstance(visit.request.body, bytes)
        if not self._raw:
            visit.request = replace(visit.request, body=b"")
        reply = visit.reply
        if reply is None or len(reply.body) > LONGEST:  # a handler may go on changing what it gave
            self._answer = shortened(visit.answer)
            visit.reply = None
        visit.opened = visit.answer = None

    def fits(self, system: str | None, operation: str | None) -> bool:
        visit = self._visit
        return (system is None or system == visit.backend.system) and (
            operation is None or operation in (visit.public, visit.operation.name)
        )

    def entry(self, n: int, at: datetime) -> Entry:
        visit, body, headers = self._visit, self._visit.request.body, self._visit.request.headers
        return Entry(
            n=n,
            at=at.isoformat(),
            system=visit.backend.system,
            backend=visit.backend.name,
            operation=visit.public,
            backend_operation=visit.operation.name,
            consumer=visit.consumer,
            status=self._status,
            fault=", ".join(visit.faults) or None,
            request=self._asked(),
            answer=self._answered(),
            headers={name: headers[name] for name in _SHOWN if name in headers}
            | ({"through": visit.through} if visit.through else {}),
            raw=body.decode("utf-8", "replace") if self._raw and isinstance(body, bytes) else None,
        )

    def _asked(self) -> Any:
        visit = self._visit
        if visit.data is None:
            return self._request
        if visit.soap:
            return shortened(soap.decode_request(visit.backend.contract, visit.request).data)
        return shortened(read(visit))

    def _answered(self) -> Any:
        visit, reply = self._visit, self._visit.reply
        if reply is None:
            return self._answer
        return shortened((soap if visit.soap else rest).decode_response(visit.operation, reply))
