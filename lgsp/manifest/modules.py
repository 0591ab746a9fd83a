"""A system's own Python files, imported by path under private names: what the bus knows of a dialect is two functions."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from importlib import util
from pathlib import Path
from types import ModuleType

from lgsp.manifest.table import Table


def imported(path: Path, functions: Iterable[str], system: str, top: Table) -> ModuleType:
    """The module, whatever it lacks: that is a finding."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    private = f"_lgsp_{path.stem}_{system.replace('-', '_')}_{digest}"
    spec = util.spec_from_file_location(private, path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[private] = module  # dataclasses of the file look themselves up here
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  whatever a mapping does while it is imported is a finding
        top.finding("import", f"{type(error).__name__}: {error}", file=path)
        return module
    for name in functions:
        if not callable(getattr(module, name, None)):
            top.finding(name, f"the function {name}() is missing", file=path)
    return module
