"""Large parts of a multipart body leave for files, whatever the chunks; the reader gets the same message."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.adapters.forms import read_multipart
from lgsp.errors import InvalidMessage, TooLarge
from lgsp.lift import with_placeholders
from lgsp.spool import FileWriter
from lgsp_mocks.multipart import MultipartLifter

TYPE = "multipart/form-data; boundary=mau"
LARGE = "Văn bản mẫu\r\n--khong phai\r\n" * 8_000


def body(*parts: tuple[str, str]) -> bytes:
    head = 'Content-Disposition: form-data; name="{0}"; filename="{0}.xml"\r\nContent-Type: application/xml\r\n\r\n'
    return b"".join(f"--mau\r\n{head.format(n)}{c}\r\n".encode() for n, c in parts) + b"--mau--\r\n"


@pytest.mark.parametrize("size", [1, 7, 1_000, 65_536, 10_000_000])
def test_a_large_part_becomes_a_blob(tmp_path: Path, size: int) -> None:
    large = LARGE if size > 1 else LARGE[:70_000]
    raw = body(("edocFile", large), ("messageType", "edoc"))
    lifter = MultipartLifter(TYPE, lambda: FileWriter(tmp_path / "1"), 1 << 30)
    for at in range(0, len(raw), size):
        lifter.feed(raw[at : at + size])
    small, blobs = with_placeholders(lifter.finish())
    assert len(small) < 10_000
    (blob,) = blobs.values()
    assert blob.path.read_bytes() == large.encode()
    assert (blob.filename, blob.content_type) == ("edocFile.xml", "application/xml")
    fields = dict(read_multipart(TYPE, small))
    assert fields == {"edocFile": next(iter(blobs)), "messageType": "edoc"}


@given(st.lists(st.text(alphabet="ab-\r\nmu", max_size=40), max_size=4), st.integers(1, 30))
def test_small_messages_pass_unchanged(contents: list[str], size: int) -> None:
    raw = body(*((f"p{i}", content) for i, content in enumerate(contents)))

    def none() -> FileWriter:
        raise AssertionError("nothing is large here")

    lifter = MultipartLifter(TYPE, none, 1 << 20)
    for at in range(0, len(raw), size):
        lifter.feed(raw[at : at + size])
    assert with_placeholders(lifter.finish())[0] == raw


def test_bounds(tmp_path: Path) -> None:
    def lifter(limit: int, kind: str = TYPE) -> MultipartLifter:
        return MultipartLifter(kind, lambda: FileWriter(tmp_path / "x"), limit)

    with pytest.raises(TooLarge):
        lifter(10).feed(b"x" * 11)
    with pytest.raises(InvalidMessage):
        lifter(1 << 20).feed(b"--mau\r\n" + b"x" * 20_000)
    with pytest.raises(InvalidMessage):
        lifter(10, "multipart/form-data")
