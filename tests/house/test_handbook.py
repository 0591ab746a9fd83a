"""The operations handbook: every command of it is executed, every alert that can be raised has its page.

The first installation is executed by scripts/prove_handbook.py in an empty Debian; everything after it here, on the demonstration.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.alerting import causes
from lgsp.cli.main import main
from tests.cli.demonstration import Running, running
from tests.security.house import Authority

PAGES = ("operations-handbook.md", "onboarding.md")


def commands(page: Path) -> list[str]:
    """`lgsp …` lines of `sh` blocks outside what a machine of its own proves."""
    text = page.read_text("utf-8")
    text = re.sub(r"<!-- (trial|elsewhere):begin -->.*?<!-- \1:end -->", "", text, flags=re.DOTALL)
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("lgsp ")]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("handbook") / "data") as up:
        yield up
        up.end()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_works(
    root: Path, page: str, demonstration: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mot-cua.pem").write_text(Authority(tmp_path / "ca").issue("so mau").pem, "utf-8")
    found = commands(root / "docs" / page)
    assert len(found) > 8
    for line in found:
        runner = CliRunner(env={"LGSP_DATA": str(demonstration.data)})
        done = runner.invoke(main, shlex.split(line, comments=True)[1:])
        assert done.exit_code in (0, 3), f"{line}: {done.output}"


def test_every_alert_has_its_page(root: Path) -> None:
    """What `lgsp.alerting.causes` can name stands as a heading; the page of each says what to do."""
    text = (root / "docs" / "operations-handbook.md").read_text("utf-8")
    runbook = text.partition("## Runbook")[2].partition("\n## ")[0]
    headings = " ".join(re.findall(r"^### (.+)$", runbook, re.MULTILINE))
    source = Path(causes.__file__).read_text("utf-8")
    kinds = set(re.findall(r'Cause\([^"]*?f"[^"]*", "([a-z-]+)"', source)) | set(
        re.findall(r'Cause\(key, "([a-z-]+)"', source)
    )
    assert {"health", "waiting", "witness", "approval"} <= kinds
    named = (kinds - {"security"}) | set(causes._SAID) | {"evidence", "store", "disk"}
    assert [each for each in sorted(named) if each not in headings] == []
    for part in runbook.split("\n### ")[1:]:
        assert "severity" in part or "`lgsp" in part, part[:40]


def test_links_of_the_bundle_work(root: Path) -> None:
    """install.sh carries docs/ and deploy/ side by side, so that the handbook's links hold on the machine too."""
    text = (root / "scripts" / "bundle_install.sh").read_text("utf-8")
    assert "cp -R docs deploy" in text
