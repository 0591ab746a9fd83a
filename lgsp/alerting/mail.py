"""Alerts by e-mail: one message through the province's own mail server, to addresses that operators have registered.

The dialogue of SMTP is a dozen lines; asyncio speaks it here, since smtplib would hold a thread for as long as a server pleases.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from lgsp.model import Text
from lgsp.names import resolved
from lgsp.runtime import HANOI
from lgsp.settings import MailSettings

SECONDS = 20.0
_LINE = 2000
_LINES = 100
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HERE = ("localhost", "127.0.0.1", "::1")
_WHAT: Mapping[str, Text] = {
    "alert.raised": Text("CẢNH BÁO", "ALERT"),
    "alert.cleared": Text("ĐÃ HẾT", "OVER"),
    "alert.acknowledged": Text("ĐÃ CÓ NGƯỜI NHẬN", "TAKEN"),
}


class MailRefused(OSError):
    """The server does not take it; its words stay out of our log."""


def address(text: str) -> str:
    """Raises `ValueError` with the reason."""
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise ValueError("an e-mail address is name@host, in ASCII")
    return text


def composed(told: Mapping[str, Any], settings: MailSettings, target: str, house: str, link: str) -> EmailMessage:
    """What a webhook carries as JSON, for people: what is wrong, since when, where to look. No name of a person that asked."""
    alert, what = told["data"], _WHAT[told["type"]]
    since = datetime.fromisoformat(alert["raised"]).astimezone(HANOI)
    lines = [
        f"{what.vi} · mức {alert['severity']}/10",
        alert["text"]["vi"],
        f"Từ lúc {since:%H:%M %d/%m/%Y}",
        "",
        f"{what.en} · severity {alert['severity']}/10",
        alert["text"]["en"],
        f"Since {since:%H:%M %d/%m/%Y} (Viet Nam)",
    ]
    if alert.get("by"):
        lines += ["", f"Người nhận xử lý · taken by: {alert['by']}"]
    if link:
        lines += ["", link]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(f"[LGSP {house}] {what.vi}: {alert['text']['vi']}".split())[:200]
    message["From"], message["To"] = settings.sender, target
    message["Message-ID"] = f"<{alert['id']}.{told['type']}@{settings.sender.rpartition('@')[2]}>"
    message["Date"] = datetime.fromisoformat(told["timestamp"])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n")
    return message


@dataclass(frozen=True, slots=True)
class Mail:
    """Raises `ValueError` where the settings would send anything in the clear to another machine."""

    settings: MailSettings
    house: str = ""
    """The province, for the subject."""
    link: str = ""
    """Where the alerts are seen."""

    def __post_init__(self) -> None:
        address(self.settings.sender)
        if self.settings.tls not in ("starttls", "tls", "none"):
            raise ValueError("mail.tls is starttls, tls or none")
        if self.settings.tls == "none" and self.settings.host not in _HERE:
            raise ValueError("mail.tls = none is for a mail server on this very machine")

    async def send(self, told: Mapping[str, Any], target: str) -> None:
        """Raises OSError (`ssl.SSLError`, `TimeoutError` among them) where the server has not taken it."""
        message = composed(told, self.settings, address(target), self.house, self.link)
        async with asyncio.timeout(SECONDS):
            await self._send(message.as_bytes(), target)

    async def _send(self, content: bytes, target: str) -> None:
        given, context = self.settings, None
        if given.tls != "none":
            context = ssl.create_default_context(cafile=given.ca)
        host = (await resolved(given.host, given.port))[0]
        at_once = context if given.tls == "tls" else None
        name = given.host if at_once is not None else None
        reader, writer = await asyncio.open_connection(host, given.port, limit=_LINE, ssl=at_once, server_hostname=name)
        try:
            talk = _Talk(reader, writer)
            await talk.hears(220)
            await talk.says(f"EHLO {socket.gethostname()}", 250)
            if given.tls == "starttls":
                await talk.says("STARTTLS", 220)
                if talk.left_over:  # words that came in the clear must not count as if they had come under TLS
                    raise MailRefused
                assert context is not None
                await writer.start_tls(context, server_hostname=given.host)
                await talk.says(f"EHLO {socket.gethostname()}", 250)
            if given.user:
                secret = base64.b64encode(f"\0{given.user}\0{given.password}".encode()).decode()
                await talk.says(f"AUTH PLAIN {secret}", 235)
            await talk.says(f"MAIL FROM:<{given.sender}>", 250)
            await talk.says(f"RCPT TO:<{target}>", 250)
            await talk.says("DATA", 354)
            body = b"".join(
                b"." + each if each.startswith(b".") else each for each in content.splitlines(keepends=True)
            )
            writer.write(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            await talk.hears(250)
            writer.write(b"QUIT\r\n")
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class _Talk:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def left_over(self) -> bool:
        return bool(self.reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001  asyncio has no other word for it

    async def says(self, line: str, code: int) -> None:
        self.writer.write(line.encode("ascii") + b"\r\n")
        await self.writer.drain()
        await self.hears(code)

    async def hears(self, code: int) -> None:
        """An answer of one or more lines."""
        for _ in range(_LINES):
            try:
                line = await self.reader.readline()
            except ValueError as error:
                raise MailRefused from error
            if not line.endswith(b"\n") or line[:3] != b"%d" % code:
                raise MailRefused
            if line[3:4] != b"-":
                return
        raise MailRefused
