"""Keys: made once, laid down sealed, proved, renewed; what was sealed before opens after; nothing of them is ever shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidTag

from lgsp.backup.sealing import Opener, seal_for_passphrase
from lgsp.cli.main import main
from lgsp.decisions import Refused
from lgsp.escrow import compared, create, known, lay_down, opened, rotate
from lgsp.runtime import Runtime
from lgsp.store import StoreBusy, load_keys, open_store
from lgsp.store.keys import folder_keys, generations, keys_from, keys_text, written_keys

WORD = "mot cau du dai de thu"


def run(*words: str, given: str = "") -> str:
    done = CliRunner().invoke(main, list(words), input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_keys_are_made_once(tmp_path: Path) -> None:
    ids = Runtime.system().ids
    made = create(tmp_path / "keys", ids)
    assert all(each.stat().st_mode & 0o077 == 0 for each in (tmp_path / "keys").glob("*.key"))
    with pytest.raises(Refused, match="never written over"):
        create(tmp_path / "keys", ids)
    assert folder_keys(tmp_path / "keys") == made


def test_an_escrow_opens_with_its_word_alone(tmp_path: Path) -> None:
    ids = Runtime.system().ids
    made = create(tmp_path / "keys", ids)
    file = tmp_path / "escrow"
    lay_down(made, lambda plain: seal_for_passphrase(plain, WORD, ids), file)
    text = file.read_text("utf-8")
    assert not any(each.hex() in text for each in made.values())
    assert compared(opened(file, Opener(passphrase=WORD)), made) == []
    with pytest.raises(Refused, match="does not open"):
        opened(file, Opener(passphrase="another word of length"))
    (tmp_path / "none").write_text("{}", "utf-8")
    with pytest.raises(Refused, match="no escrow"):
        opened(tmp_path / "none", Opener(passphrase=WORD))


async def test_renewed_keys_open_what_earlier_ones_sealed(tmp_path: Path) -> None:
    ids = Runtime.system().ids
    create(tmp_path / "keys", ids)
    sealed = [load_keys(tmp_path / "keys", ids).seal(b"first", "a")]
    rotate(tmp_path, ids)
    sealed.append(load_keys(tmp_path / "keys", ids).seal(b"second", "a"))
    fresh = rotate(tmp_path, ids)
    keys = load_keys(tmp_path / "keys", ids)
    assert [keys.unseal(each, "a") for each in sealed] == [b"first", b"second"]
    with pytest.raises(InvalidTag):
        keys.unseal(sealed[0], "b")
    assert generations(fresh) == 3
    first = {**fresh, "bodies": fresh["bodies"][-32:]}
    with pytest.raises(InvalidTag):
        keys_from(first, ids).unseal(sealed[1], "a")
    assert written_keys(keys_text(fresh)) == fresh, "as one secret too"
    assert [each.generations for each in known(fresh) if each.name == "bodies"] == [3]
    assert compared(first, fresh) == ["bodies"]


async def test_not_while_a_bus_runs(tmp_path: Path) -> None:
    store = await open_store(tmp_path, Runtime.system())
    try:
        with pytest.raises(StoreBusy):
            rotate(tmp_path, Runtime.system().ids)
    finally:
        await store.close()


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, file = str(tmp_path / "data"), str(tmp_path / "escrow")
    said = run("keys", "create", "--data", data)
    said += run("keys", "escrow", file, "--passphrase-file", "-", "--data", data, given=WORD + "\n")
    said += run("keys", "prove", file, "--passphrase-file", "-", "--data", data, given=WORD + "\n")
    said += run("keys", "rotate", "--data", data)
    stale = CliRunner().invoke(
        main, ["keys", "prove", file, "--passphrase-file", "-", "--data", data], input=WORD + "\n"
    )
    assert stale.exit_code == 1
    assert "bodies" in stale.output
    rows = json.loads(run("keys", "list", "--json", "--data", data))
    assert {each["name"]: each["generations"] for each in rows} == {
        "subjects": 1,
        "digests": 1,
        "bodies": 2,
        "evidence": 1,
    }
    said += run("keys", "recover", file, "--passphrase-file", "-", "--into", str(tmp_path / "new"), given=WORD + "\n")
    assert not re.search(r"[0-9a-f]{64}", said + stale.output)
    verdict = json.loads(run("audit", "verify", "--json", "--data", data))
    assert verdict["ok"] is True
    assert verdict["entries"] == 3, "laid down, proved, renewed"
