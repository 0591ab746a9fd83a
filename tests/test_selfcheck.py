"""What is unsafe is named by its code before the door opens; only its own code accepts it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lgsp.selfcheck import CODES, unsafe
from lgsp.settings import Limits, Settings, SystemSettings, TlsSettings, Upstream


def codes(settings: Settings, **env: str) -> set[str]:
    return {each.code for each in unsafe(settings, env)}


SAFE = Settings(
    host="10.1.2.3", data=Path("/nonexistent"), tls=TlsSettings(Path("c.pem"), Path("k.pem")),
    upstreams={"ngsp": Upstream("oauth2", "https://ngsp.mau.invalid", client_secret="x"), "here": Upstream(url="http://127.0.0.1:1")},
)  # fmt: skip
CASES = {
    "demonstration-on-a-network": [replace(SAFE, demo=True), replace(SAFE, sim="http://127.0.0.1:9000"), replace(SAFE, sim="x", host="0.0.0.0")],
    "plain-door": [replace(SAFE, tls=TlsSettings()), replace(SAFE, tls=TlsSettings(), host="::")],
    "plain-upstream": [replace(SAFE, upstreams={"a": Upstream(url="http://10.0.0.1/x")}), replace(SAFE, upstreams={"a": Upstream(url="http://ministry.mau.invalid")})],
    "invented-secret": [
        replace(SAFE, upstreams={"a": Upstream(url="https://a", client_secret="demo-lgsp")}),
        replace(SAFE, upstreams={"a": Upstream(url="https://a", password="demo-lgsp")}),
        replace(SAFE, systems={"a": SystemSettings({"inbound": "demo-a"})}),
    ],
    "everybody-is-a-proxy": [replace(SAFE, trusted_proxies=("0.0.0.0/0",)), replace(SAFE, trusted_proxies=("*",))],
    "no-limit": [
        replace(SAFE, limits=replace(Limits(), body_seconds=float("inf"))),
        replace(SAFE, limits=replace(Limits(), connections=0)),
        replace(SAFE, limits=replace(Limits(), evidence_seconds=float("nan"))),
    ],
}  # fmt: skip


def test_what_is_safe() -> None:
    assert codes(Settings(data=Path("/nonexistent"))) == set()
    assert codes(SAFE) == set()
    assert codes(replace(SAFE, tls=TlsSettings(), trusted_proxies=("10.1.2.4",))) == set()
    loopback = Settings(data=Path("/nonexistent"), demo=True, sim="http://127.0.0.1:9000")
    assert codes(loopback, LGSP_TEST="1") == set()


@pytest.mark.parametrize("code", CASES)
def test_each_is_named_and_accepted_by_its_own_code_only(code: str) -> None:
    for settings in CASES[code]:
        assert codes(settings) == {code}
        assert codes(replace(settings, accept_unsafe=(code,))) == set()
        assert codes(replace(settings, accept_unsafe=tuple(each for each in CODES if each != code))) == {code}


def test_keys_that_others_can_read_and_test_switches(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "bodies.key"
    key.write_text("x")
    key.chmod(0o640)
    assert codes(replace(SAFE, data=tmp_path)) == {"open-keys"}
    key.chmod(0o600)
    assert codes(replace(SAFE, data=tmp_path)) == set()
    assert codes(SAFE, LGSP_TEST="1") == {"test-switches"}
    assert codes(SAFE, LGSP_CRASH_AT="x") == {"test-switches"}
    assert {*CASES, "open-keys", "test-switches"} == set(CODES)


def test_nothing_of_a_secret_is_said() -> None:
    for settings in CASES["invented-secret"]:
        assert "demo-" not in "".join(map(str, unsafe(settings, {})))


def test_the_command_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "lgsp.toml").write_text('[province]\ncode = "99"\n[upstreams.ngsp]\nurl = "http://10.9.9.9"\n', "utf-8")
    env = {**os.environ, "LGSP_CONFIG": str(tmp_path / "lgsp.toml")}
    command = [sys.executable, "-m", "lgsp", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert "plain-upstream: upstreams.ngsp.url" in done.stderr
