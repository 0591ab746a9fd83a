"""Proves compose.yaml without containers: each service's own command, port and health check, run as they stand.

Only what a container would bring is put in its place: service names become loopback, the data folder a temporary one,
`python` the one of this environment. A service whose program is not on this machine is named and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
ORDER = ("simulator", "gateway", "postgres", "prometheus")
SECONDS = 40.0
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service runs instead of its container."""

    folder: Path

    def put(self, word: str, service: str) -> str:
        for name in ORDER:
            word = word.replace(f"//{name}:", "//127.0.0.1:")
        folders = {
            "simulator": {"/var/lib/lgsp": self.folder / "simulator"},
            "gateway": {"/var/lib/lgsp": self.folder / "gateway"},
            "prometheus": {
                "/etc/prometheus": self.folder / "prometheus-config",
                "/prometheus": self.folder / "prometheus",
            },
        }
        for theirs, ours in folders.get(service, {}).items():
            if word.startswith(theirs) or f"={theirs}" in word:
                return word.replace(theirs, str(ours), 1)
        return word


def command_of(service: str, entry: dict[str, Any], place: Place) -> list[str] | None:
    """The command as the image would run it; None where its program is not here."""
    words = [place.put(str(word), service) for word in entry["command"]]
    match service:
        case "simulator" | "gateway":
            return [str(BIN / "lgsp"), *words]
        case "prometheus":
            program = shutil.which("prometheus")
            config = place.folder / "prometheus-config"
            config.mkdir()
            text = (ROOT / "deploy" / "prometheus.yml").read_text("utf-8")
            (config / "prometheus.yml").write_text(text.replace("gateway:8080", "127.0.0.1:8080"), "utf-8")
            return [program, *words] if program else None
        case _:
            return postgres(words, entry, place) if POSTGRES else None


def postgres(words: list[str], entry: dict[str, Any], place: Place) -> list[str]:
    """What the image's entry point does: a cluster for this user, then the same command."""
    data, tools = place.folder / "postgres", POSTGRES[-1]
    user = entry["environment"]["POSTGRES_USER"]
    data.mkdir()
    unprivileged = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    if unprivileged:
        place.folder.chmod(0o755)
        shutil.chown(data, "nobody", "nogroup")
    made = [*unprivileged, str(tools / "initdb"), "-D", str(data), "-U", user, "--auth=trust"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/")
    return [*unprivileged, str(tools / words[0]), *words[1:], "-D", str(data), "-k", str(data)]


def check_of(entry: dict[str, Any]) -> list[str]:
    words = [str(word) for word in entry["healthcheck"]["test"]][1:]
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    if words[0] == "pg_isready":
        return [str(POSTGRES[-1] / "pg_isready"), *words[1:]]
    return words


@contextlib.contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def healthy(check: list[str], process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        if subprocess.run(check, check=False, capture_output=True, cwd="/").returncode == 0:
            return True
        time.sleep(0.1)
    return False


def listens(entry: dict[str, Any]) -> bool:
    """The port inside the container, as published, is the one that the command has opened."""
    import socket

    port = int(str(entry["ports"][0]).rsplit(":", 1)[1])
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--require-all", action="store_true", help="a service whose program is missing is a failure")
    options = asked.parse_args()
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == set(ORDER), "a service of compose.yaml is not proved here"
    failed = 0
    with tempfile.TemporaryDirectory(prefix="lgsp-compose-") as folder, contextlib.ExitStack() as stack:
        place = Place(Path(folder))
        for name in ORDER:
            entry = services[name]
            if listens(entry):
                print(f"{name}: its port is taken on this machine, so nothing can be proved")
                return 1
            command = command_of(name, entry, place)
            if command is None:
                print(f"{name}: not proved, its program is not installed here")
                failed += options.require_all
                continue
            began = time.monotonic()
            log = place.folder / f"{name}.log"
            variables = {key: str(value) for key, value in entry.get("environment", {}).items()}
            process = stack.enter_context(started(command, variables, log))
            ok = healthy(check_of(entry), process) and listens(entry)
            failed += not ok
            print(f"{name}: {'healthy' if ok else 'FAILED'} after {time.monotonic() - began:.1f} s")
            if not ok:
                print(log.read_text("utf-8", "replace")[-3000:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
