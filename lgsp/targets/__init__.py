"""`lgsp config check`: every place that the settings lead to is opened, to the first cause: name, line, TLS, sign-in.

Each target ends in one sentence, Vietnamese and English, that says what is wrong and never a secret. Nothing personal is asked:
who signs in by a token or a session proves it by signing in, who sends credentials with each call by one harmless question that
is not about people. Files are looked at before anything is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.settings import Settings
from lgsp.targets.checked import Checked
from lgsp.targets.files import of_files, of_settings
from lgsp.targets.opening import Opener
from lgsp.transport import AiohttpTransport
from lgsp.wiring import trusted

__all__ = ["Checked", "check"]

_AT_ONCE = 8


async def check(
    settings: Settings, registry: Registry, env: Mapping[str, str], runtime: Runtime, *, network: bool = True
) -> list[Checked]:
    """What the files alone tell, then everything that can be opened, a few at a time. Ends: every step has its limit."""
    found = [*of_settings(settings, registry, env), *of_files(settings, runtime)]
    if not network:
        return found
    broken = {each.key for each in found if each.failed}
    readable = {name: each for name, each in settings.upstreams.items() if f"upstreams.{name}.ca" not in broken}
    usable = replace(settings, upstreams=readable)
    transport = AiohttpTransport(runtime, cas=trusted(usable))
    try:
        opener = Opener(usable, registry, runtime, transport)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(work: Any) -> Checked:
            async with gate:
                return await work  # type: ignore[no-any-return]

        return [*found, *await asyncio.gather(*map(one, opener.all()))]
    finally:
        await transport.close()
