"""The one door for XML: what passes, what is refused by which rule, and that no rule quotes a value."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

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
        b"<a>" + b"<b>" * 99 + b"</b>" * 99 + b"</a>",
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
        (b"<a>" + b"<b>" * 100 + b"</b>" * 100 + b"</a>", "xml:depth 100"),
        (b"<a>" + b"<b>" * 99 + b"<b/>" + b"</b>" * 99 + b"</a>", "xml:depth 100"),
        (b"<a>" + b"<b>" * 120 + b"x" * 70_000 + b"</b>" * 120 + b"</a>", "xml:depth 100"),
        (b'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE a><a/>', "xml:doctype"),
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


@pytest.mark.parametrize(
    "raw",
    [
        b"<?a ?><?" * 100_000 + b"<!D",
        b"<!-- x -->" * 80_000 + b"<!DOCTYPE a><a/>",
        b"<!-- " + b"<!D " * 200_000 + b"--><a/>",
        b" " * 900_000 + b"<!DOCTYPE a><a/>",
        b"<a>" + b"<!DX" * 100_000,
    ],
)
def test_looking_for_a_doctype_takes_one_pass(raw: bytes) -> None:
    """The pattern that stood here once tried every way to pair comments and instructions, for ever."""
    began = time.process_time()
    with contextlib.suppress(InvalidMessage):
        assert parse_xml(raw).tag == "a"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"<r>" + b"<a/>" * 260_000 + b"</r>", "xml:elements 50000"),
        (b"<r>" + b"<a>x</a>" * 120_000 + b"</r>", "xml:elements 50000"),
        (b"<r>" + b'<r a="" b="" c=""/>' * 40_000 + b"</r>", "xml:attributes 50000"),
    ],
)
def test_what_is_too_much_is_counted_before_it_is_built(raw: bytes, rule: str) -> None:
    """A tree takes thirty times its text. Measured in a process of its own, where nothing else has grown."""
    program = (
        "import sys; from lgsp.xml import parse_xml; from lgsp.errors import InvalidMessage\n"
        "def peak(): return int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])\n"
        "raw = sys.stdin.buffer.read(); parse_xml(b'<a/>'); before = peak()\n"
        "try: parse_xml(raw)\n"
        "except InvalidMessage as error: print(error.errors[0].rule, (peak() - before) // 1024, sep='|')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=raw, capture_output=True, timeout=60, check=True)
    said, _, grown = done.stdout.decode().strip().partition("|")
    assert said == rule
    assert int(grown) < 12, f"{grown} MiB"


def test_many_marks_that_are_no_elements_pass() -> None:
    assert parse_xml(b"<r><![CDATA[" + b"<a>" * 200_000 + b"]]></r>").text == "<a>" * 200_000
    assert parse_xml(b"<r>" + b"=" * 200_000 + b"</r>").tag == "r"


def test_invented_names_are_forgotten_with_their_document() -> None:
    """lxml would keep each of them until its thread ends: two million names took 70 MB."""
    program = (
        "import itertools\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from lgsp.xml import parse_xml\n"
        "def held(): return int(next(l for l in open('/proc/self/status') if l.startswith('VmRSS')).split()[1])\n"
        "numbers = itertools.count()\n"
        "def read(size): parse_xml(b'<r>' + b''.join(b'<n%d/>' % next(numbers) for i in range(size)) + b'</r>')\n"
        "with ThreadPoolExecutor(1) as pool:\n"
        "    for size in (2000, 20000):\n"  # small documents share a parser, large ones do not
        "        for where in (map, pool.map):\n"
        "            list(where(read, [size] * 10)); before = held()\n"
        "            list(where(read, [size] * (600_000 // size))); print(held() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)
    assert [int(grown) for grown in done.stdout.split() if int(grown) > 8192] == []


def test_threads_do_not_share_names() -> None:
    """A thread whose first document goes through the parser of small ones would take over the names of the thread that used it
    last: two threads in one dictionary without a lock ended or hung nine of nine such processes."""
    program = (
        "import itertools\n"
        "from threading import Thread\n"
        "from lgsp.xml import parse_xml\n"
        "numbers = itertools.count()\n"
        "def read(size): parse_xml(b'<r>' + b''.join(b'<n%d/>' % next(numbers) for i in range(size)) + b'</r>')\n"
        "def work(): [read(size) for size in (1, *[15_000] * 20)]\n"
        "read(1)\n"
        "threads = [Thread(target=work) for _ in range(2)]\n"
        "for thread in threads: thread.start()\n"
        "for _ in range(150): read(3_000)\n"
        "for thread in threads: thread.join()\n"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=False).returncode == 0
    )
