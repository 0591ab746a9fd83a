"""The bus as its clients see it: a profile (where, as whom) and one call by REST or SOAP."""

from __future__ import annotations

import json
import ssl
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
    tls: ssl.SSLContext | None = None
    """None: what the system trusts."""


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


def profile(file: Path, consumer: str | None = None, tls: ssl.SSLContext | None = None) -> Profile:
    """The named consumer of a profile file, the first one where none is named. Ends the command (2) where it cannot."""
    try:
        document = json.loads(file.read_text("utf-8"))
        entries = {entry["id"]: entry for entry in document["consumers"]}
        entry = entries[consumer] if consumer else next(iter(entries.values()))
        return Profile(str(document["gateway"]).rstrip("/"), entry["id"], entry["api_key"], tls)
    except FileNotFoundError:
        refuse(f"{file} does not exist; start the demonstration with `lgsp up`, or name a --profile", Exit.USAGE)
    except (ValueError, TypeError, StopIteration):
        refuse(f"{file} is not a profile: it needs gateway and consumers with id and api_key", Exit.USAGE)
    except KeyError as missing:
        refuse(f"{file} has no {missing.args[0]}", Exit.USAGE)


async def send(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, seconds: float = 130,
    tls: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    """One request. Raises `aiohttp.ClientError` or `TimeoutError` where nothing answers."""
    import aiohttp

    limit = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
        session.request(method, url, headers=headers, data=body, allow_redirects=False, ssl=tls or True) as response,
    ):
        raw = await response.read()
    found = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, found, _document(raw), raw)


def ask(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    """`send` for a command: ends it (1) with one sentence where nothing answers."""
    import asyncio

    import aiohttp

    try:
        return asyncio.run(send(method, url, headers=headers, body=body, tls=tls))
    except aiohttp.ClientConnectorCertificateError:
        refuse(f"{url} shows a certificate that is not trusted here: name its authority with --ca")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        refuse(f"{url} does not answer ({type(error).__name__}); is the bus running? `lgsp up` starts it")


def trusting(ca: Path | None) -> ssl.SSLContext | None:
    """Ends the command (2) for a file that holds no certificates."""
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError):
        refuse(f"{ca} holds no certificates in PEM", Exit.USAGE)


def pinned(certificate: Path) -> ssl.SSLContext | None:
    """For a door of our own: trusts the certificate that stands in the settings and no other, by whatever name it is reached.

    None where it cannot be read: then the system's trust decides.
    """
    try:
        leaf, mark, _ = certificate.read_text("ascii").partition("-----END CERTIFICATE-----")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # it is this very certificate or none
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=leaf + mark)
    except (OSError, ValueError, ssl.SSLError):
        return None
    return context


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
