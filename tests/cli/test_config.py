"""`lgsp config show`: values, origins, masked secrets; a wrong setting ends with 2 and names the nearest key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main


@pytest.fixture(autouse=True)
def _in_an_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_origins_and_masks(tmp_path: Path) -> None:
    (tmp_path / "lgsp.toml").write_text('port = 8099\n[upstreams.platform]\nclient_secret = "hidden-one"\n')
    shown = CliRunner(env={"LGSP_HOST": "::1"}).invoke(main, ["config", "show", "--origin", "--json"])
    found = json.loads(shown.stdout)
    assert found["port"] == {"value": "8099", "origin": "lgsp.toml"}
    assert found["host"] == {"value": "::1", "origin": "LGSP_HOST"}
    assert found["data"]["origin"] == "default"
    assert "hidden-one" not in shown.output


def test_as_a_table() -> None:
    shown = CliRunner().invoke(main, ["config", "show", "--origin"])
    assert shown.exit_code == 0
    assert "limits.body" in shown.stdout


def test_an_unknown_key_names_the_nearest() -> None:
    shown = CliRunner(env={"LGSP_PROT": "1"}).invoke(main, ["config", "show"])
    assert shown.exit_code == 2
    assert "did you mean port?" in shown.output


def test_check_names_what_is_wrong_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "lgsp.toml").write_text(
        '[province]\ncode = "17"\n[upstreams.ngsp]\nmanner = "oauth2"\nurl = "http://127.0.0.1:1"\nclient_secret = "hidden-one"\n'
    )
    done = CliRunner().invoke(main, ["config", "check"])
    assert done.exit_code == 1
    assert "wrong  upstreams.ngsp (127.0.0.1:1): tcp: 127.0.0.1:1 refuses the connection · " in done.stdout
    assert "từ chối kết nối" in done.stdout
    said = json.loads(CliRunner().invoke(main, ["config", "check", "--json"]).stdout)
    assert said["ok"] is False
    assert [each["target"] for each in said["targets"] if not each["ok"]] == ["upstreams.ngsp"]
    assert "hidden-one" not in done.output + json.dumps(said)
    assert CliRunner().invoke(main, ["config", "check", "--offline"]).exit_code == 0


def test_schema_is_json() -> None:
    done = CliRunner().invoke(main, ["config", "schema"])
    assert json.loads(done.stdout)["properties"]["upstreams"]["type"] == "object"
