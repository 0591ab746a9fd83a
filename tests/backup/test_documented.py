"""docs/backup.md, carried out: every command in it, in its order, on paths of this test."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lgsp.cli.main import main
from tests.backup.house import missing, states
from tests.backup.life import live
from tests.postgres import Server

SECTIONS = (
    "Keys first",
    "Backup",
    "Journal",
    "Restore",
    "Drill",
    "Upgrade and back",
    "From SQLite to PostgreSQL",
    "PostgreSQL",
)


def commands(root: Path) -> dict[str, list[str]]:
    """By section."""
    text = (root / "docs" / "backup.md").read_text("utf-8")
    parts = {part.partition("\n")[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}
    return {
        name: [line for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL) for line in block.splitlines()]
        for name, part in parts.items()
    }


class Place:
    """The paths of the page, below a folder of the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.recipient = ""
        for name in ("mnt/safe", "mnt/backup", "etc/lgsp", "srv"):
            (folder / name).mkdir(parents=True)
        monkeypatch.chdir(folder)
        self.settings("")

    def settings(self, more: str) -> None:
        (self.folder / "lgsp.toml").write_text(
            f'data = "{self.folder}/var/lib/lgsp"\n[province]\ncode = "99"\nname_vi = "Mẫu"\nname_en = "Sample"\n{more}'
        )

    @property
    def data(self) -> Path:
        return self.folder / "var" / "lib" / "lgsp"

    def put(self, line: str) -> str:
        return re.sub(r"(?<=[ =])/(mnt|var|etc|srv)/", rf"{self.folder}/\1/", line).replace(
            "$RECIPIENT", self.recipient
        )

    def run(self, line: str) -> Result:
        line = self.put(line)
        program, *words = shlex.split(line)
        assert program == "lgsp"
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        assert done.exit_code == 0, f"{line}: {done.stderr}"
        return done


def test_the_page_has_these_sections(root: Path) -> None:
    assert [name for name, lines in commands(root).items() if lines] == list(SECTIONS)


def test_from_the_first_key_to_the_upgrade(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    place, page = Place(tmp_path, monkeypatch), commands(root)
    told: dict[str, str] = {}
    journal = tmp_path / "mnt" / "backup" / "journal"
    asyncio.run(live(place.data, None, told.__setitem__, count=4))
    for line in page["Keys first"]:
        place.recipient = place.run(line).stdout.strip()
    assert place.recipient.startswith("lgsp-backup-key:")
    for line in page["Backup"]:
        place.run(line)
    place.settings(f'[store]\njournal = "{journal}"\n')
    asyncio.run(live(place.data, journal, told.__setitem__, count=4))
    for line in page["Journal"]:
        place.run(line)
    asyncio.run(live(place.data, journal, told.__setitem__, count=4))
    for line in page["Restore"]:
        place.run(line)
    new = tmp_path / "srv" / "lgsp-new"
    assert missing(told, new) == []
    assert states(new) == states(place.data)
    for line in page["Drill"]:
        said = place.run(f"{line} --json")
        found = json.loads(said.stdout)
        assert found["ok"]
        assert sum(found["submissions"].values()) == len(states(place.data))
        assert found["evidence"]["entries"] > len(states(place.data))
    for line in page["Upgrade and back"]:
        place.run(line)
    assert "nothing" in place.run("lgsp store schema").stdout


def test_over_to_postgresql(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_postgres_url: str, postgres_server: Server
) -> None:
    import asyncio

    place, page = Place(tmp_path, monkeypatch), commands(root)
    address = tmp_path / "etc" / "lgsp" / "database.url"
    address.write_text(fresh_postgres_url + "\n")
    asyncio.run(live(place.data, None, lambda *_: None, count=4))
    place.recipient = place.run("lgsp backup key /mnt/safe/backup.secret").stdout.strip()
    for line in page["From SQLite to PostgreSQL"]:
        assert "moved" in place.run(line).stdout
    place.settings(f'[store]\nurl_file = "{address}"\n')
    empty = tmp_path / "etc" / "lgsp" / "empty.url"
    with postgres_server.database(fresh=True) as url:
        empty.write_text(url + "\n")
        for line in page["PostgreSQL"]:
            said = place.run(f"{line} --json").stdout
        drilled = json.loads(said)
        assert drilled["ok"]
        assert drilled["answers"] == {"/livez": 200, "/readyz": 200, "/status": 200}
        assert sum(drilled["submissions"].values()) == 4
        asked = CliRunner().invoke(main, shlex.split(place.put(page["PostgreSQL"][-1]))[1:])
        assert asked.exit_code == 0, "it has left nothing, so it can be done again"
    empty.write_text(fresh_postgres_url + "\n")
    refused = CliRunner().invoke(main, shlex.split(place.put(page["PostgreSQL"][-1]))[1:])
    assert refused.exit_code == 1
    assert "wants an empty one" in refused.stderr
    assert place.run("lgsp audit verify").exit_code == 0, "what was refused was not touched"
    manifest = json.loads((tmp_path / "mnt" / "backup" / "cluster" / "manifest.json").read_text())
    assert sum(manifest["submissions"].values()) == len(states(place.data)) == 4
