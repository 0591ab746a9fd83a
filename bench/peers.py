"""What a user would write instead, without any of the bus's promises: `python -m bench.peers NAME PORT MINISTRY-URL WSDL`.

- `lxml`: an aiohttp handler that writes the envelope by hand and reads the answer with lxml.
- `zeep`: the same with zeep's encoding and decoding over aiohttp (zeep's own asynchronous transport needs httpx).
- `proxy`: an aiohttp handler that passes bytes on.
"""

from __future__ import annotations

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from lxml import etree

from lgsp import runtime

QUESTION = "http://dancuquocgia.bca"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
FIELDS = {"MaYeuCau": "BENCH-1", "MaDVC": "1.000000", "MaTichHop": "037", "MaCanBo": "H28-CB-MAU"}
"""What the ministry wants besides the caller's question."""
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


def ask_of(question: dict[str, Any]) -> dict[str, Any]:
    return {**FIELDS, **question}


def by_hand(session: aiohttp.ClientSession, ministry: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in ask_of(await request.json()).items())
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><TraCuuThongTinCongDan xmlns="{QUESTION}">'
            f"{fields}</TraCuuThongTinCongDan></s:Body></s:Envelope>"
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Authorization": "Bearer peer"}
        async with session.post(ministry, data=envelope.encode(), headers=headers) as answer:
            root = etree.fromstring(await answer.read(), _PARSER)
        return web.json_response(_walk(root[-1][0]))

    return handler


def _walk(element: etree._Element) -> Any:
    if not len(element):
        return element.text
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = etree.QName(child).localname, _walk(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def by_zeep(session: aiohttp.ClientSession, ministry: str, wsdl: str) -> Any:
    import zeep
    from zeep.helpers import serialize_object

    client = zeep.Client(wsdl)
    service = client.service
    operation = service._binding._operations["TraCuuThongTinCongDan"]

    async def handler(request: web.Request) -> web.Response:
        envelope = client.create_message(service, "TraCuuThongTinCongDan", **ask_of(await request.json()))
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Authorization": "Bearer peer"}
        async with session.post(ministry, data=etree.tostring(envelope), headers=headers) as answer:
            raw = await answer.read()
            reply = SimpleNamespace(status_code=answer.status, headers=answer.headers, content=raw, encoding="utf-8")
        found = service._binding.process_reply(client, operation, reply)
        return web.json_response(serialize_object(found, dict))

    return handler


def passed_on(session: aiohttp.ClientSession, ministry: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        headers = {"Content-Type": request.content_type, "Authorization": "Bearer peer"}
        async with session.post(ministry, data=await request.read(), headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    return handler


async def main(name: str, port: int, ministry: str, wsdl: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        handlers = {
            "lxml": lambda: by_hand(session, ministry),
            "zeep": lambda: by_zeep(session, ministry, wsdl),
            "proxy": lambda: passed_on(session, ministry),
        }
        application = web.Application()
        application.router.add_post("/", handlers[name]())
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"peer": sys.argv[1]}) + "\n")
    runtime.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
