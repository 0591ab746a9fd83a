"""Which store it is: said by the settings, refused in words where it cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings, load
from lgsp.store import StoreRefused, open_store
from lgsp.store.postgres import PostgresStore
from lgsp.store.sqlite import SqliteStore


async def test_without_an_address_the_folder(tmp_path: Path) -> None:
    for settings in (None, StoreSettings()):
        store = await open_store(tmp_path, Runtime.system(), settings=settings)
        assert isinstance(store, SqliteStore)
        await store.close()


async def test_with_an_address_the_database(tmp_path: Path, postgres_url: str) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"{postgres_url}\n")
    for variables in (
        {"LGSP_STORE_URL": postgres_url},
        {"LGSP_STORE__URL": postgres_url},
        {"LGSP_STORE_URL_FILE": str(secret)},
    ):
        loaded = load(None, variables)
        assert ("store.url", "********") in {row[:2] for row in loaded.rows()}
        store = await open_store(tmp_path / "data", Runtime.system(), settings=loaded.settings.store)
        assert isinstance(store, PostgresStore)
        await store.close()
    assert {each.name for each in (tmp_path / "data").iterdir()} == {"keys"}


async def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgsp.store.postgres", None)
    with pytest.raises(StoreRefused, match=r"pip install 'lgsp\[postgres\]'"):
        await open_store(tmp_path, Runtime.system(), settings=StoreSettings(url="postgresql://h/d"))
