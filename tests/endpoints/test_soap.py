"""The SOAP door: both versions, its documents, its rules against messages that say two things."""

from __future__ import annotations

import base64
import hashlib

import pytest
from lxml import etree

from lgsp.adapters import soap, soap_fault
from lgsp.adapters.envelope import NAMESPACES, Version
from lgsp.contract.model import Operation
from lgsp.errors import InvalidMessage
from lgsp.model import HttpResponse
from lgsp.xml import parse_xml
from tests.endpoints.bus import Bus, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")
SYSTEM, OPERATION = "civil-status", "danhMuc"
PATH = f"/soap/{SYSTEM}/v1"
NS = f"urn:lgsp:{SYSTEM}:v1"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
KIND = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
GOOD = f'<q:{OPERATION} xmlns:q="{NS}"><q:loaiDanhMuc>3</q:loaiDanhMuc></q:{OPERATION}>'


def envelope(body: str = GOOD, header: str = "", version: Version = "1.1") -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{NAMESPACES[version]}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


async def post(bus: Bus, raw: bytes, headers: dict[str, str] | None = None, *, key: bool = True) -> Reply:
    sent = {"Content-Type": "text/xml", **(bus.key if key else {}), **(headers or {})}
    return await bus.send("POST", PATH, raw, sent)


def fault(reply: Reply) -> tuple[str, str, list[tuple[str | None, str | None]]]:
    """(SOAP fault code, our code, [(path, rule)])."""
    root = parse_xml(reply.body)
    error = root.find(f".//{{{soap_fault.ERROR_NS}}}error")
    assert error is not None
    text = "{" + soap_fault.ERROR_NS + "}"
    code = root.findtext(".//faultcode") or root.findtext(f".//{{{NAMESPACES['1.2']}}}Value") or ""
    inner = error.find(f"{text}errors")
    rules = [
        (each.findtext(f"{text}path"), each.findtext(f"{text}rule")) for each in (inner if inner is not None else ())
    ]
    return code.rpartition(":")[2], error.findtext(f"{text}code") or "", rules


def operation(bus: Bus, system: str, name: str) -> Operation:
    found = bus.gateway.registry.operation(system, name)
    assert found is not None
    return found.public


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_every_example_gives_the_same_by_soap(bus: Bus, version: Version) -> None:
    wrong = []
    for each in await bus.examples():
        public = operation(bus, each["system"], each["operation"])
        try:
            request = soap.encode_request(public, each["request"], version)
        except InvalidMessage:
            assert each["expect"] == "invalid-message"
            continue
        headers = {**request.headers, **bus.key, **(each.get("headers") or {})}
        assert isinstance(request.body, bytes)
        reply = await bus.send("POST", f"/soap/{each['system']}/v1", request.body, headers)
        try:
            soap.decode_response(public, HttpResponse(reply.status, reply.headers, reply.body))
            got = "ok"
        except soap_fault.SoapFaultReceived:
            got = fault(reply)[1]
        if got != each["expect"]:
            wrong.append((each["system"], each["operation"], each["expect"], got))
    assert wrong == []


