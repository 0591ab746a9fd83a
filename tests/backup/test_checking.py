"""What a look at a backup finds, by the command: whatever was changed, taken away, added, or sealed by another hand."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner, Result

from lgsp.cli.main import main
from lgsp.store.keys import rotated, write_keys
from tests.backup.house import RUNTIME, keys
from tests.backup.life import live


def lgsp(*words: str | Path, given: str = "") -> Result:
    return CliRunner().invoke(main, [*map(str, words)], input=given, catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a backup of it, sealed by a passphrase."""
    folder = tmp_path_factory.mktemp("made")
    asyncio.run(live(folder / "data", None, lambda *_: None, count=4))
    (folder / "data" / "trust").mkdir()
    (folder / "data" / "trust" / "agency.pem").write_text("invented")
    done = lgsp(
        "backup",
        "create",
        folder / "backup",
        "--data",
        folder / "data",
        "--passphrase-file",
        "-",
        given="twelve chars\n",
    )
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def backup(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "backup", tmp_path / "backup"))


def test_a_whole_one(backup: Path) -> None:
    found = lgsp("backup", "verify", backup, "--json", "--passphrase-file", "-", given="twelve chars\n")
    said = json.loads(found.stdout)
    assert (found.exit_code, said["ok"], said["keys"], said["evidence"]["ok"]) == (0, True, "passphrase", True)
    assert "is whole" in lgsp("backup", "verify", backup).stdout
    wrong = lgsp("backup", "verify", backup, "--passphrase-file", "-", given="twelve charz\n")
    assert (wrong.exit_code, "does not open" in wrong.stdout) == (1, True)
    assert {path.stat().st_mode & 0o077 for path in backup.rglob("*")} == {0}


def rewritten(backup: Path) -> None:
    """The manifest, as somebody without the key would."""
    path = backup / "manifest.json"
    path.write_text(path.read_text().replace('"queued"', '"failed"'))


def swapped(backup: Path) -> None:
    """One byte of a record."""
    content = bytearray((backup / "data" / "lgsp.db").read_bytes())
    content[-100] ^= 1
    (backup / "data" / "lgsp.db").write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (swapped, "lgsp.db is not what was copied"),
        (lambda backup: (backup / "data" / "evidence-w0.db").unlink(), "evidence-w0.db is missing"),
        (
            lambda backup: (backup / "data" / "trust" / "agency.pem").write_text("other"),
            "trust/agency.pem is not what was copied",
        ),
        (
            lambda backup: (backup / "data" / "trust" / "more.pem").write_text("more"),
            "trust/more.pem is not of this backup",
        ),
        (lambda backup: (backup / "keys.sealed").unlink(), "keys.sealed is missing"),
        (rewritten, "not what this installation has signed"),
        (lambda backup: (backup / "manifest.json").unlink(), "no whole backup"),
        (lambda backup: (backup / "manifest.sig").write_text("zz"), "cannot be read"),
    ],
)
def test_each_harm_is_found(backup: Path, harm: Callable[[Path], object], said: str) -> None:
    harm(backup)
    found = lgsp("backup", "verify", backup)
    assert found.exit_code == 1
    assert said in found.stdout + found.stderr


def test_signed_by_another_hand(made: Path, backup: Path, tmp_path: Path) -> None:
    asyncio.run(live(tmp_path / "other", None, lambda *_: None, count=2))
    theirs = (tmp_path / "other" / "keys" / "evidence.pub").read_text().strip()
    assert lgsp("backup", "verify", backup, "--evidence-key", theirs).exit_code == 1
    assert (
        lgsp(
            "backup", "verify", backup, "--evidence-key", (made / "data" / "keys" / "evidence.pub").read_text().strip()
        ).exit_code
        == 0
    )
    assert lgsp("backup", "verify", backup, "--evidence-key", "00").exit_code == 2
    refused = lgsp("backup", "restore", backup, "--data", tmp_path / "new", "--keys", tmp_path / "other" / "keys")
    assert "not the keys of this backup" in refused.stderr


def test_keys_that_were_renewed_since_open_it_as_well(made: Path, backup: Path, tmp_path: Path) -> None:
    write_keys(tmp_path / "later" / "keys", rotated(rotated(keys(made / "data"), RUNTIME.ids), RUNTIME.ids))
    done = lgsp("backup", "restore", backup, "--data", tmp_path / "new", "--keys", tmp_path / "later" / "keys")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "new" / "trust" / "agency.pem").read_text() == "invented"
    assert keys(tmp_path / "new") == keys(tmp_path / "later")


def test_what_create_asks_for(made: Path, tmp_path: Path) -> None:
    data = ("--data", made / "data")
    for words, said, code in (
        ((tmp_path / "a", *data), "one of --passphrase-file", 2),
        ((tmp_path / "a", *data, "--recipient", "x"), "it begins with", 1),
        ((made / "data" / "a", *data, "--without-keys"), "another disk", 1),
        ((tmp_path / "a", "--data", tmp_path / "nothing", "--without-keys"), "no keys in", 2),
        ((tmp_path / "b", *data, "--without-keys", "--forget-journal"), "store.journal is not set", 2),
    ):
        found = lgsp("backup", "create", *words)
        assert (found.exit_code, said in found.stderr) == (code, True), found.stderr
    assert "kept" not in lgsp("backup", "verify", tmp_path / "b").stdout
    found = lgsp("backup", "restore", tmp_path / "b", "--data", tmp_path / "new")
    assert (found.exit_code, "--keys" in found.stderr) == (2, True)


def test_a_drill_that_finds_harm_says_so(made: Path, backup: Path) -> None:
    with apsw.Connection(str(backup / "data" / "evidence-w0.db")) as db:
        db.execute("UPDATE entry SET hash = x'00' WHERE number = 1")
    found = lgsp("backup", "drill", backup, "--keys", made / "data" / "keys")
    assert (found.exit_code, "not what was copied" in found.stderr) == (1, True)
