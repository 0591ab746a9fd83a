"""Crash points: a named end, in tests only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lgsp.audit import verify
from lgsp.crash import FURTHER_POINTS, POINTS, CrashPoints
from lgsp.runtime import Runtime
from lgsp.store import open_store

STORY = """
import asyncio, sys
from pathlib import Path
from lgsp.audit import Audit
from lgsp.runtime import Runtime
from lgsp.store import open_store
async def main():
    runtime = Runtime.system()
    store = await open_store(Path(sys.argv[1]), runtime)
    audit = Audit(store, runtime)
    for number in range(20):
        await audit.note("test", "nobody", number=number)
        print(number, flush=True)
    await audit.close()
    await store.close()
asyncio.run(main())
"""


def test_without_the_test_switch_nothing_happens() -> None:
    CrashPoints({"LGSP_CRASH_AT": "store.after-commit"})("store.after-commit")
    CrashPoints({"LGSP_TEST": "1"})("store.after-commit")
    CrashPoints({"LGSP_TEST": "1", "LGSP_CRASH_AT": "store.after-commit:2"})("store.after-commit")


def test_every_point_that_is_passed_is_named_and_every_name_is_passed(package: Path) -> None:
    passed = {
        name for file in package.rglob("*.py") for name in re.findall(r'crash_point\("([^"]+)"\)', file.read_text())
    }
    assert passed == {*POINTS, *FURTHER_POINTS}


@pytest.mark.parametrize("point", ["store.before-commit:7", "store.after-commit:7", "migration.before-commit:2"])
async def test_what_was_said_to_be_durable_is_there(point: str, tmp_path: Path, root: Path) -> None:
    env = {**os.environ, "LGSP_TEST": "1", "LGSP_CRASH_AT": point}
    done = subprocess.run(  # noqa: ASYNC221  nothing else runs in this test
        [sys.executable, "-c", STORY, str(tmp_path)], env=env, cwd=root, capture_output=True, check=False
    )
    assert done.returncode == 137, done.stderr
    said = len(done.stdout.split())
    store = await open_store(tmp_path, Runtime.system())
    rows = await store.evidence.rows(0, 100)
    assert said <= len(rows) <= said + 1
    await store.close()
    assert verify(tmp_path).ok
