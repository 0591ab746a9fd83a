"""Certificates of upstreams that end: looked at four times a day, told a month before."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lgsp.alerting.causes import Cause
from lgsp.certificates import named
from lgsp.health.cause import label
from lgsp.model import Text
from lgsp.names import resolved
from lgsp.runtime import HANOI
from lgsp.settings import Upstream
from lgsp.upstream import MANNERS

EVERY = timedelta(hours=6)
WARNED = timedelta(days=30)
URGENT = timedelta(days=7)
_SECONDS = 5.0


@dataclass(slots=True)
class Expiry:
    """`trust` says which certificates an address must chain to; None for the machine's own."""

    upstreams: Callable[[], Mapping[str, Upstream]]
    trust: Callable[[str], ssl.SSLContext | None]
    ends: dict[str, datetime] = field(default_factory=dict)
    """By upstream: the last day of the certificate that it showed."""
    _looked: datetime | None = None

    async def causes(self, now: datetime) -> list[Cause]:
        """An upstream that cannot be reached keeps what it showed before: that it is away is the cause of somebody else."""
        if self._looked is None or now - self._looked >= EVERY:
            self._looked = now
            await self._look()
        return [_cause(name, end, now) for name, end in sorted(self.ends.items()) if end - now <= WARNED]

    async def _look(self) -> None:
        bases = {
            name: MANNERS[each.manner].base(each) for name, each in self.upstreams().items() if each.manner in MANNERS
        }
        for name in self.ends.keys() - bases.keys():
            del self.ends[name]
        secure = {name: base for name, base in bases.items() if base.startswith("https://")}
        found = await asyncio.gather(*(self._end(base) for base in secure.values()))
        self.ends.update({name: end for name, end in zip(secure, found, strict=True) if end is not None})

    async def _end(self, base: str) -> datetime | None:
        parts = urlsplit(base)
        host, port = parts.hostname or "", parts.port or 443
        context = self.trust(base) or ssl.create_default_context()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_SECONDS):
                address = (await resolved(host, port))[0]
                _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
                shown = named(writer.get_extra_info("ssl_object").getpeercert(True) or b"")
                writer.transport.abort()
                return shown.ends if shown is not None else None
        return None


def _cause(name: str, end: datetime, now: datetime) -> Cause:
    title, day, left = label(name), f"{end.astimezone(HANOI):%d/%m/%Y}", max(0, (end - now).days)
    said = Text(
        f"{title}: chứng thư TLS hết hạn {day} (còn {left} ngày)",
        f"{title}: the TLS certificate ends on {day} ({left} days left)",
    )
    return Cause(f"certificate:{name}", "certificate", 7 if end - now <= URGENT else 5, said, 0.0)
