"""OpenAPI 3.1 of everything and of one system, and Swagger UI from the assets that swagger-ui-py carries: no outside request."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from lgsp.adapters.rest import JSON
from lgsp.endpoints import edge
from lgsp.endpoints.documents import Body, Documents
from lgsp.endpoints.house import House, Route
from lgsp.endpoints.notices import notices
from lgsp.errors import UnknownOperation
from lgsp.model import Face, HttpResponse

_NONE: Mapping[str, str] = {}
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_START = (
    "window.onload = () => { window.ui = SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#swagger-ui', "
    "deepLinking: true, validatorUrl: null, presets: [SwaggerUIBundle.presets.apis] }); };\n"
)
_PAGE = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>LGSP API</title><link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css">
</head><body>{notice}
<div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
<noscript><p>OpenAPI: <a href="/api/openapi.json">/api/openapi.json</a></p></noscript></body></html>
"""
_DEMONSTRATION = """<p lang="vi"><strong>Môi trường trình diễn · dữ liệu giả định</strong>
<span lang="en">· Demonstration, invented data</span></p>"""
# Swagger UI sets styles on elements and draws its icons from data: URLs; nothing else may be loaded or called
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def routes(house: House) -> list[Route]:
    documents = Documents(house)

    async def all_systems(request: web.Request) -> web.StreamResponse:
        return await sent(request, await documents.everything(edge.address(house, request)))

    async def sent(request: web.Request, document: Body, headers: Mapping[str, str] = _NONE) -> web.StreamResponse:
        reply = HttpResponse(200, {"content-type": JSON}, document)
        return await edge.send(house, request, reply, headers)

    async def one_system(request: web.Request) -> web.StreamResponse:
        newest = house.registry.connector(request.match_info["system"])
        connector = newest.at(request.match_info["version"]) if newest is not None else None
        if connector is None:
            raise UnknownOperation()
        document = await documents.openapi(connector, edge.address(house, request))
        return await sent(request, document, notices(connector, None, Face.REST))

    async def page(_: web.Request) -> web.StreamResponse:
        text = _PAGE.replace("{notice}", _DEMONSTRATION if house.settings.demo else "")
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _CSP})

    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["asset"]
        if name == "start.js":
            return web.Response(text=_START, content_type="text/javascript")
        if name not in _ASSETS:
            raise UnknownOperation()
        headers = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff", "Content-Type": _ASSETS[name]}
        return web.FileResponse(_folder() / name, headers=headers)

    return [
        Route("GET", "/api/openapi.json", "public", all_systems),
        Route("GET", "/api/{system}/{version}/openapi.json", "public", one_system),
        Route("GET", "/docs", "public", page),
        Route("GET", "/docs/{asset}", "public", asset),
    ]


def _folder() -> Path:
    """Only the package's files are wanted, so it is found without being imported."""
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise UnknownOperation()
    return Path(spec.origin).parent / "static"
