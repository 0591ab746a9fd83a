"""Between aiohttp and an exchange: what a request becomes, how its body is read, how an answer leaves."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Literal

from aiohttp import web
from aiohttp.client_exceptions import ClientPayloadError

from lgsp.adapters.envelope import CONTENT_TYPES
from lgsp.adapters.rest import media_type
from lgsp.certificates import from_header
from lgsp.endpoints.house import House
from lgsp.endpoints.notices import notices
from lgsp.endpoints.whole import FRAMED, Whole, shell
from lgsp.errors import BusFault, InvalidMessage, LgspError, TooLarge, UnknownOperation
from lgsp.events import BusFaultFound
from lgsp.exchange import Exchange
from lgsp.model import Face, FieldError, HttpRequest, HttpResponse, Lang, Spooled, Text
from lgsp.spool import Drawer, chunks_of

STREAM_FROM = 64 * 1024
"""Bodies above this go through the spool where the operation is streamed."""

_WAITS_FROM = 64 * 1024
"""Answers below this go to the kernel at once, whoever reads them."""
_PIECE = 64 * 1024
_SLOWEST = 64 * 1024
"""Bytes a second of a reader who is still waited for."""
_CORRELATION = re.compile(r"(?![0-9]*\Z)[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""Digits alone are refused: they could be a person's number, and this id is logged."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_PURPOSE = re.compile(r"[\w./:-]{1,64}")


class MethodNotAllowed(UnknownOperation):
    """The path exists, the method does not; on the wire an `unknown-operation`."""

    status = 405


def new_exchange(house: House, request: web.Request, face: Face) -> Exchange:
    """The slots that a face fills; the body is not read yet."""
    runtime, clock = house.runtime, house.runtime.clock
    headers, started, name = lower(request), house.runtime.clock.monotonic(), runtime.ids.new()
    correlation = headers.get("x-correlation-id")
    return Exchange(
        id=name,
        face=face,
        request=HttpRequest(request.method, request.raw_path, headers),
        received=clock.now(),
        started=started,
        correlation_id=correlation if correlation is not None and _CORRELATION.fullmatch(correlation) else name,
        traceparent=_trace(house, headers.get("traceparent")),
        lang=language(headers),
        peer=_peer(house, request, headers),
        certificate=_certificate(house, request) if house.settings.tls.asks else None,
        purpose=_code(headers.get("x-lgsp-purpose")),
        case=headers.get("x-lgsp-case"),
        officer=headers.get("x-lgsp-officer"),
        idempotency_key=headers.get("idempotency-key"),
        respond_async="respond-async" in headers.get("prefer", ""),
    )


def names(request: web.Request) -> tuple[str, ...]:
    """The parts of the address that a door's template has in braces, in their order."""
    found = request._match_info  # noqa: SLF001  the public name insists that there is one
    if found is not None:
        return tuple(found.values())
    return tuple(request.raw_path.split("/")[2:])  # it came the short way: plain, and nothing to decode


def lower(request: web.Request) -> dict[str, str]:
    """Header names in lower case; a repeated header is joined by a comma. What is no UTF-8 is read as ISO-8859-1."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if len(headers) != len(request.headers):
        headers.clear()
        for name, value in request.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    if not "".join(headers.values()).isascii():
        return {name: _readable(value) for name, value in headers.items()}
    return headers


def _readable(value: str) -> str:
    """aiohttp keeps bytes that are no UTF-8 as lone surrogates, which no digest, evidence or answer can hold."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def language(headers: Mapping[str, str]) -> Lang:
    """Vietnamese unless English is asked for first."""
    if "accept-language" not in headers:
        return "vi"
    return "en" if headers.get("accept-language", "").strip().lower().startswith("en") else "vi"


def timeout_asked(exchange: Exchange) -> float | None:
    """`X-LGSP-Timeout` in seconds. Raises `InvalidMessage`."""
    asked = exchange.header("x-lgsp-timeout")
    if asked is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", asked) or float(asked) <= 0:
        raise InvalidMessage(errors=(FieldError("", "header X-LGSP-Timeout: seconds"),))
    return float(asked)


