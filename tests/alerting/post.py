"""A mail server on loopback: speaks SMTP as far as an alert needs it, over TLS from the first byte, by STARTTLS, or not at all."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default


@dataclass
class Post:
    """`refuses` answers that verb with 550; `injects` says more than it was asked before TLS begins."""

    context: ssl.SSLContext | None = None
    tls: str = "starttls"
    refuses: str = ""
    injects: bytes = b""
    port: int = 0
    taken: list[tuple[str, str, Message]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    secure: bool = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.secure = self.tls == "tls"
        writer.write(b"220-mail.example\r\n220 ready\r\n")
        sender = target = ""
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            self.said.append(line)
            if verb == self.refuses:
                writer.write(b"550 no\r\n")
            elif verb == "EHLO":
                writer.write(b"250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")
            elif verb == "STARTTLS":
                writer.write(b"220 go\r\n" + self.injects)
                await writer.drain()
                await writer.start_tls(self.context)  # type: ignore[arg-type]
                self.secure = True
            elif verb == "AUTH":
                good = base64.b64decode(line.split(" ")[2]) == b"\0lgsp\0secret" and self.secure
                writer.write(b"235 ok\r\n" if good else b"535 no\r\n")
            elif verb == "MAIL":
                sender = line
                writer.write(b"250 ok\r\n")
            elif verb == "RCPT":
                target = line
                writer.write(b"250 ok\r\n")
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                body = b""
                while (row := await reader.readline()) != b".\r\n":
                    body += row[1:] if row.startswith(b".") else row
                self.taken.append((sender, target, message_from_bytes(body, policy=default)))
                writer.write(b"250 taken\r\n")
            elif verb == "QUIT":
                break
            await writer.drain()
        writer.close()


@asynccontextmanager
async def office(post: Post) -> AsyncIterator[Post]:
    at_once = post.context if post.tls == "tls" else None
    under_way: set[asyncio.Task[None] | None] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.current_task())
        try:
            await post(reader, writer)
        except (OSError, ValueError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=at_once)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        async with asyncio.timeout(60):
            await asyncio.gather(*(each for each in under_way if each is not None), return_exceptions=True)
