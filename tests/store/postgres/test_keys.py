"""The keys of many nodes: the same ones, or no start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lgsp.runtime import Runtime
from lgsp.settings import StoreSettings
from lgsp.store import Store, StoreRefused, load_keys, open_store
from lgsp.store.keys import folder_keys, keys_text, rotated
from tests.store.postgres.nodes import Nodes


async def test_every_node_opens_what_another_has_sealed(nodes: Nodes) -> None:
    one, two = await nodes.open("one"), await nodes.open("two")
    assert two.keys.unseal(one.keys.seal(b"plain", "x"), "x") == b"plain"
    assert (two.keys.public, two.keys.subject("1")) == (one.keys.public, one.keys.subject("1"))


async def test_other_keys_are_refused_by_name_and_none_is_shown(nodes: Nodes, tmp_path: Path) -> None:
    await nodes.open("one")
    runtime, settings = Runtime.system(), nodes.settings("stranger")
    load_keys(tmp_path / "other" / "keys", runtime.ids)
    with pytest.raises(StoreRefused, match="subjects, digests, bodies, evidence") as refused:
        await open_store(tmp_path / "other", runtime, settings=settings)
    assert not any(file.read_text().strip() in str(refused.value) for file in (tmp_path / "other" / "keys").iterdir())
    with pytest.raises(StoreRefused, match="not here: copy the keys"):
        await open_store(tmp_path / "empty", runtime, settings=settings)
    assert not (tmp_path / "empty" / "keys").exists()


async def test_keys_as_one_secret(nodes: Nodes, tmp_path: Path) -> None:
    one = await nodes.open("one")
    files = (tmp_path / "one" / "keys").glob("*.key")
    secret = "\n".join(f"{file.stem} = {file.read_text()}" for file in files)
    given = replace(nodes.settings("two"), keys=secret)
    two = await open_store(tmp_path / "nothing", Runtime.system(), settings=given)
    assert two.keys.public == one.keys.public
    assert not list((tmp_path / "nothing").glob("keys/*.key")), "a secret that was handed in is not written down"
    await two.close()
    for broken, said in (
        (secret[:-5], "hexadecimal|bytes"),
        ("subjects=00", "32 bytes"),
        ("bodies=xx", "not hexadecimal"),
    ):
        with pytest.raises(StoreRefused, match=said):
            await open_store(tmp_path / "nothing", Runtime.system(), settings=replace(given, keys=broken))


async def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    settings = StoreSettings(url="postgresql://user:geheim@127.0.0.1:1/lgsp")
    with pytest.raises(StoreRefused, match=r"127\.0\.0\.1:1/lgsp cannot be used: ConnectionRefusedError") as refused:
        await open_store(tmp_path, Runtime.system(), settings=settings)
    assert "geheim" not in str(refused.value)


async def test_a_rotated_key_is_taken_and_who_comes_without_it_is_refused_from_then_on(
    nodes: Nodes, tmp_path: Path
) -> None:
    one = await nodes.open("one")
    sealed = one.keys.seal(b"plain", "x")
    earlier = folder_keys(tmp_path / "one" / "keys")
    assert earlier is not None
    runtime = Runtime.system()
    later = rotated(earlier, runtime.ids)

    async def opened(keys: Mapping[str, bytes]) -> Store:
        given = replace(nodes.settings("two"), keys=keys_text(keys))
        return await open_store(tmp_path / "nothing", runtime, settings=given)

    two = await opened(later)
    assert two.keys.unseal(sealed, "x") == b"plain"
    await two.close()
    with pytest.raises(StoreRefused, match=r"other keys \(bodies\)"):
        await opened(earlier)
