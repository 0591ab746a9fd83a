"""A large document with its long runs of base64 taken out: what is left is small enough to be read and stands for all of it.

A run is bytes of the base64 alphabet and white space only, so it holds no markup wherever it stands. It is replaced by a mark
of the same alphabet; the parser meets a mark where the run was, and canonical octets of the rest, with the runs put back at
their marks, are the canonical octets of the whole. Memory holds the rest and one slice at a time.
"""

from __future__ import annotations

import mmap
import re
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lgsp.errors import LgspError
from lgsp.runtime import breathe
from lgsp.signature.refusal import refused
from lgsp.xml import parse_xml

Fill = Callable[[bytes], Iterator[bytes]]
"""Octets that may hold marks -> the octets that they stand for, piece by piece."""

REST = 1 << 20
"""Bytes that may be left when the runs are out; more is no document with attachments."""
_RUN = re.compile(rb"[A-Za-z0-9+/= \t\r\n]+")
_ALPHABET = (string.ascii_letters + string.digits + "+/= \t\r\n").encode()
_LONG = 8192
_SLICE = 1 << 20
_LOOK = 1 << 18


def as_it_is(octets: bytes) -> Iterator[bytes]:
    """For a document from which nothing was taken out."""
    yield octets


@dataclass(frozen=True, slots=True)
class Hollow:
    """`rest` is the document with marks; `fill` puts the runs back, their line ends as the parser would have them."""

    rest: bytes = field(repr=False)
    path: Path = field(repr=False)
    runs: tuple[tuple[int, int], ...]
    mark: bytes

    def fill(self, octets: bytes) -> Iterator[bytes]:
        """Raises `SignatureRefused` for a mark that nobody has set."""
        done = 0
        with self.path.open("rb") as file:
            for found in re.finditer(self.mark + rb"([0-9]{1,6})z", octets):
                number = int(found[1])
                if number >= len(self.runs):
                    raise refused("structure")
                yield octets[done : found.start()]
                start, end = self.runs[number]
                file.seek(start)
                left, held = end - start, b""
                while left:
                    came = file.read(min(_SLICE, left))
                    if not came:
                        raise refused("digest")  # the file is shorter than it was
                    left -= len(came)
                    piece = held + came
                    held = b"\r" if left and piece.endswith(b"\r") else b""
                    yield piece[: len(piece) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                done = found.end()
        yield octets[done:]


def hollow(path: Path, mark: str) -> Hollow:
    """`mark` is letters and digits that nobody can foresee, say the digest of the file. Raises `SignatureRefused` where the
    rest is too large or a run is no text of an element."""
    rest, done = bytearray(), 0
    runs: list[tuple[int, int]] = []
    sign = b"hole" + mark.encode()
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise refused("structure")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            for start, end in _long_runs(view):
                rest += view[done:start] + sign + b"%dz" % len(runs)
                runs.append((start, end))
                done = end
                if len(rest) > REST:
                    break
            if len(rest) + len(view) - done > REST:
                raise refused("structure")
            rest += view[done:]
    made = Hollow(bytes(rest), path, tuple(runs), sign)
    _check(made)
    return made


def _long_runs(view: mmap.mmap) -> Iterator[tuple[int, int]]:
    """In their order, until more lies between two of them than may be left. A slice at a time: what looks at bytes holds the
    interpreter's lock as long as it looks, and calls wait for that."""
    start = end = done = 0
    for begin in range(0, len(view), _LOOK):
        slice_ = view[begin : begin + _LOOK]
        spans: Iterable[tuple[int, int]] = (found.span() for found in _RUN.finditer(slice_))
        if not slice_.translate(None, _ALPHABET):  # inside of a run, as most slices are
            spans = [(0, len(slice_))]
        for first, last in spans:
            if begin + first != end:
                if end - start >= _LONG:
                    yield start, end
                    done = end
                start = begin + first
            end = begin + last
        if end - start < _LONG and begin - done > REST:
            return
        breathe()
    if end - start >= _LONG:
        yield start, end


def _check(made: Hollow) -> None:
    """Each mark once, and inside the text of an element: never in a name, an attribute or a comment."""
    try:
        root = parse_xml(made.rest, limit=len(made.rest))
    except LgspError:
        raise refused("structure") from None
    texts = "\n".join(text for each in root.iter() for text in (each.text, each.tail) if text).encode()
    wanted = [b"%s%dz" % (made.mark, number) for number in range(len(made.runs))]
    if made.rest.count(made.mark) != len(wanted) or any(texts.count(each) != 1 for each in wanted):
        raise refused("structure")
