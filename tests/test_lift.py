"""Lifting is invisible: whatever the chunks and wherever they are cut, the message comes back the same."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from lgsp import lift
from lgsp.errors import InvalidMessage, TooLarge
from lgsp.lift import JsonLifter, XmlLifter, json_lifter, lower, restore, split, with_placeholders, xml_lifter
from lgsp.model import Blob, Spooled
from lgsp.runtime import Runtime
from lgsp.spool import FileWriter, Spool, chunks_of


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def open(self) -> FileWriter:
        self.count += 1
        return FileWriter(self.folder / str(self.count))


@pytest.fixture
def small_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings above 40 bytes are lifted, so that generated messages exercise every edge."""
    for module in (json_lifter, xml_lifter):
        monkeypatch.setattr(module, "THRESHOLD", 40)


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    out, at = [], 0
    for size in sizes:
        out.append(raw[at : at + size])
        at += size
    return [*out, raw[at:]]


def read(body: Spooled) -> bytes:
    raw = bytearray()
    for piece in body:
        raw += piece if isinstance(piece, bytes) else lift.escaped(piece[0].path.read_bytes().decode(), piece[1])
    return bytes(raw)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.text('\\"\\u0/é😀\n', max_size=200)
sizes = st.lists(st.integers(1, 60), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    value=st.dictionaries(st.sampled_from("abc"), texts | st.lists(texts, max_size=3)),
    sizes=sizes,
    ascii_=st.booleans(),
)
def test_json_comes_back_the_same(
    tmp_path: Path, small_threshold: None, value: dict, sizes: list[int], ascii_: bool
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_).encode()
    files = Files(tmp_path)
    lifter = JsonLifter(files.open, len(raw))
    for chunk in cut(raw, sizes):
        lifter.feed(chunk)
    body = lifter.finish()
    strings = [each for one in value.values() for each in ([one] if isinstance(one, str) else one)]
    assert files.count == sum(len(json.dumps(each, ensure_ascii=ascii_).encode()) - 2 > 40 for each in strings)
    assert json.loads(read(body)) == value
    assert len(read(body)) == body.size
    small, blobs = with_placeholders(body)
    data = restore(json.loads(small), blobs)
    again, blobs = lower(data)
    out = split(json.dumps(again).encode(), blobs, "json")
    assert json.loads(out if isinstance(out, bytes) else read(out)) == value
    for blob in blobs.values():
        assert hashlib.sha256(blob.path.read_bytes()).hexdigest() == blob.sha256
        assert blob.path.stat().st_size == blob.size


xml_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=300)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(values=st.lists(xml_texts, max_size=4), sizes=sizes, cdata=st.booleans())
def test_xml_comes_back_the_same(
    tmp_path: Path, small_threshold: None, values: list[str], sizes: list[int], cdata: bool
) -> None:
    root = etree.Element("{urn:x}root", {"a": 'x > "y"'})
    for value in values:
        child = etree.SubElement(root, "{urn:x}v")
        child.text = etree.CDATA(value) if cdata and "]]>" not in value else value
    raw = b'<?xml version="1.0" encoding="utf-8"?><!-- <a> & -->' + etree.tostring(root, encoding="utf-8")
    lifter = XmlLifter(Files(tmp_path).open, len(raw))
    for chunk in cut(raw, sizes):
        lifter.feed(chunk)
    body = lifter.finish()
    again = etree.fromstring(read(body))
    assert [child.text or "" for child in again] == values
    assert again.get("a") == 'x > "y"'
    assert len(read(body)) == body.size


def test_over_the_limit(tmp_path: Path) -> None:
    lifter = JsonLifter(Files(tmp_path).open, 10)
    with pytest.raises(TooLarge):
        lifter.feed(b'"0123456789"')


def lifted(lifter: JsonLifter | XmlLifter, *chunks: bytes) -> Spooled:
    for chunk in chunks:
        lifter.feed(chunk)
    return lifter.finish()


@pytest.mark.parametrize("tail", [b"", b"\\", b"\\u12"])
def test_json_cut_inside_a_string(tmp_path: Path, tail: bytes) -> None:
    lifter = JsonLifter(Files(tmp_path).open, 10**6)
    with pytest.raises(InvalidMessage):
        lifted(lifter, b'{"a": "' + b"x" * 70_000 + tail)


@pytest.mark.parametrize("bad", [b"\\x", b"\x01", b"\xff\xfe", b"\\ud800 "])
def test_json_malformed_long_string(tmp_path: Path, bad: bytes) -> None:
    lifter = JsonLifter(Files(tmp_path).open, 10**6)
    with pytest.raises(InvalidMessage):
        lifted(lifter, b'{"a": "' + b"x" * 70_000 + bad + b'"}')


@pytest.mark.parametrize("bad", [b"&unknown;", b"&#0;", b"& ", b"\x01", b"\xff", b"&#x110000;"])
def test_xml_malformed_long_text(tmp_path: Path, bad: bytes) -> None:
    lifter = XmlLifter(Files(tmp_path).open, 10**6)
    with pytest.raises(InvalidMessage):
        lifted(lifter, b"<a>" + b"x" * 70_000 + bad + b"</a>")


def test_an_escape_that_never_ends_is_refused_early(tmp_path: Path) -> None:
    lifter = JsonLifter(Files(tmp_path).open, 10**7)
    with pytest.raises(InvalidMessage):
        lifted(lifter, b'"\\ud800', *[b"x" * 10_000] * 40)


def test_what_looks_like_a_placeholder_is_text(tmp_path: Path) -> None:
    """Only the blobs of this very message are put back."""
    text = "lgspBlob" + "0" * 40
    blob = Blob(tmp_path / "other", 1, "", 1, 1)
    data, blobs = lower({"mine": text, "theirs": blob})
    assert restore(data, blobs) == {"mine": text, "theirs": blob}


async def test_fifty_megabytes_on_disk_and_back(tmp_path: Path) -> None:
    """The drawer keeps the text on disk, counts it, and leaves nothing behind."""
    spool = Spool(tmp_path / "spool", Runtime.system())
    drawer = spool.drawer()

    async def chunks():
        yield b'{"n": 1, "doc": "'
        for _ in range(50):
            yield b"QUJD" * (256 * 1024)
        yield b'"}'

    body = await drawer.lift(chunks(), "json", 60 * 1024**2)
    small, blobs = with_placeholders(body)
    assert len(small) < 100
    assert next(iter(blobs.values())).size == 50 * 1024**2
    total = 0
    async for chunk in chunks_of(body, spool.runtime):
        total += len(chunk)
    assert total == body.size == 50 * 1024**2 + 19
    drawer.close()
    assert spool.used == 0
    assert not list((tmp_path / "spool").iterdir())
