"""What deploy/ hands to systemd, nginx and logrotate is taken by them; their words agree with the code's settings."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from lgsp.cli.main import main
from lgsp.settings import Settings, load
from tests.security.house import Authority

UNITS = ("lgsp.service", "lgsp-witness.service", "lgsp-backup.service", "lgsp-backup.timer")


def needs(program: str) -> str:
    found = shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        pytest.skip(f"needs {program}")
    return found


@pytest.fixture
def here(root: Path, tmp_path: Path) -> Path:
    """The units with this environment's program in the place of the installed one."""
    for name in UNITS:
        text = (root / "deploy" / "systemd" / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/lgsp/bin/lgsp", str(Path(sys.executable))), "utf-8")
    return tmp_path


def test_systemd_takes_the_units(here: Path) -> None:
    analyze = needs("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", *(here / each for each in UNITS)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_is_hardened(here: Path) -> None:
    """systemd's own measure, 0 to 10; what is left is the network, which a bus needs."""
    analyze = needs("systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", str(here / "lgsp.service")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    level = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert level is not None, said[-300:]
    assert float(level[1]) < 2.5


@pytest.mark.parametrize("name", UNITS[:2])
def test_the_units_without_systemd(root: Path, name: str) -> None:
    """Every command line is one of `lgsp`'s; the limits agree with the settings'."""
    unit = ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(root / "deploy" / "systemd" / name, "utf-8")
    for key in ("ExecStart", "ExecStartPre"):
        words = shlex.split(unit["Service"].get(key, "").removeprefix("-"))
        if not words:
            continue
        assert words.pop(0) == "/opt/lgsp/bin/lgsp"
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        assert {each for each in words if each.startswith("--")} <= options
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    if name == "lgsp.service":
        assert int(unit["Service"]["TimeoutStopSec"]) > Settings().limits.drain_seconds
        assert unit["Service"]["UMask"] == "0077"


def test_the_nightly_backup_is_a_command_of_ours(root: Path) -> None:
    text = (root / "deploy" / "systemd" / "lgsp-backup.service").read_text("utf-8")
    group = main.commands["backup"]
    assert isinstance(group, click.Group)
    said = re.findall(r"bin/lgsp backup (\w+) [^;']*", text)
    assert said == ["create", "verify"]
    assert "--recipient" in {option for each in group.commands["create"].params for option in each.opts}


def test_nginx_takes_the_example(root: Path, tmp_path: Path) -> None:
    nginx = needs("nginx")
    ours = Authority(tmp_path / "ca")
    pair = ours.issue("localhost")
    text = (root / "deploy" / "nginx" / "lgsp.conf").read_text("utf-8")
    for theirs, file in (("chain.pem", pair.file), ("key.pem", pair.key), ("client-ca.pem", ours.file)):
        text = text.replace(f"/etc/lgsp/tls/{theirs}", str(file))
    text = text.replace("/var/log/nginx", str(tmp_path)).replace("listen [::]", "# listen [::]")
    text = text.replace("listen 443", "listen 127.0.0.1:0").replace("listen 80", "listen 127.0.0.1:0")
    folders = "".join(
        f"{kind}_temp_path {tmp_path / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = (
        f"pid {tmp_path / 'pid'}; error_log {tmp_path / 'e'}; events {{}} http {{ access_log off; {folders}\n{text}\n}}"
    )
    (tmp_path / "nginx.conf").write_text(conf.replace("listen 127.0.0.1:0", "listen 127.0.0.1:65535"), "utf-8")
    done = subprocess.run(
        [nginx, "-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "e")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "65535 failed" in done.stderr, done.stderr


def test_nginx_agrees_with_the_settings(root: Path) -> None:
    text = (root / "deploy" / "nginx" / "lgsp.conf").read_text("utf-8")
    keep = re.search(r"keepalive_timeout (\d+)s", text)
    body = re.search(r"client_max_body_size\s+(\d+)m", text)
    assert keep is not None
    assert body is not None
    assert int(keep[1]) < Settings().limits.keepalive_seconds, "nginx lets go first"
    assert int(body[1]) << 20 >= Settings().limits.body
    assert 'proxy_header = "Client-Cert"' in text


def test_logrotate_takes_the_example(root: Path, tmp_path: Path) -> None:
    """Once by force: what was written stands in the old file, and whoever holds the file open goes on appending."""
    logrotate = needs("logrotate")
    text = (root / "deploy" / "logrotate" / "lgsp").read_text("utf-8")
    assert "copytruncate" in text
    log = tmp_path / "security.cef"
    conf = tmp_path / "conf"
    conf.write_text(re.sub(r"    su .*\n", "", text).replace("/var/log/lgsp", str(tmp_path)), "utf-8")
    conf.chmod(0o644)
    with log.open("a", encoding="utf-8") as held:
        held.write("first\n")
        held.flush()
        command = [logrotate, "--force", "--state", str(tmp_path / "state"), str(conf)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        held.write("second\n")
        held.flush()
    assert log.read_text("utf-8") == "second\n"
    assert [each.read_text("utf-8") for each in tmp_path.glob("security.cef-*")] == ["first\n"]


def test_the_settings_example_is_read(root: Path, tmp_path: Path) -> None:
    text = (root / "deploy" / "lgsp.toml").read_text("utf-8")
    (tmp_path / "secrets").mkdir()
    for name in ("ngsp", "xroad"):
        (tmp_path / "secrets" / name).write_text("x\n", "utf-8")
    (tmp_path / "lgsp.toml").write_text(text.replace("/etc/lgsp", str(tmp_path)), "utf-8")
    settings = load(tmp_path / "lgsp.toml").settings
    assert set(settings.upstreams) == {"ngsp", "xroad"}
    assert tomllib.loads(text)["tls"]["client_ca"]
