"""`lgsp doctor`: one file for whoever helps, without secrets and without people."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import as_json, data_option, json_option, refuse
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.settings import Settings

_SECONDS = 10.0
_TAIL = 8 << 20


@click.command()
@click.option(
    "--to", type=click.Path(path_type=Path), help="Where: a new folder, or FILE.tar.gz  [default: lgsp-doctor-….tar.gz]"
)
@click.option(
    "--log", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Log file, where not journald."
)
@data_option
@json_option
def doctor(to: Path | None, log: Path | None, data: Path | None, *, as_json_: bool) -> None:
    """Collects versions, settings (secrets masked), health, queues, disk, databases, clock, open files, last log lines.

    No message, no identifier, no name of a person, no secret. Look into it before you hand it on. The bus may run or not.
    """
    import asyncio

    from lgsp.doctor import collected, written
    from lgsp.runtime import SystemClock

    found, clock = loaded(data=data), SystemClock()
    settings = found.settings
    if not settings.data.is_dir():
        refuse(f"no data folder {settings.data}: name it with --data")
    owner = _owner(settings.data)
    files = collected(found, clock, os.environ, log=_log(log), owner=owner)
    files["health.json"] = written("health.json", lambda: asyncio.run(_board(settings)))
    files["queues.json"] = written("queues.json", lambda: _queues(settings.data))
    place = to or Path(f"lgsp-doctor-{clock.now():%Y%m%dT%H%M%SZ}.tar.gz")
    try:
        _write(place, files)
    except OSError as error:
        refuse(f"{place}: {error.strerror or error}")
    if as_json_:
        as_json({"bundle": str(place), "files": {name: len(each) for name, each in sorted(files.items())}})
    else:
        click.echo(place)


def _write(place: Path, files: dict[str, bytes]) -> None:
    """For its owner alone; never over something that is there."""
    if not place.name.endswith(".tar.gz"):
        place.mkdir(mode=0o700)
        for name, content in files.items():
            (place / name).write_bytes(content)
        return
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{place.name.removesuffix('.tar.gz')}/{name}")
            entry.size = len(content)
            entry.mode = 0o600
            tar.addfile(entry, io.BytesIO(content))


def _owner(data: Path) -> int | None:
    """The process that owns the data; None where none lives."""
    try:
        pid = int((data / "owner.lock").read_text("ascii").strip())
    except (OSError, ValueError):
        return None
    return pid if Path(f"/proc/{pid}").is_dir() and (data / "control.sock").exists() else None


def _log(file: Path | None) -> Iterable[str]:
    """The end of the file, or of the journal's own namespace."""
    if file is not None:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - _TAIL))
            return log.read().decode("utf-8", "replace").splitlines()
    if shutil.which("journalctl") is None:
        return ()
    command = ["journalctl", "--namespace=lgsp", "--unit=lgsp", "--lines=4000", "--output=cat", "--no-pager", "--quiet"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603  of constants
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return done.stdout.decode("utf-8", "replace").splitlines()


async def _board(settings: Settings) -> Any:
    """What `/status` says of systems and upstreams, from this machine itself: whose certificate it is was seen at the start."""
    import aiohttp

    scheme = "https" if settings.tls.certificate else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    shown = f"[{host}]" if ":" in host else host
    limit = aiohttp.ClientTimeout(total=_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
        session.get(
            f"{scheme}://{shown}:{settings.port}/status", headers={"accept": "application/json"}, ssl=False
        ) as answer,
    ):
        board = json.loads(await answer.read())
    kept = ("counts", "health", "upstreams", "house")
    of_system = (
        "id",
        "stage",
        "since",
        "evidence",
        "health",
        "health_since",
        "cause",
        "layer",
        "breaker",
        "latency_ms",
    )
    more = ("success_rate", "calls", "waiting", "conformance", "checked_at", "upstream")
    return {
        **{name: board.get(name) for name in kept},
        "systems": [{name: each.get(name) for name in (*of_system, *more)} for each in board["systems"]],
    }


def _queues(data: Path) -> Any:
    """How many submissions wait, by system, state and cause, and alerts that stand. Asked of the bus, else read here."""
    from lgsp.cli.office import ask_owner

    groups = ask_owner(data, "submission.groups", {})
    if groups is None:
        return {"running": False, "see": "databases.json"}
    alerts = ask_owner(data, "alert.list", {}) or []
    rows = alerts["items"] if isinstance(alerts, dict) else alerts
    kept = ("cause", "kind", "severity", "raised", "cleared")
    return {"submissions": groups, "alerts": [{name: each.get(name) for name in kept} for each in rows]}
