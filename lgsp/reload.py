"""Manifests, contracts and settings read again: taken over whole or refused whole, while exchanges go on (RULES 8).

Breakers, health, pools and tokens stay: they hang on names, and what has the same name goes on where it stood. An exchange
under way has its connector in its own slots and ends with what it began with.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from lgsp import manifest
from lgsp.certificates import server_context
from lgsp.home import Home, builtin
from lgsp.manifest import RegistryError
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings, SettingsError
from lgsp.wiring import demonstration, trusted

TAKEN = frozenset({"upstreams", "systems", "homes", "tls"})
"""Settings that are taken over; the others hold from the next start."""


@dataclass(slots=True)
class Current:
    """What is in force now; every part asks for it anew. `listeners` hear of each change, after it."""

    registry: Registry
    settings: Settings
    listeners: list[Callable[[Current], None]] = field(default_factory=list)

    def registry_of(self) -> Registry:
        return self.registry


@dataclass(frozen=True, slots=True)
class Report:
    """What a reload found: `findings` refuse it, `later` are settings that need a new start."""

    findings: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    systems: int = 0
    later: tuple[str, ...] = ()


@dataclass(slots=True)
class Reload:
    """`prepare` reads and judges, `commit` takes over what was prepared last; in between nothing has changed.

    `read` reads the settings again from where they came; None keeps them.
    """

    current: Current
    runtime: Runtime
    read: Callable[[], Settings] | None = None
    one: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from `prepare` to `commit`: another reload would take away what this one has found sound."""
    _candidate: tuple[Registry, Settings] | None = None

    async def prepare(self) -> Report:
        """Off the event loop: seventeen contracts are seconds of work."""
        return await self.runtime.offload(self._prepared)

    def commit(self) -> None:
        """At once, on the loop: no exchange sees a half of it."""
        if self._candidate is None:
            return
        self.current.registry, self.current.settings = self._candidate
        self._candidate = None
        for listener in self.current.listeners:
            listener(self.current)

    def abandon(self) -> None:
        self._candidate = None

    def _prepared(self) -> Report:
        self._candidate = None
        before = self.current.settings
        try:
            fresh = self.read() if self.read is not None else before
        except SettingsError as error:
            return Report((str(error),))
        try:
            registry = manifest.load([builtin(), *map(Home.at, fresh.homes)])
        except RegistryError as error:
            return Report(tuple(map(str, error.findings)))
        except OSError as error:
            return Report((f"{error.filename}: {error.strerror}",))
        fresh = replace(fresh, upstreams={**demonstration(fresh, registry), **fresh.upstreams})
        if found := _unreadable(fresh):
            return Report(tuple(found))
        taken = replace(before, **{name: getattr(fresh, name) for name in TAKEN})
        later = [
            each.name
            for each in fields(Settings)
            if each.name not in TAKEN and getattr(fresh, each.name) != getattr(before, each.name)
        ]
        self._candidate = (registry, taken)
        old, new = self.current.registry.connectors.keys(), registry.connectors.keys()
        return Report((), tuple(sorted(new - old)), tuple(sorted(old - new)), len(new), tuple(later))


def _unreadable(settings: Settings) -> list[str]:
    """Certificates that could not be used."""
    found, tls = [], settings.tls
    for path in trusted(settings).values():
        try:
            ssl.create_default_context(cadata=path.read_text("ascii"))
        except (OSError, ValueError) as error:  # an `SSLError` is the first
            found.append(f"{path}: no certificates ({type(error).__name__})")
    if tls.certificate is not None:
        try:
            server_context(tls.certificate, tls.key, tls.client_ca)
        except (OSError, ValueError) as error:
            found.append(f"[tls] certificate, key or client_ca cannot be used ({type(error).__name__})")
    return found
