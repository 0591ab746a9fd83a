"""What every test may lean on. Tests talk to real loopback servers or run in the simulated world; none sleeps."""

from __future__ import annotations

from pathlib import Path

import pytest

import lgsp

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the bus itself."""
    return Path(lgsp.__file__).resolve().parent


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own LGSP_* variables change no test."""
    import os

    for name in [name for name in os.environ if name.startswith("LGSP_")]:
        monkeypatch.delenv(name)
