"""The files of a foreign contract: the one named, and everything that it refers to beside it, as they will be vendored.

Nothing is fetched, and nothing outside of the folder given is read, or beside a file nothing but what it names. Bytes are kept; a
location is rewritten only where the file that it names gets another place, an encoding only where it is not Unicode.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lgsp.contract.documents import parse_document
from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.xsd_files import relative
from lgsp.errors import LgspError
from lgsp.xml import MIB, parse_xml

Born = Literal["wsdl", "openapi"]
MAX_FILES = 400
_UPWARDS = 6
"""Folders above the file's own that its references may lead through; only contract files are taken."""
MAX_BYTES = 32 * MIB
_SUFFIXES: Mapping[Born, tuple[str, ...]] = {"wsdl": (".wsdl", ".xml"), "openapi": (".yaml", ".yml", ".json")}
_PART: Mapping[Born, re.Pattern[bytes]] = {
    "wsdl": re.compile(rb"<[A-Za-z0-9_.-]*:?(schema|definitions)\b"),
    "openapi": re.compile(rb"[:{]"),
}
"""What a file must hold to be taken for a part of a contract."""
_REFERRING = frozenset({"import", "include", "redefine", "override"})
_DECLARED = re.compile(
    rb"""^\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["'][^>]{0,200}\?>"""
)
_UNICODE = ("utf-8", "utf8", "utf-16", "utf16", "utf-16le", "utf-16be", "us-ascii", "ascii")


@dataclass(frozen=True, slots=True)
class Vendored:
    """`files` by their name in `contracts/<system>/`, `root` first; `origins` tell what the author calls them."""

    root: str
    files: Mapping[str, bytes]
    origins: Mapping[str, str]


@dataclass(slots=True)
class _Tree:
    """Files as they were found, by path relative to `bound`."""

    bound: Path
    found: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    """File -> location as written -> path that it leads to."""


def gather(source: Path, born: Born) -> Vendored:
    """Raises `ContractError`."""
    try:
        bound, root = _root(source, born)
    except OSError as error:
        raise ContractError(Finding(source.name, 0, "file", "cannot be read")) from error
    tree = _Tree(bound)
    pending, named_by = [root], {root: root}
    while pending:
        name = pending.pop()
        raw = _read(tree, name, named_by[name])
        tree.found[name] = raw
        tree.links[name] = {}
        for location in sorted(set(_references(raw, name, born))):
            target = _target(tree, name, location, born)
            if target is None:
                continue
            tree.links[name][location] = target
            if target not in named_by:
                named_by[target] = name
                pending.append(target)
    return _placed(tree, root, born)


def _root(source: Path, born: Born) -> tuple[Path, str]:
    """Folder that bounds what may be read, and the root document in it."""
    if not source.is_dir():
        if not source.is_file():
            raise ContractError(Finding(source.name, 0, "file", "is not there"))
        whole = source.resolve()
        bound = ([*whole.parents][: _UPWARDS + 1])[-1]
        return bound, whole.relative_to(bound).as_posix()
    bound = source.resolve()
    names = sorted(
        path.relative_to(bound).as_posix()
        for path in bound.rglob("*")
        if path.suffix.lower() in _SUFFIXES[born] and path.is_file()
    )[:MAX_FILES]
    candidates = [name for name in names if _looks_like_root((bound / name).read_bytes(), born)]
    if len(candidates) > 1:  # a root is named by no other file
        tree = _Tree(bound)
        named = {
            target
            for name in candidates
            for location in _references((bound / name).read_bytes(), name, born)
            if (target := _target(tree, name, location, born)) is not None and target != name
        }
        candidates = [name for name in candidates if name not in named] or candidates
    if len(candidates) != 1:
        said = ", ".join(candidates[:10]) or f"no {born} document"
        raise ContractError(Finding(source.name, 0, "folder", f"name the file itself; in this folder: {said}"))
    return bound, candidates[0]


def _looks_like_root(raw: bytes, born: Born) -> bool:
    head = raw.replace(b"\0", b"")
    return b"definitions" in head and b"schemas.xmlsoap.org/wsdl/" in head if born == "wsdl" else b"openapi" in head


