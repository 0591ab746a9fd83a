"""The written files of a contract: their digest, and the version that their name says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path


def digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and bytes, so that a renamed file is another contract."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return whole.hexdigest()


def version_of(path: Path) -> str:
    """`v2` of `v2.yaml`; `v1` for a file whose name is no version."""
    return path.stem if re.fullmatch(r"v[1-9][0-9]*", path.stem) else "v1"
