"""Who asks: every credential dialect leads to one `Consumer`. Only headers are read here; a body is not parsed for it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable

import msgspec

from lgsp.adapters.envelope import UsernameToken
from lgsp.errors import Forbidden, Unauthenticated
from lgsp.exchange import Exchange, Handler
from lgsp.model import Consumer, Data, Face, Text
from lgsp.policy import SANDBOX, SANDBOX_KEY, SANDBOX_TOKEN, Policy

_NO_SANDBOX = Text(
    "Chưa có hệ thống mô phỏng cho khoá thử nghiệm", "No simulated systems stand behind a sandbox key here"
)


class Authenticate:
    """A face that has verified a credential out of the message itself (UsernameToken, session) has set the consumer."""

    def __init__(self, policy: Policy, *, sandbox: bool = False) -> None:
        """`sandbox`: these steps lead to simulated systems, and take the keys for them alone."""
        self._policy, self._sandbox = policy, sandbox

    def __call__(self, exchange: Exchange, handler: Handler) -> Awaitable[Data]:
        if exchange.consumer is None and exchange.face is not Face.INTERNAL:
            exchange.consumer = by_headers(self._policy, exchange)
            if exchange.consumer is None:
                raise Unauthenticated(missing())
        elif exchange.consumer is not None and exchange.face is not Face.INTERNAL:
            self._policy.check_address(exchange.consumer, exchange.peer)  # whichever credential the face has read
        if exchange.consumer is not None and exchange.consumer.sandbox is not self._sandbox:
            raise Forbidden(_NO_SANDBOX) if exchange.consumer.sandbox else Unauthenticated(missing())
        return handler(exchange)


def by_headers(policy: Policy, exchange: Exchange) -> Consumer | None:
    """The consumer that the request's headers prove, else its client certificate; None where neither says anything.

    Raises `Unauthenticated`. A secret that is shown goes before a certificate: a wrong one is not healed by a right one.
    """
    consumer = _by_headers(policy, exchange)
    if consumer is not None:
        policy.check_address(consumer, exchange.peer)
    return consumer


def _by_headers(policy: Policy, exchange: Exchange) -> Consumer | None:
    if (authorization := exchange.header("authorization")) is not None:
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated(Text("Chỉ nhận Authorization: Bearer", "Authorization must be Bearer"))
        return policy.by_token(token.strip())
    if (key := exchange.header("x-api-key")) is not None:
        return policy.by_api_key(key.strip(), exchange.peer)
    if (packed := exchange.header("lgspaccesstoken")) is not None:
        client, secret = unpack_access_token(packed)
        return policy.by_secret(client, secret, exchange.peer)
    if (system := exchange.header("x-systemid")) is not None:
        return policy.by_secret(system.strip(), exchange.header("x-secretkey") or "", exchange.peer)
    return None if exchange.certificate is None else policy.by_certificate(exchange.certificate)


def of_sandbox(exchange: Exchange) -> bool:
    """Whether the credential says that it is for the simulated systems. What it says is checked by whoever takes it."""
    if exchange.consumer is not None:
        return exchange.consumer.sandbox
    if (authorization := exchange.header("authorization")) is not None:
        return authorization.strip().partition(" ")[2].strip().startswith(SANDBOX_TOKEN)
    if (key := exchange.header("x-api-key")) is not None:
        return key.strip().startswith(SANDBOX_KEY)
    if (packed := exchange.header("lgspaccesstoken")) is not None:
        try:
            return unpack_access_token(packed)[0].endswith(SANDBOX)
        except Unauthenticated:
            return False
    return (exchange.header("x-systemid") or "").strip().endswith(SANDBOX)


def by_username(policy: Policy, token: UsernameToken, peer: str) -> Consumer:
    """WS-Security UsernameToken, text or digest. A digest without nonce and moment could be replayed for ever: refused."""
    if not token.digest:
        return policy.by_secret(token.username, token.password, peer)
    if not token.nonce or not token.created:
        raise Unauthenticated(Text("PasswordDigest cần Nonce và Created", "PasswordDigest needs Nonce and Created"))
    return policy.by_digest(token.username, token.password, token.nonce, token.created, peer)


def of_signature(policy: Policy, consumer: str, peer: str) -> Consumer:
    """The consumer of a verified signature, from an address that it may call from."""
    found = policy.by_signer(consumer)
    policy.check_address(found, peer)
    return found


class _AccessToken(msgspec.Struct):
    """Dialect A2 (DOMAIN §1.4): who calls, packed into one header; further members name the partner and are not needed."""

    AccessKey: str
    SecretKey: str


def unpack_access_token(packed: str) -> tuple[str, str]:
    """(client id, secret) of an `lgspaccesstoken` header. Raises `Unauthenticated`."""
    try:
        found = msgspec.json.decode(base64.b64decode(packed, validate=True), type=_AccessToken)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise Unauthenticated(Text("lgspaccesstoken không đọc được", "lgspaccesstoken cannot be read")) from error
    return found.AccessKey, found.SecretKey


def missing() -> Text:
    return Text("Thiếu thông tin xác thực", "Credentials are missing")