@pytest.mark.parametrize(
    ("raw", "headers", "status", "soap_code", "code"),
    [
        (b"<", {}, 500, "Client", "invalid-message"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', {}, 500, "Client", "invalid-message"),
        (envelope(f'<danhMuc xmlns="{NS}"/>'), {}, 500, "Client", "invalid-message"),
        (envelope('<danhMuc xmlns="urn:other"/>'), {}, 500, "Client", "invalid-message"),
        (envelope('<khongCo xmlns="urn:other"/>'), {}, 500, "Client", "unknown-operation"),
        (envelope(GOOD + GOOD), {}, 500, "Client", "invalid-message"),
        (envelope(), {"SOAPAction": '"urn:another"'}, 500, "Client", "invalid-message"),
        (envelope(), {"Content-Type": "application/json"}, 415, "Client", "unsupported-media-type"),
        (envelope(), {"Content-Type": "multipart/related"}, 415, "Client", "unsupported-media-type"),
        (envelope(), {"Content-Type": "application/soap+xml"}, 500, "VersionMismatch", "invalid-message"),
        (envelope(version="1.2"), {}, 500, "VersionMismatch", "invalid-message"),
        (envelope(GOOD, '<x:y xmlns:x="urn:x" s:mustUnderstand="1"/>'), {}, 500, "MustUnderstand", "invalid-message"),
        (envelope(GOOD.replace(">3<", f">{'3' * (2 << 20)}<")), {}, 413, "Client", "too-large"),
        (
            envelope("<x/>", version="1.2"), {"Content-Type": "application/soap+xml"}, 400, "Sender", "unknown-operation",
        ),
    ],
)  # fmt: skip
async def test_bad_input_is_a_fault_of_its_own(
    bus: Bus, raw: bytes, headers: dict[str, str], status: int, soap_code: str, code: str
) -> None:
    reply = await post(bus, raw, headers)
    assert (reply.status, *fault(reply)[:2]) == (status, soap_code, code)


async def test_a_reply_address_elsewhere_is_refused(bus: Bus) -> None:
    wsa = "http://www.w3.org/2005/08/addressing"
    to = '<a:ReplyTo xmlns:a="{}"><a:Address>{}</a:Address></a:ReplyTo>'
    assert (await post(bus, envelope(GOOD, to.format(wsa, f"{wsa}/anonymous")))).status == 200
    refused = await post(bus, envelope(GOOD, to.format(wsa, "http://127.0.0.1:1/steal")))
    assert fault(refused)[1:] == ("invalid-message", [("", "wsa:ReplyTo anonymous")])


async def test_the_prefix_and_the_action_do_not_choose_the_operation(bus: Bus) -> None:
    action = operation(bus, SYSTEM, OPERATION).soap.action
    assert (await post(bus, envelope(), {"SOAPAction": f'"{action}"'})).status == 200
    assert (await post(bus, envelope(GOOD.replace("q:", "zz:").replace("xmlns:q", "xmlns:zz")))).status == 200


async def test_an_unknown_system_and_method_are_faults_too(bus: Bus) -> None:
    unknown = await bus.send("POST", "/soap/khong-co/v1", envelope(), {"Content-Type": "text/xml", **bus.key})
    assert fault(unknown)[1] == "unknown-operation"
    assert (await bus.send("PUT", PATH)).status == 405
    assert fault(await bus.send("DELETE", PATH))[1] == "unknown-operation"
    assert fault(await bus.send("POST", "/soap/nowhere", b""))[1] == "unknown-operation"


async def test_username_token_text(bus: Bus) -> None:
    def token(secret: str) -> str:
        return (
            f'<w:Security xmlns:w="{WSSE}" s:mustUnderstand="1"><w:UsernameToken><w:Username>tester</w:Username>'
            f'<w:Password Type="{KIND}#PasswordText">{secret}</w:Password></w:UsernameToken></w:Security>'
        )

    assert (await post(bus, envelope(GOOD, token(bus.secrets.client_secret)), key=False)).status == 200
    wrong = await post(bus, envelope(GOOD, token("wrong")), key=False)
    assert (wrong.status, fault(wrong)[1]) == (401, "unauthenticated")
    assert (await post(bus, envelope(), key=False)).status == 401


async def test_username_token_digest_works_once(bus: Bus) -> None:
    await bus.gateway.policy.set_password("tester", "a password of the test")
    created, nonce = bus.gateway.runtime.clock.now().isoformat(), b"0123456789abcdef"
    digest = hashlib.sha1(nonce + created.encode() + b"a password of the test", usedforsecurity=False).digest()
    token = (
        f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>tester</w:Username>'
        f'<w:Password Type="{KIND}#PasswordDigest">{base64.b64encode(digest).decode()}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
        f'<u:Created xmlns:u="{WSU}">{created}</u:Created></w:UsernameToken></w:Security>'
    )
    assert (await post(bus, envelope(GOOD, token), key=False)).status == 200
    assert (await post(bus, envelope(GOOD, token), key=False)).status == 401


async def test_message_id_is_the_idempotency_key(bus: Bus) -> None:
    examples = await bus.examples()
    example = next(e for e in examples if (e["system"], e["kind"], e["expect"]) == (SYSTEM, "update", "ok"))
    public = operation(bus, SYSTEM, example["operation"])
    block = b'<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:test:1</a:MessageID>'

    async def send(data: dict[str, object]) -> Reply:
        request = soap.encode_request(public, data, "1.1", [block])
        assert isinstance(request.body, bytes)
        return await post(bus, request.body, {**request.headers, **(example.get("headers") or {})})

    first, second = await send(example["request"]), await send(example["request"])
    assert first.status == second.status == 200
    assert first.body == second.body
    other = await send({**example["request"], "maHoSo": "H28.01-999999-0002"})
    assert fault(other)[1] == "idempotency-mismatch"


async def test_wsdl_and_xsd_need_no_sign_in_and_name_the_readers_address(bus: Bus) -> None:
    wsdl = await bus.send("GET", f"{PATH}?WSDL")
    assert wsdl.status == 200
    assert wsdl.kind == "text/xml"
    root = parse_xml(wsdl.body)
    locations = {each.get("location") for each in root.iter() if str(each.tag).endswith("}address")}
    assert locations == {bus.url + PATH}
    imports = [each.get("schemaLocation") for each in root.iter("{http://www.w3.org/2001/XMLSchema}import")]
    for location in filter(None, imports):
        assert location.startswith(bus.url)
        assert etree.QName(parse_xml((await bus.send("GET", location)).body)).localname == "schema"
    assert (await bus.send("GET", PATH)).status == 405
    assert fault(await bus.send("GET", f"{PATH}?xsd=khong-co"))[1] == "unknown-operation"
    assert fault(await bus.send("GET", "/soap/khong-co/v1?wsdl"))[1] == "unknown-operation"
