"""Makes the offline bundle: wheels of the lock with their hashes, the bus's own, SBOM, units, documentation, install.sh.

`python -m scripts.bundle [--to dist] [--wheels DIR]`. For the Python and machine that run it. `--wheels` takes wheels that are
there already instead of asking the index; either way every file must have a hash of requirements.lock. Two runs on the same
wheels give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from scripts.sbom import Wheel, closure, document, read_wheel

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]
CARRIED = ("LICENSE", "CHANGELOG.md", "SECURITY.md", "README.md", "README.vi.md")
EXTRAS = ("postgres", "speed")
"""What a province may want later without an index."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    parser.add_argument("--wheels", type=Path, help="Take third-party wheels from here.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lgsp-bundle-") as folder:
        made = gather(Path(folder), given.wheels)
        given.to.mkdir(parents=True, exist_ok=True)
        archive = given.to / f"{made.name}.tar.gz"
        pack(made, archive)
    print(f"{archive} {archive.stat().st_size >> 20} MB sha256 {digest(archive)}")


def gather(folder: Path, wheels: Path | None) -> Path:
    """The bundle as a folder; its name says version, Python and machine."""
    fetched = folder / "fetched"
    fetched.mkdir()
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    lock = ROOT / "requirements.lock"
    run([*PIP, "download", *source, "--require-hashes", "--only-binary", ":all:", "-r", str(lock), "-d", str(fetched)])
    run(
        [*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(fetched), str(ROOT)],
        reproducible(),
    )
    own = read_wheel(next(fetched.glob("lgsp-*.whl")))
    known = {each.name: each for each in map(read_wheel, sorted(fetched.glob("*.whl")))}
    needed = closure(own, known, EXTRAS)
    target = f"cp{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}"
    made = folder / f"lgsp-{own.version}-{target}"
    (made / "wheels").mkdir(parents=True)
    for each in needed:
        shutil.copy2(each.file, made / "wheels" / each.file.name)
    hashes_stand(needed, own, lock)
    pinned = [f"{each.name}=={each.version} --hash=sha256:{each.sha256}" for each in needed]
    write(made / "install.lock", "\n".join(pinned))
    write(made / "sbom.json", document(own, needed, EXTRAS))
    write(made / "PYTHON", target)
    for name in CARRIED:
        shutil.copy2(ROOT / name, made / name)
    for name in ("docs", "deploy", "examples"):
        shutil.copytree(
            ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "target")
        )
    shutil.copy2(ROOT / "scripts" / "bundle_install.sh", made / "install.sh")
    files = sorted(path for path in made.rglob("*") if path.is_file())
    write(made / "SHA256SUMS", "\n".join(f"{digest(path)}  {path.relative_to(made)}" for path in files))
    return made


def hashes_stand(needed: list[Wheel], own: Wheel, lock: Path) -> None:
    """A wheel that the lock does not know by its hash is none of ours."""
    allowed = set(re.findall(r"sha256:([0-9a-f]{64})", lock.read_text("ascii")))
    if strange := [each.file.name for each in needed if each is not own and each.sha256 not in allowed]:
        sys.exit(f"not in requirements.lock: {', '.join(strange)}")


def pack(folder: Path, archive: Path) -> None:
    """The same bytes for the same files: sorted, without owners and times of this machine."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = int(reproducible()["SOURCE_DATE_EPOCH"])
        entry.mode = 0o755 if entry.isdir() or entry.name.endswith(".sh") else 0o644
        return entry

    with (
        archive.open("wb") as out,
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in [folder, *sorted(folder.rglob("*"))]:
            tar.add(path, f"{folder.name}/{path.relative_to(folder)}".rstrip("/."), recursive=False, filter=plain)


def reproducible() -> dict[str, str]:
    """The moment that stands in the archives: of the last commit, else a fixed one."""
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or said.stdout.strip() or "1735689600"}


def run(command: list[str], more: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env={**os.environ, **(more or {})}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr or done.stdout)


def write(path: Path, text: str) -> None:
    path.write_text(text + "\n", "utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
