"""The operations handbook: every command of it is executed, every alert that can be raised has its page.

The first installation is executed by scripts/prove_handbook.py in an empty Debian; everything after it here, on the demonstration:
blocks as they stand, what prose and tables name with something real in the place of `ID` and `…`.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lgsp import alerts
from lgsp.alerting import causes
from lgsp.cli.main import main
from lgsp.console import sessions
from tests.cli.demonstration import Running, running
from tests.house.test_commands import choices
from tests.security.house import Authority

PAGES = ("operations-handbook.md", "onboarding.md")


def commands(page: Path) -> list[str]:
    """`lgsp …` lines of `sh` blocks outside what a machine of its own proves."""
    text = page.read_text("utf-8")
    text = re.sub(r"<!-- (trial|elsewhere):begin -->.*?<!-- \1:end -->", "", text, flags=re.DOTALL)
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("lgsp ")]


PROSE = (
    "operations-handbook.md",
    "onboarding.md",
    "connect-a-ministry.md",
    "migrate-from-wso2.md",
    "drills.md",
    "backup.md",
)
LINES = """
lgsp status --json
lgsp compliance
lgsp compliance system civil-status --level 4 --decision 1/QĐ-MẪU --until 2027-12-31
lgsp consumer add mau-1 --name "Hệ thống mẫu" --agency H28.98 --json
lgsp consumer approve mau-1 --level 3 --decision 98/QĐ-MẪU --until 2027-12-31
lgsp consumer key mau-1
lgsp consumer key mau-1 --overlap 24
lgsp consumer revoke mau-1 {key}
lgsp consumer callback mau-1 --url https://mau.example/lgsp
lgsp consumer callback mau-1 --rotate --overlap 24
lgsp grant ask mau-1 civil-status danhMuc --legal-basis "98/QĐ-MẪU" --by "Nguyễn Văn Mẫu"
lgsp grant approve {request} --by "Trần Thị Mẫu"
lgsp grant explain mau-1 civil-status/danhMuc
lgsp exchange find --consumer mau-1
lgsp consumer disable mau-1
lgsp conform civil-status --url {simulator}
lgsp conform civil-status --history
lgsp maintenance announce civil-status --begins 2099-01-01T00:00 --ends 2099-01-01T01:00 --reason "Bộ báo trước"
lgsp submission groups
lgsp user passwd {viewer}
lgsp user disable {viewer}
lgsp audit verify
lgsp audit who -
lgsp audit export --to export
lgsp keys escrow escrow.json --passphrase-file -
lgsp keys prove escrow.json --passphrase-file -
lgsp store schema
lgsp reload
lgsp doctor --to doctor
lgsp new tau-ca --wsdl tau-ca.wsdl --into my-home
lgsp new thu-y --openapi thu-y.yaml --into my-home
lgsp check --home my-home
lgsp contract diff tau-ca.wsdl tau-ca.wsdl --system tau-ca --data {data}
"""
CARRIED_OUT = ("backup.md", "migrate-from-wso2.md", "observer.md")
"""Their blocks: tests/backup/test_documented.py, tests/cli/test_beside.py."""
ELSEWHERE = {
    "alert ack": "tests/cli/test_alert.py",
    "certify": "tests/cli/test_certify.py",
    "config check": "tests/cli/test_config.py",
    "drill": "tests/drill/test_drill.py",
    "keys rotate": "tests/test_escrow.py",
    "up": "tests/faults/test_workers.py",
}
"""What needs a bus that rests, a client, a team, or another machine, and the test that carries it out there."""
OTHERS = {
    "make bundle": "tests/deploy/test_bundle.py and scripts/prove_bundle.py carry out its parts and what it makes",
    "python -m bench.backup": "ten million exchanges take an hour; its figures stand in docs/backup.md",
    "make faults": "minutes: `make faults ARGS=lost-disk` is a long form of tests/backup",
    "systemctl": "needs systemd: tests/deploy/test_units.py reads the units, the stand-in of scripts/prove_handbook.py starts them",
    "journalctl": "needs systemd",
}
"""Not one of `lgsp`, and why it is not carried out here."""


def spans(root: Path) -> set[tuple[str, str]]:
    """(page, command) of prose, tables and blocks that nobody else carries out."""
    found = set()
    for page in PROSE:
        text = re.sub(r"```.*?```", "", (root / "docs" / page).read_text("utf-8"), flags=re.DOTALL)
        for span in re.findall(r"`([^`]+)`", re.sub(r"\s*\n\s*", " ", text)):
            if re.match(r"(?:lgsp|make|python|systemctl|journalctl) ", span):
                found |= {(page, each) for each in choices(span)}
    blocks = re.findall(r"```sh\n(.*?)```", (root / "docs" / "connect-a-ministry.md").read_text("utf-8"), re.DOTALL)
    return found | {
        ("connect-a-ministry.md", line) for each in blocks for line in each.splitlines() if line.startswith("lgsp ")
    }


def shape(line: str) -> tuple[str, frozenset[str]]:
    """Which command it is, and which of its options it names."""
    words, path = shlex.split(line.replace("…", "X"), comments=True)[1:], []
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        path.append(words.pop(0))
        command = command.commands[path[-1]]
    return " ".join(path), frozenset(each.partition("=")[0] for each in words if each.startswith("--"))


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


@pytest.mark.slow
def test_what_prose_and_tables_name_works(
    root: Path, demonstration: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(root / "tests" / "scaffold" / "fixtures" / "tau-ca", tmp_path, dirs_exist_ok=True)
    shutil.copy(root / "tests" / "scaffold" / "fixtures" / "thu-y.yaml", tmp_path)
    demo = demonstration.demo
    real = {"simulator": demo["simulator"], "data": str(demonstration.data)}
    real["viewer"] = next(each["user"] for each in demo["operators"] if each["role"] == "viewer")
    for line in LINES.strip().splitlines():
        words = shlex.split(line.format(**real))[1:]
        env = {"LGSP_DATA": str(demonstration.data)}
        done = CliRunner(env=env).invoke(main, words, input="mot cau dai ma hai nguoi cung giu\n")
        assert done.exit_code in (0, 3), f"{line}: {done.output}"
        if "consumer add" in line:
            shown = CliRunner(env=env).invoke(main, ["consumer", "show", "mau-1"])
            real["key"] = json.loads(shown.stdout)["secrets"][0]["key_id"]
        if "grant ask" in line:
            asked = CliRunner(env=env).invoke(main, ["grant", "requests"])
            real["request"] = next(
                each["id"] for each in json.loads(asked.stdout) if each["grant"]["consumer"] == "mau-1"
            )


def test_prose_and_tables_name_nothing_else(root: Path) -> None:
    """Whatever a page names is among the lines above with those options, in a block, or carried out where it is said."""
    lines = [re.sub(r"\{\w+\}", "x", line) for line in LINES.strip().splitlines()]
    for page in (*PAGES, *CARRIED_OUT):
        lines += re.findall(r"^lgsp .*$", (root / "docs" / page).read_text("utf-8"), re.MULTILINE)
    done, missing = [shape(line) for line in lines], []
    for page, span in sorted(spans(root)):
        if not span.startswith("lgsp "):
            if not any(span.startswith(each) for each in OTHERS):
                missing.append(f"{page}: {span}")
            continue
        path, options = shape(span)
        if any(each == path or (not options and each.startswith(f"{path} ")) for each, has in done if options <= has):
            continue
        place = ELSEWHERE.get(path)
        text = (root / place).read_text("utf-8") if place else ""
        if place is None or path.split()[-1] not in text or not all(f'"{each}"' in text for each in options):
            missing.append(f"{page}: {span}")
    assert missing == []


def alert_codes(root: Path) -> set[str]:
    """Every kind of cause, tile of the house and code of a security event that the code can name."""
    found = {str(each) for name, each in vars(alerts).items() if name.isupper()}
    found = {each for each in found if re.fullmatch(r"[a-z-]+", each)}
    found |= {sessions.GUESSING, *causes._SAID}
    for file in (*(root / "lgsp" / "alerting").glob("*.py"), root / "lgsp" / "console" / "indoors.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            place = {"Cause": 1, "_tile": 0}.get(call.func.id)
            if place is not None and isinstance(call.args[place], ast.Constant):
                found.add(str(call.args[place].value))
    return found - {"security"}  # each of them has a code of its own


def test_every_alert_has_its_page(root: Path) -> None:
    """By its code in a heading; below it how grave it is, and what to do."""
    text = (root / "docs" / "operations-handbook.md").read_text("utf-8")
    parts = text.partition("## Runbook")[2].partition("\n## ")[0].split("\n### ")[1:]
    headings = {code for part in parts for code in re.split(r",? (?:and )?|:", part.partition(":")[0])}
    codes = alert_codes(root)
    assert {"health", "waiting", "witness", "approval", "certificate", "disk", "console-guessing"} <= codes
    assert sorted(codes - headings) == []
    assert sorted(headings - codes) == []
    for part in parts:
        assert "severity" in part, part[:40]
        assert "`lgsp" in part or re.search(r"^lgsp ", part, re.MULTILINE), part[:40]


def test_links_of_the_bundle_work(root: Path) -> None:
    """install.sh carries docs/ and deploy/ side by side, so that the handbook's links hold on the machine too."""
    text = (root / "scripts" / "bundle_install.sh").read_text("utf-8")
    assert "cp -R docs deploy" in text
