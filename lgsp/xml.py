"""The one door for XML from outside: size and encoding first, no DOCTYPE, no network, no recovery, then caps (RULES 17).

Errors name a rule (`xml:doctype`, `xml:depth 100`) and never a value: libxml2's own messages quote the document.
"""

from __future__ import annotations

import codecs
import ctypes
import re
from collections.abc import Mapping
from typing import Any, cast

from lxml import etree

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.model import FieldError

MIB = 1 << 20
MAX_ELEMENTS = 50_000
MAX_ATTRIBUTES = 50_000
MAX_DEPTH = 100

_LARGE = 64 * 1024
"""Above this a document may be parsed in a thread, so it gets a parser of its own: a parser holds a lock while it works.
So does an expression."""
_TEXT_LIMIT = 10_000_000
"""libxml2 refuses longer text nodes unless told to allow huge trees."""

_USUAL = (b'<?xml version="1.0" encoding="UTF-8"?>', b'<?xml version="1.0" encoding="utf-8"?>')
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}\?>")
_DECLARED_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_BLANK = re.compile(rb"[ \t\r\n]*+")
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_UTF16 = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})


def parse_xml(
    raw: bytes,
    *,
    limit: int = MIB,
    charset: str | None = None,
    max_elements: int = MAX_ELEMENTS,
    max_attributes: int = MAX_ATTRIBUTES,
    max_depth: int = MAX_DEPTH,
) -> etree._Element:
    """The root element. Comments and processing instructions are gone, CDATA is text.

    `limit` is in bytes, `charset` what the Content-Type said, if anything. Raises `TooLarge` and `InvalidMessage`.
    """
    if len(raw) > limit:
        raise TooLarge()
    if charset is None and raw.startswith(_USUAL):
        text = raw[len(_USUAL[0]) :]
    elif charset is None and raw[:1] == b"<" and raw[1:2].isalpha():
        text = raw  # no declaration, and bytes that are ASCII in front: UTF-8 or malformed
    else:
        text = _utf8(raw, charset)
    # only the prolog can hold a DOCTYPE; the same word inside CDATA or a comment of the body is innocent. One byte is
    # looked for many times as fast as three
    doubtful = b"!" in text and b"<!D" in text
    if doubtful and _begins_with_doctype(text):
        raise _refused("xml:doctype")
    size = len(text)
    if size > 4 * max_elements or size > 5 * max_attributes:
        _count(text, max_elements, max_attributes)
    parser = _SMALL if size <= _LARGE else _parser(huge=size > _TEXT_LIMIT)
    _own_names()
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("xml:malformed") from error
    if root is None:  # nothing but comments
        raise _refused("xml:malformed")
    if doubtful and root.getroottree().docinfo.internalDTD is not None:
        raise _refused("xml:doctype")
    # each element around the deepest one has an end tag
    if size > 7 * max_depth and text.count(b"/") >= max_depth and _deeper(root, max_depth, size):
        raise _refused(f"xml:depth {max_depth}")
    return root


def _utf8(raw: bytes, charset: str | None) -> bytes:
    """The document as UTF-8 without byte order mark and declaration, so that the parser has nothing to guess."""
    name = (charset or "").strip().strip('"').lower()
    if raw.startswith(codecs.BOM_UTF8):
        raw, found = raw[3:], "utf-8"
    elif raw.startswith(codecs.BOM_UTF16_LE):
        raw, found = _recode(raw[2:], "utf-16le"), "utf-16"
    elif raw.startswith(codecs.BOM_UTF16_BE):
        raw, found = _recode(raw[2:], "utf-16be"), "utf-16"
    elif raw.startswith(b"<\0?\0") or name == "utf-16le":
        raw, found = _recode(raw, "utf-16le"), "utf-16"
    elif raw.startswith(b"\0<\0?") or name == "utf-16be":
        raw, found = _recode(raw, "utf-16be"), "utf-16"
    else:
        found = ""
    if name and name not in (_UTF16 if found == "utf-16" else _UTF8):
        raise _refused("xml:encoding")
    raw = raw.lstrip()
    if raw.startswith(b"<?xml"):
        head = _DECLARATION.match(raw)
        if head is None:
            raise _refused("xml:malformed")
        declared = _DECLARED_ENCODING.search(head[0])
        if declared:
            said = declared[1].decode("ascii").lower()
            if said not in (_UTF16 if found == "utf-16" else _UTF8):
                raise _refused("xml:encoding")
        raw = raw[head.end() :]
    return raw


