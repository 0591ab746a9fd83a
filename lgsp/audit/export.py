"""Evidence as plain files that anybody can check: chains, checkpoints, co-signatures, and the verifier itself."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from lgsp.store.keys import public_key
from lgsp.store.sqlite.evidence import evidence_file, evidence_files, witnessed


def export(data: Path, to: Path) -> dict[str, Any]:
    """Writes a folder, which must not exist or be empty. Reads beside a running owner; what is appended meanwhile is left out.

    Raises `FileExistsError`, `OSError`, `EvidenceUnreadable`.
    """
    if to.exists() and any(to.iterdir()):
        raise FileExistsError(f"{to} is not empty")
    to.mkdir(parents=True, exist_ok=True)
    entries = {}
    for path in evidence_files(data):
        with evidence_file(path) as file:
            count = 0
            with (to / f"{file.writer}.entries").open("wb", buffering=1 << 20) as out:
                for _, body, digest in file.entries():
                    out.write(b"%s %s\n" % (digest.hex().encode(), body))
                    count += 1
            rows = [
                {
                    "size": each.size,
                    "root": each.root.hex(),
                    "head": each.head.hex(),
                    "at": each.at,
                    "signature": each.signature.hex(),
                }
                for each in file.checkpoints()
            ]
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (to / f"{file.writer}.checkpoints").write_text(lines, "utf-8")
        entries[file.writer] = count
    for name, state in witnessed(data).items():
        (to / f"{name.replace(':', '.')}.note").write_text(state["note"], "utf-8")
    (to / "evidence.pub").write_text(f"{public_key(data / 'keys').hex()}\n", "ascii")
    verifier = resources.files("lgsp.audit") / "verifier.py"
    (to / "verify.py").write_bytes(verifier.read_bytes())
    return {"folder": str(to), "entries": sum(entries.values()), "writers": entries}
