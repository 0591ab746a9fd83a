"""`lgsp up` as a person runs it: processes, printed calls, a restart, an orderly end."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import urllib.request
from pathlib import Path

import pytest

from tests.cli.demonstration import answered, gone, lgsp, printed, running

ROLES = {"viewer", "operator", "security-officer", "auditor"}


def test_the_printed_calls_work_and_the_command_line_beside_it(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        rest, soap = printed(up.said)
        assert json.loads(answered(rest))
        assert b"Envelope" in answered(soap)
        assert up.demo["gateway"] in up.said
        assert "DEMONSTRATION" in up.said

        board = lgsp(up.data, "status", "--json")
        assert board.returncode in (0, 3), board.stderr
        assert json.loads(board.stdout)["counts"]["total"] == len(json.loads(board.stdout)["systems"])
        listed = lgsp(up.data, "consumer", "list", "--json")
        assert [each["id"] for each in json.loads(listed.stdout)] == sorted(each["id"] for each in up.demo["consumers"])
        assert lgsp(up.data, "audit", "verify").returncode == 0
        assert up.end() == 0
        assert gone(up.demo["gateway"])
        assert gone(up.demo["simulator"])
    assert not (tmp_path / "data" / "control.sock").exists()


def test_one_call_by_both_faces_gives_the_same(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        with urllib.request.urlopen(f"{up.demo['simulator']}/_sim/examples", timeout=10) as answer:
            examples = [each for each in json.load(answer) if each["kind"] == "query" and each["expect"] == "ok"]
        example = min((each for each in examples if each["request"]), key=lambda each: len(json.dumps(each)))
        (tmp_path / "body.json").write_text(json.dumps(example["request"]))
        call = ["call", example["system"], example["operation"], "--body", str(tmp_path / "body.json")]
        rest, soap = lgsp(up.data, *call), lgsp(up.data, *call, "--soap")
        assert rest.returncode == 0, rest.stderr
        assert soap.returncode == 0, soap.stderr
        assert json.loads(rest.stdout) == json.loads(soap.stdout)
        refused = lgsp(up.data, "call", example["system"], "noSuchOperation")
        assert refused.returncode == 1
        assert "unknown-operation" in refused.stderr
        assert up.end() == 0


def test_consumers_keys_and_tokens_survive_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as up:
        first = up.demo
        assert up.end() == 0
    with running(data) as up:
        assert up.demo["consumers"] == first["consumers"]
        assert up.demo["operators"] == first["operators"]
        assert json.loads(answered(printed(up.said)[0]))
        assert up.end() == 0
    assert {each["role"] for each in first["operators"]} == ROLES
    assert len(first["operators"]) == len(ROLES) + 1
    assert stat.S_IMODE((data / "demo.json").stat().st_mode) == 0o600
    assert set(first["consumers"][0]) == {"id", "client_id", "client_secret", "api_key", "note"}


@pytest.mark.parametrize("option", ["--port", "--sim-port"])
def test_a_taken_port_names_itself_and_the_option(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = "--sim-port" if option == "--port" else "--port"
        done = lgsp(tmp_path / "data", "up", option, port, other, "0")
    assert done.returncode == 2
    assert port in done.stderr
    assert f"choose another with {option}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        second = lgsp(up.data, "up", "--port", "0", "--sim-port", "0")
        assert second.returncode == 1
        assert str(up.process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        assert up.end() == 0


def test_a_kill_leaves_no_simulator_behind(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        simulator = up.demo["simulator"]
        up.process.kill()
        up.process.wait(10)
        host, port = simulator.removeprefix("http://").split(":")
        with socket.socket() as door:
            door.settimeout(10)
            if door.connect_ex((host, int(port))) == 0:  # it is still ending: its connections end with it
                with contextlib.suppress(ConnectionResetError):
                    assert door.recv(1) == b""


def test_an_unknown_province_names_the_known_ones(tmp_path: Path) -> None:
    done = lgsp(tmp_path / "data", "up", "--port", "0", "--sim-port", "0", "--province", "atlantis")
    assert done.returncode == 2
    assert "hoa-binh" in done.stderr
    assert "Traceback" not in done.stderr
