"""edXML: envelopes read back, bad documents told apart, large ones read by their ends."""

from __future__ import annotations

import base64
import tracemalloc
from pathlib import Path

import pytest

from lgsp_mocks.world.edxml import Unreadable, attachments, read_envelope
from tests.mocks.papers import NAME, document, large


def test_an_envelope_is_read_back_as_it_was_written() -> None:
    envelope = read_envelope(document("000.00.00.G22", "H28.05"))
    assert (envelope.document_id, envelope.sender) == (NAME, "000.00.00.H28")
    assert envelope.receivers == ("000.00.00.G22", "H28.05")
    assert (envelope.notation, envelope.subject) == ("9901/UBND-KGVX", "Báo cáo <mẫu> & phụ lục")


def test_attachments_are_taken_out_of_small_documents() -> None:
    (file,) = attachments(document(files=[("mau.zip", b"PK\x05\x06")]))
    assert file == {"fileName": "mau.zip", "fileContent": base64.b64encode(b"PK\x05\x06").decode()}


BAD = {
    "not xml": ("không phải XML", "10"),
    "broken head": (document().replace("<edXML:Subject>", "<edXML:Subjec>"), "10"),
    "doctype": ("<!DOCTYPE edXML [<!ENTITY a 'b'>]>" + document().partition("?>")[2], "10"),
    "torn": (document()[:-10], "21"),
    "older namespace": (document(namespace="go.vn/eDoc"), "22"),
    "no header": ('<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"/>', "22"),
    "no receiver": (document().replace("edXML:To>", "edXML:Cc>"), "22"),
    "no number": (document().replace("CodeNumber>", "CodeNo>"), "22"),
    "document id": (document().replace(f"<edXML:DocumentId>{NAME}", "<edXML:DocumentId>9901"), "22"),
    "date": (document().replace("<edXML:PromulgationDate>2023/05/04", "<edXML:PromulgationDate>04/05/2023"), "22"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_documents_have_the_exchanges_own_codes(case: str) -> None:
    text, code = BAD[case]
    with pytest.raises(Unreadable) as caught:
        read_envelope(text)
    assert caught.value.code == code


def test_fifty_megabytes_are_read_by_their_ends(tmp_path: Path) -> None:
    blob = large(tmp_path, 50 << 20)
    tracemalloc.start()
    try:
        assert read_envelope(blob).document_id == NAME
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
