"""Signed SOAP requests at the door: genuine ones are let in, once; what was signed is what is asked; the rest is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from lxml import etree

from lgsp.keyring import certificate_add, certificate_revoke
from lgsp.model import Consumer, Grant, Text
from lgsp.signature import KeySigner, sign_soap
from lgsp.signature.messages import WSSE, WSU
from tests.endpoints.bus import Bus, Reply
from tests.endpoints.test_soap import GOOD, NS, OPERATION, PATH, envelope, fault
from tests.security.house import Authority, bus_of
from tests.signature.wrapping import Find, cases, hidden_in_object, key_info

WSA = "http://www.w3.org/2005/08/addressing"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


MADE: dict[str, dict[str, KeySigner]] = {}
"""By the bus's address."""


async def signers(bus: Bus) -> dict[str, KeySigner]:
    """`one` and `two` are registered for two consumers, `none` for nobody."""
    if bus.url in MADE:
        return MADE[bus.url]
    authority = Authority(bus.gateway.settings.data / "ca")
    made = MADE[bus.url] = {}
    for name in ("one", "two", "none"):
        certified = authority.issue(name)
        made[name] = KeySigner.load(certified.key, certified.file)
        if name != "none":
            consumer = Consumer(f"signing-{name}", Text("Hệ thống ký", "Signing system"), security_level=2)
            await bus.gateway.policy.create_consumer(consumer, [Grant(consumer.id, "*", "*", legal_basis="test")])
            arguments = {"id": consumer.id, "use": "sign", "pem": certified.pem}
            await certificate_add(bus.gateway.office, "test", arguments)
    return made


def signed(bus: Bus, signer: KeySigner, raw: bytes | None = None, late: float = 0.0) -> bytes:
    moment = bus.gateway.runtime.clock.now() + timedelta(seconds=late)
    return sign_soap(envelope() if raw is None else raw, signer, moment)


async def post(bus: Bus, raw: bytes, headers: dict[str, str] | None = None) -> Reply:
    return await bus.send("POST", PATH, raw, {"Content-Type": "text/xml", **(headers or {})})


def rule(reply: Reply) -> str:
    _, code, rules = fault(reply)
    return (rules[0][1] or "").removeprefix("signature:") if code == "invalid-signature" else code


async def a_signature_is_a_credential_and_counts_once(bus: Bus) -> None:
    mine = await signers(bus)
    raw = signed(bus, mine["one"])
    assert (await post(bus, raw)).status == 200
    assert rule(await post(bus, raw)) == "replayed"
    assert (await post(bus, signed(bus, mine["two"]))).status == 200
    assert rule(await post(bus, signed(bus, mine["none"]))) == "key"
    assert rule(await post(bus, signed(bus, mine["one"], late=-301))) == "stale"
    assert rule(await post(bus, signed(bus, mine["one"]).replace(b">3<", b">4<"))) == "digest"


async def a_signature_beside_a_key_is_never_passed_over(bus: Bus) -> None:
    mine = await signers(bus)
    assert rule(await post(bus, signed(bus, mine["none"]), bus.key)) == "key"
    assert rule(await post(bus, signed(bus, mine["one"]), bus.key)) == "unauthenticated", "another consumer's signature"
    broken = signed(bus, mine["one"]).replace(b">3<", b">4<")
    assert rule(await post(bus, broken, bus.key)) == "digest"


async def only_what_was_signed_is_read(bus: Bus) -> None:
    """The message id is the idempotency key where it is signed; one that is put in on the way is nobody's word."""
    mine = await signers(bus)
    with_id = f'<a:MessageID xmlns:a="{WSA}">urn:uuid:mau-1</a:MessageID>'
    raw = signed(bus, mine["one"], envelope(header=with_id))
    assert b"signed-message-id" in raw
    assert (await post(bus, raw)).status == 200
    assert (
        rule(await post(bus, signed(bus, mine["one"], envelope(header=with_id)).replace(b"mau-1", b"mau-2")))
        == "digest"
    )
    added = signed(bus, mine["one"]).replace(b"<wsse:Security", with_id.encode() + b"<wsse:Security", 1)
    assert added.count(b"MessageID") == 2
    assert (await post(bus, added)).status == 200
    action = f'<a:ReplyTo xmlns:a="{WSA}"><a:Address>http://elsewhere.invalid</a:Address></a:ReplyTo>'
    told = await post(bus, signed(bus, mine["one"], envelope(header=action)))
    assert told.status != 200, "an address to answer to is refused, signed or not"


async def no_wrapped_message_comes_through(bus: Bus) -> None:
    """The door itself, with wrapped forms of a question that it would answer."""
    mine = await signers(bus)

    def at(name: str) -> Find:
        def find(root: etree._Element) -> etree._Element:
            found = root.find(f"{{{SOAP}}}{name}")
            assert found is not None
            return found

        return find

    raw = signed(bus, mine["one"])
    parts: dict[str, Find] = {"body": at("Body"), "timestamp": lambda root: next(root.iter(f"{{{WSU}}}Timestamp"))}
    places: dict[str, Find] = {
        "root": lambda root: root,
        "header": at("Header"),
        "security": lambda root: next(root.iter(f"{{{WSSE}}}Security")),
        "object": hidden_in_object,
        "key-info": key_info,
    }
    text: dict[str, Find] = {
        "body": lambda part: next(part.iter(f"{{{NS}}}{OPERATION}")),
        "timestamp": lambda part: part[0],
    }
    found = [*cases(raw, parts, places, text)]
    assert len(found) >= 150
    through = [case.name for case in found[::3] if (await post(bus, case.document)).status == 200]
    assert through == []
    assert (await post(bus, raw)).status == 200, "the genuine one, which no false one has used up"


async def taken_back_it_opens_nothing(bus: Bus) -> None:
    mine = await signers(bus)
    from lgsp.certificates import named

    found = named(mine["two"].certificate)
    assert found is not None
    await certificate_revoke(bus.gateway.office, "test", {"id": "signing-two", "name": found.fingerprint})
    assert rule(await post(bus, signed(bus, mine["two"]))) == "key"


async def too_large_to_be_signed(bus: Bus) -> None:
    mine = await signers(bus)
    raw = signed(bus, mine["one"]).replace(GOOD.encode(), GOOD.encode() + b" " * (1 << 20))
    assert (await post(bus, raw)).status == 413


async def test_the_door(tmp_path: Path) -> None:
    """One bus for all of it: starting one takes longer than asking it."""
    async with bus_of(tmp_path) as bus:
        await a_signature_is_a_credential_and_counts_once(bus)
        await a_signature_beside_a_key_is_never_passed_over(bus)
        await only_what_was_signed_is_read(bus)
        await no_wrapped_message_comes_through(bus)
        await taken_back_it_opens_nothing(bus)
        await too_large_to_be_signed(bus)
