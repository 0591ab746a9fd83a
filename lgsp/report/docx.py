"""The report as DOCX in the layout of Decree 30/2020/NĐ-CP, appendix I: paper, margins, type, and each field in its place."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt, RGBColor

from lgsp.report.model import MOST, Paper, Table
from lgsp.runtime import tidy

FONT = "Times New Roman"
_LEFT, _RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT
_CENTER, _JUSTIFY = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY
_MARGINS = MappingProxyType({"top": 20, "bottom": 20, "left": 30, "right": 15})
"""Millimetres; the decree allows 20-25, 20-25, 30-35 and 15-20."""
_WIDTHS: Mapping[str, Sequence[float]] = MappingProxyType(
    {
        "systems": (0.9, 3.7, 1.8, 2.0, 2.3, 1.5, 1.4, 1.6, 1.3),
        "agencies": (1.0, 2.6, 8.1, 2.4, 2.4),
        "inbound": (1.0, 9.5, 3.0, 3.0),
        "incidents": (0.9, 2.7, 1.8, 1.9, 1.9, 1.8, 5.5),
        "work": (0.9, 4.2, 1.7, 1.7, 1.6, 1.4, 1.8, 1.6, 1.6),
        "observed": (0.9, 8.1, 2.5, 2.5, 2.5),
        "marks": (7.5, 4.5, 4.5),
        "answers": (3.5, 9.5, 3.5),
    }
)
"""Centimetres, 16.5 in all."""


def docx(paper: Paper, made: datetime, words: Any) -> bytes:
    """`words` are those of the report; `made` is when. Takes a tenth of a second."""
    raw = _built(paper, made, words)
    tidy()  # a document of some megabytes refers to itself, and a hundred of them would wait for the collector
    return raw


def _built(paper: Paper, made: datetime, words: Any) -> bytes:
    document = Document()
    _set_up(document, paper, made)
    _letterhead(document, paper)
    _line(document, paper.kind, size=14, bold=True, align=_CENTER, before=12, after=0)
    title = _line(document, paper.title, size=14, bold=True, align=_CENTER, after=0)
    title.paragraph_format.keep_with_next = True
    _rule(_line(document, "", size=4, align=_CENTER, after=6), 65)
    if paper.demonstration:
        _line(document, paper.demonstration, size=13, bold=True, align=_CENTER, after=6)
    if paper.to:
        _line(document, f"{words['to']} {'; '.join(paper.to)}.", size=14, align=_CENTER, after=6)
    for text in paper.opening:
        _body(document, text)
    _body(document, f"{paper.sentence}.", bold=True)
    for table in paper.tables:
        _line(document, table.title, size=14, bold=True, before=8, after=4).paragraph_format.keep_with_next = True
        _table(document, table, words)
    _body(document, paper.closing)
    _end(document, paper, words)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


# -- the fields ---------------------------------------------------------------------------------------------------------


def _set_up(document: Any, paper: Paper, made: datetime) -> None:
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
    for side, width in _MARGINS.items():
        setattr(section, f"{side}_margin", Mm(width))
    section.header_distance, section.different_first_page_header_footer = Mm(10), True  # the first page has no number
    style = document.styles["Normal"]
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(14), RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), FONT)
    number = section.header.paragraphs[0]
    number.alignment = _CENTER
    _field(number, "PAGE")
    for footer in (section.footer, section.first_page_footer) if paper.demonstration else ():
        each = footer.paragraphs[0]
        each.alignment = _CENTER
        _run(each, paper.demonstration, 11, bold=True)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = f"{paper.kind} {paper.title}", paper.body[1], ""
    properties.subject, properties.created = paper.demonstration, made.replace(tzinfo=None)
    properties.modified, properties.last_modified_by = properties.created, ""


def _letterhead(document: Any, paper: Paper) -> None:
    """Fields 2 and 3 at the left, 1 and 4 at the right."""
    grid = _grid(document, 2, (6.9, 9.6))
    left, right = grid.rows[0].cells
    lines = [(paper.body[0], False)] if paper.body[0] else []
    _cell(left, [*((text, 12, bold, False) for text, bold in [*lines, (paper.body[1], True)])], rule=40)
    _cell(right, [(paper.motto[0], 12, True, False), (paper.motto[1], 13, True, False)], rule=62)
    left, right = grid.rows[1].cells
    _cell(left, [(paper.number, 13, False, False)])
    _cell(right, [(paper.dateline, 13, False, True)])


def _end(document: Any, paper: Paper, words: Any) -> None:
    """Field 9b at the left, 7 at the right with room for the seal."""
    left, right = _grid(document, 1, (7.5, 9.0)).rows[0].cells
    first = left.paragraphs[0]
    _run(first, words["recipients"], 12, bold=True, italic=True)
    *others, last = paper.recipients
    for text in (*(f"- {each};" for each in others), f"- {last}."):
        _run(_tight(left.add_paragraph()), text, 11)
    _tight(first)
    office, signer = paper.signature
    _cell(right, [(office, 14, True, False), *[("", 14, False, False)] * 4, (signer, 14, True, False)])


# -- parts --------------------------------------------------------------------------------------------------------------


def _table(document: Any, table: Table, words: Any) -> None:
    if not table.rows:
        _body(document, table.empty)
        return
    grid = _grid(document, 1, _WIDTHS[table.name])
    grid.style = "Table Grid"
    for place, text in enumerate(table.head):
        _put(grid.rows[0].cells[place], text, _CENTER, bold=True)
    head = grid.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001  the library has no word for a heading that repeats
    head.append(OxmlElement("w:tblHeader"))
    for row in table.rows[:MOST]:
        cells = grid.add_row().cells
        for place, text in enumerate(row):
            cells[place].width = Cm(_WIDTHS[table.name][place])
            _put(cells[place], text, _RIGHT if place in table.numbers else _LEFT)
    if len(table.rows) > MOST:
        _body(document, words["incidents"]["more"].format(n=len(table.rows) - MOST))


def _grid(document: Any, rows: int, widths: Sequence[float]) -> Any:
    grid = document.add_table(rows, len(widths))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for place, width in enumerate(widths):
        grid.columns[place].width = Cm(width)
        for row in grid.rows:
            row.cells[place].width = Cm(width)
    return grid


def _put(cell: Any, text: str, align: WD_ALIGN_PARAGRAPH, *, bold: bool = False) -> None:
    paragraph = _tight(cell.paragraphs[0])
    paragraph.alignment = align
    _run(paragraph, text, 10, bold=bold)


def _cell(cell: Any, lines: Sequence[tuple[str, int, bool, bool]], rule: int = 0) -> None:
    """(text, size, bold, italic), centred, one below the other; `rule` draws a line of so many millimetres below them."""
    for place, (text, size, bold, italic) in enumerate(lines):
        paragraph = _tight(cell.paragraphs[0] if place == 0 else cell.add_paragraph())
        paragraph.alignment = _CENTER
        _run(paragraph, text, size, bold=bold, italic=italic)
    if rule:
        below = _tight(cell.add_paragraph())
        _run(below, "", 4)
        _rule(below, rule, cell.width.mm)


def _line(
    document: Any, text: str, *, size: int, bold: bool = False, align: WD_ALIGN_PARAGRAPH = _LEFT, before: int = 0, after: int = 6
) -> Any:  # fmt: skip
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(after)
    _run(paragraph, text, size, bold=bold)
    return paragraph


def _body(document: Any, text: str, *, bold: bool = False) -> None:
    """14 points, both edges even, the first line drawn in by 1.27 cm, at least 6 points between paragraphs."""
    paragraph = _line(document, text, size=14, bold=bold, align=_JUSTIFY, before=6)
    paragraph.paragraph_format.first_line_indent, paragraph.paragraph_format.line_spacing = Cm(1.27), 1.15


def _run(paragraph: Any, text: str, size: int, *, bold: bool = False, italic: bool = False) -> None:
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size, run.font.name = bold, italic, Pt(size), FONT


def _tight(paragraph: Any) -> Any:
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0)
    return paragraph


def _rule(paragraph: Any, millimetres: float, width: float = 165.0) -> None:
    """A line below, as long as the decree has it: an edge of a paragraph that is drawn in from both sides."""
    inset = Mm(max(0.0, (width - 4 - millimetres) / 2))
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = inset
    paragraph.paragraph_format.line_spacing = Pt(3)
    edges, edge = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        edge.set(qn(f"w:{name}"), value)
    edges.append(edge)
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001  the library has no word for edges
    properties.insert_element_before(edges, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _field(paragraph: Any, code: str) -> None:
    run = paragraph.add_run()
    run.font.size, run.font.name = Pt(13), FONT
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)  # noqa: SLF001  nor for fields
