"""`/console/`: the door of the pages for operators. Sessions, roles, forgery, language, errors: once for all pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, cast
from urllib.parse import quote, urlsplit

import msgspec
from aiohttp import web

from lgsp.console.badges import Badges
from lgsp.console.pages import account, counts, navigation, pages
from lgsp.console.render import HEADERS, Frame, Link, Pages
from lgsp.console.sessions import LONGEST, Doorkeeper, SignInRefused, guard_of, same, sealed
from lgsp.console.visit import EVERYBODY, PUBLIC, File, Form, Go, Missing, Page, Said, Shown, View, Visit
from lgsp.decisions import Refused
from lgsp.endpoints import edge
from lgsp.endpoints.forms import read_form
from lgsp.endpoints.house import House, Route
from lgsp.errors import EvidenceUnavailable, LgspError, TooLarge, UnknownOperation
from lgsp.events import BusFaultFound
from lgsp.model import Lang
from lgsp.store import SessionRecord, StoreFailed

SESSION, LANGUAGE, SAID, SIGNING = "lgsp_session", "lgsp_language", "lgsp_said", "lgsp_signing"
HOME = "/console/"
SIGN_IN = "/console/sign-in"
_YEAR = 365 * 24 * 3600
_SAID_SECONDS = 60
_SAID_AT_THE_DOOR: Mapping[str, Literal["good", "note"]] = {"out": "good", "changed": "good", "ended": "note"}


def language(request: web.Request) -> Lang:
    """`?lang=`, else what was chosen before, else what the browser prefers."""
    asked = request.query.get("lang") or request.cookies.get(LANGUAGE)
    return cast("Lang", asked) if asked in ("vi", "en") else edge.language(edge.lower(request))


def routes(house: House) -> list[Route]:
    console = Console(house)
    found = [
        Route("GET", SIGN_IN, "public", console.sign_in_page),
        Route("POST", SIGN_IN, "public", console.sign_in),
        Route("POST", "/console/sign-out", "operator", console.around(_sign_out(console)), EVERYBODY),
        Route("POST", "/console/account", "operator", console.around(_change_password(console)), EVERYBODY),
        Route("GET", "/console", "public", console.slash),
    ]
    for page in pages():
        access = "public" if page.roles == PUBLIC else "operator"
        found.append(Route(page.method, f"{HOME}{page.path}", access, console.around(page), page.roles))  # type: ignore[arg-type]
    found.append(Route("GET", "/console/{rest:.*}", "public", console.missing))
    return found


class Console:
    """The door of one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.pages: Pages = house.pages
        self.doorkeeper = Doorkeeper(house.office, house.events)
        self.badges = Badges(house, counts())

    # -- every page ---------------------------------------------------------------------------------------------------

    def around(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Nobody comes to `page.answer` without session, role and, for a change, this session's own form."""

        async def answer(request: web.Request) -> web.StreamResponse:
            visit = self._visit(request, None, page)
            try:
                session = await self._session(request)
                visit = self._visit(request, session, page)
                if session is None and page.roles != PUBLIC:
                    return self._to_sign_in(request)
                if page.roles != PUBLIC and not visit.may(*page.roles):
                    return self._page(request, visit, View("error.html", {"what": "forbidden", "detail": ""}, 403))
                if page.method == "POST":
                    form = await read_form(self.house, request, page.body)
                    if not _own(request, form):
                        return self._page(request, visit, View("error.html", {"what": "forged", "detail": ""}, 403))
                    visit = replace(visit, form=form)
                shown = await page.answer(visit)
                await self._counted(page, session)
            except Exception as error:  # noqa: BLE001  whatever a page raises becomes a page
                return self._page(request, visit, self._wrong(error, visit))
            return self._page(request, visit, shown)

        return answer

    async def _counted(self, page: Page, session: SessionRecord | None) -> None:
        if page.method == "POST":
            self.badges.forget()
        elif session is not None:
            await self.badges.refresh()

    async def missing(self, request: web.Request) -> web.StreamResponse:
        """A page that says so, for people who mistype."""
        session = await self._session(request)
        if session is None:
            return self._to_sign_in(request)
        visit = self._visit(request, session, None)
        return self._page(request, visit, View("error.html", {"what": "missing", "detail": ""}, 404))

    async def slash(self, request: web.Request) -> web.StreamResponse:
        del request
        raise web.HTTPSeeOther(HOME)

    # -- sign-in ------------------------------------------------------------------------------------------------------

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        visit, key = self._visit(request, None, None), request.query.get("said", "")
        kind = _SAID_AT_THE_DOOR.get(key)
        said = Said(kind, visit.w["account"][key]) if kind else None
        return self._sign_in_form(request, visit, {}, said=said)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        visit = self._visit(request, None, None)
        try:
            form = await read_form(self.house, request, 8192)
            signing = request.cookies.get(SIGNING, "")
            if not _from_here(request) or not signing or not same(form.one("guard"), guard_of(signing)):
                return self._sign_in_form(request, visit, {"": visit.w["error"]["forged"]["text"]}, 403)
            visit = replace(visit, form=form)
            missing = form.missing(visit.w, "user", "password")
            if missing:
                return self._sign_in_form(request, visit, missing, 422)
            token = await self.doorkeeper.sign_in(
                form.one("user"), form.raw("password"), edge.peer(self.house, request)
            )
        except SignInRefused as refused:
            words = visit.w["account"]
            if refused.wait is None:
                return self._sign_in_form(request, visit, {"": words["wrong"]}, 401)
            text = words["locked"].format(span=visit.f.span(refused.wait + timedelta(seconds=59)))
            response = self._sign_in_form(request, visit, {"": text}, 429)
            response.headers["Retry-After"] = str(int(refused.wait.total_seconds()) + 1)
            return response
        except Exception as error:  # noqa: BLE001  whatever is raised becomes a page
            return self._page(request, visit, self._wrong(error, visit))
        response = self._go(_inside(form.one("next")))
        self._keep(request, response, token)
        response.del_cookie(SIGNING, path="/console")
        return response

    def _sign_in_form(
        self, request: web.Request, visit: Visit, errors: dict[str, str], status: int = 200, said: Said | None = None
    ) -> web.StreamResponse:
        token = request.cookies.get(SIGNING) or self.house.runtime.ids.token()
        values = {
            "errors": errors,
            "user": visit.form.one("user"),
            "next": _inside(visit.form.one("next") or request.query.get("next", "")),
        }
        response = self._page(request, visit, View("sign_in.html", values, status), guard=guard_of(token), said=said)
        self._cookie(request, response, SIGNING, token, 3600)
        return response

    def _to_sign_in(self, request: web.Request) -> web.StreamResponse:
        ended = "&said=ended" if SESSION in request.cookies else ""
        wanted = request.path_qs if request.method == "GET" else HOME
        return self._go(f"{SIGN_IN}?next={quote(wanted, safe='/')}{ended}")

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _session(self, request: web.Request) -> SessionRecord | None:
        token = request.cookies.get(SESSION, "")
        return await self.doorkeeper.who(token) if token else None

    def _visit(self, request: web.Request, session: SessionRecord | None, page: Page | None) -> Visit:
        lang, now = language(request), self.house.runtime.clock.now()
        return Visit(
            house=self.house,
            lang=lang,
            w=self.pages.words[lang],
            f=self.pages.formats(lang, now),
            now=now,
            address=request.path,
            path=dict(request.match_info),
            query=dict(request.query),
            session=session,
            peer=edge.peer(self.house, request),
            name=page.name if page else "",
        )

    def _page(
        self,
        request: web.Request,
        visit: Visit,
        shown: Shown,
        *,
        guard: str | None = None,
        said: Said | None = None,
    ) -> web.StreamResponse:
        token = request.cookies.get(SESSION, "") if visit.session else ""
        if isinstance(shown, Go):
            response = self._go(shown.address)
            if shown.said is not None and token:
                self._cookie(request, response, SAID, _written(token, shown.said), _SAID_SECONDS)
            return response
        if isinstance(shown, File):
            return _file(shown)
        said = said or _read(token, request.cookies.get(SAID, ""))
        frame = Frame(
            province=province(self.house, visit.lang),
            address=visit.address,
            demo=self.house.settings.demo,
            links=links(visit, self.badges.figures),
            user=visit.user,
            role=visit.session.role if visit.session else "",
            guard=guard if guard is not None else guard_of(token) if token else "",
            said=said,
        )
        text = self.pages.render(shown.template, visit.lang, visit.now, frame, shown.values)
        headers = {**HEADERS, "Content-Language": visit.lang}
        response = web.Response(text=text, status=shown.status, content_type="text/html", headers=headers)
        if SAID in request.cookies:
            response.del_cookie(SAID, path="/console")
        remember_language(request, response)
        return response

    def _wrong(self, error: Exception, visit: Visit) -> View:
        """The page of an error; what is not ours to say stands in the log and nowhere else."""
        match error:
            case Refused():
                return View("error.html", {"what": "refused", "detail": error.said[visit.lang]}, 409)
            case TooLarge():
                return View("error.html", {"what": "large", "detail": ""}, 413)
            case StoreFailed() | EvidenceUnavailable():
                return View("error.html", {"what": "store", "detail": ""}, 503)
            case UnknownOperation() | Missing():
                return View("error.html", {"what": "missing", "detail": ""}, 404)
            case LgspError():
                detail = error.detail or error.title
                return View("error.html", {"what": "refused", "detail": detail[visit.lang]}, error.status)
        self.house.events.publish(BusFaultFound(type(error).__name__, edge.place(error), "console"))
        return View("error.html", {"what": "broken", "detail": ""}, 500)

    def _go(self, address: str) -> web.Response:
        return web.Response(status=303, headers={**HEADERS, "Location": address})

    def _keep(self, request: web.Request, response: web.StreamResponse, token: str) -> None:
        self._cookie(request, response, SESSION, token, int(LONGEST.total_seconds()))

    def _cookie(self, request: web.Request, response: web.StreamResponse, name: str, value: str, age: int) -> None:
        secure = request.secure or (self.house.settings.public_url or "").startswith("https:")
        response.set_cookie(name, value, max_age=age, path="/console", httponly=True, samesite="Strict", secure=secure)


def province(house: Any, lang: Lang) -> str:
    of = house.settings.province
    return str(of.name_en if lang == "en" else of.name_vi)


def links(visit: Visit, figures: Mapping[str, int]) -> tuple[Link, ...]:
    """What this person may open, in order."""
    words = visit.w["nav"]
    return tuple(
        Link(f"{HOME}{page.path}", words[page.name], page.name == visit.name, figures.get(page.name) or None)
        for page in navigation()
        if page.roles == PUBLIC or visit.may(*page.roles)
    )


def remember_language(request: web.Request, response: web.StreamResponse) -> None:
    """Asked for in the address once, then kept; it says nothing about a person."""
    if request.query.get("lang") in ("vi", "en"):
        response.set_cookie(LANGUAGE, request.query["lang"], max_age=_YEAR, path="/", samesite="Lax", httponly=True)


def _sign_out(console: Console) -> Page:
    async def answer(visit: Visit) -> Shown:
        assert visit.session is not None
        await console.doorkeeper.sign_out(visit.session)
        return Go(f"{SIGN_IN}?said=out")

    return Page("account", "sign-out", EVERYBODY, answer, "POST")


def _change_password(console: Console) -> Page:
    async def answer(visit: Visit) -> Shown:
        assert visit.session is not None
        errors = account.mistakes(visit.form, visit.w)
        if not errors:
            try:
                password, fresh = visit.form.raw("password"), visit.form.raw("fresh")
                await console.doorkeeper.change_password(visit.session, password, fresh, visit.peer)
            except SignInRefused:
                errors = {"password": visit.w["account"]["wrong"]}
        if errors:
            return View("account.html", {**account.account(visit), "errors": errors}, 422)
        return Go(f"{SIGN_IN}?said=changed")

    return Page("account", "account", EVERYBODY, answer, "POST")


def _own(request: web.Request, form: Form) -> bool:
    """A form of this very session, sent from a page of ours."""
    return _from_here(request) and same(form.one("guard"), guard_of(request.cookies.get(SESSION, "")))


def _from_here(request: web.Request) -> bool:
    """What browsers say about where a request comes from; an old one says nothing and has the token alone."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin", "")
    return not origin or origin == "null" or urlsplit(origin).netloc == request.headers.get("host", "")


def _inside(address: str) -> str:
    """Only addresses of the console itself: a sign-in leads nowhere else."""
    parts = urlsplit(address)
    ours = address.startswith(HOME) and not parts.scheme and not parts.netloc and "\\" not in address
    return address if ours and not address.startswith(SIGN_IN) and address.isprintable() else HOME


def _written(token: str, said: Said) -> str:
    text = base64.urlsafe_b64encode(msgspec.json.encode([said.kind, said.text[:1000]])).decode()
    return f"{text}.{sealed(token, text)}"


def _read(token: str, cookie: str) -> Said | None:
    text, _, seal = cookie.partition(".")
    if not token or not cookie or not same(seal, sealed(token, text)):
        return None
    try:
        kind, sentence = msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[str, str])
    except (msgspec.DecodeError, binascii.Error):
        return None
    return Said(cast("Any", kind), sentence)


def _file(shown: File) -> web.Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(shown.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return web.Response(body=shown.content, content_type=shown.kind, headers=headers)
