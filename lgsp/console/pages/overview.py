"""The board for people who are signed in: the public one with links to causes and with who is concerned."""

from __future__ import annotations

from lgsp.console.visit import EVERYBODY, Page, Shown, View, Visit


async def show(visit: Visit) -> Shown:
    return View("board.html", await visit.house.outlook.board(visit.w, visit.f, visit.lang, inside=True))


PAGES = (Page("board", "", EVERYBODY, show, nav=10),)