def address(house: House, request: web.Request) -> str:
    """How this caller reaches the bus: as configured, else as he asked."""
    if house.settings.public_url:
        return house.settings.public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = f"{house.settings.host}:{house.settings.port}"
    return f"{request.scheme}://{host}"


async def read_body(
    house: House,
    request: web.Request,
    limit: int,
    drawer: Drawer | None = None,
    syntax: Literal["json", "xml", "raw"] = "json",
    *,
    streamed: bool = False,
    known: bool = True,
) -> bytes | Spooled:
    """The body within `limit` bytes and the time that a body may take; a large one counts in the drawer, and where it is
    `streamed`, its large strings go there. `known`: it is clear by now who calls.

    Raises `TooLarge`, `InvalidMessage` and `Overloaded`.
    """
    announced = request.content_length
    if announced is not None and announced > limit:
        raise TooLarge()
    large = announced is None or announced > STREAM_FROM
    try:
        if request.content.is_eof() and not (streamed and large):  # it came with its head: no wait, no timer
            body = request.content.read_nowait()
            if len(body) > limit:
                raise TooLarge()
            return body
        async with asyncio.timeout(house.settings.limits.body_seconds):
            if drawer is None:
                with contextlib.closing(house.spool.drawer()) as short:  # a form: read here, judged at once
                    return await short.gather(_chunks(request), limit)
            drawer.share.stranger = not known
            if streamed and large:
                return await drawer.lift(_chunks(request), syntax, limit)
            return await drawer.gather(_chunks(request), limit)
    except TimeoutError as error:
        raise InvalidMessage(Text("Nội dung gửi quá chậm", "The body came too slowly")) from error
    except (ClientPayloadError, ConnectionError, web.RequestPayloadError) as error:
        raise InvalidMessage(errors=(FieldError("", "body: cut off"),)) from error


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_any():
        yield chunk


