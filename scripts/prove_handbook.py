"""Proves docs/operations-handbook.md: its own commands, in an empty Debian root, without an index and without a network.

`sudo python scripts/prove_handbook.py BUNDLE.tar.gz [--root DIR] [--write]`. As root, with debootstrap and nginx: the one fetches
Debian's packages through apt's own mirror before the trial begins, the other ends TLS for the simulator, which plays the ministry
on an address of its own. Then everything runs in a namespace that has no network but itself. Two roots: the second one is the
empty machine on which the backup is restored. `--write` puts the measured times into the handbook.

What is not as in the handbook: the secret (the simulator takes invented ones only, which the settings must then answer for), and
`systemctl`, which in a chroot is a stand-in of thirty lines that reads the same unit.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations-handbook.md"
DEBIAN = ["python3", "python3-venv", "openssl", "curl", "ca-certificates", "adduser"]
MINISTRY = "10.17.0.2"
EMPTY = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
SYSTEMCTL = r"""#!/bin/sh
# Stands in for systemd, which does not run in a chroot: starts and stops what the unit says, as its user.
unit=/etc/systemd/system/lgsp.service
case $1 in
    daemon-reload) exit 0 ;;
    stop) pid=$(cat /run/lgsp.pid); kill "$pid"; while grep -qs '^State:.[^Z]' "/proc/$pid/status"; do sleep 0.1; done; exit 0 ;;
    reload) kill -HUP "$(cat /run/lgsp.pid)"; exit 0 ;;
    enable) ;;
    *) echo "systemctl: $1 is not in the stand-in" >&2; exit 1 ;;
esac
value() { sed -n "s/^$1=-*//p" "$unit"; }
cd "$(value WorkingDirectory)" || exit 1
umask "$(value UMask)"
as() { env $(value Environment) setpriv --reuid="$(value User)" --regid="$(value Group)" --init-groups --no-new-privs $1; }
as "$(value ExecStartPre)" >/var/log/lgsp/start 2>&1 || true
env $(value Environment) setpriv --reuid="$(value User)" --regid="$(value Group)" --init-groups --no-new-privs \
    $(value ExecStart) >/var/log/lgsp/journal 2>&1 &
