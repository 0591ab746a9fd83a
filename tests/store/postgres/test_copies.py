"""Chains of a database as files: they verify, name people, and show what was changed in the database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lgsp.audit import Audit, verify, who
from lgsp.runtime import Runtime
from lgsp.store import StoreRefused
from lgsp.store.port import EvidenceRow
from lgsp.store.postgres.copies import copy_evidence
from tests.store.postgres.nodes import Nodes


async def told(nodes: Nodes, into: Path) -> Path:
    into.mkdir()  # noqa: ASYNC240  a test
    await copy_evidence(nodes.url, "", nodes.folder / "one" / "keys", into, Runtime.system().clock)
    return into


async def test_what_is_copied_verifies_and_what_was_changed_is_found(nodes: Nodes, tmp_path: Path) -> None:
    for name in ("one", "two"):
        store = await nodes.open(name)
        audit = Audit(store, Runtime.system())
        for n in range(3):
            await audit.note("grant", "an", number=n)
        await audit.close()
    folder = await told(nodes, tmp_path / "copy")
    verdict = verify(folder)
    assert verdict.ok
    assert {name: (w.entries, w.signed) for name, w in verdict.writers.items()} == {"one-w0": (3, 3), "two-w0": (3, 3)}
    assert {each.name for each in (folder / "keys").iterdir()} == {"evidence.pub", "subjects.key"}, (
        "no key that signs or opens"
    )
    one = nodes.stores["one"]
    await one.database.fetch(
        "UPDATE entry SET body = body || ' ' WHERE writer = $1 AND number = 1", one.evidence.number
    )
    bad = verify(await told(nodes, tmp_path / "changed")).first_bad
    assert bad is not None
    assert (bad.writer, bad.index) == ("one-w0", 1)
    await one.database.fetch("DELETE FROM entry WHERE writer = $1", one.evidence.number)
    assert not verify(await told(nodes, tmp_path / "cut")).ok


async def test_who_asked_about_a_person(nodes: Nodes, tmp_path: Path) -> None:
    store = await nodes.open("one")
    person = store.keys.subject("1")
    body = json.dumps({"at": "2022", "writer": "one-w0", "index": 0}).encode()
    await store.evidence.append(lambda _: [EvidenceRow(0, body, b"h", (person,))])
    assert [each["index"] for each in who(await told(nodes, tmp_path / "copy"), "1")] == [0]


async def test_without_the_keys(nodes: Nodes, tmp_path: Path) -> None:
    await nodes.open("one")
    with pytest.raises(StoreRefused, match="no keys"):
        await copy_evidence(nodes.url, "", tmp_path / "none", tmp_path, Runtime.system().clock)


async def test_the_command(nodes: Nodes, root: Path) -> None:
    store = await nodes.open("one")
    audit = Audit(store, Runtime.system())
    await audit.note("grant", "an", number=1)
    await audit.close()
    environment = {**os.environ, "LGSP_STORE_URL": nodes.url}
    command = [sys.executable, "-m", "lgsp", "audit", "verify", "--json", "--data", str(nodes.folder / "one")]
    process = await asyncio.create_subprocess_exec(*command, cwd=root, env=environment, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(out)["entries"] == 1
