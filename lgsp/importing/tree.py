"""What somebody hands over as an export: a folder, a zip, or zips in a folder, read into memory within bounds or refused whole.

Nothing is unpacked to disk and nothing is followed: a name that leads outside, a symbolic link, an encrypted entry, or more
bytes than a province's gateway can have end the reading with one sentence.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lgsp.contract.documents import parse_document
from lgsp.contract.findings import ContractError

MAX_FILES = 5_000
MAX_FILE = 16 << 20
MAX_BYTES = 128 << 20
MAX_RATIO = 200
"""Times that a deflated entry above 1 MiB may grow: texts of definitions grow ten to thirty times."""
MAX_NESTED = 3
"""Zips within zips: the whole, one API of it, one definition of that."""
MAX_YAML = 4 << 20
_MAX_NODES = 300_000
_MAX_DEPTH = 60
_TEXTS = (".yaml", ".yml", ".json", ".xml", ".wsdl", ".xsd")


class ExportRefused(Exception):
    """The export cannot be read; the message says which file and why, and quotes nothing of it."""


@dataclass(slots=True)
class Tree:
    """`files` by their path in the export; a zip is a folder of its name without `.zip`."""

    files: dict[str, bytes] = field(default_factory=dict)
    ignored: int = 0
    """Files that no export of definitions needs: pictures, documents, keys and certificates. They are not even read."""
    _met: int = 0
    _bytes: int = 0

    def meet(self, name: str) -> None:
        self._met += 1
        if self._met > MAX_FILES:
            raise ExportRefused(f"more than {MAX_FILES} files")
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or len(name) > 400:
            raise ExportRefused("a file's name leads outside of the export")
        if not name.isprintable():
            raise ExportRefused("a file's name holds control characters")

    def take(self, name: str, raw: bytes) -> None:
        self._bytes += len(raw)
        if self._bytes > MAX_BYTES:
            raise ExportRefused(f"more than {MAX_BYTES >> 20} MiB when unpacked")
        if name in self.files:
            raise ExportRefused(f"{name} stands twice")
        self.files[name] = raw


def read(source: Path) -> Tree:
    """Raises `ExportRefused`."""
    tree = Tree()
    try:
        if source.is_dir():
            _folder(tree, source)
        elif source.stat().st_size > MAX_BYTES:
            raise ExportRefused(f"{source.name}: larger than {MAX_BYTES >> 20} MiB")
        elif source.suffix.lower() == ".zip":
            _zip(tree, source.read_bytes(), "", 1)
        else:
            tree.meet(source.name)
            tree.take(source.name, source.read_bytes())
    except OSError as error:
        raise ExportRefused(f"{source.name}: {error.strerror or 'cannot be read'}") from error
    return tree


def _folder(tree: Tree, folder: Path) -> None:
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in [*folders, *sorted(files)]:
            path = Path(here) / name
            if path.is_symlink():
                raise ExportRefused(f"{path.relative_to(folder)}: a symbolic link; hand over the file itself")
        for name in sorted(files):
            path = Path(here) / name
            place = path.relative_to(folder).as_posix()
            tree.meet(place)
            suffix = path.suffix.lower()
            if suffix not in (*_TEXTS, ".zip") or not stat.S_ISREG(path.stat().st_mode):
                tree.ignored += 1
            elif path.stat().st_size > (MAX_BYTES if suffix == ".zip" else MAX_FILE):
                raise ExportRefused(f"{place}: too large")
            elif suffix == ".zip":
                _zip(tree, path.read_bytes(), place[:-4] + "/", 1)
            else:
                tree.take(place, path.read_bytes())


def _zip(tree: Tree, raw: bytes, below: str, depth: int) -> None:
    if depth > MAX_NESTED:
        raise ExportRefused(f"zips are nested more than {MAX_NESTED} deep")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for entry in archive.infolist():
                _entry(tree, archive, entry, below, depth)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ExportRefused(f"{below.rstrip('/') or 'the archive'}: not a zip that can be read") from error
    except OSError as error:
        raise ExportRefused(f"{below.rstrip('/') or 'the archive'}: a damaged zip") from error


def _entry(tree: Tree, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, below: str, depth: int) -> None:
    name = below + entry.filename
    tree.meet(name)
    if entry.is_dir():
        return
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ExportRefused(f"{name}: a symbolic link")
    if entry.flag_bits & 1:
        raise ExportRefused(f"{name}: encrypted")
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  a name inside of an archive is no path
    if suffix not in (*_TEXTS, ".zip"):
        tree.ignored += 1
        return
    most = MAX_BYTES if suffix == ".zip" else MAX_FILE
    if entry.file_size > most:
        raise ExportRefused(f"{name}: too large")
    if entry.file_size > 1 << 20 and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        raise ExportRefused(f"{name}: grows more than {MAX_RATIO} times when unpacked")
    with archive.open(entry) as opened:  # what the directory says of its size may be a lie
        raw = opened.read(most + 1)
    if len(raw) > most:
        raise ExportRefused(f"{name}: too large")
    if suffix == ".zip":
        _zip(tree, raw, name[:-4] + "/", depth + 1)
    else:
        tree.take(name, raw)


def document(name: str, raw: bytes) -> Mapping[str, object]:
    """A YAML or JSON table of the export's own files. Raises `ExportRefused`.

    Aliases are refused, not counted: no tool writes them here, and a few lines of them stand for gigabytes.
    """
    if len(raw) > MAX_YAML:
        raise ExportRefused(f"{name}: larger than {MAX_YAML >> 20} MiB")
    nodes = depth = 0
    try:
        for event in yaml.parse(
            raw.decode("utf-8-sig").replace("\t", " "), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        ):
            nodes += 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise ExportRefused(f"{name}: YAML aliases are not taken")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if nodes > _MAX_NODES or depth > _MAX_DEPTH:
                raise ExportRefused(f"{name}: nested too deeply or too long")
        found = parse_document(raw, name)
    except (yaml.YAMLError, UnicodeDecodeError, ContractError, RecursionError) as error:
        raise ExportRefused(f"{name}: not YAML or JSON that can be read") from error
    if not isinstance(found, dict):
        raise ExportRefused(f"{name}: not a table")
    return found
