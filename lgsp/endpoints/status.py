"""`/status`: stage and health of every system, for people, scripts and wall screens; and the probes of whoever runs the bus."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import msgspec
from aiohttp import web

from lgsp.adapters.rest import JSON
from lgsp.console.board import CSP, Pages, static
from lgsp.endpoints import edge
from lgsp.endpoints.house import House, Route
from lgsp.errors import UnknownOperation
from lgsp.health.cause import label
from lgsp.metrics import CONTENT_TYPE
from lgsp.model import Health, Lang, Stage
from lgsp.registry import Connector

_COUNTED = ("official", "trial", "suspended")
_HTML_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
}


def routes(house: House) -> list[Route]:
    pages = Pages()

    async def status(request: web.Request) -> web.StreamResponse:
        document = board(house)
        if "text/html" not in request.headers.get("accept", "") or request.query.get("format") == "json":
            body = msgspec.json.encode(document)
            headers = {"Cache-Control": "no-store", "Vary": "Accept"}
            return web.Response(body=body, content_type=JSON, headers=headers)
        asked = request.query.get("lang")
        lang = cast("Lang", asked) if asked in ("vi", "en") else edge.language(edge.lower(request))
        page = pages.board(document, lang, demo=house.settings.demo)
        return web.Response(text=page, content_type="text/html", headers={**_HTML_HEADERS, "Content-Language": lang})

    async def events(request: web.Request) -> web.StreamResponse:
        stream: web.StreamResponse = await house.feed.stream(request)
        return stream

    async def asset(request: web.Request) -> web.StreamResponse:
        found = static(request.match_info["name"])
        if found is None:
            raise UnknownOperation()
        headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=found[0], content_type=found[1], charset="utf-8", headers=headers)

    async def livez(_: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.StreamResponse:
        ready = house.is_ready
        return web.json_response({"status": "ready" if ready else "starting"}, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.StreamResponse:
        counts = {state.value: count for state, count in (await house.submissions.counts()).items()}
        return web.Response(body=house.metrics.render(counts), headers={"Content-Type": CONTENT_TYPE})

    return [
        Route("GET", "/", "public", status),
        Route("GET", "/status", "public", status),
        Route("GET", "/status/events", "public", events),
        Route("GET", "/assets/{name}", "public", asset),
        Route("GET", "/livez", "public", livez),
        Route("GET", "/readyz", "public", readyz),
        Route("GET", "/metrics", "public", metrics),
    ]


def board(house: House) -> dict[str, Any]:
    """The JSON of INTERFACE, "GET /status". Counts are of stages; health never moves them."""
    systems = [_system(house, each) for each in house.registry.connectors.values()]
    stages = Counter(each["stage"] for each in systems)
    health = Counter(each["health"] for each in systems if each["stage"] in _COUNTED)
    total = sum(stages[name] for name in _COUNTED)
    official, trial = stages["official"], stages["trial"]
    province = house.settings.province
    return {
        "province": {"code": province.code, "name": {"vi": province.name_vi, "en": province.name_en}},
        "at": house.runtime.clock.now().isoformat(timespec="seconds"),
        "headline": {
            "vi": f"Đã kết nối chính thức {official}/{total} hệ thống, {trial}/{total} đang kết nối thử nghiệm.",
            "en": f"{official} of {total} systems officially connected, {trial} of {total} in trial.",
        },
        "counts": {"total": total, **{name: stages[name] for name in _COUNTED}},
        "health": {each.value: health[each.value] for each in (Health.UP, Health.DEGRADED, Health.DOWN,
                                                               Health.UNKNOWN, Health.MAINTENANCE)},
        "upstreams": [_upstream(each) for each in house.health.upstreams()],
        "systems": systems,
    }  # fmt: skip


def _system(house: House, connector: Connector) -> dict[str, Any]:
    entry = house.ledger.stage(connector.name)
    seen = house.health.system(connector.name)
    backends = connector.backends.values()
    return {
        "id": connector.name,
        "title": connector.title.as_dict(),
        "owner": connector.owner.as_dict(),
        "stage": (entry.stage if entry else Stage.PLANNED).value,
        "since": entry.since.isoformat() if entry else None,
        "decision": entry.decision if entry else None,
        "evidence": entry.evidence.value if entry else "declared",
        "health": seen.health.value,
        "health_since": _iso(seen.since),
        "cause": seen.cause.as_dict() if seen.cause else None,
        "because": getattr(seen, "because", None),
        "checked_at": _iso(seen.checked_at),
        "protocol": ", ".join(sorted({each.adapter.upper() for each in backends})),
        "upstream": ", ".join(sorted({each.upstream for each in backends})),
        "upstream_title": ", ".join(sorted({label(each.upstream) for each in backends})),
        "operations": len(connector.operations),
        "breaker": seen.breaker,
        "latency_ms": {"p50": _ms(seen.p50), "p95": _ms(seen.p95)},
        "success_rate": seen.success_rate,
        "calls": seen.calls,
    }


def _upstream(seen: Any) -> dict[str, Any]:
    return {
        "id": seen.name,
        "title": {"vi": label(seen.name), "en": label(seen.name)},
        "health": seen.health.value,
        "health_since": _iso(seen.since),
        "cause": seen.cause.as_dict() if seen.cause else None,
        "checked_at": _iso(seen.checked_at),
    }


def _iso(moment: Any) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
