"""The door for ministries: what they call the province with, `POST /inbound/{system}/{operation}`, answered in their dialect."""

from __future__ import annotations

from aiohttp import web

from lgsp.endpoints import edge
from lgsp.endpoints.house import House, Route
from lgsp.endpoints.rest import problem_response
from lgsp.errors import BusFault, LgspError
from lgsp.exchange import Exchange
from lgsp.model import Face, HttpResponse, Spooled
from lgsp.pipeline.handover import inbound_of


def routes(house: House) -> list[Route]:
    async def call(request: web.Request) -> web.StreamResponse:
        return await _call(house, request)

    return [Route("POST", "/inbound/{system}/{operation}", "ministry", call)]


async def _call(house: House, request: web.Request) -> web.StreamResponse:
    exchange = edge.new_exchange(house, request, Face.INBOUND)
    exchange.system, exchange.operation_name = request.match_info["system"], request.match_info["operation"]
    exchange.respond_async = False

    drawer = house.spool.drawer()

    async def read(asking: Exchange) -> bytes | Spooled:
        called, _ = inbound_of(asking)
        return await edge.read_body(house, request, called.max_body, drawer)

    exchange.face_state["read"] = read
    try:
        try:
            await house.receive(exchange)
            if exchange.reply is None:
                raise BusFault()
            reply = exchange.reply
        except Exception as error:  # noqa: BLE001  the door is where every error becomes an answer
            reply = _refusal(house, exchange, edge.as_ours(house, exchange, error))
        return await edge.send(house, request, reply, edge.headers_out(exchange))
    finally:
        drawer.close()


def _refusal(house: House, exchange: Exchange, error: LgspError) -> HttpResponse:
    plain = problem_response(error, exchange.lang, exchange.correlation_id)
    if "inbound" not in exchange.face_state:
        return plain
    try:
        return house.refusal(exchange, error) or plain
    except Exception as broken:  # noqa: BLE001  a mapping that cannot even refuse: the plain problem says it
        edge.as_ours(house, exchange, broken)
        exchange.error = error
        return plain
