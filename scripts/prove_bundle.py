"""Proves the offline bundle: unpacked into an empty folder, installed without index and without network, run to /readyz.

`python scripts/prove_bundle.py [dist/lgsp-….tar.gz]`. The environment is empty (`env -i`); where this user may (`unshare`), the
installation has no network at all, else pip alone is told to use none. Also: a bundle in which one byte differs is refused.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60.0
EMPTY = ["env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8"]


def main() -> None:
    named = sys.argv[1:2] or sorted(str(each) for each in (ROOT / "dist").glob("lgsp-*.tar.gz"))[-1:]
    if not named:
        sys.exit("no bundle: make bundle")
    alone = ["unshare", "--net"] if _may(["unshare", "--net", "true"]) else []
    print("network while installing:", "none (a namespace of its own)" if alone else "not used (pip --no-index)")
    with tempfile.TemporaryDirectory(prefix="lgsp-prove-") as name:
        folder = Path(name)
        with tarfile.open(named[0]) as tar:
            tar.extractall(folder, filter="data")
        bundle = next(folder.glob("lgsp-*"))
        into = folder / "opt"
        python = _python(bundle)
        step("install", [*alone, *EMPTY, str(bundle / "install.sh"), "--into", str(into), "--python", python])
        step("lgsp --help", [*EMPTY, str(into / "bin" / "lgsp"), "--help"])
        step("lgsp check", [*EMPTY, str(into / "bin" / "lgsp"), "check"])
        serve(into / "bin" / "lgsp", folder)
        bill = json.loads((into / "share" / "sbom.json").read_text("utf-8"))
        print(
            f"SBOM: {bill['specVersion']}, {len(bill['components'])} components, {len(bill['dependencies'])} with dependencies"
        )
        changed(bundle, folder, python)
    print("proved")


def _may(command: list[str]) -> bool:
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def _python(bundle: Path) -> str:
    """One of the bundle's version: the machine's own where it fits, else the one that runs this."""
    wanted = (bundle / "PYTHON").read_text("utf-8").partition("-")[0]
    ask = "import sys; print('cp%d%d' % sys.version_info[:2])"
    for each in ("/usr/bin/python3", sys.executable):
        done = subprocess.run([each, "-I", "-c", ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == wanted and _may([each, "-c", "import venv, ensurepip"]):
            return each
    sys.exit(f"no Python {wanted} here")


def step(what: str, command: list[str]) -> str:
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{what}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{time.monotonic() - began:6.1f} s  {what}")
    return done.stdout


def serve(lgsp: Path, folder: Path) -> None:
    """An installation of nothing yet: a province and no upstream."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    command = [
        *EMPTY,
        "LGSP_PROVINCE__CODE=17",
        str(lgsp),
        "serve",
        "--port",
        str(port),
        "--data",
        str(folder / "data"),
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            while not _ready(port):
                if process.poll() is not None or time.monotonic() - began > SECONDS:
                    sys.exit((folder / "log").read_text("utf-8"))
                time.sleep(0.1)
            print(f"{time.monotonic() - began:6.1f} s  lgsp serve answers /readyz")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
    print(f"        ended with {process.returncode}")


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def changed(bundle: Path, folder: Path, python: str) -> None:
    """One byte in one wheel."""
    wheel = min((bundle / "wheels").iterdir())
    raw = bytearray(wheel.read_bytes())
    raw[len(raw) // 2] ^= 1
    wheel.write_bytes(raw)
    command = [*EMPTY, str(bundle / "install.sh"), "--into", str(folder / "other"), "--python", python]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 or (folder / "other").exists():
        sys.exit("a changed bundle was installed")
    print("        a bundle in which one byte differs is refused")


if __name__ == "__main__":
    main()