echo $! > /run/lgsp.pid
"""
NGINX = """
worker_processes 1; daemon off; pid {place}/pid; error_log {place}/error;
events {{}}
http {{
    access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
    server {{
        listen {ministry}:443 ssl; ssl_certificate {place}/cert.pem; ssl_certificate_key {place}/key.pem;
        location / {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    script: str


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--root", type=Path, help="An empty Debian that debootstrap made earlier; it stays as it is.")
    parser.add_argument("--write", action="store_true", help="Put the measured times into the handbook.")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        trial(given.bundle, given.inside, write=given.write)
        return
    if os.geteuid() != 0:
        sys.exit("needs root: debootstrap, chroot and a network namespace")
    for program in ("debootstrap", "nginx", "ip", "unshare"):
        if shutil.which(program) is None:
            sys.exit(f"needs {program}")
    with tempfile.TemporaryDirectory(prefix="lgsp-handbook-") as name:
        folder = Path(name)
        pristine = given.root or debian(folder / "debian")
        for machine in ("a", "b"):
            subprocess.run(["cp", "-a", "--reflink=auto", str(pristine), str(folder / machine)], check=True)
        inside = [sys.executable, __file__, str(given.bundle.resolve()), "--inside", str(folder)]
        command = [
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            *inside,
            *(["--write"] if given.write else []),
        ]
        done = subprocess.run(command, check=False)
    sys.exit(done.returncode)


def debian(root: Path) -> Path:
    began = time.monotonic()
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(DEBIAN)}", "bookworm", str(root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(f"{time.monotonic() - began:7.1f} s  debootstrap (before the trial, by apt's mirror)", flush=True)
    return root


def trial(bundle: Path, folder: Path, *, write: bool) -> None:
    """In the namespace: this machine's loopback, the ministry's address, nothing else."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{MINISTRY}/32", "dev", "lo"], check=True)
    if subprocess.run(["ip", "route", "get", "192.0.2.1"], capture_output=True, check=False).returncode == 0:
        sys.exit("there is a network: this proves nothing")
    page = PAGE.read_text("utf-8")
    first, second = steps(page, "trial"), steps(page, "elsewhere")
    rows: list[tuple[str, float]] = []
    with ministry(folder) as authority:
        a = machine(folder / "a", bundle, authority)
        done_on(a, first, rows)
        board(a)
        subprocess.run(EMPTY_IN(a, "systemctl stop lgsp"), check=True)
        b = machine(folder / "b", bundle, authority)
        carry(a, b)
        done_on(b, [Step(f"elsewhere: {each.title}", each.script) for each in second], rows)
        subprocess.run(EMPTY_IN(b, "systemctl stop lgsp"), check=True)
    total = sum(seconds for _, seconds in rows)
    print(f"{total:7.1f} s  together, {len(rows)} steps; proved")
    if write:
        recorded(page, rows)


def steps(page: str, name: str) -> list[Step]:
    """The `sh` blocks between the markers, each under the bold words before it."""
    text = page.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->", maxsplit=1)[0]
    found, title = [], name
    for heading, block in re.findall(r"\*\*(\d+\. [^*]+)\*\*|```sh\n(.*?)```", text, re.DOTALL):
        title = heading.rstrip(".") or title
        if block:
            found.append(
                Step(title if name == "trial" else block.strip().splitlines()[-1].partition(" -")[0][:48], block)
            )
    return found


@contextmanager
def ministry(folder: Path) -> Iterator[Path]:
    """The simulator behind TLS, with an authority of its own; yields that authority's certificate."""
    place = folder / "ministry"
    place.mkdir()
    run = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    subject = ["-subj", "/CN=ngsp.example", "-addext", "subjectAltName=DNS:ngsp.example"]
    files = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")]
    subprocess.run([*run, *subject, *files], check=True, capture_output=True)
    (place / "nginx.conf").write_text(NGINX.format(place=place, ministry=MINISTRY), "utf-8")
    simulator = [sys.executable, "-m", "lgsp", "sim", "--state", str(place / "state")]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(simulator, stdout=subprocess.PIPE, stderr=log, cwd=place) as sim,
        subprocess.Popen(
            ["nginx", "-c", str(place / "nginx.conf"), "-e", str(place / "error")], stdout=log, stderr=log
        ) as front,
    ):
        assert sim.stdout is not None
        sim.stdout.readline()  # it listens
        try:
            yield place / "cert.pem"
        finally:
            for each in (front, sim):
                each.send_signal(signal.SIGTERM)


def machine(root: Path, bundle: Path, authority: Path) -> Path:
    """What a machine has before the handbook begins: names of the network, the bundle, the platform's authority."""
    (root / "etc" / "hosts").write_text(f"127.0.0.1 localhost lgsp.example\n{MINISTRY} ngsp.example\n", "utf-8")
    shutil.copy2(bundle, root / "root" / bundle.name)
    shutil.copy2(authority, root / "root" / "ngsp-ca.pem")
    shim = root / "usr" / "local" / "sbin" / "systemctl"
    shim.write_text(SYSTEMCTL, "utf-8")
    shim.chmod(0o755)
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    return root


def EMPTY_IN(root: Path, script: str) -> list[str]:  # noqa: N802  reads as the constant that it extends
    return ["chroot", str(root), *EMPTY, "/bin/bash", "-euo", "pipefail", "-c", f"cd /root\n{script}"]


def done_on(root: Path, wanted: list[Step], rows: list[tuple[str, float]]) -> None:
    """Each step's block as one script; the first that does not end with 0 ends the proof."""
    for step in wanted:
        began = time.monotonic()
        done = subprocess.run(
            EMPTY_IN(root, put(step.script)), capture_output=True, text=True, check=False, timeout=600
        )
        rows.append((step.title, time.monotonic() - began))
        print(f"{rows[-1][1]:7.1f} s  {step.title}", flush=True)
        if done.returncode:
            log = root / "var" / "log" / "lgsp" / "journal"
            told = log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""
            sys.exit(f"exit {done.returncode}\n{step.script}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{told}")


def put(script: str) -> str:
    """Invented in the place of real: the simulator's kind of secret, and that somebody answers for it."""
    script = script.replace("THE-SECRET-OF-THE-PLATFORM", "demo-cua-buoi-thu")
    if "cat > /etc/lgsp/lgsp.toml" in script:
        script = script.replace('host = "0.0.0.0"\n', 'host = "0.0.0.0"\naccept_unsafe = ["invented-secret"]\n', 1)
        script = "cp ngsp-ca.pem /etc/lgsp/tls/ngsp-ca.pem && chmod 0644 /etc/lgsp/tls/ngsp-ca.pem\n" + script
    return script


def board(root: Path) -> None:
    """What nobody has to believe: the system is up, the evidence stands, and root owns nothing in the data folder."""
    script = "curl -sf --cacert /etc/lgsp/tls/ca.pem -H 'Accept: application/json' https://lgsp.example:8443/status"
    said = subprocess.run(EMPTY_IN(root, script), capture_output=True, text=True, check=True).stdout
    if '"total":' not in said.replace(" ", ""):
        sys.exit("the board says nothing")
    mine = subprocess.run(
        EMPTY_IN(root, "find /var/lib/lgsp/data ! -user lgsp"), capture_output=True, text=True, check=True
    )
    if mine.stdout:
        sys.exit(f"not the service's own: {mine.stdout}")


def carry(a: Path, b: Path) -> None:
    """From one machine to the other: settings, certificates, the backup, the agency's key. Not the data, not the keys."""
    shutil.copytree(a / "etc" / "lgsp", b / "etc" / "lgsp", dirs_exist_ok=True)
    (b / "var" / "lib" / "lgsp").mkdir(parents=True, exist_ok=True)
    shutil.copytree(a / "var" / "lib" / "lgsp" / "backup-1", b / "var" / "lib" / "lgsp" / "backup-1")
    subprocess.run(["chmod", "-R", "a+rX", str(b / "etc" / "lgsp"), str(b / "var" / "lib" / "lgsp")], check=True)


def recorded(page: str, rows: list[tuple[str, float]]) -> None:
    lines = ["| step | seconds |", "|---|---|", *(f"| {title} | {seconds:.1f} |" for title, seconds in rows)]
    lines.append(f"| **together** | **{sum(seconds for _, seconds in rows):.1f}** |")
    text = "\n".join(lines)
    begin, end = "<!-- measured:begin -->", "<!-- measured:end -->"
    PAGE.write_text(page.split(begin, maxsplit=1)[0] + f"{begin}\n{text}\n{end}" + page.split(end)[1], "utf-8")


if __name__ == "__main__":
    main()
