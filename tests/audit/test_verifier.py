"""The exported evidence and the verifier that is one file: alone it finds what the bus itself would find."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from lgsp.audit import Audit, verifier
from lgsp.audit.export import export
from lgsp.runtime import Runtime
from lgsp.store import open_store
from lgsp_mocks.clock import run

LENGTH = 41


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("out") / "evidence"

    async def story(runtime: Runtime) -> None:
        store = await open_store(data, runtime, inline=True)
        audit = Audit(store, runtime)
        for number in range(LENGTH):
            await audit.note("test", "nobody", number=number, text='dòng\nmới\u2028 \\ "')
            if number % 13 == 12:
                await audit.checkpoint()
        await audit.close()
        await store.close()

    run(story)
    assert export(data, folder)["entries"] == LENGTH
    with pytest.raises(FileExistsError):
        export(data, folder)
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def lines(folder: Path) -> list[bytes]:
    return (folder / "w0.entries").read_bytes().splitlines(keepends=True)


def first_bad(folder: Path, found: list[bytes] | None = None) -> int | None:
    if found is not None:
        (folder / "w0.entries").write_bytes(b"".join(found))
    verdict = verifier.verify(folder)
    return None if verdict["ok"] else verdict["first_bad"]["index"]


def test_it_runs_alone(copy: Path) -> None:
    """In a folder of its own, by an interpreter that cannot see the bus."""
    done = subprocess.run(
        [sys.executable, "-P", "verify.py", ".", "--json"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entries"] == LENGTH
    broken = lines(copy)
    broken[7] = broken[7].replace(b"nobody", b"nobodx")
    (copy / "w0.entries").write_bytes(b"".join(broken))
    done = subprocess.run(
        [sys.executable, "-P", "verify.py", "."], cwd=copy, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "entry 7" in done.stdout) == (1, True)


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    named = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    named |= {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}
    roots = {name.partition(".")[0] for name in named}
    assert roots <= {*sys.stdlib_module_names, "cryptography"}


def test_any_byte_changed(copy: Path) -> None:
    whole = (copy / "w0.entries").read_bytes()
    chance, starts = random.Random(6), [0]
    for line in lines(copy):
        starts.append(starts[-1] + len(line))
    for _ in range(400):
        place = chance.randrange(len(whole))
        (copy / "w0.entries").write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        )
        entry = next(index for index in range(LENGTH) if place < starts[index + 1])
        assert first_bad(copy) in (entry, entry + 1), place
        if place != starts[entry + 1] - 1:  # the line's own end is also the next one's beginning
            assert first_bad(copy) == entry


@pytest.mark.parametrize("index", range(LENGTH))
def test_dropped_swapped_inserted(copy: Path, index: int) -> None:
    rows = lines(copy)
    assert first_bad(copy, rows[:index] + rows[index + 1 :]) == index
    if index:
        assert first_bad(copy, [*rows[: index - 1], rows[index], rows[index - 1], *rows[index + 1 :]]) == index - 1
    assert first_bad(copy, [*rows[:index], rows[(index + 5) % LENGTH], *rows[index:]]) == index
    assert first_bad(copy, rows[:index]) == index
    assert first_bad(copy, rows) is None


def test_checkpoints_taken_away(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "_UNSIGNED", 13)
    path = copy / "w0.checkpoints"
    rows = path.read_text().splitlines(keepends=True)
    for kept, index in ((3, None), (2, 26), (1, 13)):
        path.write_text("".join(rows[:kept]))
        assert first_bad(copy) == index


def test_a_checkpoint_changed_or_gone(copy: Path) -> None:
    path = copy / "w0.checkpoints"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["size"] for row in rows] == [13, 26, 39, 41]
    for name in ("root", "head", "signature", "at"):
        bent = [dict(row) for row in rows]
        bent[1][name] = "2022" if name == "at" else bent[2][name]
        path.write_text("".join(json.dumps(row) + "\n" for row in bent))
        assert first_bad(copy) == 25
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:1]) + "nothing\n")
    assert first_bad(copy) == 13
    path.write_text("")
    assert first_bad(copy) == 0  # a chain alone proves nothing


def test_another_key_beside_the_evidence_does_not_help_against_the_one_that_is_known(copy: Path) -> None:
    known = bytes.fromhex((copy / "evidence.pub").read_text())
    (copy / "evidence.pub").write_text(bytes(32).hex())
    assert verifier.verify(copy, known)["ok"]
    assert not verifier.verify(copy, bytes(31) + b"\x01")["ok"]
    assert verifier.main([str(copy / "nowhere")]) == 2