def _begins_with_doctype(text: bytes) -> bool:
    """Behind blanks, comments and instructions. One pass without going back: a pattern would try every way to pair them."""
    place = 0
    while found := _BLANK.match(text, place):
        place = found.end()
        end = b"-->" if text.startswith(b"<!--", place) else b"?>" if text.startswith(b"<?", place) else b""
        if not end:
            break
        stop = text.find(end, place + (4 if end == b"-->" else 2))
        if stop < 0:
            return False  # not even well-formed
        place = stop + len(end)
    return text.startswith(b"<!DOCTYPE", place)


def _recode(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise _refused("xml:encoding") from error


class _TooMany(Exception):
    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class _Counter:
    """What lxml tells of a document that it does not keep: a tree takes thirty times its text, so it is counted before."""

    def __init__(self, elements: int, attributes: int) -> None:
        self._elements, self._attributes = elements, attributes
        self._rules = f"xml:elements {elements}", f"xml:attributes {attributes}"

    def start(self, _: str, attributes: Mapping[str, str]) -> None:
        self._elements -= 1
        self._attributes -= len(attributes)
        if self._elements < 0 or self._attributes < 0:
            raise _TooMany(self._rules[self._elements >= 0])

    def close(self) -> None:
        """Nothing was kept."""


def _count(text: bytes, elements: int, attributes: int) -> None:
    """Counted characters bound elements and attributes from above in nanoseconds; only a document over a bound is walked."""
    if text.count(b"<") - text.count(b"</") <= elements and text.count(b"=") <= attributes:
        return
    parser = etree.XMLParser(
        target=cast(Any, _Counter(elements, attributes)), encoding="utf-8", resolve_entities=False, load_dtd=False,
        no_network=True, huge_tree=len(text) > _TEXT_LIMIT,
    )  # fmt: skip
    _own_names()
    try:
        etree.fromstring(text, parser)
    except _TooMany as many:
        raise _refused(many.rule) from None
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("xml:malformed") from error


_thread_state = ctypes.pythonapi.PyThreadState_GetDict
_thread_state.restype, _thread_state.argtypes = ctypes.c_void_p, []


def _own_names() -> None:
    """The next document of this thread keeps its names in a dictionary of its own, which goes when its tree goes.

    Else lxml keeps every name that a thread has ever parsed until the thread ends, so that a caller who invents names fills the
    memory; and a thread that comes late to a parser takes over the names of the thread that used it last, so that both write
    in one dictionary without a lock. There is no setting for either (`docs/decisions/xml-names.md`)."""
    state = ctypes.cast(_thread_state(), ctypes.py_object).value
    state.pop("_ParserDictionaryContext", None)
    etree.Element("_")  # makes the new one; a parser would go on with the dictionary of its last document


def _deeper(root: etree._Element, depth: int, size: int) -> bool:
    return bool((_TOO_DEEP if depth == MAX_DEPTH and size <= _LARGE else _below(depth))(root))


def _below(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _parser(*, huge: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
        recover=False,
        huge_tree=huge,
        collect_ids=False,
    )


_own_names()
_SMALL = _parser()
_TOO_DEEP = _below(MAX_DEPTH)


def _refused(rule: str) -> InvalidMessage:
    return InvalidMessage(errors=(FieldError("", rule),))
