"""The DOCX is opened and each field of Decree 30/2020/NĐ-CP, appendix I, looked for where it belongs."""

from __future__ import annotations

import gc
import io
from dataclasses import replace
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.opc.package import OpcPackage
from docx.oxml.ns import qn

from lgsp.console.wording import load
from lgsp.report.docx import docx
from lgsp.report.facts import CallerFacts, ObservedFacts
from lgsp.report.model import MOST, Paper
from tests.report.samples import facts, written


def opened(paper: Paper) -> Any:
    return Document(io.BytesIO(docx(paper, facts().made, load("vi")["report"])))


@pytest.fixture(scope="module")
def document() -> Any:
    return opened(written(number="12"))


def field(document: Any, text: str) -> Any:
    """The paragraph that is that text, wherever it stands."""
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    found = [
        each for each in [*document.paragraphs, *(p for cell in cells for p in cell.paragraphs)] if each.text == text
    ]
    assert len(found) == 1, (text, len(found))
    return found[0]


def manner(paragraph: Any) -> tuple[float, bool, bool, Any]:
    """(points, bold, italic, alignment) of a paragraph of one run."""
    (run,) = paragraph.runs
    assert run.font.name == "Times New Roman"
    return run.font.size.pt, run.bold, run.italic, paragraph.alignment


def test_paper_and_margins(document: Any) -> None:
    (section,) = document.sections
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert 20 <= round(section.top_margin.mm) <= 25
    assert 20 <= round(section.bottom_margin.mm) <= 25
    assert 30 <= round(section.left_margin.mm) <= 35
    assert 15 <= round(section.right_margin.mm) <= 20


def test_type(document: Any) -> None:
    style = document.styles["Normal"]
    assert (style.font.name, style.font.size.pt, str(style.font.color.rgb)) == ("Times New Roman", 14, "000000")
    fonts = style.element.rPr.rFonts
    assert {fonts.get(qn(f"w:{kind}")) for kind in ("ascii", "hAnsi", "cs", "eastAsia")} == {"Times New Roman"}


