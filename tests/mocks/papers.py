"""Documents for tests: one page, or as many bytes as wanted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from lgsp.model import Blob
from lgsp_mocks.world.edxml import write_document

US, GOVERNMENT = ("000.00.00.H28", "UBND tỉnh Hoà Bình"), ("000.00.00.G22", "Văn phòng Chính phủ")
NAME = "000.00.00.H28,2023/05/04,9901/UBND-KGVX"


def document(*to: str, sender: tuple[str, str] = US, **changes: Any) -> str:
    receivers = [(code, "Cơ quan mẫu") for code in to or (GOVERNMENT[0],)]
    return write_document(changes.pop("name", NAME), sender, receivers, "Báo cáo <mẫu> & phụ lục", **changes)


def large(folder: Path, size: int) -> Blob:
    """A document of `size` bytes in a file, written piece by piece."""
    head, tail = document(files=[("mau.zip", b"")]).split("<ContentTransferEncoded>")
    path, digest, written = folder / "0001", hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in (f"{head}<ContentTransferEncoded>".encode(), *[b"QUFB" * (1 << 18)] * (size >> 20), tail.encode()):
            file.write(piece)
            digest.update(piece)
            written += len(piece)
    return Blob(path, written, digest.hexdigest(), written, written)
