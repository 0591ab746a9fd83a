"""A connector's mapping, by path, as the bus itself reaches it."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def load(system: str) -> ModuleType:
    spec = util.spec_from_file_location(f"mapping_of_{system}", ROOT / "connectors" / system / "mapping.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
