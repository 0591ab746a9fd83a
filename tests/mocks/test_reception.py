"""Before a ministry reads anything: dialects, WSDL, faults by header."""

from __future__ import annotations

import asyncio
from typing import Any

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


def test_an_address_that_was_found_once_is_found_again_alike() -> None:
    """Method, address and destination decide; whoever asks in another way is led anew, and parameters are never kept."""

    async def story(caller: Caller) -> list[Any]:
        found: list[Any] = []
        for _ in range(2):
            found += [
                (await caller.note("A"))["status"],
                (await caller.response("GET", "/apiSoMau/ghiNhan")).status,
                text((await caller.look_up("LOI-404")).response),
                text((await caller.look_up("KHONG-CO")).response),
                (await caller.soap("1")).status,
                "definitions" in text(await caller.response("GET", "/apiSoMauSoap?wsdl")),
                await caller.forward(),
            ]
        return found

    told = play(story)
    once, again = told[:7], told[7:]
    assert again[1:] == once[1:], "what was led by an address that is known is led as before"
    assert (once[0], once[1], once[4], once[5]) == (1, 404, 200, True)
