"""Form bodies: what goes in comes out, whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsp.adapters import forms
from lgsp.errors import InvalidMessage

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
NAME = st.text("abcdefgh", min_size=1, max_size=6)


@given(st.dictionaries(NAME, TEXT, min_size=1, max_size=5), st.dictionaries(NAME, TEXT, max_size=3))
def test_multipart_there_and_back(fields: dict[str, str], files: dict[str, str]) -> None:
    content_type, body = forms.write_multipart(fields, files)
    assert isinstance(body, bytes)
    assert list(forms.read_multipart(content_type, body)) == [*fields.items(), *files.items()]


@given(st.dictionaries(NAME, TEXT, max_size=5))
def test_urlencoded_there_and_back(fields: dict[str, str]) -> None:
    assert dict(forms.read_urlencoded(forms.write_urlencoded(fields))) == fields


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
        ),
    ],
)
def test_what_is_no_multipart_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        list(forms.read_multipart(content_type, body))


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (3, "3"), (1.5, "1.5"), ({"a": 1}, '{"a":1}'), ("x", "x")]
)
def test_plain(value: object, written: str) -> None:
    assert forms.plain(value) == written
