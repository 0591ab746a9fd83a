"""Packages of other worlds that the bench sets beside ours, installed by name and version from npm, once."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path


def installed(*packages: str) -> Path:
    """The `node_modules` that holds them. Raises `CalledProcessError` where npm cannot fetch them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lgsp-bench"
    folder = cache / hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:12]
    modules = folder / "node_modules"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), *packages],
            check=True, timeout=300, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (folder / "complete").touch()
    return modules
