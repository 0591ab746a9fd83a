"""`lgsp backup drill`: a passing restore, a gateway started on it that reaches nobody, and what came of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lgsp.errors import ConnectFailed
from lgsp.model import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from lgsp.backup.manifest import Manifest
    from lgsp.backup.restoring import Restored
    from lgsp.runtime import Clock
    from lgsp.settings import Settings

_ROOM = 1.3
"""Times the backup's size: the copy, and what a journal adds."""
_RESTORED, _STARTED = "restored, evidence verified", "gateway started and asked"
_ASKED = ("/livez", "/readyz", "/status")
_PATIENCE = 60.0


@dataclass(slots=True)
class Rehearsed:
    restored: Restored
    steps: dict[str, float] = field(default_factory=dict)
    """Seconds, in their order."""
    answers: dict[str, int] = field(default_factory=dict)
    """What the gateway on the copy has answered."""

    @property
    def ok(self) -> bool:
        return bool(self.restored.evidence.get("ok")) and set(self.answers.values()) == {200}

    def as_dict(self) -> dict[str, Any]:
        found = self.restored.as_dict()
        return {
            "ok": self.ok, "of": found["of"], "seconds": round(sum(self.steps.values()), 1),
            "steps": {name: round(seconds, 2) for name, seconds in self.steps.items()}, "answers": self.answers,
            **{name: found[name] for name in ("evidence", "submissions", "journal", "lost")},
        }  # fmt: skip


def rehearse(
    folder: Path, manifest: Manifest, keys: dict[str, bytes], settings: Settings, at: Path | None, journal: Path | None,
    url: str = "",
) -> Rehearsed:  # fmt: skip
    """`url` names the empty database that a backup of PostgreSQL needs. Leaves nothing. Raises `BackupRefused` and what a
    restore raises."""
    from lgsp.backup.manifest import BackupRefused

    size = sum(each.size for each in manifest.files.values())
    with TemporaryDirectory(prefix="lgsp-drill-", dir=at) as place:
        if (free := shutil.disk_usage(place).free) < _ROOM * size:
            raise BackupRefused(
                f"{Path(place).parent} has {free / 1e9:.1f} GB, the copy needs {_ROOM * size / 1e9:.1f}"
            )
        data = Path(place) / "data"
        if manifest.store == "postgres":
            return asyncio.run(_clustered(folder, manifest, keys, settings, data, url))
        return _embedded(folder, manifest, keys, settings, data, journal)


def _embedded(
    folder: Path, manifest: Manifest, keys: dict[str, bytes], settings: Settings, data: Path, journal: Path | None
) -> Rehearsed:
    from lgsp.backup.restoring import restore
    from lgsp.runtime import SystemClock

    clock, steps = SystemClock(), dict[str, float]()
    with _timed(steps, _RESTORED, clock):
        restored = restore(folder, manifest, keys, data, clock, journal)
    rehearsed = Rehearsed(restored, steps)
    with _timed(steps, _STARTED, clock):
        rehearsed.answers = asyncio.run(_started(_apart(settings, data)))
    return rehearsed


async def _clustered(
    folder: Path, manifest: Manifest, keys: dict[str, bytes], settings: Settings, data: Path, url: str
) -> Rehearsed:
    from lgsp.backup.clustered import restore
    from lgsp.runtime import SystemClock
    from lgsp.store.postgres.passing import passing

    clock, steps = SystemClock(), dict[str, float]()
    async with passing(url) as own:
        with _timed(steps, _RESTORED, clock):
            restored = await restore(folder, manifest, keys, data, own, clock)
        rehearsed = Rehearsed(restored, steps)
        with _timed(steps, _STARTED, clock):
            rehearsed.answers = await _started(_apart(settings, data, own))
    return rehearsed


def _apart(settings: Settings, data: Path, url: str = "") -> Settings:
    """The same province, but nobody to ask and nobody to tell."""
    from lgsp.settings import TlsSettings

    store = replace(settings.store, url=url, node="drill" if url else "", keys="", journal=None)
    return replace(
        settings, data=data, host="127.0.0.1", port=0, upstreams={}, systems={}, witnesses={}, signers={}, sim=None,
        sandbox=None, tls=TlsSettings(), security_log=None, security_syslog="", public_url=None,
        store=store, report=replace(settings.report, monthly=False),
    )  # fmt: skip


async def _started(settings: Settings) -> dict[str, int]:
    import aiohttp

    from lgsp.app import build
    from lgsp.cli.serving import address, bind, open_door
    from lgsp.runtime import Runtime

    gateway = await build(settings, Runtime.system(), transport=Nowhere())
    gateway.last = False  # nobody balances a load here, so nothing waits for one
    listener = bind("127.0.0.1", 0, "--at")
    try:
        await gateway.start()
        async with (
            asyncio.timeout(_PATIENCE),
            open_door(gateway, settings, listener),
            aiohttp.ClientSession(headers={"accept": "application/json"}) as session,
        ):
            await gateway.ready.wait()
            answers = {}
            for path in _ASKED:
                async with session.get(f"{address(listener)}{path}") as answer:
                    await answer.read()
                    answers[path] = answer.status
            return answers
    finally:
        await gateway.close()


class Nowhere:
    """A `Transport` on which nothing leaves this process."""

    async def send(self, system: str, base: str, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        del system, base, request
        raise ConnectFailed()


@contextmanager
def _timed(steps: dict[str, float], name: str, clock: Clock) -> Iterator[None]:
    began = clock.monotonic()
    yield
    steps[name] = clock.monotonic() - began
