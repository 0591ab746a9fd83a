"""The one door for XML: what passes, what is refused by which rule, and that no rule quotes a value."""

from __future__ import annotations

import pytest

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.xml import parse_xml

BOMB = b'<!DOCTYPE a [<!ENTITY b "secret"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    "raw",
    [
        "<a>ệ</a>".encode(),
        b'<?xml version="1.0"?><a/>',
        b'<?xml version="1.0" encoding="UTF-8"?>\n<a/>',
        b"\xef\xbb\xbf" + '<?xml version="1.0" encoding="utf-8"?><a>ệ</a>'.encode(),
        '<?xml version="1.0" encoding="UTF-16"?><a>ệ</a>'.encode("utf-16"),
        b"\xfe\xff" + '<?xml version="1.0" encoding="utf-16"?><a>ệ</a>'.encode("utf-16-be"),
        b"  \r\n<a/>  ",
        b"<!-- <!DOCTYPE x> --><a/>",
        b"<a><![CDATA[<!DOCTYPE html><p>]]></a>",
        b'<a b="&lt;!DOCTYPE">&#x1EC7;</a>',
    ],
)
def test_what_passes(raw: bytes) -> None:
    assert parse_xml(raw).tag == "a"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (BOMB, "xml:doctype"),
        (b'<?xml version="1.0"?><!-- x --><!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a/>', "xml:doctype"),
        ("\ufeff<!DOCTYPE a><a/>".encode("utf-16-le"), "xml:doctype"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml:encoding"),
        (b'<?xml version="1.0" encoding="IBM037"?><a/>', "xml:encoding"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "xml:encoding"),
        (b"L\x6f\xa7\x94", "xml:malformed"),
        (b"<a>\xff</a>", "xml:malformed"),
        (b"<a>\x00</a>", "xml:malformed"),
        (b"<a>&nothing;</a>", "xml:malformed"),
        (b"<a><b></a>", "xml:malformed"),
        (b"<a/><b/>", "xml:malformed"),
        (b"", "xml:malformed"),
        (b"   ", "xml:malformed"),
        (b"<!-- only -->", "xml:malformed"),
        (b"<a" + b" " * 100 + b"<", "xml:malformed"),
        (b"<a>" + b"<b>" * 120 + b"</b>" * 120 + b"</a>", "xml:depth 100"),
        (b"<a>" + b"<b>" * 400 + b"</b>" * 400 + b"</a>", "xml:malformed"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "xml:elements 50000"),
        (b"<a>" + b"".join(b'<b c="" d="" e=""/>' for _ in range(20_000)) + b"</a>", "xml:attributes 50000"),
    ],
)
def test_what_is_refused(raw: bytes, rule: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_xml(raw)
    assert [error.rule for error in caught.value.errors] == [rule]
    assert "secret" not in repr(caught.value.errors)


def test_size_is_looked_at_first() -> None:
    with pytest.raises(TooLarge):
        parse_xml(b"<a>" + b"x" * 100, limit=50)


def test_the_content_type_must_not_contradict_the_document() -> None:
    with pytest.raises(InvalidMessage):
        parse_xml('<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16"), charset="utf-8")
    assert parse_xml("<a>ệ</a>".encode("utf-16-le"), charset="UTF-16LE").text == "ệ"


def test_comments_and_instructions_do_not_split_text() -> None:
    root = parse_xml(b"<a>one<!-- x -->two<?y z?>three<![CDATA[<four>]]></a>")
    assert root.text == "onetwothree<four>"
    assert len(root) == 0


def test_no_external_file_is_read() -> None:
    root = parse_xml(b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></a>')
    assert len(root) == 1
    assert root[0].text is None
