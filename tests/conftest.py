"""What every test may lean on. Tests talk to real loopback servers or run in the simulated world; none sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import lgsp
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent

# what the first example of a process compiles takes as long as the machine has other work: no finding about our data
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the bus itself."""
    return Path(lgsp.__file__).resolve().parent


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL for the session. Tests that need it belong to the xdist group `postgres`, so there is one."""
    with postgres.server() as running:
        yield running


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The address of a database without records; the tables may stand from an earlier test."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The address of a database without tables."""
    with postgres_server.database(fresh=True) as url:
        yield url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own LGSP_* variables change no test."""
    import os

    for name in [name for name in os.environ if name.startswith("LGSP_")]:
        monkeypatch.delenv(name)
