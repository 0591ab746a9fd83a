"""The connection report in each of its forms: words and formats of the pages, handed to `lgsp/report`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from lgsp.console.render import Frame, Pages
from lgsp.console.visit import File
from lgsp.console.wording import Words
from lgsp.model import Lang, Text
from lgsp.report.facts import Facts
from lgsp.report.model import Paper, paper
from lgsp.report.sheet import sheet
from lgsp.settings import Province, ReportSettings, Settings

Form = Literal["docx", "csv", "html"]
FORMS: tuple[Form, ...] = ("docx", "csv", "html")
KINDS: Mapping[Form, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
    "html": "text/html",
}


def made(
    facts: Facts, titles: Mapping[str, Text], settings: Settings, pages: Pages, lang: Lang, number: str = ""
) -> Paper:  # fmt: skip
    words = pages.words[lang]
    around = letterhead(settings.report, settings.province, words, lang)
    return paper(facts, titles, around, words, pages.formats(lang, facts.made), lang, number)


def letterhead(report: ReportSettings, province: Province, words: Words, lang: Lang) -> ReportSettings:
    """What is not set follows from the province."""
    name = province.name_en if lang == "en" else province.name_vi
    own = bool(report.body)
    return replace(
        report,
        superior=report.superior
        or (words["report"]["committee"].format(province=name.upper()) if name and not own else ""),
        body=report.body or _of(words["report"]["department"], province.era),
        symbol=report.symbol or ("" if own else _of(words["report"]["symbol"], province.era)),
        place=report.place or name,
    )


def _of(table: Words, era: str) -> str:
    return str(table[era]) if era in table else ""


def written(document: Paper, facts: Facts, pages: Pages, lang: Lang, form: Form) -> File:
    """Takes some tens of milliseconds of CPU: off the loop."""
    name = f"{document.name}.{form}"
    if form == "csv":
        return File(name, sheet(document), KINDS[form])
    if form == "html":
        frame = Frame(document.body[1], "", demo=facts.demonstration)
        values = {"paper": document, "alone": True}
        return File(name, pages.render("report_paper.html", lang, facts.made, frame, values).encode(), KINDS[form])
    from lgsp.report.docx import docx  # a tenth of a second to import, and seldom wanted

    return File(name, docx(document, facts.made, pages.words[lang]["report"]), KINDS[form])


def report_files(facts: Facts, titles: Mapping[str, Text], settings: Settings, pages: Pages) -> dict[str, bytes]:
    """What is filed: every form, in Vietnamese. By file name."""
    document = made(facts, titles, settings, pages, "vi")
    return {each.name: each.content for form in FORMS for each in (written(document, facts, pages, "vi", form),)}