def test_field_1_country_and_motto(document: Any) -> None:
    country, motto = (
        field(document, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        field(document, "Độc lập - Tự do - Hạnh phúc"),
    )
    assert manner(country) == (12, True, False, ALIGN.CENTER)
    assert manner(motto) == (13, True, False, ALIGN.CENTER)
    right = document.tables[0].rows[0].cells[1]
    assert [each.text for each in right.paragraphs[:2]] == [country.text, motto.text]
    assert right.paragraphs[2]._p.xpath(".//w:pBdr/w:top"), "a line below the motto"


def test_field_2_bodies(document: Any) -> None:
    left = document.tables[0].rows[0].cells[0]
    assert manner(left.paragraphs[0]) == (12, False, False, ALIGN.CENTER)
    assert left.paragraphs[0].text == "ỦY BAN NHÂN DÂN TỈNH MẪU"
    assert manner(left.paragraphs[1]) == (12, True, False, ALIGN.CENTER)
    assert left.paragraphs[1].text == "SỞ THÔNG TIN VÀ TRUYỀN THÔNG"
    assert left.paragraphs[2]._p.xpath(".//w:pBdr/w:top")


def test_fields_3_and_4_number_place_and_date(document: Any) -> None:
    number, dateline = field(document, "Số: 12/BC-STTTT"), field(document, "Mẫu, ngày 03 tháng 02 năm 2023")
    assert manner(number) == (13, False, False, ALIGN.CENTER)
    assert manner(dateline) == (13, False, True, ALIGN.CENTER)
    assert document.tables[0].rows[1].cells[0].paragraphs[0].text == number.text


def test_field_5_kind_and_title(document: Any) -> None:
    assert manner(field(document, "BÁO CÁO")) == (14, True, False, ALIGN.CENTER)
    title = "Tình hình kết nối, chia sẻ dữ liệu qua nền tảng LGSP từ ngày 01/01/2023 đến ngày 31/01/2023"
    assert manner(field(document, title)) == (14, True, False, ALIGN.CENTER)


def test_field_6_the_text(document: Any) -> None:
    sentence = field(document, "Đã kết nối chính thức 9/17 hệ thống, 8/17 đang kết nối thử nghiệm.")
    assert manner(sentence)[0] == 14
    assert sentence.alignment == ALIGN.JUSTIFY
    shape = sentence.paragraph_format
    assert 1.0 <= round(shape.first_line_indent.cm, 2) <= 1.27
    assert shape.space_after.pt >= 6
    assert 1 <= shape.line_spacing <= 1.5


def test_field_7_signature(document: Any) -> None:
    last = document.tables[-1].rows[0].cells[1]
    assert manner(last.paragraphs[0]) == (14, True, False, ALIGN.CENTER)
    assert last.paragraphs[0].text == "GIÁM ĐỐC"
    assert manner(last.paragraphs[-1]) == (14, True, False, ALIGN.CENTER)
    assert last.paragraphs[-1].text == "Bùi Thị Mẫu"
    assert len(last.paragraphs) >= 5, "room for the seal"


def test_field_9_addressee_and_recipients(document: Any) -> None:
    assert manner(field(document, "Kính gửi: Ủy ban nhân dân tỉnh Mẫu."))[0] == 14
    left = document.tables[-1].rows[0].cells[0].paragraphs
    assert manner(left[0])[:3] == (12, True, True)
    assert [each.text for each in left] == ["Nơi nhận:", "- Như trên;", "- Văn phòng tỉnh;", "- Lưu: VT, CNTT."]
    assert {manner(each)[0] for each in left[1:]} == {11}


def test_page_numbers_from_the_second_page_on(document: Any) -> None:
    (section,) = document.sections
    assert section.different_first_page_header_footer
    assert section.header.paragraphs[0].alignment == ALIGN.CENTER
    assert "PAGE" in section.header.paragraphs[0]._p.xml
    assert section.first_page_header.paragraphs[0].text == ""


def test_the_tables(document: Any) -> None:
    systems, agencies, incidents, work = document.tables[1:5]
    assert [len(each.rows) for each in (systems, agencies, incidents, work)] == [18, 3, 3, 2]
    assert [cell.text for cell in systems.rows[0].cells][:3] == ["STT", "Hệ thống", "Giai đoạn"]
    assert systems.rows[0]._tr.xpath("./w:trPr/w:tblHeader"), "the head is repeated on each page"
    assert [cell.text for cell in incidents.rows[1].cells][-2:] == ["1 giờ 30 phút", "quá thời hạn"]


def test_every_table_that_a_report_may_have_stands_in_the_document() -> None:
    found = facts()
    called = CallerFacts("system:s1", "", "system:s1", 8, 6, 2)
    seen = ObservedFacts("s2", 40, 38, 2)
    paper = written(replace(found, callers=(*found.callers, called), observed=(seen,)))
    assert [each.name for each in paper.tables] == ["systems", "agencies", "inbound", "incidents", "work", "observed"]
    for table, in_document in zip(paper.tables, opened(paper).tables[1:], strict=False):
        assert tuple(cell.text for cell in in_document.rows[0].cells) == table.head
        assert len(in_document.rows) == len(table.rows) + 1


def packages() -> int:
    return sum(isinstance(each, OpcPackage) for each in gc.get_objects())


def test_nothing_of_a_document_stays_in_memory() -> None:
    """It refers to itself, so only the collector ends it, and that one comes seldom while the bus runs."""
    gc.collect()
    before = packages()
    gc.disable()
    try:
        docx(written(), facts().made, load("vi")["report"])
        assert packages() == before
    finally:
        gc.enable()


def test_invented_figures_say_so_on_every_page() -> None:
    assert "MÔ PHỎNG" not in opened(written())._element.xml
    document = opened(written(replace(facts(), demonstration=True)))
    said = "SỐ LIỆU MÔ PHỎNG - KHÔNG CÓ GIÁ TRỊ BÁO CÁO"
    (section,) = document.sections
    assert field(document, said)
    assert section.first_page_footer.paragraphs[0].text == said
    assert section.footer.paragraphs[0].text == said


def test_a_body_without_a_superior() -> None:
    paper = written()
    left = opened(replace(paper, body=("", paper.body[1]))).tables[0].rows[0].cells[0]
    assert left.paragraphs[0].text == "SỞ THÔNG TIN VÀ TRUYỀN THÔNG"


def test_a_hard_month_stays_a_document() -> None:
    found = facts()
    many = opened(written(replace(found, incidents=found.incidents * MOST)))
    assert len(many.tables[3].rows) == MOST + 1
    assert field(many, f"Còn {MOST} sự cố khác trong tệp CSV kèm theo.")
