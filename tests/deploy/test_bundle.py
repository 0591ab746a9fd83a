"""The offline bundle: its bill tells what is in it, a strange wheel is refused, the same files give the same bytes.

That it installs and serves without index and network is scripts/prove_bundle.py's and scripts/prove_handbook.py's to prove.
"""

from __future__ import annotations

import json
import subprocess
import zipfile
from email import message_from_string
from importlib.metadata import distributions
from pathlib import Path

import pytest

from scripts.bundle import hashes_stand, pack
from scripts.sbom import Wheel, closure, described, document, read_wheel


def wheel(folder: Path, name: str, *lines: str) -> Wheel:
    file = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join((f"Name: {name}", "Version: 1.0", *lines, "", "")))
    return read_wheel(file)


@pytest.fixture
def known(tmp_path: Path) -> dict[str, Wheel]:
    made = (
        wheel(
            tmp_path,
            "lgsp",
            "Requires-Dist: A_a>=1",
            "Requires-Dist: fast; extra == 'speed'",
            "Requires-Dist: tool; extra == 'dev'",
        ),
        wheel(
            tmp_path,
            "A_a",
            "License-Expression: MIT",
            "Requires-Dist: b[more]; python_version >= '3'",
            "Requires-Dist: win; os_name == 'nt'",
        ),
        wheel(tmp_path, "b", "Classifier: License :: OSI Approved :: BSD License", "Requires-Dist: c; extra == 'more'"),
        wheel(tmp_path, "c", "License: Apache 2.0"),
        wheel(tmp_path, "fast", "License: " + "a long text\n        of a licence"),
        wheel(tmp_path, "tool"),
    )
    return {each.name: each for each in made}


def test_what_is_needed_and_nothing_else(known: dict[str, Wheel]) -> None:
    assert [each.name for each in closure(known["lgsp"], known, ("speed",))] == ["a-a", "b", "c", "fast", "lgsp"]
    assert [each.name for each in closure(known["lgsp"], known, ())] == ["a-a", "b", "c", "lgsp"]
    del known["b"]
    with pytest.raises(SystemExit, match="a-a needs b"):
        closure(known["lgsp"], known, ())


def test_the_bill(known: dict[str, Wheel]) -> None:
    needed = closure(known["lgsp"], known, ())
    bill = json.loads(document(known["lgsp"], needed, ()))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/lgsp@1.0"
    parts = {each["name"]: each for each in bill["components"]}
    assert set(parts) == {"a-a", "b", "c"}
    assert parts["a-a"]["licenses"] == [{"expression": "MIT"}]
    assert parts["b"]["licenses"] == [{"license": {"name": "BSD License"}}]
    assert parts["a-a"]["hashes"] == [{"alg": "SHA-256", "content": known["a-a"].sha256}]
    refs = {each["ref"] for each in bill["dependencies"]}
    assert {one for each in bill["dependencies"] for one in each["dependsOn"]} <= refs
    assert document(known["lgsp"], needed, ()) == document(known["lgsp"], needed, ())


def test_the_bill_is_what_the_standard_says() -> None:
    """Of what is installed here, by the published schema of CycloneDX 1.6; each expression by SPDX's own list of licences."""
    schema = pytest.importorskip("cyclonedx.schema", reason="needs cyclonedx-python-lib (requirements-dev.lock)")
    from cyclonedx.validation.json import JsonStrictValidator
    from license_expression import get_spdx_licensing

    here = [
        described(message_from_string(each.read_text("METADATA") or ""), Path(), "0" * 64) for each in distributions()
    ]
    known = {each.name: each for each in here}
    extras = tuple(each for each, needs in (("postgres", "asyncpg"), ("speed", "uvloop")) if needs in known)
    text = document(known["lgsp"], closure(known["lgsp"], known, extras), extras)
    bill = json.loads(text)
    assert len(bill["components"]) > 30
    judge = JsonStrictValidator(schema.SchemaVersion.V1_6)
    assert judge.validate_str(text) is None
    assert judge.validate_str(text.replace('"purl"', '"purls"')) is not None
    licences = get_spdx_licensing()
    said = [one["expression"] for each in bill["components"] for one in each["licenses"] if "expression" in one]
    assert len(said) > 15
    assert [each for each in said if licences.validate(each).errors] == []


def test_a_wheel_that_the_lock_does_not_know(known: dict[str, Wheel], tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(f"a-a==1.0 --hash=sha256:{known['a-a'].sha256}\n", "ascii")
    hashes_stand([known["lgsp"], known["a-a"]], known["lgsp"], lock)
    with pytest.raises(SystemExit, match=r"b-1\.0"):
        hashes_stand([known["b"]], known["lgsp"], lock)


def test_the_same_files_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1735689600")
    made = []
    for place, mode in (("a", 0o600), ("b", 0o644)):
        folder = tmp_path / place / "lgsp-1"
        folder.mkdir(parents=True)
        (folder / "install.sh").write_text("x", "utf-8")
        (folder / "y").write_text("y", "utf-8")
        (folder / "y").chmod(mode)
        pack(folder, tmp_path / f"{place}.tar.gz")
        made.append((tmp_path / f"{place}.tar.gz").read_bytes())
    assert made[0] == made[1]


def test_the_installer_is_a_shell_script_that_asks_no_index(root: Path) -> None:
    file = root / "scripts" / "bundle_install.sh"
    assert subprocess.run(["sh", "-n", file], check=False).returncode == 0
    text = file.read_text("utf-8")
    for word in ("--no-index", "--require-hashes", "--no-deps", "sha256sum --quiet --strict -c SHA256SUMS"):
        assert word in text
    assert subprocess.run(["sh", file, "--wrong"], capture_output=True, check=False).returncode == 2
