"""Documents inside messages, through the doors: verified when they come, signed when they leave, refused by their own code."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lgsp.settings import Settings, SignerSettings
from lgsp.signature import KeySigner, sign_edxml, verify_edxml
from lgsp_mocks.world.edxml import write_document
from tests.endpoints.bus import Bus, Reply
from tests.security.house import Authority, bus_of
from tests.signature.house import trust

PATH = "/api/document-exchange/v1"
US, THEM = ("000.00.00.H28", "UBND tỉnh Hoà Bình"), ("000.00.00.G22", "Văn phòng Chính phủ")


def document(number: int = 1, sender: tuple[str, str] = US, content: bytes = b"PK mau") -> bytes:
    name = f"{sender[0]},2022/11/14,{9700 + number}/UBND-MAU"
    return write_document(name, sender, [THEM], "Văn bản mẫu", files=[("mau.zip", content)]).encode()


def key_of(folder: Path, name: str = "H28") -> KeySigner:
    made = Authority(folder).issue(name)
    return KeySigner.load(made.key, made.file)


def put_trust(data: Path, organ: str, signer: KeySigner) -> Path:
    (data / "trust").mkdir(parents=True, exist_ok=True)
    file = data / "trust" / f"{organ}.pem"
    file.write_bytes(x509.load_der_x509_certificate(signer.certificate).public_bytes(Encoding.PEM))
    return file


@contextmanager
def trusting(bus: Bus, organ: str, signer: KeySigner) -> Iterator[None]:
    """The certificate counts from the next document, and no longer when it is gone."""
    file = put_trust(bus.gateway.settings.data, organ, signer)
    try:
        yield
    finally:
        file.unlink()


async def post(bus: Bus, operation: str, body: Any) -> Reply:
    return await bus.send("POST", f"{PATH}/{operation}", body, bus.key)


async def send(bus: Bus, raw: bytes, operation: str = "sendEdoc") -> tuple[str, str | None]:
    """(code or ok, what is wrong with the signature, or the header's word)."""
    reply = await post(bus, operation, {"edocFile": raw.decode()})
    if reply.status == 200:
        return "ok", reply.headers.get("x-lgsp-signature")
    errors = reply.data.get("errors") or [{"rule": "", "path": ""}]
    if reply.data["code"] == "invalid-signature":
        assert (reply.status, reply.data["fault_domain"], errors[0]["path"]) == (422, "caller", "/edocFile")
    return reply.data["code"], errors[0]["rule"].removeprefix("signature:")


async def test_documents_through_the_doors(tmp_path: Path) -> None:
    async with bus_of(tmp_path / "data") as bus:
        await sent_documents(bus, tmp_path)
        await brought_documents(bus, key_of(tmp_path / "g09"))
        await large_documents(bus, tmp_path)


async def sent_documents(bus: Bus, folder: Path) -> None:
    ours, foreign = key_of(folder / "a"), key_of(folder / "b")
    plain = document(1)
    assert await send(bus, plain) == ("ok", None), "nobody expects a signature of an agency without a certificate"
    assert await send(bus, sign_edxml(plain, ours)) == ("invalid-signature", "key"), "a signature by nobody we know"
    with trusting(bus, "H28", ours):
        assert await send(bus, sign_edxml(document(2), ours)) == ("ok", "verified")
        assert await send(bus, sign_edxml(document(2), ours), "guiVanBan") == ("ok", "verified")
        assert await send(bus, document(3)) == ("invalid-signature", "missing"), "its signature was taken off"
        assert await send(bus, sign_edxml(document(3), foreign)) == ("invalid-signature", "key")
        changed = sign_edxml(document(3), ours).replace("Văn bản mẫu".encode(), "Văn bản giả".encode())
        assert await send(bus, changed) == ("invalid-signature", "digest")
        other = document(4, ("000.00.00.H37", "UBND tỉnh Lạng Sơn"))
        assert await send(bus, sign_edxml(other, ours)) == ("invalid-signature", "organ"), "signed for somebody else"
        torn = sign_edxml(document(5), ours)[:-20]
        assert await send(bus, torn) == ("invalid-signature", "structure")
        assert (await send(bus, document(6)[:-20]))[0] == "provider-fault", (
            "torn and unsigned: the exchange says so itself"
        )
    assert await send(bus, document(3)) == ("ok", None), "the certificate is gone"


async def brought_documents(bus: Bus, another: KeySigner) -> None:
    """G22's come signed, by the key whose certificate the demonstration trusts."""
    found = await post(bus, "syncReceivedEdocList", {"messageType": "edoc"})
    rows = {each["from"]: each["docId"] for each in found.data["data"]}
    read = await post(bus, "getEdoc", {"docId": rows["G22"]})
    assert (read.status, read.headers.get("x-lgsp-signature")) == (200, "verified")
    assert "DigitalSignature" in read.data["edxml"]
    packed = await post(bus, "layVanBan", {"docId": rows["G22"]})
    assert packed.headers.get("x-lgsp-signature") == "verified"
    assert base64.b64decode(packed.data["data"]).decode() == read.data["edxml"]
    unsigned = await post(bus, "getEdoc", {"docId": rows["G09"]})
    assert (unsigned.status, unsigned.headers.get("x-lgsp-signature")) == (200, "none")
    native = f"/native/XrdAdapter/RestService/forward/v1/getEdoc?dstcode=VN:GOV:000.00.00.G22:vdxp&docId={rows['G22']}"
    told = await bus.send("GET", native, headers=bus.key)
    assert (told.status, told.headers.get("x-lgsp-signature")) == (200, "verified"), told.body[:300]

    folder = next(each.folder for each in bus.gateway.registry.connectors.values() if each.name == "document-exchange")
    certificate = x509.load_pem_x509_certificate((folder / "demo-trust" / "G22.pem").read_bytes())
    revoked = bus.gateway.settings.data / "trust" / "G22.revoked"
    revoked.parent.mkdir(exist_ok=True)
    revoked.write_bytes(certificate.public_bytes(Encoding.PEM))
    try:
        for operation, body in (("getEdoc", {"docId": rows["G22"]}), ("layVanBan", {"docId": rows["G22"]})):
            refused = await post(bus, operation, body)
            assert (refused.status, refused.data["code"], refused.data["fault_domain"]) == (
                422,
                "invalid-signature",
                "backend",
            )
            assert refused.data["errors"] == [{"path": "", "rule": "signature:revoked"}]
            assert b"edXML" not in refused.body
        told = await bus.send("GET", native, headers=bus.key)
        assert told.status != 200
        assert b"edXML" not in told.body, "nothing of it leaves by the native door either"
        with trusting(bus, "G09", another):  # from now on G09's documents are expected to be signed
            refused = await post(bus, "getEdoc", {"docId": rows["G09"]})
        assert refused.data["errors"] == [{"path": "", "rule": "signature:missing"}]
    finally:
        revoked.unlink()
    assert bus.gateway.health.system("document-exchange").health.value == "up", (
        "a bad document is not the exchange's failure"
    )


async def large_documents(bus: Bus, folder: Path) -> None:
    """Above 64 KiB they pass as files: the same judgement, and what is signed with holes is whole again."""
    ours = key_of(folder / "large")
    content = bytes(range(256)) * 4000
    signed = sign_edxml(document(20, content=content), ours)
    with trusting(bus, "H28", ours):
        sent = await post(bus, "sendEdoc", {"edocFile": signed.decode()})
        assert (sent.status, sent.headers.get("x-lgsp-signature")) == (200, "verified")
        packed = {"docId": sent.data["docId"]}
        assert (await post(bus, "layVanBan", packed)).headers.get("x-lgsp-signature") == "verified"
        spool = bus.gateway.spool
        most, spool.limit = spool.limit, 2_000_000  # room for the message, none to unpack it
        try:
            assert (await post(bus, "layVanBan", packed)).data["code"] == "overloaded"
        finally:
            spool.limit = most
        assert spool.used == 0
        place = signed.index(b"<ContentTransferEncoded>") + 400_000
        flipped = signed[:place] + (b"A" if signed[place : place + 1] != b"A" else b"B") + signed[place + 1 :]
        assert await send(bus, flipped) == ("invalid-signature", "digest")
        assert await send(bus, document(21, content=content)) == ("invalid-signature", "missing")


async def test_what_leaves_unsigned_is_signed(tmp_path: Path) -> None:
    ours = key_of(tmp_path / "ca")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_bytes(ours.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.write_bytes(x509.load_der_x509_certificate(ours.certificate).public_bytes(Encoding.PEM))

    def signing(settings: Settings) -> Settings:
        return replace(settings, signers={"province": SignerSettings("H28", file, key)})

    async with bus_of(tmp_path / "data", signing) as bus:
        for number, content in ((30, b"small"), (31, bytes(range(256)) * 2000)):
            for operation in ("sendEdoc", "guiVanBan"):
                raw = document(number if operation == "sendEdoc" else number + 10, content=content)
                sent = await post(bus, operation, {"edocFile": raw.decode()})
                assert (sent.status, sent.headers.get("x-lgsp-signature")) == (200, "signed"), sent.body
                back = (await post(bus, "getEdoc", {"docId": sent.data["docId"]})).data["edxml"].encode()
                moment = bus.gateway.runtime.clock.now()
                assert verify_edxml(back, trust(ours, organ="H28"), moment).signer.organ == "H28"
                assert base64.b64encode(content) in back
        left = await bus.send(
            "POST", f"{PATH}/sendEdoc", {"edocFile": document(32).decode()}, {**bus.key, "Prefer": "respond-async"}
        )
        assert left.status == 202
        other = document(33, ("000.00.00.H37", "UBND tỉnh Lạng Sơn"))
        assert (await send(bus, other))[0] == "provider-fault", "nobody here signs for another province"
