"""`/status`: stage and health of every system, for people, scripts and wall screens; and the probes of whoever runs the bus."""

from __future__ import annotations

import msgspec
from aiohttp import web

from lgsp.adapters.rest import JSON
from lgsp.console.render import HEADERS, Frame, Link
from lgsp.endpoints.console import language, province, remember_language
from lgsp.endpoints.house import House, Route
from lgsp.errors import UnknownOperation
from lgsp.metrics import CONTENT_TYPE
from lgsp.model import Lang

_YEAR = 365 * 24 * 3600


def routes(house: House) -> list[Route]:
    drawn: dict[tuple[Lang, str], tuple[int, str]] = {}

    async def status(request: web.Request) -> web.StreamResponse:
        wanted = request.query.get("format", "")
        if wanted == "json" or (not wanted and "text/html" not in request.headers.get("accept", "")):
            shown, _ = await house.outlook.seen()
            headers = {"Cache-Control": "no-store", "Vary": "Accept"}
            return web.Response(body=msgspec.json.encode(shown), content_type=JSON, headers=headers)
        lang = language(request)
        template = "board_file.html" if wanted == "file" else "board.html"
        text = await page(lang, template)
        headers = {**HEADERS, "Content-Language": lang}
        if wanted == "file":
            headers["Content-Disposition"] = (
                f'attachment; filename="status-{house.runtime.clock.now():%Y%m%d-%H%M}.html"'
            )
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        response = web.Response(text=text, content_type="text/html", headers=headers)
        remember_language(request, response)
        return response

    async def page(lang: Lang, template: str) -> str:
        """The same for everybody, so it is drawn once for each state that the outlook has seen."""
        shown, _ = await house.outlook.seen()
        held = drawn.get((lang, template))
        if held is not None and held[0] == id(shown):
            return held[1]
        pages, now = house.pages, house.runtime.clock.now()
        w = pages.words[lang]
        values = await house.outlook.board(w, pages.formats(lang, now), lang, inside=False)
        links = (Link("/status", w["nav"]["board"], here=True), Link("/docs", w["nav"]["api"]))
        frame = Frame(province(house, lang), "/status", house.settings.demo, links)
        text: str = pages.render(template, lang, now, frame, values)
        drawn[lang, template] = (id(shown), text)
        return text

    async def events(request: web.Request) -> web.StreamResponse:
        stream: web.StreamResponse = await house.feed.stream(request)
        return stream

    async def asset(request: web.Request) -> web.StreamResponse:
        found = house.pages.assets.get(request.match_info["name"])
        if found is None:
            raise UnknownOperation()
        age = _YEAR if request.query.get("v") == found.version else 300
        headers = {"Cache-Control": f"max-age={age}", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=found.content, content_type=found.kind, charset="utf-8", headers=headers)

    async def livez(_: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.StreamResponse:
        ready = house.is_ready
        return web.json_response({"status": "ready" if ready else "starting"}, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.StreamResponse:
        counts = {state.value: count for state, count in (await house.submissions.counts()).items()}
        page = await house.metrics.render(house.runtime.offload, counts, await house.store.callbacks.open())
        if house.collected is not None:  # one of several workers: what is asked of one is told of all
            page = (await house.collected(page.decode())).encode()
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})

    return [
        Route("GET", "/", "public", status),
        Route("GET", "/status", "public", status),
        Route("GET", "/status/events", "public", events),
        Route("GET", "/assets/{name}", "public", asset),
        Route("GET", "/livez", "public", livez),
        Route("GET", "/readyz", "public", readyz),
        Route("GET", "/metrics", "public", metrics),
    ]
