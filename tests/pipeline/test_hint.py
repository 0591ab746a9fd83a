"""The hint in the answer's header: said by every face, refused by none, empty where nothing is wrong."""

from __future__ import annotations

import pytest

from lgsp.exchange import Exchange
from lgsp.identifiers import personal_number
from lgsp.model import Data, Face, HttpRequest
from lgsp.pipeline.hint import Hint
from lgsp.runtime import Runtime

MAN = personal_number("17", "1", 1985, 990_001)


async def through(face: Face, data: Data) -> dict[str, str]:
    exchange = Exchange("i", face, HttpRequest("POST", "/"), Runtime.system().clock.now(), 0.0, "c")
    exchange.data = data

    async def answer(_: Exchange) -> Data:
        return {"fine": True}

    assert await Hint()(exchange, answer) == {"fine": True}
    return exchange.headers_out


@pytest.mark.parametrize("face", [Face.REST, Face.SOAP, Face.NATIVE])
async def test_said_and_not_refused(face: Face) -> None:
    data = {"soCccd": MAN, "gioiTinh": "2", "ngaySinh": "1990-01-01"}
    assert await through(face, data) == {"X-LGSP-Warnings": "/soCccd gender, /soCccd birth-year"}
    assert await through(face, {"soCccd": MAN, "gioiTinh": "1"}) == {}


async def test_the_bus_tells_itself_nothing() -> None:
    assert await through(Face.INTERNAL, {"soCccd": MAN, "gioiTinh": "2"}) == {}
