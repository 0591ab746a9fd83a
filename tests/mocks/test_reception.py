"""Before a ministry reads anything: dialects, WSDL, faults by header."""

from __future__ import annotations

import asyncio

from tests.mocks.simulated import Caller, play, text


def test_a_soap_ministry_serves_its_wsdl() -> None:
    async def story(caller: Caller) -> None:
        served = await caller.response("GET", "/apiSoMauSoap?wsdl")
        assert served.status == 200
        assert "definitions" in text(served)

    play(story)


def test_a_fault_by_header_only_where_it_is_enabled() -> None:
    async def story(caller: Caller) -> list[int]:
        wanted = ("html-200", '{"kind": "http-status", "status": 418}', "suspend-303001", "khong-co")
        asked = [caller.response("GET", "/apiSoMau/traCuu/1", None, {"x-sim-fault": said}) for said in wanted]
        return [response.status for response in await asyncio.gather(*asked)]

    assert play(story) == [200, 200, 200, 200]
    assert play(story, header_faults=True) == [200, 418, 503, 400]
