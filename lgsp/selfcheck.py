"""What the bus looks at before it opens its door: settings under which it would not keep what it promises (ARCHITECTURE, hard
shell). Each finding has a code; an operator who knows why may accept it by that code (`accept_unsafe`), nothing else does.
"""

from __future__ import annotations

import ipaddress
import math
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from lgsp.settings import Settings

_INVENTED = "demo-"
"""Secrets of the demonstration begin so; anybody can read them in the documentation."""


@dataclass(frozen=True, slots=True)
class Unsafe:
    """`code` is what `accept_unsafe` takes, `what` names the setting and what to do; never a value."""

    code: str
    what: str

    def __str__(self) -> str:
        return f"{self.code}: {self.what}"


CODES = (
    "demonstration-on-a-network",
    "plain-door",
    "plain-upstream",
    "invented-secret",
    "everybody-is-a-proxy",
    "open-keys",
    "test-switches",
    "no-limit",
)


def unsafe(settings: Settings, env: Mapping[str, str]) -> list[Unsafe]:
    """Everything that is unsafe and was not accepted."""
    return [each for each in _findings(settings, env) if each.code not in settings.accept_unsafe]


def _findings(settings: Settings, env: Mapping[str, str]) -> Iterator[Unsafe]:
    inside = _is_loopback(settings.host)
    pretended = settings.demo or settings.sim is not None
    if pretended and not inside:
        yield Unsafe("demonstration-on-a-network", "--sim hands out invented keys; listen on a loopback `host` with it")
    if not inside and not pretended and settings.tls.certificate is None and not settings.trusted_proxies:
        yield Unsafe(
            "plain-door", "keys would cross the network in clear; set [tls], or name the TLS proxy in trusted_proxies"
        )
    for name, upstream in settings.upstreams.items():
        url = urlsplit(upstream.url)
        if url.scheme == "http" and not _is_loopback(url.hostname or "") and not pretended:
            yield Unsafe("plain-upstream", f"upstreams.{name}.url: personal data would leave in clear; use https")
        if not pretended and any(each.startswith(_INVENTED) for each in (upstream.client_secret, upstream.password)):
            yield Unsafe("invented-secret", f"upstreams.{name}: the secret is one of the demonstration's")
    for name, system in settings.systems.items():
        if not pretended and any(each.startswith(_INVENTED) for each in system.secrets.values()):
            yield Unsafe("invented-secret", f"systems.{name}.secrets: one is the demonstration's")
    for proxy in settings.trusted_proxies:
        if not _is_address(proxy):
            yield Unsafe(
                "everybody-is-a-proxy", "trusted_proxies takes single addresses; whoever stands there says who calls"
            )
    yield from _keys(settings.data / "keys")
    if not pretended and (env.get("LGSP_TEST") or env.get("LGSP_CRASH_AT")):
        yield Unsafe("test-switches", "LGSP_TEST and LGSP_CRASH_AT end the process on purpose; unset them")
    for table, bounds in (("limits", settings.limits), ("store", settings.store)):
        for each in fields(bounds):
            value = getattr(bounds, each.name)
            if isinstance(value, int | float) and not (math.isfinite(value) and value > 0):
                yield Unsafe("no-limit", f"{table}.{each.name} must be a positive, finite number")


def _keys(folder: Path) -> Iterator[Unsafe]:
    for path in sorted(folder.glob("*.key")) if folder.is_dir() else ():
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Unsafe("open-keys", f"{path} can be read by others; chmod 600")


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
