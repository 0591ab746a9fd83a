"""Fifty megabytes both ways, over real sockets: the gateway's memory must hardly notice (at most 64 MiB more)."""

from __future__ import annotations

import http.client
import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lgsp_mocks.world.edxml import write_document
from tests.cli.demonstration import Running, running

MIB = 1 << 20
SIZE = 50 * MIB
ALLOWED = 64 * MIB
PROC = Path("/proc")
PART = b"QUFB" * (MIB // 4)
NAME = "000.00.00.H28,2022/11/16,9950/UBND-KGVX"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("large") / "data") as found:
        yield found
        found.end()


def head_and_tail(name: str) -> tuple[bytes, bytes]:
    sender, receiver = ("000.00.00.H28", "UBND tỉnh Hoà Bình"), ("000.00.00.G22", "Văn phòng Chính phủ")
    text = write_document(name, sender, [receiver], "Báo cáo <mẫu> & phụ lục", files=[("mau.zip", b"")])
    head, tail = text.split("<ContentTransferEncoded>")
    return f"{head}<ContentTransferEncoded>".encode(), tail.encode()


def pieces(name: str, escape: str) -> Iterator[bytes]:
    """The document as it stands inside a JSON string or an XML element, piece by piece."""
    head, tail = head_and_tail(name)

    def written(text: bytes) -> bytes:
        if escape == "json":
            return json.dumps(text.decode())[1:-1].encode()
        return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")

    yield written(head)
    yield from [PART] * (SIZE // MIB - 1)
    yield written(tail)


def peak(process: int) -> int:
    status = (PROC / str(process) / "status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def forget_peak(process: int) -> None:
    (PROC / str(process) / "clear_refs").write_text("5")


def post(demo: Running, path: str, content_type: str, body: Iterator[bytes]) -> tuple[int, int, bytes]:
    """Status, size and first bytes of the answer."""
    key = demo.demo["consumers"][0]["api_key"]
    with closing(http.client.HTTPConnection(urlsplit(demo.demo["gateway"]).netloc, timeout=120)) as door:
        door.request("POST", path, body, {"Content-Type": content_type, "X-API-Key": key}, encode_chunked=True)
        with door.getresponse() as answer:
            first = answer.read(4096)
            size = len(first)
            while chunk := answer.read(MIB):
                size += len(chunk)
            return answer.status, size, first


def around(before: bytes, inside: Iterator[bytes], after: bytes) -> Iterator[bytes]:
    yield before
    yield from inside
    yield after


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process's memory from /proc")
@pytest.mark.timeout(240)
def test_fifty_megabytes_both_ways(demo: Running) -> None:
    gateway = demo.process.pid
    base = "/api/document-exchange/v1"
    small = json.dumps({"messageType": "edoc"}).encode()
    assert post(demo, f"{base}/syncReceivedEdocList", "application/json", iter([small]))[0] == 200, "warm"

    forget_peak(gateway)
    before = peak(gateway)
    body = around(b'{"messageType":"edoc","edocFile":"', pieces(NAME, "json"), b'"}')
    status, _, first = post(demo, f"{base}/sendEdoc", "application/json", body)
    assert status == 200, first
    said = json.loads(first)
    sent = peak(gateway) - before

    forget_peak(gateway)
    before = peak(gateway)
    asked = json.dumps({"docId": said["docId"]}).encode()
    status, size, _ = post(demo, f"{base}/getEdoc", "application/json", iter([asked]))
    assert status == 200
    assert size > SIZE - 2 * MIB
    read = peak(gateway) - before

    forget_peak(gateway)
    before = peak(gateway)
    namespace = "urn:lgsp:document-exchange:v1"
    envelope = (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><sendEdoc xmlns="{namespace}">'
        "<edocFile>{}</edocFile><messageType>edoc</messageType></sendEdoc></s:Body></s:Envelope>"
    )
    opening, ending = envelope.split("{}")
    body = around(opening.encode(), pieces(NAME.replace("9950", "9951"), "xml"), ending.encode())
    status, _, first = post(demo, "/soap/document-exchange/v1", "text/xml; charset=utf-8", body)
    assert status == 200, first
    soap = peak(gateway) - before

    print(f"more memory in MiB: sent {sent / MIB:.1f}, read {read / MIB:.1f}, sent by SOAP {soap / MIB:.1f}")
    assert max(sent, read, soap) <= ALLOWED
