"""The bus as its clients see it: a profile (where, as whom) and one call by REST or SOAP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgsp.cli.output import Exit, refuse


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the bus is and with which key to call it: `{data}/demo.json`, or a file of the same shape."""

    gateway: str
    consumer: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `document` is decoded JSON, or the body as text where it is none."""

    status: int
    headers: Mapping[str, str]
    document: Any
    raw: bytes

    @property
    def fine(self) -> bool:
        return self.status < 400


def profile(file: Path, consumer: str | None = None) -> Profile:
    """The named consumer of a profile file, the first one where none is named. Ends the command (2) where it cannot."""
    try:
        document = json.loads(file.read_text("utf-8"))
        entries = {entry["id"]: entry for entry in document["consumers"]}
        entry = entries[consumer] if consumer else next(iter(entries.values()))
        return Profile(str(document["gateway"]).rstrip("/"), entry["id"], entry["api_key"])
    except FileNotFoundError:
        refuse(f"{file} does not exist; start the demonstration with `lgsp up`, or name a --profile", Exit.USAGE)
    except (ValueError, TypeError, StopIteration):
        refuse(f"{file} is not a profile: it needs gateway and consumers with id and api_key", Exit.USAGE)
    except KeyError as missing:
        refuse(f"{file} has no {missing.args[0]}", Exit.USAGE)


async def send(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, seconds: float = 130
) -> Answer:
    """One request. Raises `aiohttp.ClientError` or `TimeoutError` where nothing answers."""
    import aiohttp

    limit = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
        session.request(method, url, headers=headers, data=body, allow_redirects=False) as response,
    ):
        raw = await response.read()
    found = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, found, _document(raw), raw)


def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """`send` for a command: ends it (1) with one sentence where nothing answers."""
    import asyncio

    import aiohttp

    try:
        return asyncio.run(send(method, url, headers=headers, body=body))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        refuse(f"{url} does not answer ({type(error).__name__}); is the bus running? `lgsp up` starts it")


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
