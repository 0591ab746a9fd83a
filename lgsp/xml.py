"""The one door for XML from outside: size and encoding first, no DOCTYPE, no network, no recovery, then caps (RULES 17).

Errors name a rule (`xml:doctype`, `xml:depth 100`) and never a value: libxml2's own messages quote the document.
"""

from __future__ import annotations

import codecs
import re

from lxml import etree

from lgsp.errors import InvalidMessage, TooLarge
from lgsp.model import FieldError

MIB = 1 << 20
MAX_ELEMENTS = 50_000
MAX_ATTRIBUTES = 50_000
MAX_DEPTH = 100

_LARGE = 64 * 1024
"""Above this a document may be parsed in a thread, so it gets a parser of its own: a parser holds a lock while it works."""
_TEXT_LIMIT = 10_000_000
"""libxml2 refuses longer text nodes unless told to allow huge trees."""

_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}\?>")
_DECLARED_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_DOCTYPE = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*<!DOCTYPE", re.DOTALL)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_UTF16 = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})
_ATTRIBUTES = etree.XPath("count(//@*)")
_ELEMENTS = etree.XPath("count(//*)")


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
    plain = charset is None and raw[:1] == b"<" and raw[1:2].isalpha()
    # no declaration, and bytes that are ASCII in front: UTF-8 or malformed
    text = raw if plain else _utf8(raw, charset)
    # only the prolog can hold a DOCTYPE; the same word inside CDATA or a comment of the body is innocent
    doubtful = b"<!D" in text
    if doubtful and _DOCTYPE.match(text.decode("utf-8", "replace")):
        raise _refused("xml:doctype")
    parser = _SMALL if len(text) <= _LARGE else _parser(huge=len(text) > _TEXT_LIMIT)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("xml:malformed") from error
    if root is None:  # nothing but comments
        raise _refused("xml:malformed")
    if doubtful and root.getroottree().docinfo.internalDTD is not None:
        raise _refused("xml:doctype")
    size = len(text)
    if size > 7 * max_depth or size > 4 * max_elements or size > 5 * max_attributes:
        _cap(text, root, max_elements, max_attributes, max_depth)
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


def _recode(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise _refused("xml:encoding") from error


def _cap(text: bytes, root: etree._Element, elements: int, attributes: int, depth: int) -> None:
    """Length and counted characters bound all three from above in nanoseconds; only a document over a bound is walked."""
    size = len(text)
    if size > 4 * elements and text.count(b"<") > elements and _number(_ELEMENTS, root) > elements:
        raise _refused(f"xml:elements {elements}")
    if size > 5 * attributes and text.count(b"=") > attributes and _number(_ATTRIBUTES, root) > attributes:
        raise _refused(f"xml:attributes {attributes}")
    if size > 7 * depth and text.count(b"</") + 1 > depth and _deeper(root, depth):
        raise _refused(f"xml:depth {depth}")


def _number(path: etree.XPath, root: etree._Element) -> float:
    found = path(root)
    return found if isinstance(found, float) else 0.0


def _deeper(root: etree._Element, depth: int) -> bool:
    return bool(etree.XPath("boolean(" + "/*" * (depth + 1) + ")")(root))


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


_SMALL = _parser()


def _refused(rule: str) -> InvalidMessage:
    return InvalidMessage(errors=(FieldError("", rule),))
