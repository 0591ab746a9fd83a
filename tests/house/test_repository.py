"""The repository speaks of the project alone, says what each file is, and mirrors the tree in its tests."""

from __future__ import annotations

import ast
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SOURCES = ("lgsp", "mocks", "connectors", "bench", "tests", "scripts")
MACHINE = re.compile(r"(?<![\w.:/-])/(work|root|home|Users|tmp/[a-z]|opt/wheels)/")
INDEX = re.compile(r"(pypi\.org|pythonhosted|index-url|extra-index|find-links|trusted-host|--proxy)")
BINARY = {".png", ".jpg", ".woff2", ".gz", ".zip", ".docx", ".ico"}

WITHOUT_A_MIRROR = {
    "lgsp/__init__.py": "a version",
    "lgsp/__main__.py": "one call",
    "lgsp/model.py": "plain values",
    "mocks/__init__.py": "names only",
    "mocks/handler.py": "what handlers are made of: plain values and protocols",
}
TESTED_IN = {
    "lgsp/configure.py": "tests/test_settings.py",
    "lgsp/asking.py": "tests/connectors/test_standard.py",
    "lgsp/consumers.py": "tests/test_office.py",
    "lgsp/credentials.py": "tests/test_policy.py",
    "lgsp/gateway.py": "tests/test_app.py",
    "lgsp/guard.py": "tests/test_policy.py",
    "lgsp/tokens.py": "tests/test_policy.py",
    "lgsp/lift": "tests/test_lift.py",
    "lgsp/mapping": "tests/test_mapping.py",
    "lgsp/upstream": "tests/test_upstream.py",
    "lgsp/registry.py": "tests/manifest/test_load.py",
    "lgsp/spool.py": "tests/test_lift.py",
    "lgsp/standard.py": "tests/connectors/test_standard.py",
    "lgsp/simulate.py": "tests/scenarios",
    "lgsp/memory_door.py": "tests/scenarios",
    "mocks/admin.py": "tests/mocks/test_server.py",
    "mocks/catalogue.py": "tests/mocks/test_simulator.py",
    "mocks/journal.py": "tests/mocks/test_simulator.py",
    "mocks/keeping.py": "tests/mocks/test_simulator.py",
    "mocks/ministry.py": "tests/mocks/test_simulator.py",
    "mocks/ngsp.py": "tests/mocks/test_simulator.py",
    "mocks/outcome.py": "tests/mocks/test_server.py",
    "mocks/province_calls.py": "tests/mocks/test_simulator.py",
    "mocks/spoil.py": "tests/mocks/test_simulator.py",
    "mocks/traffic.py": "tests/cli/test_up.py",
    "mocks/work.py": "tests/mocks/test_simulator.py",
    "mocks/wsse.py": "tests/mocks/test_simulator.py",
    "mocks/xroad.py": "tests/mocks/test_simulator.py",
}
"""Parts that are only whole with others: where their tests are."""


def files(root: Path) -> Iterator[Path]:
    """What is in the repository or would be: tracked and untracked files that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True, check=True
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        path = root / name
        if path.is_file() and not path.is_symlink() and path.suffix not in BINARY:
            yield path


def test_no_machine_and_no_index_is_named(root: Path) -> None:
    this = Path(__file__).resolve()
    found = []
    for path in files(root):
        if path == this:
            continue
        text = path.read_text("utf-8", "replace")
        found += [f"{path.relative_to(root)}: {m[0]}" for m in MACHINE.finditer(text)]
        if path.suffix in {".lock", ".toml", ".yaml", ".yml", ".md", ""} and path.name != "lock":
            found += [f"{path.relative_to(root)}: {m[0]}" for m in INDEX.finditer(text)]
    assert found == []


def test_text_is_utf8_and_nfc(root: Path) -> None:
    wrong = [
        str(path.relative_to(root))
        for path in files(root)
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".html", ".css", ".js", ".csv"}
        and not unicodedata.is_normalized("NFC", path.read_text("utf-8"))
    ]
    assert wrong == []


def test_a_module_first_says_what_it_is(root: Path) -> None:
    silent = [
        str(path.relative_to(root))
        for folder in SOURCES
        for path in sorted((root / folder).rglob("*.py"))
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def mirrors(module: Path, tests: Path) -> bool:
    """lgsp/x.py is tested by tests/test_x*.py, a package lgsp/x/ by the tests in tests/x/."""
    if module.is_dir():
        return any((tests / module.name).glob("test_*.py"))
    return any(tests.glob(f"test_{module.stem}*.py"))


def test_the_tests_mirror_the_tree(root: Path, package: Path) -> None:
    rooms = [
        (room, tests)
        for code, tests in ((package, root / "tests"), (root / "mocks", root / "tests" / "mocks"))
        for room in sorted(code.iterdir())
        if room.suffix == ".py" or (room / "__init__.py").is_file()
    ]
    bare = [str(room.relative_to(root)) for room, tests in rooms if not mirrors(room, tests)]
    assert [name for name in bare if name not in {**WITHOUT_A_MIRROR, **TESTED_IN}] == []


def test_what_is_tested_elsewhere_is_there(root: Path) -> None:
    assert [
        name for name, where in TESTED_IN.items() if not (root / name).exists() or not (root / where).exists()
    ] == []
