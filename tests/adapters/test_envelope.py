"""Header blocks: the UsernameToken that we write, and the faults that it is answered with."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from pathlib import Path

import pytest
import zeep.wsse.username
from lxml import etree

from lgsp.adapters import soap, soap_fault
from lgsp.adapters.envelope import NAMESPACES, SECURITY_FAULTS, WSSE, UsernameToken, Version, security_block
from lgsp.contract.model import Contract
from lgsp.model import Blob, HttpRequest, Spooled
from lgsp.runtime import HANOI
from lgsp.xml import parse_xml
from tests.adapters.contracts import public

VERSIONS: tuple[Version, ...] = ("1.1", "1.2")
MOMENT = datetime(2022, 11, 16, 9, 0, 0, 123_456, tzinfo=HANOI)
TOKEN = UsernameToken.digested("trục & <mẫu>", "mật khẩu", b"nonce", MOMENT)


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return public(tmp_path_factory.mktemp("contract"))


def test_the_digest_is_the_profiles() -> None:
    assert (TOKEN.digest, TOKEN.created) == (True, "2022-11-16T02:00:00.123Z")
    raw = b"nonce" + b"2022-11-16T02:00:00.123Z" + "mật khẩu".encode()
    assert TOKEN.password == base64.b64encode(hashlib.sha1(raw).digest()).decode()
    assert TOKEN.nonce == base64.b64encode(b"nonce").decode()


def test_the_block_says_what_zeep_would_say() -> None:
    created = datetime(2022, 11, 16, 2, 0, 0)  # noqa: DTZ001  zeep's clock is naive
    token = zeep.wsse.username.UsernameToken("mau", "bí mật", use_digest=True, nonce="abc", created=created)
    envelope = etree.fromstring(f'<s:Envelope xmlns:s="{NAMESPACES["1.1"]}"><s:Body/></s:Envelope>')
    theirs, _ = token.apply(envelope, {})
    found = {each.tag: (each.text, dict(each.attrib)) for each in theirs.iter() if not len(each)}
    stamp = next(text for tag, (text, _) in found.items() if tag.endswith("}Created"))
    moment = datetime.fromisoformat(stamp)
    mine = UsernameToken.digested("mau", "bí mật", b"abc", moment)
    ours = {
        each.tag: (each.text, dict(each.attrib)) for each in parse_xml(security_block(mine)).iter() if not len(each)
    }
    assert ours.keys() <= found.keys()
    for tag, (text, attributes) in ours.items():
        if not tag.endswith(
            ("}Created", "}Password")
        ):  # zeep's moment has no milliseconds, so neither digest nor text agree
            assert (text, attributes) == found[tag]
        else:
            assert attributes == found[tag][1]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_carries_the_block_and_is_read_again(register: Contract, version: Version) -> None:
    sent = soap.encode_request(register.operations["hoi"], {"ma": "A1"}, version, (security_block(TOKEN),))
    assert soap.decode_request(register, sent).username_token == TOKEN


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "head",
    ["", "<s:Header/>", f'<s:Header><o:Security xmlns:o="{WSSE}"><o:X/></o:Security><a:B xmlns:a="u:b"/></s:Header>'],
)
def test_a_strangers_credential_is_replaced(register: Contract, version: Version, head: str) -> None:
    kind = {"1.1": "text/xml", "1.2": "application/soap+xml"}[version]
    body = f'<hoi xmlns="{register.namespace}"><ma>A1</ma><ten>Ă</ten></hoi>'
    raw = f'<s:Envelope xmlns:s="{NAMESPACES[version]}"><!-- x -->{head}<s:Body>{body}</s:Body></s:Envelope>'
    found = soap.with_security(HttpRequest("POST", "/x", {"content-type": kind}, raw.encode()), security_block(TOKEN))
    read = soap.decode_request(register, found)
    assert (read.username_token, read.data) == (TOKEN, {"ma": "A1", "ten": "Ă"})
    assert isinstance(found.body, bytes)
    assert found.body.count(b":Security ") == 1
    assert (b"u:b" in found.body) == ("u:b" in head)


def test_large_texts_stay_on_disk(register: Contract, tmp_path: Path) -> None:
    text = b"TWF1" * 40_000
    path = tmp_path / "blob"
    path.write_bytes(text)
    blob = Blob(path, len(text), hashlib.sha256(text).hexdigest(), len(text), len(text))
    head = f'<s:Envelope xmlns:s="{NAMESPACES["1.1"]}"><s:Body><hoi xmlns="{register.namespace}"><ma>'.encode()
    tail = b"</ma></hoi></s:Body></s:Envelope>"
    body = Spooled((head, (blob, "xml"), tail), len(head) + len(text) + len(tail))
    found = soap.with_security(HttpRequest("POST", "/x", {"content-type": "text/xml"}, body), security_block(TOKEN))
    assert isinstance(found.body, Spooled)
    assert [piece[0] for piece in found.body if not isinstance(piece, bytes)] == [blob]
    assert b"UsernameToken" in b"".join(piece for piece in found.body if isinstance(piece, bytes))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", sorted(SECURITY_FAULTS))
def test_faults_of_the_door(register: Contract, version: Version, code: str) -> None:
    with pytest.raises(soap_fault.SoapFaultReceived) as caught:
        soap.decode_response(register.operations["hoi"], soap_fault.plain_fault(code, "không được", version))
    assert (caught.value.code, caught.value.text) == (code, "không được")
