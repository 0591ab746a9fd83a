"""Signed SOAP requests: verified strictly, once, and handed on as the parts that were signed (RULES 20)."""

from __future__ import annotations

from datetime import datetime

from lgsp.endpoints.house import House
from lgsp.errors import TooLarge, Unauthenticated
from lgsp.exchange import Exchange
from lgsp.model import Consumer, Spooled, Text
from lgsp.pipeline.authenticate import of_signature
from lgsp.pipeline.decode import OFFLOAD_FROM
from lgsp.signature import Verified, admit, verify_soap
from lgsp.signature.messages import LIMIT, envelope_of

_TOO_LARGE = Text("Thông điệp SOAP có chữ ký tối đa 1 MiB", "A signed SOAP message is at most 1 MiB")


async def verified(house: House, exchange: Exchange, body: bytes | Spooled) -> tuple[Consumer, bytes]:
    """(who signed it, the message of what was signed). Raises `InvalidSignature`, `Unauthenticated`, `TooLarge`.

    The replay cache is asked last, so that nobody can fill it with what does not hold.
    """
    if isinstance(body, Spooled) or len(body) > LIMIT:
        raise TooLarge(_TOO_LARGE)
    trust, now = house.policy.signers(), exchange.received

    def work() -> tuple[Verified, datetime, bytes]:
        found, until = verify_soap(body, trust, now)
        return found, until, envelope_of(found)

    small = len(body) <= OFFLOAD_FROM
    found, until, message = work() if small else await house.runtime.offload(work)
    consumer = of_signature(house.policy, found.signer.organ, exchange.peer)
    if exchange.consumer is not None and exchange.consumer.id != consumer.id:
        raise Unauthenticated(Text("Chữ ký không phải của hệ thống đã xác thực", "The signature is another consumer's"))
    await admit(house.store.replays, found, now, until)
    return consumer, message
