"""Large documents read without their attachments: what holds whole holds hollow, what is refused whole is refused hollow."""

from __future__ import annotations

import base64
import random
import re
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from lgsp.signature import SignatureRefused, hollow, sign_edxml, verify_edxml
from lgsp.signature.edxml import NAMESPACE
from lgsp.signature.hollow import _long_runs
from lgsp_mocks.world.edxml import write_document
from tests.signature.house import NOW, SENDER, signer, trust

MARK = "0f" * 32
MIB = 1 << 20


def document(content: bytes, lines: str = "") -> bytes:
    text = write_document(
        f"{SENDER},2022/12/06,12/STTTT-VP",
        (SENDER, "Sở mẫu"),
        [("H28.01", "Văn phòng mẫu")],
        "Mẫu",
        files=[("a.zip", b"")],
    )
    packed = base64.b64encode(content).decode()
    if lines:
        packed = lines.join(packed[i : i + 76] for i in range(0, len(packed), 76))
    return text.replace("<ContentTransferEncoded>", f"<ContentTransferEncoded>{packed}").encode()


def put(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def verify(path: Path) -> None:
    made = hollow(path, MARK)
    verify_edxml(made.rest, trust(signer()), NOW, made.fill)


def rule(path: Path) -> str | None:
    try:
        verify(path)
    except SignatureRefused as error:
        return error.errors[0].rule.removeprefix("signature:")
    return None


@pytest.mark.parametrize("lines", ["", "\n", "\r\n", "\r", "\t \n"])
@pytest.mark.parametrize("size", [100, 5000, 6144, 70_000, 900_000])
def test_signed_whole_holds_hollow_and_the_other_way_round(tmp_path: Path, size: int, lines: str) -> None:
    raw = document(random.Random(size).randbytes(size), lines)
    signed = sign_edxml(raw, signer())
    verify(put(tmp_path / "whole", signed))
    plain = hollow(put(tmp_path / "plain", raw), MARK)
    filled = b"".join(plain.fill(sign_edxml(plain.rest, signer(), plain.fill)))
    verify_edxml(filled, trust(signer()), NOW)
    verify(put(tmp_path / "filled", filled))
    assert bool(plain.runs) is (size > 6000)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.binary(max_size=60) | st.text("A+ <>&", max_size=120).map(str.encode))
def test_a_slice_at_a_time_finds_the_runs_of_the_whole(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    module = sys.modules[_long_runs.__module__]  # the package has a function of its name
    monkeypatch.setattr(module, "_LOOK", 7)
    monkeypatch.setattr(module, "_LONG", 4)
    wanted = [found.span() for found in re.finditer(rb"[A-Za-z0-9+/= \t\r\n]{4,}", raw)]
    assert list(_long_runs(raw)) == wanted  # type: ignore[arg-type]  # any bytes that can be sliced


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    signed = bytearray(sign_edxml(document(random.Random(2).randbytes(60_000)), signer()))
    start = signed.index(b"<ContentTransferEncoded>") + 24
    source = random.Random(3)
    for place in [start, start + 79_990, *(source.randrange(start, start + 79_900) for _ in range(30))]:
        before = signed[place]
        signed[place] = ord("A") if before != ord("A") else ord("B")
        assert rule(put(tmp_path / "one", bytes(signed))) == "digest", place
        signed[place] = before
    assert rule(put(tmp_path / "one", bytes(signed[: start + 100] + signed[start + 101 :]))) == "digest", "one byte out"
    assert rule(put(tmp_path / "one", bytes(signed))) is None


LONG = "QUFB" * 3000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<Description/>", f'<Description note="{LONG}"/>'),
        ("<Description/>", f"<Description/><!--{LONG}-->"),
        ("<Description/>", f"<Description/><?note {LONG}?>"),
        ("<Description/>", f"<Description{' ' * 9000}/>"),
        ("<Description/>", f"<{'D' * 9000}/>"),
        ("<edXML ", f"<edXML{' ' * 9000}"),
        ("</edXML>", f"</edXML>{' ' * 9000}"),
    ],
)
def test_a_run_that_is_no_text_is_refused(tmp_path: Path, before: str, after: str) -> None:
    raw = sign_edxml(document(b"x"), signer()).decode().replace(before, after, 1)
    with pytest.raises(SignatureRefused):
        verify(put(tmp_path / "one", raw.encode()))


def test_marks_that_somebody_else_has_set_are_refused(tmp_path: Path) -> None:
    for word in (f"hole{MARK}0z", f"hole{MARK}7z", f"hole{MARK}"):
        raw = document(b"x" * 20_000).replace("Mẫu".encode(), word.encode(), 1)
        with pytest.raises(SignatureRefused):
            verify(put(tmp_path / "one", raw))


@pytest.mark.parametrize("raw", [b"", b"<", b"\x00" * 9000, b"a b" * 900_000, ("<a>é</a>" * 300_000).encode()])
def test_what_is_no_document_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify(put(tmp_path / "one", raw))


def test_cdata_is_text(tmp_path: Path) -> None:
    content = base64.b64encode(random.Random(5).randbytes(20_000)).decode()
    signed = sign_edxml(document(random.Random(5).randbytes(20_000)), signer()).decode()
    assert content in signed
    assert rule(put(tmp_path / "one", signed.replace(content, f"<![CDATA[{content}]]>").encode())) is None


def test_fifty_megabytes_in_a_few_of_memory(tmp_path: Path) -> None:
    piece = base64.b64encode(random.Random(7).randbytes(3 * MIB // 4))
    head, tail = document(b"").split(b"<ContentTransferEncoded>")
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(head + b"<ContentTransferEncoded>")
        for _ in range(50):
            file.write(piece)
        file.write(tail)
    tracemalloc.start()
    made = hollow(path, MARK)
    signed = sign_edxml(made.rest, signer(), made.fill)
    other = tmp_path / "signed"
    with other.open("wb") as file:
        for part in made.fill(signed):
            file.write(part)
    verify(other)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert other.stat().st_size > 50 * MIB
    assert peak < 16 * MIB, f"{peak / MIB:.1f} MiB"


def test_what_is_handed_on_is_what_was_signed(tmp_path: Path) -> None:
    path = put(tmp_path / "one", sign_edxml(document(b"y" * 30_000), signer()))
    made = hollow(path, MARK)
    verified = verify_edxml(made.rest, trust(signer()), NOW, made.fill)
    part: etree._Element = verified.parts["AttachmentEncoded"]
    assert part.findtext(f"{{{NAMESPACE}}}Attachment/{{{NAMESPACE}}}AttachmentName") == "a.zip"
