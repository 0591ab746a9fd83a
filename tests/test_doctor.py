"""The diagnostics bundle tells how the house fares, and none of its secrets and people, in any spelling."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lgsp.cli.main import main
from lgsp.doctor import CHECK_SECONDS, collected, lines, shown
from lgsp.runtime import SystemClock
from lgsp.settings import load
from lgsp.store.sqlite.inspecting import inspect
from lgsp.testing import Sim
from tests.security.test_canaries import ask, bus, canaries, found_in, strings

__all__ = ["bus"]

PEOPLE = ["Nguyễn Văn Mẫu Trực", "Trần Thị Mẫu Ký"]
SECRETS = ["mat-khau-cua-phep-thu-1", "bi-mat-cua-phep-thu-2", "9876543210-pin"]


def doctor(data: Path, *words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(main, ["doctor", "--data", str(data), *words])


@pytest.mark.slow
def test_nothing_secret_and_nobody_is_in_it(lgsp_simulator: Sim, bus: Any, tmp_path: Path) -> None:
    port, data, process = bus
    demo = json.loads((data / "demo.json").read_text("utf-8"))
    messages: list[Any] = []
    for example in [each for each in lgsp_simulator.examples() if each["system"] in ("civil-status", "population")]:
        headers = {"x-api-key": demo["consumers"][0]["api_key"], **(example.get("headers") or {})}
        for request in (example["request"], {**example["request"], "khongCo": "x"}):
            path = f"/api/{example['system']}/{example['version']}/{example['operation']}"
            status, raw = ask(port, "POST", path, request, {**headers, "prefer": "respond-async"})
            messages += [request, json.loads(raw) if raw and status < 400 else None]
    toml = tmp_path / "secret.toml"
    toml.write_text(
        f'port = {port}\n[report]\nsigner = "{PEOPLE[0]}"\nto = ["{PEOPLE[1]}"]\n'
        f'[upstreams.ngsp]\nmanner = "oauth2"\nurl = "https://user:{SECRETS[0]}@ngsp.example/x?key={SECRETS[1]}"\n'
        f'client_id = "{SECRETS[1]}"\nclient_secret = "{SECRETS[0]}"\nusername = "{PEOPLE[0]}"\n'
        f'[systems.civil-status.secrets]\na = "{SECRETS[0]}"\n[systems.civil-status.values]\nb = "{PEOPLE[1]}"\n'
        f'[signers.p]\norgan = "H28"\nprogram = ["pkcs11-tool", "--pin", "{SECRETS[2]}"]\n',
        "utf-8",
    )
    (tmp_path / "noise").write_text(
        (tmp_path / "log").read_text("utf-8", "replace")
        + f'\n{{"event":"started","kind":"x","password":"{SECRETS[0]}","name":"call 099301990001"}}\nplain {PEOPLE[0]}\n',
        "utf-8",
    )
    env = {"LGSP_CONFIG": str(toml)}
    done = doctor(data, "--to", str(tmp_path / "bundle.tar.gz"), "--log", str(tmp_path / "noise"), env=env)
    assert done.exit_code == 0, done.stderr
    with tarfile.open(tmp_path / "bundle.tar.gz") as tar:
        tar.extractall(tmp_path / "open", filter="data")
    assert (tmp_path / "bundle.tar.gz").stat().st_mode & 0o077 == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "open" / "bundle").iterdir()}

    known = {name: json.loads(raw) for name, raw in files.items() if name.endswith(".json")}
    assert known["health.json"]["counts"]["total"] > 10
    assert known["queues.json"]["submissions"] is not None
    assert known["databases.json"]["lgsp.db"]["quick_check"] == "ok"
    assert known["databases.json"]["lgsp.db"]["rows"]["consumer"] >= 1
    assert known["process.json"]["processes"][0]["pid"] == process.pid
    assert known["process.json"]["processes"][0]["open"]["socket"] >= 1
    assert known["settings.json"]["upstreams.ngsp.url"]["value"] == "https://ngsp.example"
    assert known["clock.json"]["most_ms"] >= 0
    assert b'"attempt-made"' in files["log.jsonl"]
    assert not [name for name, each in known.items() if "unavailable" in str(each)]

    values = canaries(messages, [each.full_name for each in lgsp_simulator.world.people()][:500])
    assert len(values) >= 10
    numbers = [text for message in messages for _, text in strings(message) if len(text) == 12 and text.isdigit()]
    secrets = [
        value
        for each in (*demo["consumers"], *demo["operators"])
        for name, value in each.items()
        if name in {"api_key", "client_secret", "password"}
    ]
    secrets += [path.read_text("ascii").strip() for path in (data / "keys").glob("*.key")]
    for name, raw in files.items():
        assert found_in(raw, values + numbers + secrets + PEOPLE + SECRETS) == [], name


def test_of_a_house_that_is_not_well(tmp_path: Path) -> None:
    """Broken files, no bus, no log: every part says what it is, none stops another."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "lgsp.db").write_bytes(b"SQLite format 3\0" + b"broken" * 500)
    done = doctor(data, "--to", str(tmp_path / "out"), "--json")
    assert done.exit_code == 0, done.stderr
    said = {path.name: json.loads(path.read_text("utf-8")) for path in (tmp_path / "out").glob("*.json")}
    assert "error" in said["databases.json"]["lgsp.db"]
    assert said["process.json"] == {"running": False}
    assert "unavailable" in said["health.json"]
    assert set(json.loads(done.stdout)["files"]) == {*said, "log.jsonl"}
    again = doctor(data, "--to", str(tmp_path / "out"))
    assert again.exit_code == 1
    assert "exists" in again.stderr


def test_a_long_check_is_broken_off(tmp_path: Path) -> None:
    import apsw

    db = apsw.Connection(str(tmp_path / "big.db"))
    db.execute("CREATE TABLE t (a TEXT)")
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO t SELECT i FROM n"
    )
    db.close()
    moments = iter([0.0, *[100.0] * 10_000])
    assert inspect(tmp_path / "big.db", 1.0, lambda: next(moments))["quick_check"] == "not finished"
    assert inspect(tmp_path / "big.db", CHECK_SECONDS, SystemClock().monotonic)["quick_check"] == "ok"


def test_only_what_the_log_may_carry() -> None:
    kept = list(
        lines(['{"event":"exchange-finished","system":"a","body":"x","code":"099301990001"}', '{"event":"x"}', "no"])
    )
    assert kept == [{"event": "exchange-finished", "system": "a", "code": "#"}]


def test_settings_that_are_free_text_are_told_as_set(tmp_path: Path) -> None:
    (tmp_path / "lgsp.toml").write_text(
        '[report]\nsigner = "A"\n[witnesses.w]\nurl = "http://a:b@c:1/x"\nkey = "k"\n', "utf-8"
    )
    said = shown(load(tmp_path / "lgsp.toml"))
    assert said["report.signer"] == {"value": "(set)", "origin": "lgsp.toml"}
    assert said["witnesses.w.url"]["value"] == "http://c:1"
    assert collected(load(tmp_path / "lgsp.toml"), SystemClock(), {})["settings.json"]
