"""One call on its way through a ministry: what is known of it so far, and how it can end early."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lgsp.adapters.envelope import UsernameToken
from lgsp.adapters.soap import Opened
from lgsp.contract.model import Operation
from lgsp.errors import LgspError
from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp_mocks.catalogue import SimBackend
from lgsp_mocks.faults import Call


@dataclass(slots=True)
class Visit:
    """One call, filled step by step; what the journal writes."""

    request: HttpRequest
    backend: SimBackend
    operation: Operation
    path_params: Mapping[str, str] = field(default_factory=dict)
    version: Literal["1.1", "1.2"] = "1.1"
    opened: Opened | None = None
    """The envelope of a SOAP message."""
    consumer: str = ""
    through: str = ""
    """Another platform than the backend's own, which has let the call in already."""
    data: Data | None = None
    answer: Data | None = None
    reply: HttpResponse | None = None
    """The answer as it left, where no fault had a hand in it."""
    faults: list[str] = field(default_factory=list)

    @property
    def public(self) -> str:
        return self.backend.operations.get(self.operation.name, self.operation.name)

    @property
    def names(self) -> tuple[str, str]:
        """What a fault that strikes this call may be set on."""
        return self.backend.system, self.through or self.backend.upstream

    @property
    def call(self) -> Call:
        """What the conditions of a fault may look at."""
        return Call(self.backend.system, self.public, self.operation.name, self.consumer, self.data)

    @property
    def token(self) -> UsernameToken | None:
        return self.opened.username_token if self.opened else None

    @property
    def soap(self) -> bool:
        return self.backend.adapter == "soap"


class Refused(Exception):
    """The call ends here with this answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


def rules(error: LgspError) -> str:
    """Paths and rules of an error in one line."""
    return "; ".join(f"{each.path or '/'} {each.rule}" for each in error.errors) or error.title.vi


def plain(status: int, message: str) -> HttpResponse:
    """A short JSON answer of a ministry that has no better words."""
    return HttpResponse(
        status,
        {"content-type": "application/json; charset=utf-8"},
        json.dumps({"message": message}, ensure_ascii=False).encode(),
    )
