"""Every way of tampering is found, at the entry where it was done."""

from __future__ import annotations

import importlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lgsp.audit import Audit, verify
from lgsp.audit.chain import Frontier, leaf, node
from lgsp.runtime import Runtime
from lgsp.store import open_store
from lgsp_mocks.clock import run
from tests.submissions.house import house

LENGTH = 23
verifying = importlib.import_module("lgsp.audit.verify")  # the package's own name is the function


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")

    async def story(runtime: Runtime) -> None:
        home = await house(runtime, folder)
        home.ministry.effects["a"] = 1
        for number in range(11):
            await home.ask("ask", {"code": "a", "person": {"id": f"09909699000{number % 3}"}})
            if number == 5:
                await home.audit.checkpoint()
        await home.audit.note("test", "nobody")
        await home.audit.close()
        await home.store.close()

    run(story)
    return folder


@pytest.fixture
def copy(evidence: Path, tmp_path: Path) -> Path:
    for file in ("lgsp.db", "evidence-w0.db", "keys/evidence.pub"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes((evidence / file).read_bytes())
    return tmp_path


def tamper(folder: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with sqlite3.connect(folder / "evidence-w0.db") as connection:
        for statement, values in statements:
            connection.execute(statement, values)
    connection.close()


def first_bad(folder: Path) -> tuple[str, int] | None:
    found = verify(folder).first_bad
    return None if found is None else (found.writer, found.index)


def test_untouched(copy: Path) -> None:
    verdict = verify(copy)
    assert verdict.as_dict() == {
        "ok": True, "entries": LENGTH, "writers": {"w0": {"entries": LENGTH, "checkpoints": 2, "signed": LENGTH}},
    }  # fmt: skip


@pytest.mark.parametrize("index", range(0, LENGTH, 3))
def test_a_changed_byte(copy: Path, index: int) -> None:
    with sqlite3.connect(copy / "evidence-w0.db") as connection:
        (body,) = connection.execute("SELECT body FROM entry WHERE number = ?", (index,)).fetchone()
    connection.close()
    for place in range(0, len(body), 37):
        changed = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
        tamper(copy, ("UPDATE entry SET body = ? WHERE number = ?", (changed, index)))
        assert first_bad(copy) == ("w0", index)
    tamper(copy, ("UPDATE entry SET body = ?, hash = zeroblob(32) WHERE number = ?", (body, index)))
    assert first_bad(copy) == ("w0", index)


@pytest.mark.parametrize("index", range(LENGTH))
def test_a_dropped_row(copy: Path, index: int) -> None:
    tamper(copy, ("DELETE FROM entry WHERE number = ?", (index,)))
    assert first_bad(copy) == ("w0", index)


def test_a_dropped_row_with_the_others_moved_up(copy: Path) -> None:
    tamper(
        copy,
        ("DELETE FROM entry WHERE number = 4", ()),
        ("UPDATE entry SET number = -number WHERE number > 4", ()),
        ("UPDATE entry SET number = -number - 1 WHERE number < 0", ()),
    )
    assert first_bad(copy) == ("w0", 4)


def test_swapped_rows(copy: Path) -> None:
    tamper(
        copy,
        ("UPDATE entry SET number = -1 WHERE number = 7", ()),
        ("UPDATE entry SET number = 7 WHERE number = 8", ()),
        ("UPDATE entry SET number = 8 WHERE number = -1", ()),
    )
    assert first_bad(copy) == ("w0", 7)


def test_an_inserted_row(copy: Path) -> None:
    tamper(copy, ("INSERT INTO entry SELECT -1, body, hash FROM entry WHERE number = 3", ()))
    assert first_bad(copy) == ("w0", 0)


def test_the_tail_cut_off(copy: Path) -> None:
    tamper(copy, ("DELETE FROM entry WHERE number >= 20", ()))
    assert first_bad(copy) == ("w0", 20)


def test_a_whole_chain_rebuilt_without_the_key(copy: Path, tmp_path: Path) -> None:
    """Somebody who knows the format but holds no key: the first checkpoint gives it away."""
    other = tmp_path / "other"

    async def story(runtime: Runtime) -> None:
        store = await open_store(other, runtime, inline=True)
        audit = Audit(store, runtime)
        for _ in range(LENGTH):
            await audit.note("forged", "nobody")
        await audit.close()
        await store.close()

    run(story, seed=2)
    (copy / "evidence-w0.db").write_bytes((other / "evidence-w0.db").read_bytes())
    assert first_bad(copy) == ("w0", LENGTH - 1)


@pytest.mark.parametrize("column", ["root", "head", "signature", "frontier"])
def test_a_changed_checkpoint(copy: Path, column: str) -> None:
    tamper(copy, (f"UPDATE checkpoint SET {column} = zeroblob(length({column})) WHERE size < {LENGTH}", ()))
    assert first_bad(copy) == ("w0", 11)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM subject WHERE number = 6", "UPDATE subject SET person = zeroblob(32) WHERE number = 6"],
)
def test_the_index_of_people(copy: Path, statement: str) -> None:
    tamper(copy, (statement, ()))
    assert first_bad(copy) == ("w0", 6)


def test_a_person_read_into_an_entry_that_never_named_them(copy: Path) -> None:
    tamper(copy, ("INSERT INTO subject VALUES (zeroblob(32), 9)", ()))
    assert first_bad(copy) == ("w0", 9)


def test_a_missing_file(copy: Path) -> None:
    (copy / "evidence-w0.db").unlink()
    assert first_bad(copy) == ("w0", 0)


def test_a_file_that_is_no_database(copy: Path) -> None:
    (copy / "evidence-w0.db").write_bytes(b"nothing" * 1000)
    assert first_bad(copy) == ("w0", 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(entry=st.integers(0, LENGTH - 1), place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_byte_of_any_body_in_the_file(copy: Path, entry: int, place: int, bit: int) -> None:
    """Whatever a flipped bit of the file is to SQLite, the entry does not hold any more."""
    path = copy / "evidence-w0.db"
    raw = path.read_bytes()
    with sqlite3.connect(path) as connection:
        (body,) = connection.execute("SELECT body FROM entry WHERE number = ?", (entry,)).fetchone()
    connection.close()
    changed = bytearray(body)
    changed[place % len(body)] ^= 1 << bit
    path.write_bytes(raw.replace(body, changed))  # every copy: a page that was split keeps dead ones
    try:
        assert first_bad(copy) == ("w0", entry)
    finally:
        path.write_bytes(raw)


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaf(leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node(_root(leaves[:half]), _root(leaves[half:]))


def test_the_frontier_is_the_tree_of_rfc_6962() -> None:
    leaves = [bytes([number]) * number for number in range(1, 70)]
    frontier = Frontier()
    assert frontier.root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, body in enumerate(leaves, 1):
        frontier.add(leaf(body))
        assert frontier.root() == _root(leaves[:size])
        frontier = Frontier.from_bytes(frontier.to_bytes())
        assert frontier.size == size


PUBLISHED = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""Tree heads of the reference tests of Certificate Transparency."""


def test_published_vectors() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    frontier = Frontier()
    for size, body in enumerate(leaves, 1):
        frontier.add(leaf(bytes.fromhex(body)))
        if size in PUBLISHED:
            assert frontier.root().hex() == PUBLISHED[size]


def test_checkpoints_taken_away(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the key nobody signs again: who takes checkpoints away to change what they signed is found by their lack."""
    monkeypatch.setattr(verifying, "UNSIGNED", 5)
    assert first_bad(copy) is None
    with sqlite3.connect(copy / "evidence-w0.db") as connection:
        sizes = [size for (size,) in connection.execute("SELECT size FROM checkpoint ORDER BY size")]
    connection.close()
    tamper(copy, ("DELETE FROM checkpoint WHERE size > ?", (sizes[0],)))
    assert first_bad(copy) == ("w0", sizes[0])
    tamper(copy, ("DELETE FROM checkpoint", ()))
    assert first_bad(copy) == ("w0", 0)
