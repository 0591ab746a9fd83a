"""The simulated document exchange and the connector's mapping face to face, without the bus between them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from lgsp.mapping import Context
from lgsp_mocks import document_exchange as exchange
from lgsp_mocks.handler import Ask
from tests.connectors.mappings import load
from tests.mocks.desk import Desk

mapping = load("document-exchange")
NOW = datetime(2023, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=7)))
SECRETS = {"secretKey": "bi-mat-mau", "sdkSecretKey": "bi-mat-khac"}
VALUES = {"systemId": "LGSP.DEMO.001"}


def context(request: dict[str, Any], backend: str) -> Context:
    return Context(NOW, lambda: "0" * 26, backend, secrets=SECRETS, values=VALUES, request=request)


class Agencies:
    """The two lines of the world that the exchange reads."""

    province = SimpleNamespace(agency="H28", title="Hoà Bình")

    def __init__(self) -> None:
        known = {"H28": "000.00.00.H28", "H28.05": "000.00.05.H28", "G22": "000.00.00.G22"}
        self.agencies = {
            key: SimpleNamespace(code=code, name=f"Cơ quan {code}", active=True, parent="", email="")
            for code, old in known.items()
            for key in (code, old)
        }

    def agency(self, code: str) -> Any:
        return self.agencies.get(code)


SDK = {"getReceivedEdocList": "getReceivedEdocList", "getSentEdocList": "getSentEdocList"}
SDK |= {"guiVanBan": "sendEdoc", "layVanBan": "getEdoc"}


class Ministry:
    """The mapping and the simulator face to face, without the bus between them."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.services = Desk()
        self.world: Any = Agencies()
        self.now = NOW

    def call(self, operation: str, secrets: dict[str, str] | None = None, **data: Any) -> dict[str, Any]:
        backend = "vxp" if operation in SDK else "vdxp"
        ctx = context(data, backend)
        name = SDK.get(operation, operation)
        asked = mapping.ask(operation, data, ctx)
        told = exchange.HANDLERS[backend][name](self.ask(backend, name, asked, secrets or SECRETS))
        found: dict[str, Any] = mapping.answer(operation, told, ctx)
        return found

    def ask(self, backend: str, name: str, data: dict[str, Any], secrets: dict[str, str]) -> Ask:
        return Ask(
            self.world, "document-exchange", backend, name, data, self.now, self.state,
            values=VALUES, secrets=secrets, services=self.services,
        )  # fmt: skip

    def time_passes(self) -> None:
        while self.services.waiting:
            seconds, function, data = self.services.waiting.pop(0)
            self.now += timedelta(seconds=seconds)
            getattr(exchange, function)(self.ask("vdxp", function, data, SECRETS))