def _read(tree: _Tree, name: str, by: str) -> bytes:
    if len(tree.found) >= MAX_FILES:
        raise ContractError(Finding(by, 0, "files", f"more than {MAX_FILES} files belong to it"))
    path = tree.bound / name
    try:
        if path.stat().st_size + sum(map(len, tree.found.values())) > MAX_BYTES:
            raise ContractError(Finding(name, 0, "size", "the contract's files are larger than 32 MB together"))
        raw = path.read_bytes()
    except OSError as error:
        raise ContractError(Finding(name, 0, "file", "cannot be read")) from error
    return _unicode(raw, name) if path.suffix.lower() not in _SUFFIXES["openapi"] else raw


def _unicode(raw: bytes, name: str) -> bytes:
    """XML in an encoding of one byte a letter becomes UTF-8: a contract is read in Unicode or not at all."""
    declared = _DECLARED.match(raw)
    said = declared[1].decode("ascii").lower() if declared else ""
    if not declared or said in _UNICODE:
        return raw
    try:
        text = raw[declared.end() :].decode(codecs.lookup(said).name)
    except (LookupError, UnicodeDecodeError) as error:
        raise ContractError(Finding(name, 1, f"encoding {said}", "cannot be read: save the file as UTF-8")) from error
    head = declared[0].replace(declared[1], b"UTF-8")
    return head + text.encode()


def _references(raw: bytes, name: str, born: Born) -> Iterator[str]:
    """Locations of other files, as written. What cannot be parsed has none: the loader will say why."""
    if born == "openapi":
        try:
            yield from _refs(parse_document(raw, name))
        except ContractError:
            return
        return
    try:
        root = parse_xml(raw, limit=MAX_BYTES, max_elements=2_000_000, max_attributes=4_000_000, max_depth=200)
    except LgspError:
        return
    for element in root.iter():
        tag = element.tag
        if isinstance(tag, str) and tag.rpartition("}")[2] in _REFERRING:
            location = element.get("schemaLocation") or element.get("location")
            if location and location.strip():
                yield location


def _refs(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            said = each.get("$ref")
            if isinstance(said, str) and (where := said.partition("#")[0]):
                yield where
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _target(tree: _Tree, name: str, location: str, born: Born) -> str | None:
    """Path below the bound that a location leads to; None where nothing is there (the loader judges that)."""
    target = relative(location, name)
    if target.startswith(("../", "/")) or target in ("", "."):
        return None
    path = (tree.bound / target).resolve()
    if tree.bound not in path.parents or not path.is_file():
        return None
    return target if _PART[born].search(path.read_bytes().replace(b"\0", b"")) else None


def _placed(tree: _Tree, root: str, born: Born) -> Vendored:
    suffix = ".wsdl" if born == "wsdl" else Path(root).suffix.lower()
    home = posixpath.dirname(root)
    places = {root: f"v1{suffix}"}
    for name in tree.found:
        if name != root:
            place = posixpath.relpath(name, home) if home else name
            while place.startswith("../"):  # beside the root's folder: below it from now on
                place = place[3:]
            while place in places.values():
                place = f"more/{place}"
            places[name] = place
    files = {places[name]: _rewritten(tree, name, places, born) for name in tree.found}
    origins = {place: posixpath.relpath(name, home or ".") for name, place in places.items()}
    return Vendored(places[root], files, origins)


def _rewritten(tree: _Tree, name: str, places: Mapping[str, str], born: Born) -> bytes:
    raw, place = tree.found[name], places[name]
    for location, target in tree.links[name].items():
        if relative(location, place) == places[target]:
            continue
        wanted = posixpath.relpath(places[target], posixpath.dirname(place) or ".")
        raw = _replaced(raw, location, wanted, born)
    return raw


def _replaced(raw: bytes, location: str, wanted: str, born: Born) -> bytes:
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _replaced(raw.decode("utf-16").encode(), location, wanted, born).decode().encode("utf-16")
    said = re.escape(location.encode())
    if born == "wsdl":
        pattern = rb"""(\b(?:schemaLocation|location)\s*=\s*(["']))""" + said + rb"(\2)"
        swap: Callable[[re.Match[bytes]], bytes] = lambda found: found[1] + wanted.encode() + found[3]  # noqa: E731
    else:
        pattern = rb"""(\$ref["']?\s*:\s*["']?)""" + said + rb"(?=[#\"'\s,}])"
        swap = lambda found: found[1] + wanted.encode()  # noqa: E731
    return re.sub(pattern, swap, raw)