def headers_out(exchange: Exchange) -> dict[str, str]:
    """The headers that every answer of an exchange carries."""
    headers = {"X-Correlation-ID": exchange.correlation_id, **exchange.headers_out}
    if exchange.connector is not None and exchange.connector.notice is not None:
        headers |= notices(exchange.connector, exchange.operation_name, exchange.face)
    if exchange.consumer is not None and exchange.consumer.sandbox:
        headers["X-LGSP-Environment"] = "sandbox"
    if exchange.traceparent:
        headers["traceparent"] = exchange.traceparent
    if exchange.timings:
        headers["Server-Timing"] = ", ".join([f"{n};dur={s * 1000:.2f}" for n, s in exchange.timings.items()])
    error = exchange.error
    if error is not None:
        headers["X-LGSP-Fault-Domain"] = error.fault_domain
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="lgsp"'
        if error.retry_after is not None:
            headers["Retry-After"] = str(max(1, -int(-error.retry_after // 1)))
        if error.submission is not None:
            headers["Location"] = f"/submissions/{error.submission}"
        _let_go(error)
    return headers


async def send(
    house: House, request: web.Request, reply: HttpResponse, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Writes an answer; a spooled one in pieces, never whole in memory."""
    fields = {**reply.headers, **headers}
    if isinstance(reply.body, bytes):
        if len(reply.body) <= _WAITS_FROM and FRAMED.isdisjoint(reply.headers):
            lines = shell(tls=house.settings.tls.certificate is not None, demo=house.settings.demo)
            return Whole(reply.status, fields, reply.body, lines)
        return web.Response(status=reply.status, headers=fields, body=reply.body)
    response = web.StreamResponse(status=reply.status, headers=fields)
    response.content_length = reply.body.size
    async with _taken(house, request, reply.body.size):
        await response.prepare(request)
        async for chunk in chunks_of(reply.body, house.runtime):
            await response.write(chunk)
        await response.write_eof()
    return response


async def delivered(house: House, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """A large answer is written here and not by the server, which would wait for its reader for ever."""
    if (
        isinstance(response, web.Response)
        and not response.prepared
        and (size := response.content_length or 0) > _WAITS_FROM
    ):
        with house.spool.unread.taking(size, partial(_let_go_of, request)):
            async with _taken(house, request, size):
                await response.prepare(request)
                if request.method != "HEAD" and isinstance(whole := response.body, bytes):
                    for place in range(0, size, _PIECE):  # handed over at once, it would stand in memory a second time
                        await response.write(whole[place : place + _PIECE])
                    await web.StreamResponse.write_eof(response)
                else:
                    await response.write_eof()
    return response


@contextlib.asynccontextmanager
async def _taken(house: House, request: web.Request, size: int) -> AsyncIterator[None]:
    """Who reads his answer too slowly is let go: it holds memory and a connection."""
    try:
        async with asyncio.timeout(house.settings.limits.body_seconds + size / _SLOWEST):
            yield
    except TimeoutError:
        _let_go_of(request)
        raise ConnectionError from None


def _let_go_of(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def as_ours(house: House, exchange: Exchange, error: Exception) -> LgspError:
    """Any error as one of the table. What is not of the tree is ours: its place goes to the log, its text nowhere."""
    if isinstance(error, LgspError):
        found = error
    else:
        found = BusFault()
        house.events.publish(BusFaultFound(type(error).__name__, place(error), exchange.correlation_id))
    if found.system is None:
        found.system = exchange.connector.name if exchange.connector else None
    if found.operation is None:
        found.operation = exchange.operation.name if exchange.operation else None
    exchange.error = found
    return found


def wants_soap(headers: Mapping[str, str]) -> Literal["1.1", "1.2"]:
    """Which SOAP version a fault should have, also for a message of neither."""
    return CONTENT_TYPES.get(media_type(headers), "1.1")


def place(error: BaseException) -> str:
    """Module and line where it was raised."""
    trace, place = error.__traceback__, "?"
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "?")
        place, trace = f"{name}:{trace.tb_lineno}", trace.tb_next
    return place


def _let_go(error: BaseException) -> None:
    """The exchange holds its error, and the error's frames the exchange with all that was read of it: a circle that the
    collector would leave standing for thousands of calls."""
    error.__traceback__ = error.__context__ = error.__cause__ = None


def _trace(house: House, given: str | None) -> str:
    found = _TRACEPARENT.fullmatch(given) if given is not None else None
    bits = house.runtime.random.getrandbits
    if found is not None:
        return f"00-{found[1]}-{bits(64):016x}-01"
    fresh = f"{bits(192):048x}"
    return f"00-{fresh[:32]}-{fresh[32:]}-01"


def peer(house: House, request: web.Request) -> str:
    """The caller's address, behind a trusted proxy too."""
    return _peer(house, request, lower(request))


def _peer(house: House, request: web.Request, headers: Mapping[str, str]) -> str:
    remote = request.remote or ""
    if remote in house.settings.trusted_proxies and (forwarded := headers.get("x-forwarded-for")):
        return forwarded.rpartition(",")[2].strip()
    return remote


def _certificate(house: House, request: web.Request) -> bytes | None:
    """The caller's: of this very connection, or as a registered proxy passes it; anybody else's header means nothing."""
    tls = house.settings.tls
    if tls.proxy_header and (request.remote or "") in house.settings.trusted_proxies:
        given = request.headers.getall(tls.proxy_header, ())
        return from_header(given[0]) if len(given) == 1 else None  # of two, one may be the caller's own
    connection = request.get_extra_info("ssl_object")
    return connection.getpeercert(binary_form=True) if connection is not None and tls.client_ca is not None else None


def _code(given: str | None) -> str | None:
    return given if given is not None and _PURPOSE.fullmatch(given) else None
