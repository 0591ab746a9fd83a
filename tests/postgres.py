"""A throw-away PostgreSQL of the test session: started at the first need, ended with the session, gone with its folder.

`REQUIRE_POSTGRES=1` turns "its programs are not here" from a skip into a failure.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NEEDED = ("initdb", "postgres", "createdb", "pg_isready", "psql")
NEEDS = f"needs PostgreSQL's programs ({', '.join(NEEDED)}): on Debian the package postgresql"


def programs() -> Path | None:
    """The folder of the newest server on this machine."""
    folders = [Path(found).resolve().parent for name in NEEDED if (found := shutil.which(name))]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -int(each.parent.name.split(".")[0]))
    return next((each for each in folders if all((each / name).is_file() for name in NEEDED)), None)


_NOBODY = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_NO_TABLES = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
_NO_RECORDS = """DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica; -- a ledger that is append-only as well
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$"""


@dataclass(slots=True)
class Server:
    """A server on a socket in a folder of its own, with full sync as in production."""

    folder: Path
    bin: Path
    process: subprocess.Popen[bytes] | None = None
    free: list[str] = field(default_factory=list)
    made: int = 0

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://lgsp@/{database}?host={self.folder}"

    def start(self) -> None:
        """Returns when it takes connections."""
        ends = _clock() + 60
        while True:
            if self.process is None or self.process.poll() is not None:
                # A first try after a kill may meet the children of the killed server, which end by themselves.
                self.process = self._launched()
            ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-U", "lgsp", "-d", "postgres"]
            if subprocess.run(ready, check=False).returncode == 0 and self.process.poll() is None:
                return
            assert _clock() < ends, (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast shutdown. SIGQUIT: at once, recovery at the next start. SIGKILL: not even a word to its children."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(30)

    @contextlib.contextmanager
    def database(self, *, fresh: bool = False) -> Iterator[str]:
        """The address of a database without any record, nobody else's while it lasts. `fresh`: without any table either.

        They are used again, tables and all: making them is what is slow.
        """
        if not self.free:
            self.made += 1
            self._run("createdb", f"lgsp{self.made}")
            self.free.append(f"lgsp{self.made}")
        name = self.free.pop()
        if fresh:
            self._run("psql", "-q", "-d", name, "-c", _NO_TABLES)
        yield self.url(name)
        if self.process is not None and self.process.poll() is None:
            self._run("psql", "-q", "-d", name, "-c", _NOBODY, "-c", _NO_TABLES if fresh else _NO_RECORDS)
            self.free.append(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), "-h", str(self.folder), "-U", "lgsp", *arguments]
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "PGOPTIONS": "-c client_min_messages=error"}
        )

    def _launched(self) -> subprocess.Popen[bytes]:
        command = [
            str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, **_unprivileged())


def _clock() -> float:
    return os.times().elapsed


def _unprivileged() -> dict[str, object]:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


@contextlib.contextmanager
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(NEEDS, pytrace=False)
        pytest.skip(NEEDS)
    folder = Path(tempfile.mkdtemp(prefix="lgsp-pg-"))
    try:
        unprivileged = _unprivileged()
        if "user" in unprivileged:
            os.chown(folder, int(str(unprivileged["user"])), int(str(unprivileged["group"])))
        subprocess.run(
            [str(found / "initdb"), "-D", str(folder / "data"), "-U", "lgsp", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **unprivileged,
        )  # fmt: skip
        running = Server(folder, found)
        running.start()
        try:
            yield running
        finally:
            running.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
